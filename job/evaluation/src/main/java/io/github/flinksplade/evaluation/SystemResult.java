package io.github.flinksplade.evaluation;

import java.util.Map;

/**
 * The result of one system.
 *
 * @param name unique among the results
 * @param settings what distinguishes it, by key; empty for a run file
 * @param run its rankings
 * @param evaluation their quality
 * @param terms null if unknown
 * @param indexBytes the size of the index on disk; null if unknown
 * @param encode the latency of encoding a query; null without a model
 * @param search the latency of searching for the {@value Evaluator#LATENCY_HITS} best documents,
 *     without the encoding; null for a run file
 */
public record SystemResult(
        String name,
        Map<String, String> settings,
        Run run,
        Evaluation evaluation,
        TermStatistics terms,
        Long indexBytes,
        Percentiles encode,
        Percentiles search) {

    /**
     * The difference to another system.
     *
     * @param difference of the means
     * @param pValue of a {@link RandomizationTest}
     * @param better the number of queries with a higher value
     * @param equal the number of queries with an equal value
     * @param worse the number of queries with a lower value
     */
    public record Comparison(double difference, double pValue, int better, int equal, int worse) {}

    /** Compares this system with another one. */
    public Comparison compare(SystemResult other, Metric metric) {
        double[] mine = evaluation.values().get(metric);
        double[] others = other.evaluation.values().get(metric);
        int better = 0;
        int worse = 0;
        for (int i = 0; i < mine.length; i++) {
            better += mine[i] > others[i] ? 1 : 0;
            worse += mine[i] < others[i] ? 1 : 0;
        }
        return new Comparison(
                evaluation.mean(metric) - other.evaluation.mean(metric),
                RandomizationTest.pValue(mine, others),
                better,
                mine.length - better - worse,
                worse);
    }
}

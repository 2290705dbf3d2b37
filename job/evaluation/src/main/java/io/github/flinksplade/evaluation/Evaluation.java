package io.github.flinksplade.evaluation;

import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * The values of a run for each query.
 *
 * @param queries all queries with a relevant document, in the order of the qrels; one that the run
 *     does not contain has the value 0
 * @param values the values of each metric, in the order of the queries
 */
public record Evaluation(List<String> queries, Map<Metric, double[]> values) {

    /**
     * Evaluates a run.
     *
     * @throws EvaluationException if the run contains none of the judged queries
     */
    public static Evaluation of(Run run, Qrels qrels, List<Metric> metrics) {
        List<String> queries = qrels.queries();
        if (queries.stream().noneMatch(run.rankings()::containsKey)) {
            throw new EvaluationException(
                    "the run '"
                            + run.name()
                            + "' and the qrels have no query in common: the run has "
                            + examples(List.copyOf(run.rankings().keySet()))
                            + ", the qrels have "
                            + examples(queries)
                            + ". Check that they belong together");
        }
        Map<Metric, double[]> values = new LinkedHashMap<>();
        for (Metric metric : metrics) {
            values.put(
                    metric,
                    queries.stream()
                            .mapToDouble(query -> metric.of(run.of(query), qrels.of(query)))
                            .toArray());
        }
        return new Evaluation(queries, values);
    }

    /** The arithmetic mean over the queries. */
    public double mean(Metric metric) {
        return Arrays.stream(values.get(metric)).average().orElseThrow();
    }

    /** Up to three ids, for messages. */
    public static String examples(List<String> ids) {
        return String.join(", ", ids.subList(0, Math.min(3, ids.size())))
                + (ids.size() > 3 ? ", ..." : "");
    }
}

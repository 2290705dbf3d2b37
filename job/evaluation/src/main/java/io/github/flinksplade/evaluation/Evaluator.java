package io.github.flinksplade.evaluation;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;

/** Evaluates systems on the same queries. */
public final class Evaluator {

    /** The number of documents of a ranking, as usual at TREC; more if a metric needs more. */
    public static final int DEPTH = 1000;

    /** The number of documents of a search whose latency is measured. */
    public static final int LATENCY_HITS = 10;

    /** Max queries whose latency is measured. */
    public static final int LATENCY_QUERIES = 1000;

    private final Qrels qrels;
    private final Map<String, String> queries;
    private final List<Metric> metrics;
    private final boolean ignoreIdenticalIds;

    /**
     * @param queries texts by id; those without a relevant document are not evaluated
     * @param ignoreIdenticalIds whether a document is removed from a ranking if its id is that of
     *     the query
     */
    public Evaluator(
            Qrels qrels,
            Map<String, String> queries,
            List<Metric> metrics,
            boolean ignoreIdenticalIds) {
        this.qrels = qrels;
        this.queries = new LinkedHashMap<>();
        qrels.queries().stream()
                .filter(queries::containsKey)
                .forEach(query -> this.queries.put(query, queries.get(query)));
        this.metrics = List.copyOf(metrics);
        this.ignoreIdenticalIds = ignoreIdenticalIds;
    }

    /** The texts of the queries to evaluate. */
    public Map<String, String> queries() {
        return queries;
    }

    /**
     * Ranks documents for all queries, in parallel, and then measures the latency of one query
     * after another.
     *
     * @param settings what distinguishes the system in reports
     * @param indexBytes the size of its index; null if unknown
     * @throws EvaluationException if no query has a relevant document
     */
    public SystemResult evaluate(Ranker ranker, Map<String, String> settings, Long indexBytes) {
        int depth = metrics.stream().mapToInt(Metric::cutoff).reduce(DEPTH, Math::max);
        List<Map.Entry<String, String>> all = List.copyOf(queries.entrySet());
        // in the order of the queries, whichever ends first
        List<List<ScoredDocument>> rankings =
                IntStream.range(0, all.size())
                        .parallel()
                        .mapToObj(i -> ranker.rank(all.get(i).getValue(), depth).documents())
                        .toList();
        Map<String, List<ScoredDocument>> byQuery = new LinkedHashMap<>();
        for (int i = 0; i < all.size(); i++) {
            byQuery.put(all.get(i).getKey(), rankings.get(i));
        }
        Run run = new Run(ranker.name(), byQuery);
        SystemResult result = evaluate(run);

        int measured = Math.min(all.size(), LATENCY_QUERIES);
        long[] encode = new long[measured];
        long[] search = new long[measured];
        long encoded = 0;
        for (int i = 0; i < measured; i++) {
            Ranker.Ranking ranking = ranker.rank(all.get(i).getValue(), LATENCY_HITS);
            encode[i] = ranking.encodeNanos();
            search[i] = ranking.searchNanos();
            encoded += encode[i];
        }
        return new SystemResult(
                ranker.name(),
                settings,
                result.run(),
                result.evaluation(),
                ranker.termStatistics(new ArrayList<>(queries.values())),
                indexBytes,
                encoded == 0 ? null : Percentiles.of(encode),
                Percentiles.of(search));
    }

    /**
     * Evaluates a run.
     *
     * @throws EvaluationException if it contains none of the judged queries
     */
    public SystemResult evaluate(Run run) {
        Run evaluated = ignoreIdenticalIds ? run.withoutIdenticalIds() : run;
        return new SystemResult(
                run.name(),
                Map.of(),
                evaluated,
                Evaluation.of(evaluated, qrels, metrics),
                null,
                null,
                null,
                null);
    }
}

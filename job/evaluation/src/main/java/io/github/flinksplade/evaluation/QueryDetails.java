package io.github.flinksplade.evaluation;

import io.github.flinksplade.evaluation.SparseRanker.Explanation;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;

/**
 * What a report shows of one query.
 *
 * @param id the id of the query
 * @param text the query
 * @param value the main metric of the system
 * @param baseline that of the baseline; NaN without one
 * @param explanation terms and best hits of the system
 * @param grades the judged documents
 * @param missed the relevant documents that are not among the best hits, with the highest grades
 *     first
 */
public record QueryDetails(
        String id,
        String text,
        double value,
        double baseline,
        Explanation explanation,
        Map<String, Integer> grades,
        List<Missed> missed) {

    private static final int TERMS = 30;
    private static final int HITS = 5;
    private static final int MAX_MISSED = 5;

    /**
     * A relevant document that is not among the best hits.
     *
     * @param rank its rank; 0 if it is not in the ranking
     */
    record Missed(String id, int grade, int rank) {}

    /**
     * The queries with the largest and the smallest difference to the baseline, or the highest and
     * lowest value without one.
     *
     * @param ranker the main system
     * @param max the number of best and of worst queries
     * @param texts the texts of the queries
     * @return best first
     */
    public static List<QueryDetails> bestAndWorst(
            EvaluationReport results,
            SparseRanker ranker,
            Qrels qrels,
            Map<String, String> texts,
            int max) {
        SystemResult system = results.mainSystem();
        double[] values = system.evaluation().values().get(results.mainMetric());
        double[] baseline =
                results.baseline() == null
                        ? new double[values.length]
                        : results.baseline().evaluation().values().get(results.mainMetric());
        List<Integer> order =
                IntStream.range(0, values.length)
                        .boxed()
                        .filter(i -> texts.containsKey(results.queries().get(i)))
                        .sorted(Comparator.comparingDouble(i -> baseline[i] - values[i]))
                        .toList();
        List<QueryDetails> details = new ArrayList<>();
        for (int position = 0; position < order.size(); position++) {
            if (position < max || position >= order.size() - max) {
                int i = order.get(position);
                String id = results.queries().get(i);
                Explanation explanation = ranker.explain(texts.get(id), TERMS, HITS);
                details.add(
                        new QueryDetails(
                                id,
                                texts.get(id),
                                values[i],
                                results.baseline() == null ? Double.NaN : baseline[i],
                                explanation,
                                qrels.of(id),
                                missed(explanation, qrels.of(id), system.run().of(id))));
            }
        }
        return details;
    }

    private static List<Missed> missed(
            Explanation explanation, Map<String, Integer> grades, List<ScoredDocument> ranking) {
        List<String> shown = explanation.hits().stream().map(Explanation.Hit::id).toList();
        List<String> ranked = ranking.stream().map(ScoredDocument::id).toList();
        return grades.entrySet().stream()
                .filter(grade -> grade.getValue() > 0 && !shown.contains(grade.getKey()))
                .map(
                        grade ->
                                new Missed(
                                        grade.getKey(),
                                        grade.getValue(),
                                        ranked.indexOf(grade.getKey()) + 1))
                .sorted(
                        Comparator.comparingInt((Missed missed) -> -missed.grade())
                                .thenComparing(Missed::id))
                .limit(MAX_MISSED)
                .toList();
    }
}

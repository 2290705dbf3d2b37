package io.github.flinksplade.evaluation;

import java.util.Arrays;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * A measure of a ranking, as {@code trec_eval} defines it:
 *
 * <ul>
 *   <li>{@code nDCG@k} ({@code ndcg_cut.k}): the sum of {@code grade / log2(rank + 1)} over the
 *       first k documents, divided by that of the best possible ranking of the judged documents;
 *   <li>{@code MRR@k} ({@code recip_rank} of a run with k documents per query): 1 / rank of the
 *       first relevant document, 0 without one;
 *   <li>{@code MAP@k} ({@code map_cut.k}): the sum of the precision at the rank of each relevant
 *       document, divided by the number of relevant documents;
 *   <li>{@code Recall@k} ({@code recall.k}): the fraction of the relevant documents that are found;
 *   <li>{@code P@k} ({@code P.k}): the fraction of k documents that are relevant, also if fewer are
 *       found.
 * </ul>
 *
 * <p>A document is relevant from grade 1. Without {@code @k} the whole ranking counts, which is
 * possible except for P. Every value is from 0 to 1.
 *
 * @param type the measure
 * @param cutoff k, at least 1; 0 for the whole ranking
 */
public record Metric(Type type, int cutoff) {

    /** The measures. */
    public enum Type {
        NDCG("nDCG"),
        MRR("MRR"),
        MAP("MAP"),
        RECALL("Recall"),
        PRECISION("P");

        private final String label;

        Type(String label) {
            this.label = label;
        }
    }

    /** The metrics of a report by default. */
    public static final String DEFAULTS = "nDCG@10,MRR@10,MAP,Recall@100,Recall@1000,P@10";

    private static final Pattern FORM = Pattern.compile("([A-Za-z]+)(?:@(\\d{1,6}))?");

    /**
     * Parses metrics separated by commas, such as {@code nDCG@10,MAP}.
     *
     * @throws IllegalArgumentException if one is unknown or a duplicate; the message lists the
     *     valid ones
     */
    public static List<Metric> parse(String text) {
        Set<Metric> metrics = new LinkedHashSet<>();
        for (String part : text.split(",", -1)) {
            Matcher form = FORM.matcher(part.strip());
            Type type =
                    !form.matches()
                            ? null
                            : Arrays.stream(Type.values())
                                    .filter(one -> one.label.equalsIgnoreCase(form.group(1)))
                                    .findFirst()
                                    .orElse(null);
            int cutoff =
                    type == null || form.group(2) == null ? 0 : Integer.parseInt(form.group(2));
            if (type == null
                    || (form.group(2) != null && cutoff == 0)
                    || (type == Type.PRECISION && cutoff == 0)) {
                throw new IllegalArgumentException(
                        "unknown metric '"
                                + part.strip()
                                + "'; write nDCG@K, MRR@K, MAP@K, Recall@K or P@K with a K from 1,"
                                + " or nDCG, MRR, MAP or Recall for whole rankings");
            }
            if (!metrics.add(new Metric(type, cutoff))) {
                throw new IllegalArgumentException(
                        "the metric '" + part.strip() + "' is a duplicate; write it once");
            }
        }
        return List.copyOf(metrics);
    }

    /**
     * The value for one query.
     *
     * @param ranking in the order of {@link ScoredDocument#TREC_ORDER}, without duplicates
     * @param grades the judged documents of the query, at least one of them above 0
     */
    public double of(List<ScoredDocument> ranking, Map<String, Integer> grades) {
        List<ScoredDocument> top =
                cutoff == 0 || ranking.size() <= cutoff ? ranking : ranking.subList(0, cutoff);
        int[] gains = new int[top.size()];
        for (int i = 0; i < gains.length; i++) {
            gains[i] = Math.max(0, grades.getOrDefault(top.get(i).id(), 0));
        }
        long relevant = grades.values().stream().filter(grade -> grade > 0).count();
        return switch (type) {
            case NDCG -> {
                int[] best =
                        grades.values().stream()
                                .filter(grade -> grade > 0)
                                .sorted((a, b) -> b - a)
                                .limit(cutoff == 0 ? Long.MAX_VALUE : cutoff)
                                .mapToInt(Integer::intValue)
                                .toArray();
                yield discountedGain(gains) / discountedGain(best);
            }
            case MRR -> {
                for (int i = 0; i < gains.length; i++) {
                    if (gains[i] > 0) {
                        yield 1.0 / (i + 1);
                    }
                }
                yield 0;
            }
            case MAP -> {
                double sum = 0;
                int found = 0;
                for (int i = 0; i < gains.length; i++) {
                    if (gains[i] > 0) {
                        sum += (double) ++found / (i + 1);
                    }
                }
                yield sum / relevant;
            }
            case RECALL -> (double) found(gains) / relevant;
            case PRECISION -> (double) found(gains) / cutoff;
        };
    }

    private static long found(int[] gains) {
        return Arrays.stream(gains).filter(gain -> gain > 0).count();
    }

    private static double discountedGain(int[] gains) {
        double sum = 0;
        for (int i = 0; i < gains.length; i++) {
            sum += gains[i] * Math.log(2) / Math.log(i + 2);
        }
        return sum;
    }

    /** As {@link #parse} reads it: {@code nDCG@10}. */
    @Override
    public String toString() {
        return type.label + (cutoff == 0 ? "" : String.format(Locale.ROOT, "@%d", cutoff));
    }
}

package io.github.flinksplade.evaluation;

import java.util.Comparator;
import java.util.List;

/**
 * A document in a ranking.
 *
 * @param id the document's id
 * @param score higher is better
 */
public record ScoredDocument(String id, double score) {

    /**
     * The order of {@code trec_eval}: scores as 32-bit floats, descending; equal ones by the UTF-8
     * bytes of the id, descending. The ranks in a run file are ignored.
     */
    public static final Comparator<ScoredDocument> TREC_ORDER =
            (a, b) -> {
                int byScore = Float.compare((float) b.score, (float) a.score);
                return byScore != 0 ? byScore : compareCodePoints(b.id, a.id);
            };

    /** A ranking in the order of {@code trec_eval}. */
    static List<ScoredDocument> inTrecOrder(List<ScoredDocument> documents) {
        return documents.stream().sorted(TREC_ORDER).toList();
    }

    /** The order of the code points is that of the bytes in UTF-8; that of Java's chars is not. */
    private static int compareCodePoints(String a, String b) {
        int length = Math.min(a.length(), b.length());
        for (int i = 0; i < length; i++) {
            char x = a.charAt(i);
            char y = b.charAt(i);
            if (x != y) {
                boolean isPairX = Character.isSurrogate(x);
                boolean isPairY = Character.isSurrogate(y);
                return isPairX == isPairY ? x - y : isPairX ? 1 : -1;
            }
        }
        return a.length() - b.length();
    }
}

package io.github.flinksplade.connector.lucene;

import java.util.Arrays;
import org.apache.lucene.util.ArrayUtil;
import org.apache.lucene.util.LongHeap;

/**
 * The documents that may be among the k with the highest exact scores, of those seen so far.
 *
 * <p>A document comes with an approximate score: the float sum of the truncated products (see
 * {@link LuceneSchema#weight}). The exact score is at most {@link #upperBound} of it, and at least
 * {@link #lowerBound}. The k-th highest lower bound is the {@link #threshold}: k documents have at
 * least this exact score, so one whose upper bound is lower is not a hit.
 *
 * <p>Thread-safe. The threshold only rises, so what was not competitive once never is.
 */
final class TopCandidates {

    /** The largest exact weight, relative to the truncated one. */
    private static final double TRUNCATION = 1 + 1.0 / (1 << 8);

    /** The max relative rounding error of one operation, with a margin of 2. */
    private static final double ROUNDING_ERROR = 1.0 / (1 << 23);

    private final int k;
    private final double upperFactor;
    private final double lowerFactor;
    private final double tinyProducts;

    /**
     * The k highest approximate scores, as bits, whose order is that of the floats. Guarded by
     * this, as the candidates are.
     */
    private final LongHeap highest;

    /** Bits of the approximate score (high half) and document (low half). */
    private long[] candidates = new long[64];

    private int size;
    private int pruneAt = 4096;
    private volatile double threshold;

    /**
     * @param k the max number of hits, at least 1 and at most the number of documents
     * @param weights the query's weights
     */
    TopCandidates(int k, float[] weights) {
        this.k = k;
        double error = (weights.length + 2) * ROUNDING_ERROR;
        upperFactor = TRUNCATION * (1 + error);
        lowerFactor = 1 - error;
        // A weight or a product below the smallest normal float is rounded up to it.
        double sum = 0;
        for (float weight : weights) {
            sum += weight + 1.0;
        }
        tinyProducts = 2 * sum * Float.MIN_NORMAL;
        highest = new LongHeap(k);
    }

    /** The exact score is at most this. */
    double upperBound(double approximate) {
        return approximate * upperFactor;
    }

    private double lowerBound(float approximate) {
        return Math.min(approximate, Float.MAX_VALUE) * lowerFactor - tinyProducts;
    }

    /** Whether a document with this approximate score, or more, may be a hit. */
    boolean isCompetitive(double approximate) {
        return upperBound(approximate) >= threshold;
    }

    /**
     * The min approximate score of a hit, above 0, less what is added to it later.
     *
     * @param rest the max of what is added
     */
    float minSum(double rest) {
        float min = Math.nextDown((float) (threshold / upperFactor - rest));
        return Math.max(min, Float.MIN_VALUE);
    }

    /** Adds a document of the index with its approximate score. */
    void add(int doc, float approximate) {
        if (isCompetitive(approximate)) {
            addCompetitive(doc, approximate);
        }
    }

    private synchronized void addCompetitive(int doc, float approximate) {
        long bits = Float.floatToIntBits(approximate);
        if (highest.size() < k) {
            highest.push(bits);
        } else if (bits > highest.top()) {
            highest.updateTop(bits);
        }
        if (highest.size() == k) {
            threshold = Math.max(0, lowerBound(Float.intBitsToFloat((int) highest.top())));
        }
        if (size == candidates.length) {
            candidates = ArrayUtil.grow(candidates);
        }
        candidates[size++] = bits << 32 | doc;
        if (size >= pruneAt) {
            prune();
            pruneAt = Math.max(pruneAt, 2 * size);
        }
    }

    private void prune() {
        int kept = 0;
        for (int i = 0; i < size; i++) {
            if (isCompetitive(Float.intBitsToFloat((int) (candidates[i] >>> 32)))) {
                candidates[kept++] = candidates[i];
            }
        }
        size = kept;
    }

    /** The documents that may be hits, in ascending order. */
    synchronized int[] documents() {
        prune();
        int[] documents = new int[size];
        for (int i = 0; i < size; i++) {
            documents[i] = (int) candidates[i];
        }
        Arrays.sort(documents);
        return documents;
    }
}

package io.github.flinksplade.vector;

import java.io.Serializable;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/**
 * The terms of a text and their weights. The arrays are not copied and must not be changed.
 *
 * @param indices indices of the terms in the vocabulary, from 0, strictly ascending
 * @param values weights, same length, all finite and above 0
 */
public record SparseVector(int[] indices, float[] values) implements Serializable {

    private static final long serialVersionUID = 1L;

    public static final SparseVector EMPTY = new SparseVector(new int[0], new float[0]);

    /**
     * @throws IllegalArgumentException if an index is negative, the indices do not ascend, a value
     *     is not finite and above 0, or the lengths differ
     */
    public SparseVector {
        if (indices.length != values.length) {
            throw new IllegalArgumentException(
                    indices.length + " indices but " + values.length + " values");
        }
        int previous = -1;
        for (int i = 0; i < indices.length; i++) {
            if (indices[i] <= previous) {
                throw new IllegalArgumentException(
                        previous < 0
                                ? "index " + indices[i] + " is negative"
                                : "indices must ascend, but "
                                        + indices[i]
                                        + " follows "
                                        + previous);
            }
            previous = indices[i];
            if (!(values[i] > 0 && values[i] < Float.POSITIVE_INFINITY)) {
                throw new IllegalArgumentException(
                        "values must be finite and above 0, but index "
                                + indices[i]
                                + " has "
                                + values[i]);
            }
        }
    }

    /** The number of terms; the model cards' "number of actual dimensions". */
    public int size() {
        return indices.length;
    }

    /**
     * The dot product: the sum of the products of the floats, in ascending order of the indices and
     * in doubles. Each product is exact in a double.
     */
    public double dot(SparseVector other) {
        double sum = 0;
        for (int i = 0, j = 0; i < indices.length && j < other.indices.length; ) {
            if (indices[i] == other.indices[j]) {
                sum += (double) values[i++] * other.values[j++];
            } else if (indices[i] < other.indices[j]) {
                i++;
            } else {
                j++;
            }
        }
        return sum;
    }

    /** The vector with the largest weight that each term has in any of the vectors. */
    public static SparseVector max(List<SparseVector> vectors) {
        if (vectors.size() == 1) {
            return vectors.get(0);
        }
        TreeMap<Integer, Float> weights = new TreeMap<>();
        for (SparseVector vector : vectors) {
            for (int i = 0; i < vector.indices.length; i++) {
                weights.merge(vector.indices[i], vector.values[i], Math::max);
            }
        }
        int[] indices = new int[weights.size()];
        float[] values = new float[weights.size()];
        int i = 0;
        for (Map.Entry<Integer, Float> weight : weights.entrySet()) {
            indices[i] = weight.getKey();
            values[i++] = weight.getValue();
        }
        return new SparseVector(indices, values);
    }

    /**
     * Positions in the arrays, the largest weight first; of equal weights the lower index first.
     */
    public int[] byWeight() {
        return byWeight(values, values.length);
    }

    /**
     * The positions of the first {@code count} weights, the largest first; of equal ones the lower
     * position first.
     *
     * @param weights not negative and not NaN
     */
    public static int[] byWeight(float[] weights, int count) {
        long[] keys = new long[count];
        for (int i = 0; i < count; i++) {
            // The bits of floats that are not negative are in the order of their values.
            keys[i] = (long) (Integer.MAX_VALUE - Float.floatToIntBits(weights[i])) << 32 | i;
        }
        Arrays.sort(keys);
        int[] order = new int[count];
        for (int i = 0; i < count; i++) {
            order[i] = (int) keys[i];
        }
        return order;
    }

    /** Compares all indices and the bits of all weights. */
    @Override
    public boolean equals(Object other) {
        return other instanceof SparseVector that
                && Arrays.equals(indices, that.indices)
                && Arrays.equals(values, that.values);
    }

    @Override
    public int hashCode() {
        return 31 * Arrays.hashCode(indices) + Arrays.hashCode(values);
    }

    @Override
    public String toString() {
        return "SparseVector" + Arrays.toString(indices) + Arrays.toString(values);
    }
}

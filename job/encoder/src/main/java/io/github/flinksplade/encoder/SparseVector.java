package io.github.flinksplade.encoder;

import java.util.Arrays;

/**
 * The terms of a text with their weights.
 *
 * @param indices ids of the terms, strictly ascending, from 0
 * @param values weights, same length, all finite and above 0
 */
public record SparseVector(int[] indices, float[] values) {

    public static final SparseVector EMPTY = new SparseVector(new int[0], new float[0]);

    public SparseVector {
        if (indices.length != values.length) {
            throw new IllegalArgumentException(
                    indices.length + " indices but " + values.length + " values");
        }
    }

    /** The number of terms: the card's "number of actual dimensions". */
    public int size() {
        return indices.length;
    }

    /** Dot product, summed in double in order of the indices. */
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

    /** Equal to the bit. */
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

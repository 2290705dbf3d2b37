package io.github.flinksplade.vector;

import java.util.Arrays;

/**
 * Encodes a sparse vector as bytes, without loss: the number of terms, the first index and the
 * difference from each index to the next, each as a variable-length integer (7 bits per byte, low
 * bits first), then the weights as little-endian 32-bit IEEE floats.
 */
public final class VectorCodec {

    private static final int MAX_VAR_INT_BYTES = 5;

    private VectorCodec() {}

    public static byte[] encode(SparseVector vector) {
        int[] indices = vector.indices();
        byte[] bytes =
                new byte[MAX_VAR_INT_BYTES + indices.length * (MAX_VAR_INT_BYTES + Float.BYTES)];
        int at = putVarInt(bytes, 0, indices.length);
        int previous = 0;
        for (int index : indices) {
            at = putVarInt(bytes, at, index - previous);
            previous = index;
        }
        for (float value : vector.values()) {
            int bits = Float.floatToIntBits(value);
            bytes[at++] = (byte) bits;
            bytes[at++] = (byte) (bits >>> 8);
            bytes[at++] = (byte) (bits >>> 16);
            bytes[at++] = (byte) (bits >>> 24);
        }
        return Arrays.copyOf(bytes, at);
    }

    public static SparseVector decode(byte[] bytes) {
        return decode(bytes, 0, bytes.length);
    }

    /** The vector in a part of an array. */
    public static SparseVector decode(byte[] bytes, int offset, int length) {
        Cursor cursor = new Cursor(bytes, offset, length);
        int[] indices = new int[cursor.count];
        float[] values = new float[cursor.count];
        for (int i = 0; i < indices.length; i++) {
            indices[i] = cursor.nextIndex();
            values[i] = cursor.value();
        }
        return new SparseVector(indices, values);
    }

    /** {@link SparseVector#dot} of the encoded vector, without decoding it. */
    public static double dot(byte[] bytes, int offset, int length, SparseVector other) {
        Cursor cursor = new Cursor(bytes, offset, length);
        int[] indices = other.indices();
        float[] values = other.values();
        double sum = 0;
        int at = 0;
        for (int i = 0; i < cursor.count && at < indices.length; i++) {
            int index = cursor.nextIndex();
            while (at < indices.length && indices[at] < index) {
                at++;
            }
            if (at < indices.length && indices[at] == index) {
                sum += (double) values[at] * cursor.value();
            }
        }
        return sum;
    }

    private static int putVarInt(byte[] bytes, int start, int number) {
        int at = start;
        int rest = number;
        while ((rest & ~0x7F) != 0) {
            bytes[at++] = (byte) (rest | 0x80);
            rest >>>= 7;
        }
        bytes[at++] = (byte) rest;
        return at;
    }

    /** Iterates over the terms of an encoded vector. */
    private static final class Cursor {

        private final byte[] bytes;
        private final int count;
        private int at;
        private int valueAt;
        private int index;

        Cursor(byte[] bytes, int offset, int length) {
            this.bytes = bytes;
            at = offset;
            count = varInt();
            valueAt = offset + length - Float.BYTES * (count + 1);
        }

        int nextIndex() {
            index += varInt();
            valueAt += Float.BYTES;
            return index;
        }

        float value() {
            return Float.intBitsToFloat(
                    (bytes[valueAt] & 0xFF)
                            | (bytes[valueAt + 1] & 0xFF) << 8
                            | (bytes[valueAt + 2] & 0xFF) << 16
                            | (bytes[valueAt + 3] & 0xFF) << 24);
        }

        private int varInt() {
            int number = 0;
            for (int shift = 0; ; shift += 7) {
                byte next = bytes[at++];
                number |= (next & 0x7F) << shift;
                if (next >= 0) {
                    return number;
                }
            }
        }
    }
}

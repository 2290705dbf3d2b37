package io.github.flinksplade.connector.lucene;

import org.apache.lucene.util.BytesRef;

/**
 * A sparse vector in bytes: the ids as ascending variable-length integers (number of terms, first
 * id, then differences; 7 bits a byte, low ones first), then the weights as 32-bit IEEE floats, low
 * byte first.
 */
record StoredVector(int[] indices, float[] values) {

    static BytesRef encode(int[] indices, float[] values) {
        byte[] bytes = new byte[5 + indices.length * 9];
        int at = putVarInt(bytes, 0, indices.length);
        int previous = -1;
        for (int index : indices) {
            if (index <= previous) {
                throw new IllegalArgumentException(
                        "ids of terms must ascend, but " + index + " follows " + previous);
            }
            at = putVarInt(bytes, at, previous < 0 ? index : index - previous);
            previous = index;
        }
        for (float value : values) {
            int bits = Float.floatToIntBits(value);
            bytes[at++] = (byte) bits;
            bytes[at++] = (byte) (bits >>> 8);
            bytes[at++] = (byte) (bits >>> 16);
            bytes[at++] = (byte) (bits >>> 24);
        }
        return new BytesRef(bytes, 0, at);
    }

    static StoredVector decode(BytesRef stored) {
        Cursor cursor = new Cursor(stored);
        int[] indices = new int[cursor.count];
        float[] values = new float[cursor.count];
        for (int i = 0; i < indices.length; i++) {
            indices[i] = cursor.nextIndex();
            values[i] = cursor.value();
        }
        return new StoredVector(indices, values);
    }

    /**
     * The dot product of a stored vector with a query: the sum, by ascending id and in doubles, of
     * the products of the two floats (each exact in a double).
     */
    static double dot(BytesRef stored, int[] indices, float[] values) {
        Cursor cursor = new Cursor(stored);
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

    private static int putVarInt(byte[] bytes, int at, int value) {
        while ((value & ~0x7f) != 0) {
            bytes[at++] = (byte) (value | 0x80);
            value >>>= 7;
        }
        bytes[at++] = (byte) value;
        return at;
    }

    /** Walks over the terms of a stored vector. */
    private static final class Cursor {
        private final byte[] bytes;
        private final int count;
        private int at;
        private int valueAt;
        private int index;

        Cursor(BytesRef stored) {
            bytes = stored.bytes;
            at = stored.offset;
            count = varInt();
            valueAt = stored.offset + stored.length - 4 * count - 4;
        }

        int nextIndex() {
            index += varInt();
            valueAt += 4;
            return index;
        }

        float value() {
            return Float.intBitsToFloat(
                    (bytes[valueAt] & 0xff)
                            | (bytes[valueAt + 1] & 0xff) << 8
                            | (bytes[valueAt + 2] & 0xff) << 16
                            | (bytes[valueAt + 3] & 0xff) << 24);
        }

        private int varInt() {
            int value = 0;
            for (int shift = 0; ; shift += 7) {
                byte next = bytes[at++];
                value |= (next & 0x7f) << shift;
                if (next >= 0) {
                    return value;
                }
            }
        }
    }
}

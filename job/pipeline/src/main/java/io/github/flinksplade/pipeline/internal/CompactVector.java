package io.github.flinksplade.pipeline.internal;

import io.github.flinksplade.encoder.SparseVector;
import java.nio.ByteBuffer;

/**
 * A sparse vector in few bytes, weights to the bit: the number of terms, the first id and the
 * differences from each id to the next, each as a variable-length number of 7 bits a byte, lowest
 * first; then the weights as 4 bytes each, highest first.
 */
final class CompactVector {

    private CompactVector() {}

    static byte[] write(SparseVector vector) {
        int[] indices = vector.indices();
        ByteBuffer buffer = ByteBuffer.allocate(5 + indices.length * (5 + Float.BYTES));
        writeNumber(buffer, indices.length);
        int previous = 0;
        for (int index : indices) {
            writeNumber(buffer, index - previous);
            previous = index;
        }
        for (float value : vector.values()) {
            buffer.putFloat(value);
        }
        byte[] bytes = new byte[buffer.position()];
        buffer.flip().get(bytes);
        return bytes;
    }

    static SparseVector read(byte[] bytes) {
        ByteBuffer buffer = ByteBuffer.wrap(bytes);
        int size = readNumber(buffer);
        int[] indices = new int[size];
        int previous = 0;
        for (int i = 0; i < size; i++) {
            previous += readNumber(buffer);
            indices[i] = previous;
        }
        float[] values = new float[size];
        for (int i = 0; i < size; i++) {
            values[i] = buffer.getFloat();
        }
        return new SparseVector(indices, values);
    }

    private static void writeNumber(ByteBuffer buffer, int number) {
        int rest = number;
        while ((rest & ~0x7F) != 0) {
            buffer.put((byte) (rest & 0x7F | 0x80));
            rest >>>= 7;
        }
        buffer.put((byte) rest);
    }

    private static int readNumber(ByteBuffer buffer) {
        int number = 0;
        for (int shift = 0; ; shift += 7) {
            byte next = buffer.get();
            number |= (next & 0x7F) << shift;
            if (next >= 0) {
                return number;
            }
        }
    }
}

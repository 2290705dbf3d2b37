package io.github.flinksplade.vector;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Arrays;
import java.util.Random;
import org.junit.jupiter.api.Test;

class VectorCodecTest {

    @Test
    void decodesWhatItEncodes() {
        long seed = System.nanoTime();
        Random random = new Random(seed);
        for (int i = 0; i < 500; i++) {
            int[] indices = random.ints(0, 1 << random.nextInt(1, 31)).limit(i).toArray();
            indices = Arrays.stream(indices).distinct().sorted().toArray();
            float[] values = new float[indices.length];
            for (int n = 0; n < values.length; n++) {
                values[n] = Float.intBitsToFloat(random.nextInt(1, 0x7F800000));
            }
            SparseVector vector = new SparseVector(indices, values);
            assertThat(VectorCodec.decode(VectorCodec.encode(vector)))
                    .as("seed %d", seed)
                    .isEqualTo(vector);
        }
    }

    /** Later releases read indexes and state of this layout. */
    @Test
    void hasFixedLayout() {
        SparseVector vector =
                new SparseVector(
                        new int[] {0, 127, 255, Integer.MAX_VALUE}, new float[] {1, 2, 3, 4});
        assertThat(VectorCodec.encode(vector))
                .asHexString()
                .isEqualTo(
                        "0400" + "7F" + "8001" + "80FEFFFF07" + "0000803F000000400000404000008040");
        assertThat(VectorCodec.encode(SparseVector.EMPTY)).containsExactly(0);
    }

    @Test
    void decodesPartOfArrayAndComputesDotProduct() {
        SparseVector vector = new SparseVector(new int[] {1, 300, 301}, new float[] {1, .5f, 4});
        byte[] bytes = VectorCodec.encode(vector);
        byte[] padded = new byte[bytes.length + 5];
        System.arraycopy(bytes, 0, padded, 3, bytes.length);
        assertThat(VectorCodec.decode(padded, 3, bytes.length)).isEqualTo(vector);
        SparseVector other = new SparseVector(new int[] {0, 300, 301}, new float[] {7, 3, .25f});
        assertThat(VectorCodec.dot(padded, 3, bytes.length, other))
                .isEqualTo(2.5)
                .isEqualTo(vector.dot(other));
        assertThat(VectorCodec.dot(padded, 3, bytes.length, SparseVector.EMPTY)).isZero();
    }

    @Test
    void encodesTypicalVectorCompactly() {
        int[] indices = new int[150];
        float[] values = new float[150];
        Arrays.fill(values, 1);
        for (int i = 0; i < indices.length; i++) {
            indices[i] = i * 200;
        }
        assertThat(VectorCodec.encode(new SparseVector(indices, values)).length).isLessThan(910);
    }
}

package io.github.flinksplade.pipeline.internal;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.flinksplade.encoder.SparseVector;
import java.util.Arrays;
import java.util.Random;
import org.junit.jupiter.api.Test;

class CompactVectorTest {

    @Test
    void readsWhatItWrote() {
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
            assertThat(CompactVector.read(CompactVector.write(vector)))
                    .as("seed %d", seed)
                    .isEqualTo(vector);
        }
    }

    @Test
    void hasTheFormThatOldStatesHave() {
        SparseVector vector =
                new SparseVector(
                        new int[] {0, 127, 255, Integer.MAX_VALUE}, new float[] {1, 2, 3, 4});
        assertThat(CompactVector.write(vector))
                .asHexString()
                .isEqualTo(
                        "0400" + "7F" + "8001" + "80FEFFFF07" + "3F800000400000004040000040800000");
        assertThat(CompactVector.write(SparseVector.EMPTY)).containsExactly(0);
    }

    @Test
    void aVectorOfTheUsualSizeTakesLittle() {
        int[] indices = new int[150];
        for (int i = 0; i < indices.length; i++) {
            indices[i] = i * 200;
        }
        assertThat(CompactVector.write(new SparseVector(indices, new float[150])).length)
                .isLessThan(910);
    }
}

package io.github.flinksplade.evaluation;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.util.Random;
import org.junit.jupiter.api.Test;

class RandomizationTestTest {

    private static double[] values(long seed, int count, double shift) {
        return new Random(seed).doubles(count).map(value -> value + shift).toArray();
    }

    @Test
    void isCloseToTheExactProbability() {
        double[] a = values(1, 12, 0.2);
        double[] b = values(2, 12, 0);
        double observed = 0;
        for (int i = 0; i < a.length; i++) {
            observed += a[i] - b[i];
        }
        int extreme = 0;
        for (int signs = 0; signs < 1 << a.length; signs++) {
            double sum = 0;
            for (int i = 0; i < a.length; i++) {
                sum += (signs >> i & 1) == 0 ? a[i] - b[i] : b[i] - a[i];
            }
            extreme += Math.abs(sum) >= Math.abs(observed) - 1e-12 ? 1 : 0;
        }
        double exact = (double) extreme / (1 << a.length);
        assertThat(exact).isBetween(0.01, 0.99);
        assertThat(RandomizationTest.pValue(a, b)).isCloseTo(exact, within(0.005));
    }

    /** The value was computed once; the generator and the seed are fixed. */
    @Test
    void isTheSameOnEveryMachineAndInBothDirections() {
        double[] a = values(3, 80, 0.1);
        double[] b = values(4, 80, 0);
        double p = RandomizationTest.pValue(a, b);
        assertThat(p).isEqualTo(RandomizationTest.pValue(a, b));
        assertThat(p).isEqualTo(RandomizationTest.pValue(b, a));
        assertThat(p).isEqualTo(0.12304876951230488);
    }

    @Test
    void isOneForEqualValues() {
        double[] a = values(5, 50, 0);
        assertThat(RandomizationTest.pValue(a, a.clone())).isEqualTo(1);
    }

    @Test
    void isSmallestForALargeDifference() {
        assertThat(RandomizationTest.pValue(values(6, 100, 5), values(7, 100, 0)))
                .isEqualTo(1 / 100_001.0);
    }
}

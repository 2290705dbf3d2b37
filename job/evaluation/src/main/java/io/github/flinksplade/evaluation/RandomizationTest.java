package io.github.flinksplade.evaluation;

import java.util.Random;

/**
 * The two-sided paired randomization test (Smucker, Allan, Carterette: "A Comparison of Statistical
 * Significance Tests for Information Retrieval Evaluation", CIKM 2007). If two systems are equal,
 * their values of a query could be exchanged. The p-value is the fraction of random exchanges whose
 * difference of means is at least the observed one, in either direction: {@code (1 + count) / (1 +
 * ITERATIONS)}.
 *
 * <p>The seed is fixed and {@link Random} is specified, so the same values have the same p-value on
 * every machine.
 */
public final class RandomizationTest {

    /** Random exchanges. */
    public static final int ITERATIONS = 100_000;

    /** The seed of the random exchanges. */
    public static final long SEED = 42;

    private RandomizationTest() {}

    /**
     * The p-value.
     *
     * @param a the values of one system
     * @param b those of the other one, for the same queries in the same order
     */
    public static double pValue(double[] a, double[] b) {
        if (a.length != b.length) {
            throw new IllegalArgumentException(a.length + " values but " + b.length);
        }
        int count = 0;
        double[] differences = new double[a.length];
        for (int i = 0; i < a.length; i++) {
            // an exchange of equal values changes nothing
            if (a[i] != b[i]) {
                differences[count++] = a[i] - b[i];
            }
        }
        double sum = 0;
        double magnitude = 0;
        for (int i = 0; i < count; i++) {
            sum += differences[i];
            magnitude += Math.abs(differences[i]);
        }
        // sums of the same values in the same order differ by rounding only
        double observed = Math.abs(sum) - magnitude * 1e-12;
        Random random = new Random(SEED);
        int extreme = 0;
        for (int iteration = 0; iteration < ITERATIONS; iteration++) {
            double permuted = 0;
            int bits = 0;
            for (int i = 0; i < count; i++) {
                bits = i % Integer.SIZE == 0 ? random.nextInt() : bits >>> 1;
                permuted += (bits & 1) == 0 ? differences[i] : -differences[i];
            }
            if (Math.abs(permuted) >= observed) {
                extreme++;
            }
        }
        return (1.0 + extreme) / (1.0 + ITERATIONS);
    }
}

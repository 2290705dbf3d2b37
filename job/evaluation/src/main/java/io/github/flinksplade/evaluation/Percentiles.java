package io.github.flinksplade.evaluation;

import java.util.Arrays;

/** Percentiles of a latency, in milliseconds: the smallest value that p % of all do not exceed. */
public record Percentiles(double p50, double p95, double p99) {

    private static final double NANOS_PER_MILLI = 1e6;

    /**
     * @param nanos the values, at least one
     */
    static Percentiles of(long[] nanos) {
        long[] sorted = nanos.clone();
        Arrays.sort(sorted);
        return new Percentiles(at(sorted, 50), at(sorted, 95), at(sorted, 99));
    }

    private static double at(long[] sorted, int percent) {
        int rank = (int) Math.ceil(sorted.length * percent / 100.0);
        return sorted[Math.max(rank, 1) - 1] / NANOS_PER_MILLI;
    }
}

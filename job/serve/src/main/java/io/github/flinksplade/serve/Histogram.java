package io.github.flinksplade.serve;

import java.util.Arrays;
import java.util.concurrent.atomic.DoubleAdder;
import java.util.concurrent.atomic.LongAdder;

/** Counts values by upper bounds, as a Prometheus histogram. Safe for use by multiple threads. */
final class Histogram {

    private final double[] bounds;
    private final LongAdder[] counts;
    private final DoubleAdder sum = new DoubleAdder();

    /**
     * @param bounds the inclusive upper bounds, ascending
     */
    Histogram(double... bounds) {
        this.bounds = bounds;
        this.counts = new LongAdder[bounds.length + 1];
        Arrays.setAll(counts, i -> new LongAdder());
    }

    /** Bounds in seconds, from 0.5 ms to 60 s. */
    static Histogram ofSeconds() {
        return new Histogram(
                0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30,
                60);
    }

    void observe(double value) {
        int at = Arrays.binarySearch(bounds, value);
        counts[at >= 0 ? at : -at - 1].increment();
        sum.add(value);
    }

    void observeNanos(long nanos) {
        observe(nanos / 1e9);
    }

    /**
     * Appends the series.
     *
     * @param labels such as {@code index="docs"}; may be empty
     */
    void write(StringBuilder text, String name, String labels) {
        String prefix = labels.isEmpty() ? "" : labels + ",";
        String own = labels.isEmpty() ? "" : "{" + labels + "}";
        long total = 0;
        for (int i = 0; i < counts.length; i++) {
            total += counts[i].sum();
            String bound = i == bounds.length ? "+Inf" : ServerMetrics.number(bounds[i]);
            text.append(name).append("_bucket{").append(prefix).append("le=\"").append(bound);
            text.append("\"} ").append(total).append('\n');
        }
        text.append(name).append("_sum").append(own).append(' ');
        text.append(ServerMetrics.number(sum.sum())).append('\n');
        text.append(name).append("_count").append(own).append(' ').append(total).append('\n');
    }
}

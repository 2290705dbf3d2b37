package io.github.flinksplade.connector;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import java.time.Duration;
import java.util.Arrays;
import java.util.Random;
import org.apache.flink.metrics.HistogramStatistics;
import org.junit.jupiter.api.Test;

class MinuteHistogramTest {

    private long nanos = -Duration.ofSeconds(3).toNanos();
    private final MinuteHistogram histogram = new MinuteHistogram(() -> nanos);

    private void pass(long seconds) {
        nanos += Duration.ofSeconds(seconds).toNanos();
    }

    @Test
    void quantilesAreWithinThreePercent() {
        long seed = 20_261;
        Random random = new Random(seed);
        long[] values = new long[10_000];
        for (int i = 0; i < values.length; i++) {
            values[i] = (long) Math.exp(random.nextDouble() * 25);
            histogram.update(values[i]);
        }
        Arrays.sort(values);
        HistogramStatistics statistics = histogram.getStatistics();
        for (double quantile : new double[] {0.01, 0.25, 0.5, 0.95, 0.99, 0.999}) {
            long exact = values[(int) Math.ceil(quantile * values.length) - 1];
            assertThat(statistics.getQuantile(quantile))
                    .as("quantile %s, seed %d", quantile, seed)
                    .isCloseTo(exact, within(0.032 * exact));
        }
        double mean = Arrays.stream(values).average().orElseThrow();
        assertThat(statistics.getMean()).isCloseTo(mean, within(0.032 * mean));
        assertThat(statistics.getMax()).isEqualTo(values[values.length - 1]);
        assertThat(histogram.max()).isEqualTo(values[values.length - 1]);
        assertThat(statistics.size()).isEqualTo(values.length);
        assertThat(statistics.getValues()).hasSize(values.length).isSorted();
        assertThat(histogram.getCount()).isEqualTo(values.length);
    }

    @Test
    void countsSmallValuesExactlyAndNegativeOnesAsZero() {
        for (int value = -2; value < 32; value++) {
            histogram.update(value);
        }
        assertThat(histogram.getStatistics().getValues()).startsWith(0, 0, 0, 1, 2).endsWith(31);
        assertThat(histogram.getStatistics().getMin()).isZero();
    }

    @Test
    void acceptsTheLargestValue() {
        histogram.update(Long.MAX_VALUE);
        assertThat(histogram.max()).isEqualTo((1L << 42) - 1);
        assertThat(histogram.getStatistics().getQuantile(0.5)).isGreaterThan(4e12);
    }

    @Test
    void forgetsValuesAfterAMinute() {
        histogram.update(900);
        pass(30);
        histogram.update(10);
        assertThat(histogram.max()).isEqualTo(900);
        pass(28);
        assertThat(histogram.max()).isEqualTo(900);
        pass(10);
        assertThat(histogram.max()).isEqualTo(10);
        assertThat(histogram.getStatistics().size()).isEqualTo(1);
        pass(30);
        assertThat(histogram.max()).isNaN();
        assertThat(histogram.getStatistics().getQuantile(0.99)).isNaN();
        assertThat(histogram.getStatistics().getMean()).isNaN();
        assertThat(histogram.getCount()).isEqualTo(2);
        histogram.update(7); // in a slice that was used before
        assertThat(histogram.getStatistics().getValues()).containsExactly(7);
    }

    @Test
    void countsAValueSeveralTimes() {
        histogram.update(5, 3);
        histogram.update(20, 1);
        assertThat(histogram.getStatistics().getValues()).containsExactly(5, 5, 5, 20);
        assertThat(histogram.getStatistics().getQuantile(0.5)).isEqualTo(5);
    }
}

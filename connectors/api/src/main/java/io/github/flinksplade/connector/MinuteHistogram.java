package io.github.flinksplade.connector;

import java.util.Arrays;
import java.util.function.LongSupplier;
import org.apache.flink.annotation.Internal;
import org.apache.flink.metrics.Histogram;
import org.apache.flink.metrics.HistogramStatistics;

/**
 * The distribution of the values of the last minute (60 to 70 s, in slices of 10 s). Values are
 * counted in buckets: those below 32 exactly, larger ones to within 3 %. The maximum is exact.
 * Recording a value allocates nothing. Safe for use by multiple threads.
 */
@Internal
public final class MinuteHistogram implements Histogram {

    private static final int SLICES = 7;
    private static final long SLICE_NANOS = 10_000_000_000L;

    /** Buckets per power of two, as a power of two. */
    private static final int PRECISION = 4;

    /** Values below this have buckets of their own. */
    private static final int EXACT = 1 << PRECISION + 1;

    /** Larger values are counted as this one: 139 years in milliseconds. */
    private static final long MAX_VALUE = (1L << 42) - 1;

    private static final int BUCKETS = bucket(MAX_VALUE) + 1;

    private final LongSupplier nanoTime;

    // guarded by this
    private final int[][] counts = new int[SLICES][BUCKETS];
    private final long[] maxima = new long[SLICES];
    private final long[] slices = new long[SLICES];
    private long total;

    public MinuteHistogram() {
        this(System::nanoTime);
    }

    MinuteHistogram(LongSupplier nanoTime) {
        this.nanoTime = nanoTime;
        Arrays.fill(slices, Long.MIN_VALUE);
    }

    private static int bucket(long value) {
        if (value < EXACT) {
            return (int) value;
        }
        int exponent = Long.SIZE - 1 - Long.numberOfLeadingZeros(value);
        int withinPower = (int) (value >>> exponent - PRECISION) - (1 << PRECISION);
        return EXACT + (exponent - PRECISION - 1 << PRECISION) + withinPower;
    }

    /** The middle of a bucket. */
    private static double valueOf(int bucket) {
        if (bucket < EXACT) {
            return bucket;
        }
        int power = bucket - EXACT >>> PRECISION;
        long width = 2L << power;
        long start = ((bucket - EXACT & (1 << PRECISION) - 1) + (1L << PRECISION)) * width;
        return start + (width - 1) / 2.0;
    }

    private long currentSlice() {
        return Math.floorDiv(nanoTime.getAsLong(), SLICE_NANOS);
    }

    /**
     * Records a value.
     *
     * @param value negative values count as 0
     */
    @Override
    public void update(long value) {
        update(value, 1);
    }

    /** Records the same value several times. */
    synchronized void update(long value, int times) {
        long counted = Math.min(Math.max(value, 0), MAX_VALUE);
        long slice = currentSlice();
        int slot = (int) Math.floorMod(slice, (long) SLICES);
        if (slices[slot] != slice) {
            slices[slot] = slice;
            Arrays.fill(counts[slot], 0);
            maxima[slot] = 0;
        }
        counts[slot][bucket(counted)] += times;
        maxima[slot] = Math.max(maxima[slot], counted);
        total += times;
    }

    /** The number of values since the histogram was created. */
    @Override
    public synchronized long getCount() {
        return total;
    }

    /** The largest value of the last minute; NaN without values. */
    public synchronized double max() {
        double max = Double.NaN;
        long oldest = currentSlice() - SLICES;
        for (int slot = 0; slot < SLICES; slot++) {
            if (slices[slot] > oldest && !(max >= maxima[slot])) {
                max = maxima[slot];
            }
        }
        return max;
    }

    @Override
    public synchronized HistogramStatistics getStatistics() {
        long[] merged = new long[BUCKETS];
        long oldest = currentSlice() - SLICES;
        for (int slot = 0; slot < SLICES; slot++) {
            if (slices[slot] > oldest) {
                for (int bucket = 0; bucket < BUCKETS; bucket++) {
                    merged[bucket] += counts[slot][bucket];
                }
            }
        }
        return new Statistics(merged, max());
    }

    /** A snapshot; NaN where it is empty. */
    private static final class Statistics extends HistogramStatistics {

        private final long[] counts;
        private final double max;
        private final long size;

        Statistics(long[] counts, double max) {
            this.counts = counts;
            this.max = max;
            this.size = Arrays.stream(counts).sum();
        }

        @Override
        public double getQuantile(double quantile) {
            if (size == 0) {
                return Double.NaN;
            }
            long rank = Math.max(1, (long) Math.ceil(quantile * size));
            long passed = 0;
            int bucket = -1;
            while (passed < rank) {
                passed += counts[++bucket];
            }
            return Math.min(valueOf(bucket), max);
        }

        @Override
        public long[] getValues() {
            long[] values = new long[Math.toIntExact(size)];
            int next = 0;
            for (int bucket = 0; bucket < counts.length; bucket++) {
                int end = next + (int) counts[bucket];
                Arrays.fill(values, next, end, Math.round(valueOf(bucket)));
                next = end;
            }
            return values;
        }

        @Override
        public int size() {
            return Math.toIntExact(size);
        }

        @Override
        public double getMean() {
            double sum = 0;
            for (int bucket = 0; bucket < counts.length; bucket++) {
                sum += counts[bucket] * valueOf(bucket);
            }
            return size == 0 ? Double.NaN : sum / size;
        }

        @Override
        public double getStdDev() {
            double mean = getMean();
            double squares = 0;
            for (int bucket = 0; bucket < counts.length; bucket++) {
                double distance = valueOf(bucket) - mean;
                squares += counts[bucket] * distance * distance;
            }
            return size == 0 ? Double.NaN : Math.sqrt(squares / size);
        }

        @Override
        public long getMax() {
            return size == 0 ? 0 : (long) max;
        }

        @Override
        public long getMin() {
            return size == 0 ? 0 : Math.round(getQuantile(0));
        }
    }
}

package io.github.flinksplade.app.local;

/**
 * A rate in units per second from a count that grows: an exponentially weighted mean of the recent
 * past, and the mean since the start while that is shorter.
 */
final class SmoothedRate {

    /** Seconds after which a change of the rate shows by 63 %. */
    private static final double TIME_CONSTANT = 15;

    private double rate;
    private double weight;
    private long lastNanos;
    private long lastCount;
    private boolean started;

    /** Adds a sample. A count that shrinks, as after a restart of the job, starts a new past. */
    void update(long nanos, long count) {
        if (!started || count < lastCount) {
            started = true;
            weight = 0;
            rate = 0;
        } else if (nanos > lastNanos) {
            double seconds = (nanos - lastNanos) / 1e9;
            double kept = Math.exp(-seconds / TIME_CONSTANT);
            double newWeight = weight * kept + (1 - kept);
            rate = (rate * weight * kept + (count - lastCount) / seconds * (1 - kept)) / newWeight;
            weight = newWeight;
        }
        lastNanos = nanos;
        lastCount = count;
    }

    /** Units per second; 0 before the second sample. */
    double perSecond() {
        return rate;
    }
}

package io.github.flinksplade.app.local;

/**
 * The rate of a growing count in units per second: an exponentially weighted moving average, and
 * the plain average while there are few samples.
 */
final class SmoothedRate {

    /** Seconds after which 63 % of a change of the rate are visible. */
    private static final double TIME_CONSTANT = 15;

    private double rate;
    private double weight;
    private long lastNanos;
    private long lastCount;
    private boolean started;

    /** Adds a sample. A count that decreases, as after a restart of the job, resets the average. */
    void update(long nanos, long count) {
        if (!started || count < lastCount) {
            started = true;
            weight = 0;
            rate = 0;
        } else if (nanos > lastNanos) {
            double seconds = (nanos - lastNanos) / 1e9;
            double decay = Math.exp(-seconds / TIME_CONSTANT);
            double newWeight = weight * decay + (1 - decay);
            rate =
                    (rate * weight * decay + (count - lastCount) / seconds * (1 - decay))
                            / newWeight;
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

package io.github.flinksplade.pipeline.internal;

import io.github.flinksplade.connector.SinkMetrics;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.concurrent.ThreadLocalRandom;

/**
 * The changes passed to a sink that commits with checkpoints, until the checkpoint is complete. Of
 * each checkpoint it keeps the times of a sample of them, and the earliest time.
 */
final class UncommittedChanges {

    private static final int SAMPLE = 256;

    /** The changes between two barriers. */
    private static final class Interval {
        final long[] times = new long[SAMPLE];
        long earliest = Long.MAX_VALUE;
        int changes;
        long checkpoint;
        long barrierNanos;

        /** Reservoir sampling: each change is in the sample with the same probability. */
        void add(long time) {
            earliest = Math.min(earliest, time);
            int position =
                    changes < SAMPLE ? changes : ThreadLocalRandom.current().nextInt(changes + 1);
            if (position < SAMPLE) {
                times[position] = time;
            }
            changes++;
        }
    }

    private final Deque<Interval> closed = new ArrayDeque<>();
    private Interval open = new Interval();
    private volatile long size;

    /** The number of changes; may be called by any thread. */
    long size() {
        return size;
    }

    private void resize(long change) {
        size = size + change; // only the task thread writes it
    }

    /**
     * Adds a change.
     *
     * @param time the time from which its freshness counts, in milliseconds
     */
    void add(long time) {
        open.add(time);
        resize(1);
    }

    /** The barrier of a checkpoint passes. */
    void barrier(long checkpoint) {
        open.checkpoint = checkpoint;
        open.barrierNanos = System.nanoTime();
        closed.addLast(open);
        open = new Interval();
    }

    /** A checkpoint is complete, and with it all changes before its barrier are committed. */
    void committed(long checkpoint, SinkMetrics metrics) {
        while (!closed.isEmpty() && closed.peekFirst().checkpoint <= checkpoint) {
            Interval committed = closed.removeFirst();
            if (committed.checkpoint == checkpoint && committed.changes > 0) {
                metrics.sendTime((System.nanoTime() - committed.barrierNanos) / 1_000_000);
            }
            report(committed, metrics);
            resize(-committed.changes);
        }
    }

    /** Each time of the sample stands for an equal part of the changes. */
    private static void report(Interval committed, SinkMetrics metrics) {
        if (committed.changes == 0) {
            return;
        }
        metrics.visible(committed.earliest, 1);
        int rest = committed.changes - 1;
        int sampled = Math.min(rest, SAMPLE);
        for (int i = 0; i < sampled; i++) {
            int part = rest / sampled + (i < rest % sampled ? 1 : 0);
            metrics.visible(committed.times[i], part);
        }
    }
}

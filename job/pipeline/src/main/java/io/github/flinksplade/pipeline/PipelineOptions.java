package io.github.flinksplade.pipeline;

import java.io.Serializable;
import java.time.Duration;

/**
 * How the job treats documents, apart from where they come from and go to.
 *
 * @param gate whether documents that repeat what was sent last are skipped; true by default
 * @param reindex whether everything passes the gate in this run; false by default
 * @param keepVectors whether the guard keeps the vector it last sent for each id, so that a change
 *     of fields needs no inference; true by default
 * @param maxRecordBytes a record larger than this (key, value and headers) becomes a dead letter; 1
 *     MB (1,000,000) by default
 * @param maxBytesInFlight bytes of records that may wait in a subtask's encoder; 64 MiB by default
 * @param capacity documents that may wait in a subtask's encoder; 256 by default
 * @param stateTtl how long an id is remembered after its last change went out (repetitions do not
 *     count); zero (the default): for ever. What comes for a forgotten id is encoded and sent anew
 * @param allowMixedModels whether vectors may be written where vectors of another encoder are;
 *     false by default
 * @param maxDeadLetters fails the job that has more; {@link MaxDeadLetters#NONE} by default
 */
public record PipelineOptions(
        boolean gate,
        boolean reindex,
        boolean keepVectors,
        long maxRecordBytes,
        long maxBytesInFlight,
        int capacity,
        Duration stateTtl,
        boolean allowMixedModels,
        MaxDeadLetters maxDeadLetters)
        implements Serializable {

    private static final long serialVersionUID = 1L;

    /**
     * @throws IllegalArgumentException when a limit is below 1 or the time to live is negative
     */
    public PipelineOptions {
        if (maxRecordBytes < 1 || maxBytesInFlight < 1 || capacity < 1) {
            throw new IllegalArgumentException(
                    "maximum record bytes, bytes in flight and capacity must be at least 1, not "
                            + maxRecordBytes
                            + ", "
                            + maxBytesInFlight
                            + ", "
                            + capacity);
        }
        if (stateTtl.isNegative()) {
            throw new IllegalArgumentException(
                    "the state's time to live must not be negative: " + stateTtl);
        }
    }

    public static PipelineOptions defaults() {
        return new PipelineOptions(
                true,
                false,
                true,
                1_000_000,
                64L << 20,
                256,
                Duration.ZERO,
                false,
                MaxDeadLetters.NONE);
    }
}

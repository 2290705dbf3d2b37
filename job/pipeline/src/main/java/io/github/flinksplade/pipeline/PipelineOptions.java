package io.github.flinksplade.pipeline;

import io.github.flinksplade.encoder.LongDocuments;
import java.io.Serializable;
import java.time.Duration;

/**
 * How the job treats documents, independent of its sources and sinks. Created with {@link
 * #builder()}.
 *
 * @param skipUnchanged whether documents that repeat the last one are skipped; true by default
 * @param reindex whether all documents are written again in this run; false by default
 * @param keepVectors whether the job stores the last vector of each id, so that a change of fields
 *     needs no inference; true by default
 * @param maxRecordBytes max size of a record (key, value and headers); a larger one becomes a dead
 *     letter; 1 MB (1,000,000) by default
 * @param maxBytesInFlight max number of bytes of records that wait in the encoder of a subtask; 64
 *     MiB by default
 * @param capacity max number of documents that wait in the encoder of a subtask; 256 by default
 * @param stateTtl how long the state of an id is stored after its last change was written
 *     (unchanged documents do not count); zero (the default) means forever. A document of a
 *     forgotten id is encoded and written again
 * @param longDocuments how documents with more tokens than the model's limit are encoded; {@link
 *     LongDocuments#TRUNCATE} by default
 * @param maxDeadLetters the max number of dead letters before the job fails; {@link
 *     MaxDeadLetters#NONE} by default
 */
public record PipelineOptions(
        boolean skipUnchanged,
        boolean reindex,
        boolean keepVectors,
        long maxRecordBytes,
        long maxBytesInFlight,
        int capacity,
        Duration stateTtl,
        LongDocuments longDocuments,
        MaxDeadLetters maxDeadLetters)
        implements Serializable {

    private static final long serialVersionUID = 1L;

    /**
     * @throws IllegalArgumentException if a max is less than 1 or the time to live is negative
     */
    public PipelineOptions {
        requirePositive("maxRecordBytes", maxRecordBytes);
        requirePositive("maxBytesInFlight", maxBytesInFlight);
        requirePositive("capacity", capacity);
        if (stateTtl.isNegative()) {
            throw new IllegalArgumentException("stateTtl must not be negative, but is " + stateTtl);
        }
    }

    private static void requirePositive(String name, long value) {
        if (value < 1) {
            throw new IllegalArgumentException(name + " must be at least 1, but is " + value);
        }
    }

    public static PipelineOptions defaults() {
        return builder().build();
    }

    /** A builder with the defaults. */
    public static Builder builder() {
        return new Builder();
    }

    /** Builds {@link PipelineOptions}; each setter is the component of its name. */
    public static final class Builder {

        private boolean skipUnchanged = true;
        private boolean reindex;
        private boolean keepVectors = true;
        private long maxRecordBytes = 1_000_000;
        private long maxBytesInFlight = 64L << 20;
        private int capacity = 256;
        private Duration stateTtl = Duration.ZERO;
        private LongDocuments longDocuments = LongDocuments.TRUNCATE;
        private MaxDeadLetters maxDeadLetters = MaxDeadLetters.NONE;

        private Builder() {}

        public Builder skipUnchanged(boolean value) {
            skipUnchanged = value;
            return this;
        }

        public Builder reindex(boolean value) {
            reindex = value;
            return this;
        }

        public Builder keepVectors(boolean value) {
            keepVectors = value;
            return this;
        }

        public Builder maxRecordBytes(long value) {
            maxRecordBytes = value;
            return this;
        }

        public Builder maxBytesInFlight(long value) {
            maxBytesInFlight = value;
            return this;
        }

        public Builder capacity(int value) {
            capacity = value;
            return this;
        }

        public Builder stateTtl(Duration value) {
            stateTtl = value;
            return this;
        }

        public Builder longDocuments(LongDocuments value) {
            longDocuments = value;
            return this;
        }

        public Builder maxDeadLetters(MaxDeadLetters value) {
            maxDeadLetters = value;
            return this;
        }

        /**
         * @throws IllegalArgumentException if an option is invalid
         */
        public PipelineOptions build() {
            return new PipelineOptions(
                    skipUnchanged,
                    reindex,
                    keepVectors,
                    maxRecordBytes,
                    maxBytesInFlight,
                    capacity,
                    stateTtl,
                    longDocuments,
                    maxDeadLetters);
        }
    }
}

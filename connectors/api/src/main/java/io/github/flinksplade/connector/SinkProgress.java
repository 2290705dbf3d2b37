package io.github.flinksplade.connector;

import org.apache.flink.annotation.Internal;

/**
 * What a sink has done in one subtask since its last report, for the log of the job.
 *
 * @param sink the sink's {@link VectorSink#displayName}
 * @param written changes written
 * @param waiting changes that the sink has received but not written, more (or, if negative, fewer)
 *     than at the last report
 */
@Internal
public record SinkProgress(String sink, long written, long waiting) {

    /** How often a sink reports. */
    public static final long INTERVAL_MILLIS = 10_000;

    /** Computes the reports of a sink from its totals. */
    @Internal
    public static final class Reporter {

        private final String sink;
        private long reportedWritten;
        private long reportedWaiting;

        public Reporter(String sink) {
            this.sink = sink;
        }

        /**
         * The changes since the last call.
         *
         * @return null without changes
         */
        public SinkProgress next(long written, long waiting) {
            if (written == reportedWritten && waiting == reportedWaiting) {
                return null;
            }
            SinkProgress progress =
                    new SinkProgress(sink, written - reportedWritten, waiting - reportedWaiting);
            reportedWritten = written;
            reportedWaiting = waiting;
            return progress;
        }
    }
}

package io.github.flinksplade.connector;

import java.util.List;
import java.util.function.LongSupplier;
import org.apache.flink.annotation.Internal;
import org.apache.flink.metrics.Counter;
import org.apache.flink.metrics.MetricGroup;

/**
 * The metrics of a sink, in one operator. Every sink reports {@link #WRITTEN}, {@link #ERRORS},
 * {@link #PENDING}, {@link #SEND_TIME} and {@link #FRESHNESS}; a sink that writes in batches also
 * the others. The names are those of FLIP-33 where it has one.
 */
@Internal
public final class SinkMetrics {

    private static final List<String> SINK = List.of("sink");

    static final JobMetric WRITTEN =
            JobMetric.counter(
                    "numRecordsSend",
                    "changes",
                    SINK,
                    "Changes written: accepted by the server, or passed to a sink that commits with"
                            + " the next checkpoint.");
    static final JobMetric ERRORS =
            JobMetric.counter(
                    "numRecordsSendErrors",
                    "changes",
                    SINK,
                    "Changes that the sink or its server rejected. Each is a dead letter.");
    static final JobMetric PENDING =
            JobMetric.gauge(
                    "pendingRecords",
                    "changes",
                    SINK,
                    "The lag of the sink: changes that it has received but not written yet. For a"
                            + " server: waiting or in flight. For a sink that commits with"
                            + " checkpoints: not committed.");
    static final JobMetric SEND_TIME =
            JobMetric.gauge(
                    "currentSendTime",
                    "ms",
                    SINK,
                    "The duration of the last request to the server; for a sink that commits with"
                            + " checkpoints, from the checkpoint's barrier to its completion.");
    static final JobMetric FRESHNESS =
            JobMetric.histogram(
                    "freshnessMillis",
                    "ms",
                    SINK,
                    "The time from the timestamp of a record to the write of its change: accepted"
                            + " by the server, or committed. Without a timestamp (files) it starts"
                            + " when the record is read. Records of the past, such as those of a"
                            + " topic that is read from its beginning, have their age.");
    static final JobMetric BYTES =
            JobMetric.counter(
                    "numBytesSend", "bytes", SINK, "Bytes sent to the server, including retries.");
    static final JobMetric BATCH_SIZE =
            JobMetric.histogram(
                    "batchSize", "changes", SINK, "Changes per request, including retries.");
    static final JobMetric RETRIED =
            JobMetric.counter(
                    "numRecordsRetried", "changes", SINK, "Changes sent again after a failure.");
    static final JobMetric OUTAGE =
            JobMetric.gauge(
                    "outageSeconds",
                    "s",
                    SINK,
                    "For how long the server has been unavailable; 0 while it is available.");
    static final JobMetric DROPPED_TERMS =
            JobMetric.gauge(
                    "numTermsDropped",
                    "terms",
                    SINK,
                    "Terms dropped since the start of the task, because a vector had more than the"
                            + " server accepts.");

    /** Changes that a sink skips because the target contains a newer one of their id. */
    public static final JobMetric SUPERSEDED =
            JobMetric.counter(
                    "numRecordsSuperseded",
                    "changes",
                    SINK,
                    "Changes skipped because the target contains a newer one of their id. Lucene"
                            + " sinks report it, too.");

    /** The metrics of every sink. */
    public static final List<JobMetric> COMMON =
            List.of(WRITTEN, ERRORS, PENDING, SEND_TIME, FRESHNESS);

    /** The further metrics of sinks that write in batches. */
    public static final List<JobMetric> OF_BATCHES =
            List.of(SUPERSEDED, BYTES, BATCH_SIZE, RETRIED, OUTAGE, DROPPED_TERMS);

    private final MetricGroup operator;
    private final String sink;
    private final Counter written;
    private final MinuteHistogram freshness = new MinuteHistogram();
    private volatile long sendMillis;

    /**
     * Registers the metrics that every sink has, except {@link #errors}.
     *
     * @param operator the group of the operator
     * @param sink the sink's {@link VectorSink#displayName}
     * @param pending the changes received but not written; called by any thread
     */
    public SinkMetrics(MetricGroup operator, String sink, LongSupplier pending) {
        this.operator = operator;
        this.sink = sink;
        written = WRITTEN.counter(operator, sink);
        PENDING.gauge(operator, pending::getAsLong, sink);
        SEND_TIME.gauge(operator, () -> sendMillis, sink);
        FRESHNESS.histogram(operator, freshness, sink);
    }

    /** Registers the counter of rejected changes. */
    public static Counter errors(MetricGroup operator, String sink) {
        return ERRORS.counter(operator, sink);
    }

    /** Counts a change that was written or passed to the sink. */
    public void written() {
        written.inc();
    }

    /** Records when changes became visible that were read at {@code eventTimeMillis}. */
    public void visible(long eventTimeMillis, int changes) {
        freshness.update(System.currentTimeMillis() - eventTimeMillis, changes);
    }

    /** Sets the duration of the last request. */
    public void sendTime(long millis) {
        sendMillis = millis;
    }

    /** The further metrics of a sink that writes in batches. */
    final class OfBatches {

        private final Counter bytes = BYTES.counter(operator, sink);
        private final Counter retried = RETRIED.counter(operator, sink);
        private final Counter superseded = SUPERSEDED.counter(operator, sink);
        private final MinuteHistogram batchSize = new MinuteHistogram();

        OfBatches(LongSupplier outageSeconds, LongSupplier droppedTerms) {
            BATCH_SIZE.histogram(operator, batchSize, sink);
            OUTAGE.gauge(operator, outageSeconds::getAsLong, sink);
            DROPPED_TERMS.gauge(operator, droppedTerms::getAsLong, sink);
        }

        void sent(int changes, long sentBytes, long millis, boolean isRetry) {
            bytes.inc(sentBytes);
            batchSize.update(changes);
            sendTime(millis);
            if (isRetry) {
                retried.inc(changes);
            }
        }

        void superseded() {
            superseded.inc();
        }
    }
}

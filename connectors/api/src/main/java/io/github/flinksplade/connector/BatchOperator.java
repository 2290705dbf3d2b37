package io.github.flinksplade.connector;

import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executor;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.TimeUnit;
import org.apache.flink.annotation.Internal;
import org.apache.flink.api.common.accumulators.LongCounter;
import org.apache.flink.api.common.operators.MailboxExecutor;
import org.apache.flink.metrics.Counter;
import org.apache.flink.streaming.api.operators.AbstractStreamOperator;
import org.apache.flink.streaming.api.operators.BoundedOneInput;
import org.apache.flink.streaming.api.operators.OneInputStreamOperator;
import org.apache.flink.streaming.api.operators.StreamOperatorParameters;
import org.apache.flink.streaming.runtime.streamrecord.StreamRecord;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Runs a {@link BatchQueue} in the task thread.
 *
 * <p>Its metrics are {@link SinkMetrics}.
 */
@Internal
final class BatchOperator extends AbstractStreamOperator<DeadLetter>
        implements OneInputStreamOperator<VectorRecord, DeadLetter>, BoundedOneInput {

    private static final long serialVersionUID = 1L;

    private static final Logger LOG = LoggerFactory.getLogger(BatchOperator.class);

    private final transient MailboxExecutor mailbox;
    private final transient String name;
    private final transient String displayName;
    private final transient BatchSink sink;

    private transient BatchQueue<?> queue;
    private transient SinkMetrics metrics;
    private transient SinkMetrics.OfBatches batches;
    private transient SinkProgress.Reporter progress;
    private transient long written;

    BatchOperator(
            StreamOperatorParameters<DeadLetter> parameters,
            MailboxExecutor mailbox,
            String name,
            String displayName,
            BatchSink sink) {
        super(parameters);
        this.mailbox = mailbox;
        this.name = name;
        this.displayName = displayName;
        this.sink = sink;
    }

    @Override
    public void open() throws Exception {
        super.open();
        BatchClient<?> client = sink.client();
        Counter errors = SinkMetrics.errors(getMetricGroup(), displayName);
        LongCounter allBytes = getRuntimeContext().getLongCounter(BatchDelivery.bytesSent(name));
        LongCounter allBatches =
                getRuntimeContext().getLongCounter(BatchDelivery.batchesSent(name));
        LongCounter allWritten = getRuntimeContext().getLongCounter(BatchDelivery.written(name));
        LongCounter allSuperseded =
                getRuntimeContext().getLongCounter(BatchDelivery.superseded(name));
        BatchQueue.Listener listener =
                new BatchQueue.Listener() {
                    @Override
                    public void batchSent(
                            int sentRecords, long sentBytes, long millis, boolean isRetry) {
                        batches.sent(sentRecords, sentBytes, millis, isRetry);
                        allBytes.add(sentBytes);
                        allBatches.add(1L);
                    }

                    @Override
                    public void written(VectorRecord record, long eventTime) {
                        written++;
                        metrics.written();
                        metrics.visible(eventTime, 1);
                        allWritten.add(1L);
                    }

                    @Override
                    public void superseded(VectorRecord record) {
                        batches.superseded();
                        allSuperseded.add(1L);
                    }

                    @Override
                    public void rejected(VectorRecord record, Class<?> failure, String message) {
                        errors.inc();
                        output.collect(
                                new StreamRecord<>(
                                        new DeadLetter(
                                                record.origin(),
                                                DeadLetter.Stage.WRITE,
                                                name,
                                                failure.getName(),
                                                message)));
                    }
                };
        progress = new SinkProgress.Reporter(displayName);
        queue = BatchQueue.of(name, client, sink.batching(), listener, this::schedule);
        metrics = new SinkMetrics(getMetricGroup(), displayName, queue::pending);
        batches = metrics.new OfBatches(queue::unavailableSeconds, client::droppedTerms);
        scheduleProgress();
    }

    private void scheduleProgress() {
        getProcessingTimeService()
                .registerTimer(
                        getProcessingTimeService().getCurrentProcessingTime()
                                + SinkProgress.INTERVAL_MILLIS,
                        time -> {
                            reportProgress();
                            scheduleProgress();
                        });
    }

    private void reportProgress() {
        SinkProgress next = progress.next(written, queue.pending());
        if (next != null) {
            output.collect(BatchDelivery.PROGRESS, new StreamRecord<>(next));
        }
    }

    /** Runs an action in the task thread after a delay; may be called by any thread. */
    private void schedule(long delayMillis, Runnable action) {
        Executor executor =
                delayMillis <= 0
                        ? Runnable::run
                        : CompletableFuture.delayedExecutor(delayMillis, TimeUnit.MILLISECONDS);
        executor.execute(
                () -> {
                    try {
                        mailbox.execute(action::run, "response of a sink");
                    } catch (RejectedExecutionException e) {
                        // the task has failed or was canceled, and its next attempt writes again
                        LOG.debug("A response of {} arrived after the end of the task.", name, e);
                    }
                });
    }

    @Override
    public void processElement(StreamRecord<VectorRecord> element) throws Exception {
        queue.add(
                element.getValue(),
                element.hasTimestamp() ? element.getTimestamp() : System.currentTimeMillis());
        while (queue.isFull()) {
            mailbox.yield();
        }
    }

    @Override
    public void prepareSnapshotPreBarrier(long checkpointId) throws Exception {
        drain();
    }

    @Override
    public void endInput() throws Exception {
        drain();
        reportProgress();
    }

    private void drain() throws InterruptedException {
        while (!queue.isEmpty()) {
            mailbox.yield();
        }
    }

    @Override
    public void close() throws Exception {
        try {
            super.close();
        } finally {
            if (queue != null) {
                queue.close();
            }
        }
    }
}

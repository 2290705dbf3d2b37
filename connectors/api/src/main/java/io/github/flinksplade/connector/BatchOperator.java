package io.github.flinksplade.connector;

import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executor;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.TimeUnit;
import org.apache.flink.annotation.Internal;
import org.apache.flink.api.common.accumulators.LongCounter;
import org.apache.flink.api.common.operators.MailboxExecutor;
import org.apache.flink.metrics.Counter;
import org.apache.flink.metrics.MetricGroup;
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
 * <p>Metrics: FLIP-33's {@code numRecordsSend}, {@code numBytesSend}, {@code numRecordsSendErrors}
 * and {@code currentSendTime}; {@code superseded}, {@code numRecordsRetried}, {@code droppedTerms}
 * and {@code unavailableSeconds} (0 while the server is available).
 */
@Internal
final class BatchOperator extends AbstractStreamOperator<DeadLetter>
        implements OneInputStreamOperator<VectorRecord, DeadLetter>, BoundedOneInput {

    private static final long serialVersionUID = 1L;

    private static final Logger LOG = LoggerFactory.getLogger(BatchOperator.class);

    private final transient MailboxExecutor mailbox;
    private final transient String name;
    private final transient BatchSink sink;

    private transient BatchQueue<?> queue;
    private transient volatile long lastSendMillis;

    BatchOperator(
            StreamOperatorParameters<DeadLetter> parameters,
            MailboxExecutor mailbox,
            String name,
            BatchSink sink) {
        super(parameters);
        this.mailbox = mailbox;
        this.name = name;
        this.sink = sink;
    }

    @Override
    public void open() throws Exception {
        super.open();
        MetricGroup metrics = getMetricGroup();
        Counter records = metrics.counter("numRecordsSend");
        Counter bytes = metrics.counter("numBytesSend");
        Counter errors = metrics.counter("numRecordsSendErrors");
        Counter superseded = metrics.counter("superseded");
        Counter retried = metrics.counter("numRecordsRetried");
        metrics.gauge("currentSendTime", () -> lastSendMillis);
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
                        bytes.inc(sentBytes);
                        allBytes.add(sentBytes);
                        allBatches.add(1L);
                        lastSendMillis = millis;
                        if (isRetry) {
                            retried.inc(sentRecords);
                        }
                    }

                    @Override
                    public void written(VectorRecord record) {
                        records.inc();
                        allWritten.add(1L);
                    }

                    @Override
                    public void superseded(VectorRecord record) {
                        superseded.inc();
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
        BatchClient<?> client = sink.client();
        metrics.gauge("droppedTerms", client::droppedTerms);
        queue = BatchQueue.of(name, client, sink.batching(), listener, this::schedule);
        metrics.gauge("unavailableSeconds", queue::unavailableSeconds);
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
        queue.add(element.getValue());
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

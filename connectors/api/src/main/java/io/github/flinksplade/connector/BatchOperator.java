package io.github.flinksplade.connector;

import io.github.flinksplade.connector.BatchQueue.Sent;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executor;
import java.util.concurrent.RejectedExecutionException;
import java.util.concurrent.TimeUnit;
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
 * Drives a {@link BatchQueue} on the task's thread.
 *
 * <p>Metrics: FLIP-33's {@code numRecordsSend}, {@code numBytesSend}, {@code numRecordsSendErrors}
 * and {@code currentSendTime}; {@code superseded}, {@code sentAgain}, {@code termsLeftOut} and
 * {@code unavailableSeconds} (0 while the server answers).
 */
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
        Counter again = metrics.counter("sentAgain");
        metrics.gauge("currentSendTime", () -> lastSendMillis);
        LongCounter allBytes = getRuntimeContext().getLongCounter(BatchDelivery.bytesSent(name));
        LongCounter allBatches =
                getRuntimeContext().getLongCounter(BatchDelivery.batchesSent(name));
        LongCounter allWritten = getRuntimeContext().getLongCounter(BatchDelivery.written(name));
        LongCounter allSuperseded =
                getRuntimeContext().getLongCounter(BatchDelivery.superseded(name));
        Sent sent =
                new Sent() {
                    @Override
                    public void batch(
                            int sentRecords, long sentBytes, long millis, boolean repeated) {
                        bytes.inc(sentBytes);
                        allBytes.add(sentBytes);
                        allBatches.add(1L);
                        lastSendMillis = millis;
                        if (repeated) {
                            again.inc(sentRecords);
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
                    public void refused(VectorRecord record, Class<?> failure, String message) {
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
        metrics.gauge("termsLeftOut", client::termsLeftOut);
        queue = BatchQueue.of(name, client, sink.batching(), sent, this::later);
        metrics.gauge("unavailableSeconds", queue::unavailableSeconds);
    }

    /** Runs something on the task's thread, from any thread, after a while. */
    private void later(long millis, Runnable action) {
        Executor waiting =
                millis <= 0
                        ? Runnable::run
                        : CompletableFuture.delayedExecutor(millis, TimeUnit.MILLISECONDS);
        waiting.execute(
                () -> {
                    try {
                        mailbox.execute(action::run, "answer of a target");
                    } catch (RejectedExecutionException e) {
                        // The task has failed or was cancelled; its next attempt sends again.
                        LOG.debug("An answer of {} came after its task.", name, e);
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

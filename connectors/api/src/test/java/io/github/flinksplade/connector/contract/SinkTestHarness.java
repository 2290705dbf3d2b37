package io.github.flinksplade.connector.contract;

import io.github.flinksplade.connector.BatchDelivery;
import io.github.flinksplade.connector.BatchSink;
import io.github.flinksplade.connector.BatchVectorSink;
import io.github.flinksplade.connector.ConnectorException;
import io.github.flinksplade.connector.DeadLetter;
import io.github.flinksplade.connector.DeferredSink;
import io.github.flinksplade.connector.FlinkSink;
import io.github.flinksplade.connector.PreparedSink;
import io.github.flinksplade.connector.SinkContext;
import io.github.flinksplade.connector.StartMode;
import io.github.flinksplade.connector.UnreachableException;
import io.github.flinksplade.connector.VectorRecord;
import io.github.flinksplade.connector.VectorSink;
import java.util.ArrayList;
import java.util.List;
import org.apache.flink.api.common.serialization.SerializerConfigImpl;
import org.apache.flink.api.common.typeutils.TypeSerializer;
import org.apache.flink.api.connector.sink2.Sink;
import org.apache.flink.api.connector.sink2.SupportsCommitter;
import org.apache.flink.runtime.checkpoint.OperatorSubtaskState;
import org.apache.flink.streaming.api.connector.sink2.CommittableMessage;
import org.apache.flink.streaming.api.connector.sink2.CommittableMessageTypeInfo;
import org.apache.flink.streaming.runtime.operators.sink.CommitterOperatorFactory;
import org.apache.flink.streaming.runtime.operators.sink.SinkWriterOperatorFactory;
import org.apache.flink.streaming.runtime.streamrecord.StreamRecord;
import org.apache.flink.streaming.util.OneInputStreamOperatorTestHarness;
import org.apache.flink.util.InstantiationUtil;

/**
 * One attempt of a job to write to a target: the operators of the sink without the rest of Flink,
 * so that a test decides when a checkpoint completes and when the attempt fails.
 */
public final class SinkTestHarness implements AutoCloseable {

    /** The state of the operators in a completed checkpoint. */
    public record Checkpoint(
            long id, OperatorSubtaskState writer, OperatorSubtaskState committer) {}

    private final PreparedSink sink;
    private final List<DeadLetter> rejected = new ArrayList<>();
    private final OneInputStreamOperatorTestHarness<VectorRecord, ?> writer;
    private final OneInputStreamOperatorTestHarness<CommittableMessage<Object>, ?> committer;
    private int forwarded;
    private long checkpoints;

    private SinkTestHarness(PreparedSink submitted, Checkpoint from) throws Exception {
        // serialized, as it is shipped to the tasks
        PreparedSink prepared = InstantiationUtil.clone(submitted);
        this.sink = prepared;
        this.checkpoints = from == null ? 0 : from.id();
        if (prepared instanceof BatchSink batches) {
            writer =
                    new OneInputStreamOperatorTestHarness<>(
                            new BatchDelivery("contract", "contract", batches));
            committer = null;
            writer.setup();
        } else {
            Sink<VectorRecord> flinkSink = ((FlinkSink) prepared).sink();
            writer =
                    new OneInputStreamOperatorTestHarness<>(
                            new SinkWriterOperatorFactory<>(flinkSink));
            committer = committer(flinkSink, writer);
        }
        if (from != null) {
            restore(writer, from, from.writer());
            if (committer != null) {
                restore(committer, from, from.committer());
            }
        }
        writer.open();
        if (committer != null) {
            committer.open();
        }
    }

    /** The committer, which receives the committables of the writer; null if the sink has none. */
    @SuppressWarnings({"unchecked", "rawtypes"})
    private static OneInputStreamOperatorTestHarness<CommittableMessage<Object>, ?> committer(
            Sink<VectorRecord> sink, OneInputStreamOperatorTestHarness<VectorRecord, ?> writer)
            throws Exception {
        if (!(sink instanceof SupportsCommitter)) {
            writer.setup();
            return null;
        }
        SupportsCommitter<Object> commits = (SupportsCommitter<Object>) sink;
        TypeSerializer messages =
                CommittableMessageTypeInfo.of(commits::getCommittableSerializer)
                        .createSerializer(new SerializerConfigImpl());
        writer.setup(messages);
        OneInputStreamOperatorTestHarness<CommittableMessage<Object>, ?> committer =
                new OneInputStreamOperatorTestHarness<>(
                        new CommitterOperatorFactory<>(commits, false, true));
        committer.setup(messages);
        return committer;
    }

    private static void restore(
            OneInputStreamOperatorTestHarness<?, ?> operator,
            Checkpoint from,
            OperatorSubtaskState state)
            throws Exception {
        operator.setRestoredCheckpointId(from.id());
        operator.initializeState(state);
    }

    /** Starts the first attempt of a job. */
    public static SinkTestHarness start(VectorSink sink, SinkContext context) throws Exception {
        return new SinkTestHarness(sink.prepare(context, StartMode.NEW), null);
    }

    /**
     * Starts an attempt after a failure.
     *
     * @param from null if no checkpoint has completed
     */
    public static SinkTestHarness restore(VectorSink sink, SinkContext context, Checkpoint from)
            throws Exception {
        PreparedSink prepared;
        try {
            prepared = sink.prepare(context, StartMode.RESUME);
        } catch (UnreachableException e) {
            prepared = new DeferredSink((BatchVectorSink) sink, context);
        }
        return new SinkTestHarness(prepared, from);
    }

    /** Writes changes, except those that {@link PreparedSink#rejection} rejects beforehand. */
    public void write(VectorRecord... records) throws Exception {
        for (VectorRecord record : records) {
            String rejection = sink.rejection(record);
            if (rejection == null) {
                writer.processElement(new StreamRecord<>(record));
            } else {
                rejected.add(
                        new DeadLetter(
                                record.origin(),
                                DeadLetter.Stage.WRITE,
                                "contract",
                                ConnectorException.class.getName(),
                                rejection));
            }
        }
    }

    /** Does everything that precedes the snapshot of a checkpoint. */
    public void flush() throws Exception {
        writer.prepareSnapshotPreBarrier(checkpoints + 1);
        forward();
    }

    /** Takes a checkpoint and completes it. */
    public Checkpoint checkpoint() throws Exception {
        Checkpoint checkpoint = snapshot();
        complete(checkpoint);
        return checkpoint;
    }

    /** Takes a checkpoint of whose completion the operators are not notified. */
    public Checkpoint snapshot() throws Exception {
        flush();
        checkpoints++;
        OperatorSubtaskState written = writer.snapshot(checkpoints, checkpoints);
        OperatorSubtaskState committed =
                committer == null ? null : committer.snapshot(checkpoints, checkpoints);
        return new Checkpoint(checkpoints, written, committed);
    }

    /** Notifies the operators that a checkpoint has completed. */
    public void complete(Checkpoint checkpoint) throws Exception {
        writer.notifyOfCompletedCheckpoint(checkpoint.id());
        if (committer != null) {
            committer.notifyOfCompletedCheckpoint(checkpoint.id());
        }
    }

    /** Ends the input, and takes the last checkpoint. */
    public void finish() throws Exception {
        writer.endInput();
        forward();
        if (committer != null) {
            committer.endInput();
        }
        checkpoint();
    }

    @SuppressWarnings("unchecked")
    private void forward() throws Exception {
        List<Object> out = new ArrayList<>(writer.getOutput());
        for (Object element : out.subList(forwarded, out.size())) {
            Object value = ((StreamRecord<?>) element).getValue();
            if (value instanceof DeadLetter letter) {
                rejected.add(letter);
            } else if (committer != null) {
                committer.processElement(new StreamRecord<>((CommittableMessage<Object>) value));
            }
        }
        forwarded = out.size();
    }

    /** The changes rejected so far, by the sink beforehand or by the server. */
    public List<DeadLetter> rejected() {
        return rejected;
    }

    /** Ends the attempt as a failure does: anything not committed is lost. */
    @Override
    public void close() {
        try {
            writer.close();
            if (committer != null) {
                committer.close();
            }
        } catch (Exception e) {
            throw new IllegalStateException("the operators cannot be closed", e);
        }
    }
}

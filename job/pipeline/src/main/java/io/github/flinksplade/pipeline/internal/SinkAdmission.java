package io.github.flinksplade.pipeline.internal;

import io.github.flinksplade.connector.BatchDelivery;
import io.github.flinksplade.connector.ConnectorException;
import io.github.flinksplade.connector.DeadLetter;
import io.github.flinksplade.connector.FlinkSink;
import io.github.flinksplade.connector.PreparedSink;
import io.github.flinksplade.connector.SinkContext;
import io.github.flinksplade.connector.SinkMetrics;
import io.github.flinksplade.connector.SinkProgress;
import io.github.flinksplade.connector.StartMode;
import io.github.flinksplade.connector.UnreachableException;
import io.github.flinksplade.connector.VectorRecord;
import io.github.flinksplade.connector.VectorSink;
import io.github.flinksplade.pipeline.Counters;
import io.github.flinksplade.pipeline.JobDefinition.NamedSink;
import io.github.flinksplade.pipeline.internal.Notice.Reason;
import java.util.List;
import org.apache.flink.api.common.TaskInfo;
import org.apache.flink.api.common.accumulators.LongCounter;
import org.apache.flink.api.common.state.ListState;
import org.apache.flink.api.common.state.ListStateDescriptor;
import org.apache.flink.api.common.typeinfo.Types;
import org.apache.flink.metrics.Counter;
import org.apache.flink.runtime.state.StateInitializationContext;
import org.apache.flink.runtime.state.StateSnapshotContext;
import org.apache.flink.streaming.api.operators.AbstractStreamOperator;
import org.apache.flink.streaming.api.operators.BoundedOneInput;
import org.apache.flink.streaming.api.operators.OneInputStreamOperator;
import org.apache.flink.streaming.runtime.streamrecord.StreamRecord;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Precedes each sink: sends records that the target can never accept to the dead-letter queue.
 *
 * <p>For a sink that commits with checkpoints it also reports the metrics of the sink, and what was
 * written to the {@link NoticeBoard}. {@link BatchDelivery} does so for all others.
 *
 * <p>If the job was submitted without knowing whether it has state ({@link StartMode#UNKNOWN}), the
 * first subtask prepares the target again, because only the tasks know whether they were restored.
 * The state of this operator is the number of records written to the sink, so an empty target of a
 * job that has written nothing yet is accepted.
 */
final class SinkAdmission extends AbstractStreamOperator<VectorRecord>
        implements OneInputStreamOperator<VectorRecord, VectorRecord>, BoundedOneInput {

    private static final long serialVersionUID = 1L;

    private static final Logger LOG = LoggerFactory.getLogger(SinkAdmission.class);

    private final String name;
    private final String displayName;
    private final PreparedSink prepared;

    /** The sink to prepare again; null if the start mode was known. */
    private final VectorSink unverified;

    private final SinkContext context;

    private transient long totalWritten;
    private transient ListState<Long> writtenState;
    private transient DeadLetters deadLetters;
    private transient Counter errors;

    /** Null, with the fields that follow, unless the sink commits with checkpoints. */
    private transient SinkMetrics metrics;

    private transient LongCounter allWritten;
    private transient UncommittedChanges uncommitted;
    private transient SinkProgress.Reporter progress;
    private transient long written;
    private transient Reason rejected;

    /**
     * @param displayName the name of the sink in metrics
     */
    SinkAdmission(NamedSink named, String displayName) {
        this.name = named.name();
        this.displayName = displayName;
        this.prepared = named.prepared();
        this.unverified = named.unverified();
        this.context = named.context();
    }

    @Override
    public void initializeState(StateInitializationContext state) throws Exception {
        super.initializeState(state);
        writtenState =
                state.getOperatorStateStore()
                        .getUnionListState(new ListStateDescriptor<>("written", Types.LONG));
        long restored = 0;
        for (Long ofSubtask : writtenState.get()) {
            restored += ofSubtask;
        }
        TaskInfo task = getRuntimeContext().getTaskInfo();
        if (task.getIndexOfThisSubtask() != 0) {
            return;
        }
        totalWritten = restored;
        getRuntimeContext().getLongCounter(Counters.restored(name)).add(restored);
        boolean wroteBefore = restored > 0;
        if (unverified != null
                && task.getAttemptNumber() == 0
                && state.isRestored() == wroteBefore) {
            verify(wroteBefore ? StartMode.RESUME : StartMode.NEW);
        }
    }

    private void verify(StartMode start) {
        try {
            unverified.prepare(context, start);
        } catch (UnreachableException e) {
            // the writer waits for the server and fails if the target is missing
            LOG.warn("{} is unavailable; not verified at this start.", name, e);
        }
    }

    @Override
    public void snapshotState(StateSnapshotContext snapshot) throws Exception {
        super.snapshotState(snapshot);
        writtenState.update(List.of(totalWritten));
    }

    @Override
    public void open() throws Exception {
        super.open();
        errors = SinkMetrics.errors(getMetricGroup(), displayName);
        deadLetters = new DeadLetters(getRuntimeContext(), DeadLetter.Stage.WRITE, name);
        rejected = new Reason("rejected", "not supported by " + name, null);
        if (prepared instanceof FlinkSink) {
            allWritten = getRuntimeContext().getLongCounter(Counters.written(name));
            uncommitted = new UncommittedChanges();
            metrics = new SinkMetrics(getMetricGroup(), displayName, uncommitted::size);
            progress = new SinkProgress.Reporter(displayName);
            scheduleProgress();
        }
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
        SinkProgress next = progress.next(written, uncommitted.size());
        if (next != null) {
            output.collect(Notice.OUTPUT, new StreamRecord<>(Notice.ofProgress(next)));
        }
    }

    @Override
    public void processElement(StreamRecord<VectorRecord> element) {
        VectorRecord record = element.getValue();
        String rejection = prepared.rejection(record);
        if (rejection != null) {
            errors.inc();
            output.collect(
                    Notice.OUTPUT,
                    new StreamRecord<>(
                            deadLetters.write(
                                    deadLetters.letter(
                                            record.origin(), ConnectorException.class, rejection),
                                    rejected)));
            return;
        }
        totalWritten++;
        if (metrics != null) {
            written++;
            allWritten.add(1);
            metrics.written();
            uncommitted.add(
                    element.hasTimestamp() ? element.getTimestamp() : System.currentTimeMillis());
        }
        output.collect(element);
    }

    @Override
    public void prepareSnapshotPreBarrier(long checkpointId) {
        if (metrics != null) {
            uncommitted.barrier(checkpointId);
        }
    }

    @Override
    public void notifyCheckpointComplete(long checkpointId) throws Exception {
        super.notifyCheckpointComplete(checkpointId);
        if (metrics != null) {
            uncommitted.committed(checkpointId, metrics);
        }
    }

    @Override
    public void endInput() {
        if (metrics != null) {
            reportProgress();
        }
    }
}

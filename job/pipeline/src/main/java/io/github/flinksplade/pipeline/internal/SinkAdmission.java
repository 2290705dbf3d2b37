package io.github.flinksplade.pipeline.internal;

import io.github.flinksplade.connector.ConnectorException;
import io.github.flinksplade.connector.DeadLetter;
import io.github.flinksplade.connector.FlinkSink;
import io.github.flinksplade.connector.PreparedSink;
import io.github.flinksplade.connector.SinkContext;
import io.github.flinksplade.connector.StartMode;
import io.github.flinksplade.connector.UnreachableException;
import io.github.flinksplade.connector.VectorRecord;
import io.github.flinksplade.connector.VectorSink;
import io.github.flinksplade.pipeline.Counters;
import io.github.flinksplade.pipeline.JobDefinition.NamedSink;
import io.github.flinksplade.pipeline.internal.Notice.Reason;
import java.util.List;
import org.apache.flink.api.common.TaskInfo;
import org.apache.flink.api.common.functions.OpenContext;
import org.apache.flink.api.common.state.ListState;
import org.apache.flink.api.common.state.ListStateDescriptor;
import org.apache.flink.api.common.typeinfo.Types;
import org.apache.flink.runtime.state.FunctionInitializationContext;
import org.apache.flink.runtime.state.FunctionSnapshotContext;
import org.apache.flink.streaming.api.checkpoint.CheckpointedFunction;
import org.apache.flink.streaming.api.functions.ProcessFunction;
import org.apache.flink.util.Collector;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Precedes each sink: sends records that the target can never accept to the dead-letter queue.
 *
 * <p>If the job was submitted without knowing whether it has state ({@link StartMode#UNKNOWN}), the
 * first subtask prepares the target again, because only the tasks know whether they were restored.
 * The state of this operator is the number of records written to the sink, so an empty target of a
 * job that has written nothing yet is accepted.
 */
final class SinkAdmission extends ProcessFunction<VectorRecord, VectorRecord>
        implements CheckpointedFunction {

    private static final long serialVersionUID = 1L;

    private static final Logger LOG = LoggerFactory.getLogger(SinkAdmission.class);

    private final String name;
    private final PreparedSink prepared;

    /** The sink to prepare again; null if the start mode was known. */
    private final VectorSink unverified;

    private final SinkContext context;

    private transient long totalWritten;
    private transient ListState<Long> writtenState;
    private transient Count written;
    private transient DeadLetters deadLetters;
    private transient Reason rejected;

    SinkAdmission(NamedSink named) {
        this.name = named.name();
        this.prepared = named.prepared();
        this.unverified = named.unverified();
        this.context = named.context();
    }

    @Override
    public void initializeState(FunctionInitializationContext state) throws Exception {
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
    public void snapshotState(FunctionSnapshotContext snapshot) throws Exception {
        writtenState.update(List.of(totalWritten));
    }

    @Override
    public void open(OpenContext openContext) {
        if (prepared instanceof FlinkSink) {
            written = new Count(getRuntimeContext(), Counters.written(name));
        } // otherwise the operator that writes batches counts what the server accepted
        deadLetters = new DeadLetters(getRuntimeContext(), DeadLetter.Stage.WRITE, name);
        rejected = new Reason("rejected", "not supported by " + name, null);
    }

    @Override
    public void processElement(
            VectorRecord record, Context processing, Collector<VectorRecord> out) {
        String rejection = prepared.rejection(record);
        if (rejection == null) {
            totalWritten++;
            if (written != null) {
                written.increment();
            }
            out.collect(record);
        } else {
            processing.output(
                    Notice.OUTPUT,
                    deadLetters.write(
                            deadLetters.letter(
                                    record.origin(), ConnectorException.class, rejection),
                            rejected));
        }
    }
}

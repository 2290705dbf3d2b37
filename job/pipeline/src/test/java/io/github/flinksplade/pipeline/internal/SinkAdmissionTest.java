package io.github.flinksplade.pipeline.internal;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.github.flinksplade.connector.ConnectorException;
import io.github.flinksplade.connector.DeadLetter;
import io.github.flinksplade.connector.Operation;
import io.github.flinksplade.connector.PreparedSink;
import io.github.flinksplade.connector.SinkContext;
import io.github.flinksplade.connector.StartMode;
import io.github.flinksplade.connector.UnreachableException;
import io.github.flinksplade.connector.VectorRecord;
import io.github.flinksplade.connector.VectorSink;
import io.github.flinksplade.pipeline.JobDefinition.NamedSink;
import io.github.flinksplade.vector.SparseVector;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import org.apache.flink.runtime.checkpoint.OperatorSubtaskState;
import org.apache.flink.streaming.runtime.streamrecord.StreamRecord;
import org.apache.flink.streaming.util.OneInputStreamOperatorTestHarness;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class SinkAdmissionTest {

    private static final Jobs JOBS = new Jobs("admission");
    private static final List<StartMode> PREPARED = new CopyOnWriteArrayList<>();
    private static volatile boolean isEmpty;
    private static volatile boolean isUnavailable;

    /** A sink that rejects the targets that every sink must reject. */
    private record Recording() implements VectorSink {
        private static final long serialVersionUID = 1L;

        @Override
        public String identity() {
            return "recording";
        }

        @Override
        public PreparedSink prepare(SinkContext context, StartMode start) {
            PREPARED.add(start);
            if (isUnavailable) {
                throw new UnreachableException("unavailable", null);
            }
            if (isEmpty) {
                start.requireMayCreate("the index");
            } else if (start == StartMode.NEW) {
                throw new ConnectorException("the folder contains vectors of another run");
            }
            return JOBS.sinks("recording").get(0).prepared();
        }
    }

    @BeforeEach
    void reset() {
        PREPARED.clear();
        isEmpty = true;
        isUnavailable = false;
    }

    private static OneInputStreamOperatorTestHarness<VectorRecord, VectorRecord> start(
            VectorSink unverified, OperatorSubtaskState restored) throws Exception {
        NamedSink named =
                new NamedSink(
                        JOBS.sinks("recording").get(0).prepared(),
                        JOBS.context("recording"),
                        unverified,
                        "recording");
        OneInputStreamOperatorTestHarness<VectorRecord, VectorRecord> harness =
                new OneInputStreamOperatorTestHarness<>(new SinkAdmission(named, "recording"));
        if (restored != null) {
            harness.setRestoredCheckpointId(1);
            harness.initializeState(restored);
        }
        harness.open();
        return harness;
    }

    private static OperatorSubtaskState stateOf(VectorSink unverified, String... ids)
            throws Exception {
        OneInputStreamOperatorTestHarness<VectorRecord, VectorRecord> harness =
                start(unverified, null);
        for (String id : ids) {
            harness.processElement(new StreamRecord<>(record(id)));
        }
        OperatorSubtaskState state = harness.snapshot(1, 1);
        harness.close();
        return state;
    }

    private static VectorRecord record(String id) {
        return new VectorRecord(
                id,
                Operation.UPSERT,
                1,
                "text",
                "{}",
                new SparseVector(new int[] {1}, new float[] {1}),
                1,
                false,
                Documents.origin(id));
    }

    @Test
    void preparesAsNewWithoutState() throws Exception {
        start(new Recording(), null).close();
        assertThat(PREPARED).containsExactly(StartMode.NEW);
        isEmpty = false;
        assertThatThrownBy(() -> start(new Recording(), null))
                .hasStackTraceContaining("contains vectors of another run");
    }

    @Test
    void rejectsEmptyTargetAfterWrites() throws Exception {
        OperatorSubtaskState written = stateOf(new Recording(), "a");
        PREPARED.clear();
        isEmpty = false;
        start(new Recording(), written).close();
        assertThat(PREPARED).containsExactly(StartMode.RESUME);
        isEmpty = true;
        assertThatThrownBy(() -> start(new Recording(), written))
                .hasStackTraceContaining("the index is missing or empty");
    }

    @Test
    void acceptsEmptyTargetOfRestoredJobWithoutWrites() throws Exception {
        OperatorSubtaskState nothingWritten = stateOf(new Recording(), "unacceptable");
        PREPARED.clear();
        start(new Recording(), nothingWritten).close();
        assertThat(PREPARED).isEmpty();
    }

    @Test
    void leavesUnavailableServerToWriter() throws Exception {
        OperatorSubtaskState written = stateOf(new Recording(), "a");
        isUnavailable = true;
        start(new Recording(), written).close();
        assertThat(PREPARED).endsWith(StartMode.RESUME);
    }

    @Test
    void doesNotPrepareIfStartModeWasKnown() throws Exception {
        OperatorSubtaskState written = stateOf(null, "a");
        start(null, written).close();
        assertThat(PREPARED).isEmpty();
    }

    @Test
    void sendsUnsupportedRecordsToDeadLetters() throws Exception {
        OneInputStreamOperatorTestHarness<VectorRecord, VectorRecord> harness = start(null, null);
        harness.processElement(new StreamRecord<>(record("unacceptable")));
        harness.processElement(new StreamRecord<>(record("fine")));
        assertThat(harness.extractOutputValues())
                .extracting(VectorRecord::id)
                .containsExactly("fine");
        DeadLetter letter = harness.getSideOutput(Notice.OUTPUT).element().getValue().letter();
        assertThat(letter.message()).isEqualTo("this id is not supported");
        assertThat(letter.sink()).isEqualTo("recording");
        harness.close();
    }
}

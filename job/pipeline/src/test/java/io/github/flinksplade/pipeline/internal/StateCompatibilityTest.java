package io.github.flinksplade.pipeline.internal;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.flinksplade.connector.Operation;
import io.github.flinksplade.connector.VectorRecord;
import io.github.flinksplade.pipeline.Counters;
import io.github.flinksplade.pipeline.Document;
import io.github.flinksplade.pipeline.PipelineOptions;
import io.github.flinksplade.vector.SparseVector;
import java.nio.file.Path;
import java.util.List;
import org.apache.flink.runtime.checkpoint.OperatorSubtaskState;
import org.apache.flink.streaming.util.OperatorSnapshotUtil;
import org.junit.jupiter.api.Test;

/**
 * State that was written by an earlier build is read by this one. The files under {@code
 * src/test/resources/state} are never written anew: a change of the state adds files, written by
 * {@link #main}, and a test that reads them.
 */
class OldStateTest {

    private static final long MODEL = 0x1234;
    private static final SparseVector VECTOR =
            new SparseVector(new int[] {3, 200, 30000}, new float[] {0.5f, 1.25f, 2});

    private static String file(String name) {
        return Path.of("src", "test", "resources", "state", name).toString();
    }

    private static KeyedOperator<Document, Change> detector(OperatorSubtaskState from)
            throws Exception {
        return KeyedOperator.open(
                new ChangeDetector(
                        PipelineOptions.defaults(),
                        MODEL,
                        Hashes.ofNames(List.of("t")),
                        () -> 1_000_000),
                Document::id,
                from);
    }

    private static KeyedOperator<EncodedChange, VectorRecord> sequencer(OperatorSubtaskState from)
            throws Exception {
        return KeyedOperator.open(
                new Sequencer(PipelineOptions.defaults(), MODEL),
                change -> change.change().id(),
                from);
    }

    private static Change change(String id, long version, Change.Work work, long sequence) {
        boolean delete = work == Change.Work.NONE;
        return new Change(
                id,
                delete ? Operation.DELETE : Operation.UPSERT,
                true,
                version,
                false,
                work,
                sequence,
                delete ? null : Hashes.of("text"),
                delete ? null : "text",
                delete ? null : "{}",
                Documents.origin("value"));
    }

    private static EncodedChange encoded(Change change) {
        return new EncodedChange(change, VECTOR, 7, true, null, 0, 0);
    }

    private static EncodedChange without(Change change) {
        return new EncodedChange(change, null, 0, false, null, 0, 0);
    }

    /** Writes the files of the present form. */
    public static void main(String[] arguments) throws Exception {
        try (KeyedOperator<Document, Change> detector = detector(null)) {
            detector.process(Documents.upsert("numbered", "text"));
            detector.process(Documents.upsert("explicit", "text", "{\"a\":1}", 5L));
            detector.process(Documents.delete("deleted"));
            OperatorSnapshotUtil.writeStateHandle(detector.snapshot(), file("change-detector-1"));
        }
        try (KeyedOperator<EncodedChange, VectorRecord> sequencer = sequencer(null)) {
            sequencer.process(encoded(change("kept", 5, Change.Work.ENCODE, 1)));
            sequencer.process(without(change("deleted", 5, Change.Work.NONE, 1)));
            sequencer.process(without(change("held", 6, Change.Work.REUSE, 2)));
            OperatorSnapshotUtil.writeStateHandle(sequencer.snapshot(), file("sequencer-1"));
        }
    }

    @Test
    void changeDetector1() throws Exception {
        try (KeyedOperator<Document, Change> detector =
                detector(OperatorSnapshotUtil.readStateHandle(file("change-detector-1")))) {
            assertThat(detector.process(Documents.upsert("numbered", "text"))).isEmpty();
            assertThat(detector.process(Documents.upsert("explicit", "text", "{\"a\":1}", 5L)))
                    .isEmpty();
            assertThat(detector.process(Documents.delete("deleted"))).isEmpty();
            assertThat(detector.count(Counters.SKIPPED)).isEqualTo(3);
            assertThat(detector.process(Documents.upsert("explicit", "text", "{\"a\":2}", 6L)))
                    .satisfiesExactly(
                            change -> {
                                assertThat(change.work()).isEqualTo(Change.Work.REUSE);
                                assertThat(change.sequence()).isEqualTo(2);
                            });
            assertThat(detector.process(Documents.upsert("numbered", "other")))
                    .satisfiesExactly(change -> assertThat(change.version()).isEqualTo(1_000_001));
        }
    }

    @Test
    void sequencer1() throws Exception {
        try (KeyedOperator<EncodedChange, VectorRecord> sequencer =
                sequencer(OperatorSnapshotUtil.readStateHandle(file("sequencer-1")))) {
            assertThat(sequencer.process(without(change("kept", 6, Change.Work.REUSE, 2))))
                    .satisfiesExactly(
                            record -> {
                                assertThat(record.vector()).isEqualTo(VECTOR);
                                assertThat(record.tokens()).isEqualTo(7);
                                assertThat(record.truncated()).isTrue();
                            });
            assertThat(sequencer.process(encoded(change("deleted", 5, Change.Work.ENCODE, 2))))
                    .isEmpty();
            assertThat(sequencer.process(encoded(change("held", 5, Change.Work.ENCODE, 1))))
                    .extracting(VectorRecord::version)
                    .containsExactly(5L, 6L);
        }
    }
}

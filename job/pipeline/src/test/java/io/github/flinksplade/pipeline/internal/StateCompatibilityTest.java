package io.github.flinksplade.pipeline.internal;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.flinksplade.connector.ConnectorException;
import io.github.flinksplade.connector.DeadLetter;
import io.github.flinksplade.connector.Operation;
import io.github.flinksplade.connector.VectorRecord;
import io.github.flinksplade.encoder.EncodedText;
import io.github.flinksplade.encoder.FakeEncoder;
import io.github.flinksplade.encoder.SpladeEncoder;
import io.github.flinksplade.pipeline.Counters;
import io.github.flinksplade.pipeline.Document;
import io.github.flinksplade.pipeline.JobDefinition.NamedSink;
import io.github.flinksplade.pipeline.MaxDeadLetters;
import io.github.flinksplade.pipeline.PipelineOptions;
import io.github.flinksplade.vector.SparseVector;
import java.nio.file.Path;
import java.util.List;
import org.apache.flink.api.common.serialization.SerializerConfigImpl;
import org.apache.flink.api.common.typeinfo.TypeInformation;
import org.apache.flink.runtime.checkpoint.OperatorSubtaskState;
import org.apache.flink.streaming.api.datastream.AsyncDataStream.OutputMode;
import org.apache.flink.streaming.api.functions.async.AsyncFunction;
import org.apache.flink.streaming.api.operators.async.AsyncWaitOperatorFactory;
import org.apache.flink.streaming.util.OneInputStreamOperatorTestHarness;
import org.apache.flink.streaming.util.OperatorSnapshotUtil;
import org.junit.jupiter.api.Test;

/**
 * State that an earlier build wrote can be restored. The files in {@code src/test/resources/state}
 * are never overwritten: a change of the state adds files, which {@link #main} writes, and a test
 * that restores them.
 */
class StateCompatibilityTest {

    private static final long MODEL = 0x1234;
    private static final SparseVector VECTOR =
            new SparseVector(new int[] {3, 200, 30000}, new float[] {0.5f, 1.25f, 2});

    private static String file(String name) {
        return Path.of("src", "test", "resources", "state", name).toString();
    }

    private static OperatorSubtaskState read(String name) throws Exception {
        return OperatorSnapshotUtil.readStateHandle(file(name));
    }

    private static KeyedOperator<Document, Change> detector(OperatorSubtaskState from)
            throws Exception {
        return KeyedOperator.open(
                new ChangeDetector(
                        new ChangeRules(
                                PipelineOptions.defaults(), MODEL, Hashes.ofNames(List.of("t"))),
                        () -> 1_000_000,
                        new FakeEncoderFactory("detector")),
                Document::id,
                from);
    }

    private static KeyedOperator<EncodedChange, VectorRecord> sequencer(OperatorSubtaskState from)
            throws Exception {
        return KeyedOperator.open(
                new Sequencer(PipelineOptions.defaults(), MODEL, 128),
                change -> change.change().id(),
                from);
    }

    private static OneInputStreamOperatorTestHarness<Change, EncodedChange> encode(
            AsyncFunction<Change, EncodedChange> function, OperatorSubtaskState from)
            throws Exception {
        OneInputStreamOperatorTestHarness<Change, EncodedChange> harness =
                new OneInputStreamOperatorTestHarness<>(
                        new AsyncWaitOperatorFactory<>(function, 0, 10, OutputMode.ORDERED),
                        TypeInformation.of(Change.class)
                                .createSerializer(new SerializerConfigImpl()));
        harness.setup(
                TypeInformation.of(EncodedChange.class)
                        .createSerializer(new SerializerConfigImpl()));
        if (from != null) {
            harness.initializeState(from);
        }
        harness.open();
        return harness;
    }

    private static OneInputStreamOperatorTestHarness<VectorRecord, VectorRecord> admission(
            SinkAdmission function, OperatorSubtaskState from) throws Exception {
        OneInputStreamOperatorTestHarness<VectorRecord, VectorRecord> harness =
                new OneInputStreamOperatorTestHarness<>(function);
        harness.setup();
        if (from != null) {
            harness.initializeState(from);
        }
        harness.open();
        return harness;
    }

    private interface Steps<I, O> {
        void run(OneInputStreamOperatorTestHarness<I, O> harness) throws Exception;
    }

    private static <I, O> void run(
            OneInputStreamOperatorTestHarness<I, O> harness, Steps<I, O> steps) throws Exception {
        try {
            steps.run(harness);
        } finally {
            harness.close();
        }
    }

    private static SinkAdmission admission() {
        NamedSink sink = new Jobs("state").sinks("index").get(0);
        return new SinkAdmission(sink, "index");
    }

    private static OneInputStreamOperatorTestHarness<Notice, DeadLetter> board(
            NoticeBoard board, OperatorSubtaskState from) throws Exception {
        OneInputStreamOperatorTestHarness<Notice, DeadLetter> harness =
                new OneInputStreamOperatorTestHarness<>(board);
        harness.setup();
        if (from != null) {
            harness.initializeState(from);
        }
        harness.open();
        return harness;
    }

    private static NoticeBoard board() {
        return new NoticeBoard(
                MaxDeadLetters.NONE, List.of("docs"), List.of("index"), message -> {});
    }

    private static Change change(String id, long version, Change.Work work, long sequence) {
        boolean delete = work == Change.Work.NONE;
        Document document =
                new Document(
                        id,
                        delete ? Operation.DELETE : Operation.UPSERT,
                        delete ? null : "text",
                        delete ? null : "{}",
                        version,
                        false,
                        Documents.origin("value"));
        byte[] textHash = delete ? null : Hashes.of("text");
        return new Change(document, version, true, false, work, sequence, textHash, null);
    }

    private static EncodedChange encoded(Change change) {
        return EncodedChange.encoded(
                change, List.of(new EncodedText(VECTOR, 7, true)), EngineUsage.NONE);
    }

    private static VectorRecord record(String id) {
        return VectorRecord.delete(id, 1, Documents.origin(id));
    }

    private static Notice rejected(String id) {
        return new Notice(
                new DeadLetter(
                        Documents.origin(id),
                        DeadLetter.Stage.WRITE,
                        "index",
                        ConnectorException.class.getName(),
                        "too long"),
                "key",
                "too long",
                "docs line 1",
                null,
                null,
                1,
                null);
    }

    /** Writes the files of the current state. */
    public static void main(String[] arguments) throws Exception {
        try (KeyedOperator<Document, Change> detector = detector(null)) {
            detector.process(Documents.upsert("generated", "text"));
            detector.process(Documents.upsert("explicit", "text", "{\"a\":1}", 5L));
            detector.process(Documents.delete("deleted"));
            OperatorSnapshotUtil.writeStateHandle(detector.snapshot(), file("change-detector-1"));
        }
        try (KeyedOperator<EncodedChange, VectorRecord> sequencer = sequencer(null)) {
            sequencer.process(encoded(change("stored", 5, Change.Work.ENCODE, 1)));
            sequencer.process(
                    EncodedChange.withoutInference(change("deleted", 5, Change.Work.NONE, 1)));
            sequencer.process(
                    EncodedChange.withoutInference(change("buffered", 6, Change.Work.REUSE, 2)));
            OperatorSnapshotUtil.writeStateHandle(sequencer.snapshot(), file("sequencer-1"));
        }
        run(
                encode((change, neverCompleted) -> {}, null),
                harness -> {
                    harness.processElement(change("a", 5, Change.Work.ENCODE, 1), 0);
                    harness.processElement(change("b", 6, Change.Work.REUSE, 2), 0);
                    harness.processElement(change("c", 7, Change.Work.NONE, 3), 0);
                    OperatorSnapshotUtil.writeStateHandle(harness.snapshot(1, 0), file("encode-1"));
                });
        run(
                admission(admission(), null),
                harness -> {
                    harness.processElement(record("a"), 0);
                    harness.processElement(record("b"), 0);
                    OperatorSnapshotUtil.writeStateHandle(harness.snapshot(1, 0), file("check-1"));
                });
        run(
                board(board(), null),
                harness -> {
                    harness.processElement(Notice.ofRead(2), 0);
                    harness.processElement(rejected("a"), 0);
                    OperatorSnapshotUtil.writeStateHandle(
                            harness.snapshot(1, 0), file("notices-1"));
                });
    }

    @Test
    void restoresChangeDetector1() throws Exception {
        try (KeyedOperator<Document, Change> detector = detector(read("change-detector-1"))) {
            assertThat(detector.process(Documents.upsert("generated", "text"))).isEmpty();
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
            assertThat(detector.process(Documents.upsert("generated", "other")))
                    .satisfiesExactly(change -> assertThat(change.version()).isEqualTo(1_000_001));
        }
    }

    /** The records in flight in the asynchronous operator. */
    @Test
    void restoresEncode1() throws Exception {
        FakeEncoderFactory factory = new FakeEncoderFactory("state");
        EncodeFunction function;
        try (SpladeEncoder encoder = new FakeEncoderFactory("state/submitted").open()) {
            function =
                    new EncodeFunction(
                            factory,
                            EncoderFactory.provenance(encoder),
                            PipelineOptions.defaults());
        }
        run(
                encode(function, read("encode-1")),
                harness -> {
                    harness.processElement(change("d", 8, Change.Work.ENCODE, 4), 0);
                    harness.endInput();
                    List<EncodedChange> changes = harness.extractOutputValues();
                    assertThat(changes)
                            .extracting(encoded -> encoded.change().id())
                            .containsExactly("a", "b", "c", "d");
                    assertThat(changes)
                            .extracting(
                                    encoded ->
                                            encoded.texts() == null
                                                    ? null
                                                    : encoded.texts()[0].vector())
                            .containsExactly(
                                    FakeEncoder.vector("text"),
                                    null,
                                    null,
                                    FakeEncoder.vector("text"));
                    assertThat(changes.get(0).change())
                            .usingRecursiveComparison()
                            .isEqualTo(change("a", 5, Change.Work.ENCODE, 1));
                });
    }

    @Test
    void restoresSequencer1() throws Exception {
        try (KeyedOperator<EncodedChange, VectorRecord> sequencer =
                sequencer(read("sequencer-1"))) {
            assertThat(
                            sequencer.process(
                                    EncodedChange.withoutInference(
                                            change("stored", 6, Change.Work.REUSE, 2))))
                    .satisfiesExactly(
                            record -> {
                                assertThat(record.vector()).isEqualTo(VECTOR);
                                assertThat(record.tokens()).isEqualTo(7);
                                assertThat(record.truncated()).isTrue();
                            });
            assertThat(sequencer.process(encoded(change("deleted", 5, Change.Work.ENCODE, 2))))
                    .isEmpty();
            assertThat(sequencer.process(encoded(change("buffered", 5, Change.Work.ENCODE, 1))))
                    .extracting(VectorRecord::version)
                    .containsExactly(5L, 6L);
        }
    }

    @Test
    void restoresSinkAdmission1() throws Exception {
        SinkAdmission function = admission();
        run(
                admission(function, read("check-1")),
                harness -> {
                    harness.processElement(record("c"), 0);
                    assertThat(
                                    function.getRuntimeContext()
                                            .getLongCounter(Counters.restored("index"))
                                            .getLocalValuePrimitive())
                            .isEqualTo(2);
                });
    }

    @Test
    void restoresNoticeBoard1() throws Exception {
        NoticeBoard board = board();
        run(
                board(board, read("notices-1")),
                harness -> {
                    harness.processElement(rejected("b"), 0);
                    harness.processElement(rejected("c"), 0);
                    harness.processElement(rejected("d"), 0);
                    harness.endInput();
                    // 6 records were read, 2 of them before the snapshot without a dead letter
                    assertThat(allRejected(board)).isZero();
                    harness.processElement(rejected("e").withRead(0), 0);
                    harness.processElement(rejected("f").withRead(0), 0);
                    harness.endInput();
                    assertThat(allRejected(board)).isEqualTo(1);
                });
    }

    private static long allRejected(NoticeBoard board) {
        return board.getRuntimeContext()
                .getLongCounter(Counters.ALL_REJECTED)
                .getLocalValuePrimitive();
    }
}

package io.github.flinksplade.pipeline.internal;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.flinksplade.connector.DeadLetter;
import io.github.flinksplade.connector.Operation;
import io.github.flinksplade.connector.VectorRecord;
import io.github.flinksplade.encoder.EncodedText;
import io.github.flinksplade.encoder.FakeEncoder;
import io.github.flinksplade.pipeline.Counters;
import io.github.flinksplade.pipeline.Document;
import io.github.flinksplade.pipeline.PipelineOptions;
import io.github.flinksplade.pipeline.internal.Change.Work;
import io.github.flinksplade.vector.SparseVector;
import java.time.Duration;
import java.util.List;
import org.apache.flink.runtime.checkpoint.OperatorSubtaskState;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

class SequencerTest {

    private static final long MODEL = 1;

    private KeyedOperator<EncodedChange, VectorRecord> sequencer;

    @BeforeEach
    void open() throws Exception {
        open(PipelineOptions.defaults(), MODEL, null);
    }

    private void open(PipelineOptions options, long model, OperatorSubtaskState from)
            throws Exception {
        close();
        sequencer =
                KeyedOperator.open(
                        new Sequencer(options, model, 128), change -> change.change().id(), from);
    }

    @AfterEach
    void close() {
        if (sequencer != null) {
            sequencer.close();
            sequencer = null;
        }
    }

    private static Change change(
            String id, long version, Work work, long sequence, String text, String fields) {
        Document document =
                new Document(
                        id,
                        work == Work.NONE ? Operation.DELETE : Operation.UPSERT,
                        text,
                        fields,
                        version,
                        false,
                        Documents.origin(id + "@" + version));
        byte[] textHash = text == null ? null : Hashes.of(text);
        return new Change(document, version, true, false, work, sequence, textHash, null);
    }

    private static EncodedChange encoded(String id, long version, String text) {
        SparseVector vector = FakeEncoder.vector(text);
        return EncodedChange.encoded(
                change(id, version, Work.ENCODE, 1, text, "{}"),
                List.of(new EncodedText(vector, vector.size(), false)),
                new EngineUsage(3, 4));
    }

    private static EncodedChange failed(String id, long version, String text) {
        return without(change(id, version, Work.ENCODE, 1, text, "{}"), "no good");
    }

    private static EncodedChange fields(String id, long version, String text) {
        return without(change(id, version, Work.REUSE, 1, text, "{\"v\":" + version + "}"), null);
    }

    private static EncodedChange deleted(String id, long version) {
        return without(change(id, version, Work.NONE, 0, null, null), null);
    }

    private static EncodedChange without(Change change, String failure) {
        return new EncodedChange(change, null, failure, EngineUsage.NONE);
    }

    private static EncodedChange with(EncodedChange encoded, Change change) {
        return new EncodedChange(change, encoded.texts(), encoded.failure(), EngineUsage.NONE);
    }

    /** The same change, emitted again on purpose. */
    private static EncodedChange repeated(EncodedChange once) {
        Change c = once.change();
        return with(
                once,
                new Change(
                        c.document(),
                        c.version(),
                        c.explicit(),
                        true,
                        c.work(),
                        c.sequence(),
                        c.textHash(),
                        c.passages()));
    }

    /** The same change with a generated version. */
    private static EncodedChange generated(EncodedChange explicit) {
        Change c = explicit.change();
        return with(
                explicit,
                new Change(
                        c.document(),
                        c.version(),
                        false,
                        c.repeatsVersion(),
                        c.work(),
                        c.sequence(),
                        c.textHash(),
                        c.passages()));
    }

    /** The change with this sequence number. */
    private static EncodedChange nth(long sequence, EncodedChange of) {
        Change c = of.change();
        return with(
                of,
                new Change(
                        c.document(),
                        c.version(),
                        c.explicit(),
                        c.repeatsVersion(),
                        c.work(),
                        sequence,
                        c.textHash(),
                        c.passages()));
    }

    private VectorRecord one(EncodedChange change) throws Exception {
        VectorRecord record = only(change);
        assertThat(record.version()).isEqualTo(change.change().version());
        return record;
    }

    /** The only record emitted for a change, whatever its version. */
    private VectorRecord only(EncodedChange change) throws Exception {
        List<VectorRecord> records = sequencer.process(change);
        assertThat(records).hasSize(1);
        assertThat(records.get(0).origin())
                .usingRecursiveComparison()
                .isEqualTo(change.change().origin());
        return records.get(0);
    }

    private void dropped(EncodedChange change) throws Exception {
        long before = sequencer.count(Counters.SUPERSEDED);
        assertThat(sequencer.process(change)).isEmpty();
        assertThat(sequencer.deadLetters()).isEmpty();
        assertThat(sequencer.count(Counters.SUPERSEDED)).isEqualTo(before + 1);
    }

    private DeadLetter rejected(EncodedChange change) throws Exception {
        assertThat(sequencer.process(change)).isEmpty();
        List<DeadLetter> letters = sequencer.deadLetters();
        assertThat(letters).hasSize(1);
        assertThat(letters.get(0).stage()).isEqualTo(DeadLetter.Stage.ENCODE);
        assertThat(letters.get(0).origin())
                .usingRecursiveComparison()
                .isEqualTo(change.change().origin());
        return letters.get(0);
    }

    private static void assertVector(VectorRecord record, String text) {
        assertThat(new SparseVector(record.vector().indices(), record.vector().values()))
                .isEqualTo(FakeEncoder.vector(text));
    }

    @Test
    void emitsAndCounts() throws Exception {
        VectorRecord first = one(encoded("a", 1, "one two"));
        assertVector(first, "one two");
        assertThat(first.text()).isEqualTo("one two");
        assertThat(first.fields()).isEqualTo("{}");
        assertThat(first.tokens()).isEqualTo(2);
        one(encoded("a", 2, "three"));
        assertThat(sequencer.count(Counters.ENCODED)).isEqualTo(2);
        assertThat(sequencer.count(Counters.TOKENS)).isEqualTo(3);
        assertThat(sequencer.count(Counters.MODEL_TOKENS)).isEqualTo(6);
        assertThat(sequencer.count(Counters.MODEL_PADDED_TOKENS)).isEqualTo(8);
        assertThat(sequencer.count(Counters.SUPERSEDED)).isZero();
    }

    @Test
    void dropsOlderChanges() throws Exception {
        one(encoded("a", 5, "five"));
        dropped(encoded("a", 4, "four"));
        dropped(encoded("a", 5, "five"));
        dropped(deleted("a", 4));
        one(encoded("b", 4, "four"));
    }

    @Test
    void emitsSameVersionAgainOnlyIfRepeatedOnPurpose() throws Exception {
        one(encoded("a", 5, "five"));
        one(repeated(encoded("a", 5, "five")));
        VectorRecord reused = one(repeated(fields("a", 5, "five")));
        assertVector(reused, "five");
        one(deleted("a", 6));
        dropped(repeated(encoded("a", 5, "five")));
        one(repeated(deleted("a", 6)));
    }

    @Test
    void deleteWinsOverUpsertOfItsVersion() throws Exception {
        one(encoded("a", 5, "five"));
        VectorRecord delete = one(deleted("a", 5));
        assertThat(delete.isDelete()).isTrue();
        assertThat(delete.text()).isNull();
        assertThat(delete.fields()).isNull();
        assertThat(delete.vector()).isNull();
        dropped(encoded("a", 5, "five"));
        dropped(encoded("a", 4, "four"));
        one(encoded("a", 6, "six"));
    }

    @Test
    void explicitVersionsFollowDeleteWithGeneratedVersion() throws Exception {
        VectorRecord delete = only(generated(deleted("a", 1_700_000_000_000_000L)));
        assertThat(delete.isDelete()).isTrue();
        assertThat(delete.version()).isEqualTo(VectorRecord.NO_VERSION);
        one(encoded("a", 3, "three"));
        dropped(generated(deleted("a", 1_800_000_000_000_000L)));
    }

    @Test
    void keepsGeneratedVersionOfDeleteIfIdHasGeneratedVersions() throws Exception {
        EncodedChange upsert = encoded("a", 1_700_000_000_000_000L, "three");
        one(generated(upsert));
        one(generated(deleted("a", 1_800_000_000_000_000L)));
    }

    @Test
    void addsStoredVector() throws Exception {
        one(encoded("a", 1, "one two"));
        VectorRecord second = one(fields("a", 2, "one two"));
        assertVector(second, "one two");
        assertThat(second.fields()).isEqualTo("{\"v\":2}");
        assertThat(second.tokens()).isEqualTo(2);
        assertVector(one(fields("a", 3, "one two")), "one two");
        assertThat(sequencer.count(Counters.ENCODED)).isEqualTo(1);
    }

    @Test
    void rejectsFailedTextAndItsFields() throws Exception {
        DeadLetter letter = rejected(failed("a", 1, "bad"));
        assertThat(letter.message()).isEqualTo("no good");
        assertThat(letter.exceptionClass()).endsWith("EncodingException");
        assertThat(rejected(fields("a", 2, "bad")).message())
                .contains("'a'")
                .contains("could not be encoded before");
        one(encoded("a", 3, "good"));
        rejected(failed("a", 4, "bad"));
        rejected(fields("a", 5, "bad"));
        // the stored vector is still that of the text emitted last
        assertVector(one(fields("a", 6, "good")), "good");
    }

    private void buffered(EncodedChange change) throws Exception {
        assertThat(sequencer.process(change)).isEmpty();
        assertThat(sequencer.deadLetters()).isEmpty();
        assertThat(sequencer.count(Counters.SUPERSEDED)).isZero();
    }

    @Test
    void buffersEarlyChangesUntilAllBeforeHaveArrived() throws Exception {
        buffered(nth(5, encoded("a", 50, "five")));
        buffered(nth(3, fields("a", 30, "one")));
        buffered(nth(2, fields("a", 20, "one")));
        buffered(nth(4, deleted("a", 40)));
        open(PipelineOptions.defaults(), MODEL, sequencer.snapshot());
        List<VectorRecord> records = sequencer.process(nth(1, encoded("a", 10, "one")));
        assertThat(records)
                .extracting(VectorRecord::version)
                .containsExactly(10L, 20L, 30L, 40L, 50L);
        assertVector(records.get(2), "one");
        assertThat(records.get(3).isDelete()).isTrue();
        assertVector(records.get(4), "five");
        one(nth(6, encoded("a", 60, "six")));
    }

    @Test
    void emitsBufferedChangesUpToNextGap() throws Exception {
        buffered(nth(4, encoded("a", 40, "four")));
        buffered(nth(2, encoded("a", 20, "two")));
        assertThat(sequencer.process(nth(1, encoded("a", 10, "one"))))
                .extracting(VectorRecord::version)
                .containsExactly(10L, 20L);
        assertThat(sequencer.process(nth(3, encoded("a", 30, "three"))))
                .extracting(VectorRecord::version)
                .containsExactly(30L, 40L);
    }

    @Test
    void rejectsBufferedFieldsOfFailedText() throws Exception {
        buffered(nth(2, fields("a", 2, "bad")));
        assertThat(sequencer.process(nth(1, failed("a", 1, "bad")))).isEmpty();
        assertThat(sequencer.deadLetters())
                .extracting(DeadLetter::message)
                .satisfiesExactly(
                        first -> assertThat(first).isEqualTo("no good"),
                        second -> assertThat(second).contains("could not be encoded before"));
    }

    @Test
    void emitsBufferedChangesAfterMaxTime() throws Exception {
        sequencer.setProcessingTime(0);
        buffered(nth(4, encoded("a", 4, "four")));
        buffered(nth(2, encoded("a", 2, "two")));
        sequencer.setProcessingTime(Sequencer.MAX_BUFFERING.toMillis());
        assertThat(sequencer.emitted()).extracting(VectorRecord::version).containsExactly(2L, 4L);
        dropped(nth(1, encoded("a", 1, "one")));
        one(nth(5, encoded("a", 5, "five")));
    }

    @Test
    void doesNotWaitForDroppedChange() throws Exception {
        one(nth(1, encoded("a", 10, "ten")));
        // as if the change detector had forgotten the id and reached the same sequence number again
        dropped(nth(2, encoded("a", 5, "five")));
        one(nth(3, encoded("a", 20, "twenty")));
    }

    @Test
    void acceptsSequenceThatStartsAgain() throws Exception {
        one(nth(1, encoded("a", 1, "one")));
        one(nth(2, encoded("a", 2, "two")));
        one(nth(1, encoded("a", 3, "three")));
        one(nth(2, encoded("a", 4, "four")));
    }

    @Test
    void doesNotReuseVectorOfOtherModel() throws Exception {
        one(encoded("a", 1, "one"));
        open(PipelineOptions.defaults(), 2, sequencer.snapshot());
        rejected(fields("a", 2, "one"));
        one(encoded("a", 3, "one"));
    }

    @Test
    void storesVectorsOnlyIfConfigured() throws Exception {
        open(Documents.options(true, false, false), MODEL, null);
        one(encoded("a", 1, "one"));
        rejected(fields("a", 2, "one"));
        dropped(encoded("a", 1, "one"));
    }

    @Test
    void remembersLongerThanChangeDetector() throws Exception {
        open(Documents.withTtl(Duration.ofMinutes(10)), MODEL, null);
        sequencer.setProcessingTime(0);
        one(encoded("a", 2, "one"));
        sequencer.setProcessingTime(Duration.ofMinutes(30).toMillis());
        one(fields("a", 3, "one"));
        sequencer.setProcessingTime(Duration.ofHours(3).toMillis());
        assertThat(sequencer.process(encoded("a", 1, "one"))).hasSize(1);
    }

    @Test
    void rescales() throws Exception {
        for (int i = 0; i < 50; i++) {
            one(encoded("id" + i, 5, "text " + i));
        }
        OperatorSubtaskState all = sequencer.snapshot();
        int seen = 0;
        for (int subtask = 0; subtask < 2; subtask++) {
            try (KeyedOperator<EncodedChange, VectorRecord> half =
                    KeyedOperator.open(
                            new Sequencer(PipelineOptions.defaults(), MODEL, 128),
                            change -> change.change().id(),
                            KeyedOperator.part(all, 1, 2, subtask),
                            2,
                            subtask)) {
                for (int i = 0; i < 50; i++) {
                    if (half.owns("id" + i)) {
                        assertThat(half.process(encoded("id" + i, 4, "old"))).isEmpty();
                        assertVector(
                                half.process(fields("id" + i, 6, "text " + i)).get(0), "text " + i);
                        seen++;
                    }
                }
                assertThat(half.count(Counters.SUPERSEDED)).isBetween(1L, 49L);
            }
        }
        assertThat(seen).isEqualTo(50);
    }
}

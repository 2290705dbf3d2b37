package io.github.flinksplade.pipeline.internal;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.flinksplade.connector.DeadLetter;
import io.github.flinksplade.connector.Operation;
import io.github.flinksplade.connector.VectorRecord;
import io.github.flinksplade.encoder.FakeEncoder;
import io.github.flinksplade.pipeline.Counters;
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

    private KeyedOperator<EncodedChange, VectorRecord> guard;

    @BeforeEach
    void open() throws Exception {
        open(PipelineOptions.defaults(), MODEL, null);
    }

    private void open(PipelineOptions options, long model, OperatorSubtaskState from)
            throws Exception {
        close();
        guard =
                KeyedOperator.open(
                        new Sequencer(options, model), change -> change.change().id(), from);
    }

    @AfterEach
    void close() {
        if (guard != null) {
            guard.close();
            guard = null;
        }
    }

    private static Change change(
            String id, long version, Work work, long sequence, String text, String fields) {
        return new Change(
                id,
                work == Work.NONE ? Operation.DELETE : Operation.UPSERT,
                true,
                version,
                false,
                work,
                sequence,
                text == null ? null : Hashes.of(text),
                text,
                fields,
                Documents.origin(id + "@" + version));
    }

    private static EncodedChange encoded(String id, long version, String text) {
        SparseVector vector = FakeEncoder.vector(text);
        return new EncodedChange(
                change(id, version, Work.ENCODE, 1, text, "{}"),
                vector,
                vector.size(),
                false,
                null,
                3,
                4);
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
        return new EncodedChange(change, null, 0, false, failure, 0, 0);
    }

    private static EncodedChange again(EncodedChange once) {
        Change c = once.change();
        return new EncodedChange(
                new Change(
                        c.id(),
                        c.operation(),
                        c.explicit(),
                        c.version(),
                        true,
                        c.work(),
                        c.sequence(),
                        c.textHash(),
                        c.text(),
                        c.fields(),
                        c.origin()),
                once.vector(),
                once.tokens(),
                once.truncated(),
                once.failure(),
                0,
                0);
    }

    private static EncodedChange numbered(EncodedChange explicit) {
        Change c = explicit.change();
        return without(
                new Change(
                        c.id(),
                        c.operation(),
                        false,
                        c.version(),
                        c.again(),
                        c.work(),
                        c.sequence(),
                        c.textHash(),
                        c.text(),
                        c.fields(),
                        c.origin()),
                null);
    }

    private VectorRecord one(EncodedChange change) throws Exception {
        VectorRecord record = only(change);
        assertThat(record.version()).isEqualTo(change.change().version());
        return record;
    }

    /** The one record that the change becomes, whatever its version. */
    private VectorRecord only(EncodedChange change) throws Exception {
        List<VectorRecord> records = guard.process(change);
        assertThat(records).hasSize(1);
        assertThat(records.get(0).origin())
                .usingRecursiveComparison()
                .isEqualTo(change.change().origin());
        return records.get(0);
    }

    private void dropped(EncodedChange change) throws Exception {
        long before = guard.count(Counters.SUPERSEDED);
        assertThat(guard.process(change)).isEmpty();
        assertThat(guard.deadLetters()).isEmpty();
        assertThat(guard.count(Counters.SUPERSEDED)).isEqualTo(before + 1);
    }

    private DeadLetter refused(EncodedChange change) throws Exception {
        assertThat(guard.process(change)).isEmpty();
        List<DeadLetter> letters = guard.deadLetters();
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
    void sendsInOrderAndCounts() throws Exception {
        VectorRecord first = one(encoded("a", 1, "one two"));
        assertVector(first, "one two");
        assertThat(first.text()).isEqualTo("one two");
        assertThat(first.fields()).isEqualTo("{}");
        assertThat(first.tokens()).isEqualTo(2);
        one(encoded("a", 2, "three"));
        assertThat(guard.count(Counters.ENCODED)).isEqualTo(2);
        assertThat(guard.count(Counters.TOKENS)).isEqualTo(3);
        assertThat(guard.count(Counters.MODEL_TOKENS)).isEqualTo(6);
        assertThat(guard.count(Counters.MODEL_POSITIONS)).isEqualTo(8);
        assertThat(guard.count(Counters.SUPERSEDED)).isZero();
    }

    @Test
    void dropsWhatIsOlder() throws Exception {
        one(encoded("a", 5, "five"));
        dropped(encoded("a", 4, "four"));
        dropped(encoded("a", 5, "five"));
        dropped(deleted("a", 4));
        one(encoded("b", 4, "four"));
    }

    @Test
    void sameVersionAgainOnlyOnPurpose() throws Exception {
        one(encoded("a", 5, "five"));
        one(again(encoded("a", 5, "five")));
        VectorRecord kept = one(again(fields("a", 5, "five")));
        assertVector(kept, "five");
        one(deleted("a", 6));
        dropped(again(encoded("a", 5, "five")));
        one(again(deleted("a", 6)));
    }

    @Test
    void deleteBeatsAnUpsertOfItsVersionAndIsNotUndone() throws Exception {
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
    void documentsOwnVersionsFollowADeleteThatWasNumbered() throws Exception {
        VectorRecord delete = only(numbered(deleted("a", 1_700_000_000_000_000L)));
        assertThat(delete.isDelete()).isTrue();
        assertThat(delete.version()).isEqualTo(VectorRecord.NO_VERSION);
        one(encoded("a", 3, "three"));
        dropped(numbered(deleted("a", 1_800_000_000_000_000L)));
    }

    @Test
    void aDeleteOfANumberedDocumentHasItsNumber() throws Exception {
        EncodedChange upsert = encoded("a", 1_700_000_000_000_000L, "three");
        Change c = numbered(upsert).change();
        one(new EncodedChange(c, upsert.vector(), upsert.tokens(), false, null, 0, 0));
        one(numbered(deleted("a", 1_800_000_000_000_000L)));
    }

    @Test
    void addsTheVectorSentLast() throws Exception {
        one(encoded("a", 1, "one two"));
        VectorRecord second = one(fields("a", 2, "one two"));
        assertVector(second, "one two");
        assertThat(second.fields()).isEqualTo("{\"v\":2}");
        assertThat(second.tokens()).isEqualTo(2);
        assertVector(one(fields("a", 3, "one two")), "one two");
        assertThat(guard.count(Counters.ENCODED)).isEqualTo(1);
    }

    @Test
    void textThatFailedIsADeadLetterAndSoAreItsFields() throws Exception {
        DeadLetter letter = refused(failed("a", 1, "bad"));
        assertThat(letter.message()).isEqualTo("no good");
        assertThat(letter.exceptionClass()).endsWith("EncodingException");
        assertThat(refused(fields("a", 2, "bad")).message())
                .contains("'a'")
                .contains("could not be encoded before");
        one(encoded("a", 3, "good"));
        refused(failed("a", 4, "bad"));
        refused(fields("a", 5, "bad"));
        // the vector that was sent is of another text, and stays the one that was sent
        assertVector(one(fields("a", 6, "good")), "good");
    }

    /** The change as the gate's so-manieth of its id. */
    private static EncodedChange nth(long sequence, EncodedChange of) {
        Change c = of.change();
        return new EncodedChange(
                new Change(
                        c.id(),
                        c.operation(),
                        c.explicit(),
                        c.version(),
                        c.again(),
                        c.work(),
                        sequence,
                        c.textHash(),
                        c.text(),
                        c.fields(),
                        c.origin()),
                of.vector(),
                of.tokens(),
                of.truncated(),
                of.failure(),
                0,
                0);
    }

    private void held(EncodedChange change) throws Exception {
        assertThat(guard.process(change)).isEmpty();
        assertThat(guard.deadLetters()).isEmpty();
        assertThat(guard.count(Counters.SUPERSEDED)).isZero();
    }

    @Test
    void whatOvertakesIsHeldUntilAllBeforeItHaveArrived() throws Exception {
        held(nth(5, encoded("a", 50, "five")));
        held(nth(3, fields("a", 30, "one")));
        held(nth(2, fields("a", 20, "one")));
        held(nth(4, deleted("a", 40)));
        open(PipelineOptions.defaults(), MODEL, guard.snapshot());
        List<VectorRecord> records = guard.process(nth(1, encoded("a", 10, "one")));
        assertThat(records)
                .extracting(VectorRecord::version)
                .containsExactly(10L, 20L, 30L, 40L, 50L);
        assertVector(records.get(2), "one");
        assertThat(records.get(3).isDelete()).isTrue();
        assertVector(records.get(4), "five");
        one(nth(6, encoded("a", 60, "six")));
    }

    @Test
    void heldChangesGoUpToTheNextGap() throws Exception {
        held(nth(4, encoded("a", 40, "four")));
        held(nth(2, encoded("a", 20, "two")));
        assertThat(guard.process(nth(1, encoded("a", 10, "one"))))
                .extracting(VectorRecord::version)
                .containsExactly(10L, 20L);
        assertThat(guard.process(nth(3, encoded("a", 30, "three"))))
                .extracting(VectorRecord::version)
                .containsExactly(30L, 40L);
    }

    @Test
    void whatIsHeldForATextThatFailsIsRefused() throws Exception {
        held(nth(2, fields("a", 2, "bad")));
        assertThat(guard.process(nth(1, failed("a", 1, "bad")))).isEmpty();
        assertThat(guard.deadLetters())
                .extracting(DeadLetter::message)
                .satisfiesExactly(
                        first -> assertThat(first).isEqualTo("no good"),
                        second -> assertThat(second).contains("could not be encoded before"));
    }

    @Test
    void whatIsHeldInVainGoesOutInTheEnd() throws Exception {
        guard.setProcessingTime(0);
        held(nth(4, encoded("a", 4, "four")));
        held(nth(2, encoded("a", 2, "two")));
        guard.setProcessingTime(Sequencer.LONGEST_HOLD.toMillis());
        assertThat(guard.taken()).extracting(VectorRecord::version).containsExactly(2L, 4L);
        dropped(nth(1, encoded("a", 1, "one")));
        one(nth(5, encoded("a", 5, "five")));
    }

    @Test
    void whatFollowsADroppedChangeDoesNotWaitForIt() throws Exception {
        one(nth(1, encoded("a", 10, "ten")));
        // as by a gate that has forgotten the id in between and is now as far as this guard
        dropped(nth(2, encoded("a", 5, "five")));
        one(nth(3, encoded("a", 20, "twenty")));
    }

    @Test
    void gateThatForgotAnIdBeginsAnew() throws Exception {
        one(nth(1, encoded("a", 1, "one")));
        one(nth(2, encoded("a", 2, "two")));
        one(nth(1, encoded("a", 3, "three")));
        one(nth(2, encoded("a", 4, "four")));
    }

    @Test
    void vectorOfAnotherModelIsNotReused() throws Exception {
        one(encoded("a", 1, "one"));
        open(PipelineOptions.defaults(), 2, guard.snapshot());
        refused(fields("a", 2, "one"));
        one(encoded("a", 3, "one"));
    }

    @Test
    void keepsVectorsOnlyWhenAsked() throws Exception {
        open(Documents.options(true, false, false), MODEL, null);
        one(encoded("a", 1, "one"));
        refused(fields("a", 2, "one"));
        dropped(encoded("a", 1, "one"));
    }

    @Test
    void remembersLongerThanTheGate() throws Exception {
        open(Documents.withTtl(Duration.ofMinutes(10)), MODEL, null);
        guard.setProcessingTime(0);
        one(encoded("a", 2, "one"));
        guard.setProcessingTime(Duration.ofMinutes(30).toMillis());
        one(fields("a", 3, "one"));
        guard.setProcessingTime(Duration.ofHours(3).toMillis());
        assertThat(guard.process(encoded("a", 1, "one"))).hasSize(1);
    }

    @Test
    void rescales() throws Exception {
        for (int i = 0; i < 50; i++) {
            one(encoded("id" + i, 5, "text " + i));
        }
        OperatorSubtaskState all = guard.snapshot();
        int seen = 0;
        for (int subtask = 0; subtask < 2; subtask++) {
            try (KeyedOperator<EncodedChange, VectorRecord> half =
                    KeyedOperator.open(
                            new Sequencer(PipelineOptions.defaults(), MODEL),
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

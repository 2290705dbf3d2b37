package io.github.flinksplade.pipeline.internal;

import static io.github.flinksplade.pipeline.internal.Documents.delete;
import static io.github.flinksplade.pipeline.internal.Documents.options;
import static io.github.flinksplade.pipeline.internal.Documents.replayed;
import static io.github.flinksplade.pipeline.internal.Documents.upsert;
import static org.assertj.core.api.Assertions.assertThat;

import io.github.flinksplade.connector.DeadLetter;
import io.github.flinksplade.pipeline.Counters;
import io.github.flinksplade.pipeline.Document;
import io.github.flinksplade.pipeline.PipelineOptions;
import io.github.flinksplade.pipeline.internal.Change.Work;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.atomic.AtomicLong;
import org.apache.flink.runtime.checkpoint.OperatorSubtaskState;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

class ChangeDetectorTest {

    private static final long MODEL = 1;
    private static final long OTHER_MODEL = 2;

    private final AtomicLong now = new AtomicLong(1_000_000);
    private KeyedOperator<Document, Change> detector;

    private KeyedOperator<Document, Change> open(
            PipelineOptions options, long model, OperatorSubtaskState from, String... sinks)
            throws Exception {
        close();
        AtomicLong clock = now;
        detector =
                KeyedOperator.open(
                        new ChangeDetector(
                                new ChangeRules(options, model, Hashes.ofNames(List.of(sinks))),
                                clock::get,
                                new FakeEncoderFactory("detector")),
                        Document::id,
                        from);
        return detector;
    }

    private void open() throws Exception {
        open(PipelineOptions.defaults(), MODEL, null, "t");
    }

    @AfterEach
    void close() {
        if (detector != null) {
            detector.close();
            detector = null;
        }
    }

    private Change one(Document document) throws Exception {
        List<Change> changes = detector.process(document);
        assertThat(changes).hasSize(1);
        return changes.get(0);
    }

    private void none(Document document, String counter) throws Exception {
        long before = detector.count(counter);
        assertThat(detector.process(document)).isEmpty();
        assertThat(detector.count(counter)).isEqualTo(before + 1);
        assertThat(detector.deadLetters()).isEmpty();
    }

    @Test
    void generatesVersionsFromClock() throws Exception {
        open();
        Change first = one(upsert("a", "x"));
        assertThat(first.version()).isEqualTo(1_000_000);
        assertThat(first.explicit()).isFalse();
        assertThat(first.repeatsVersion()).isFalse();
        assertThat(first.work()).isEqualTo(Work.ENCODE);
        assertThat(first.document().text()).isEqualTo("x");
        // the clock stops, then goes backward, then forward
        assertThat(one(upsert("a", "y")).version()).isEqualTo(1_000_001);
        now.set(500);
        assertThat(one(upsert("a", "z")).version()).isEqualTo(1_000_002);
        now.set(2_000_000);
        assertThat(one(delete("a")).version()).isEqualTo(2_000_000);
    }

    @Test
    void skipsUnchangedDocuments() throws Exception {
        open();
        one(upsert("a", "x", "{\"p\":1}", null));
        none(upsert("a", "x", "{\"p\":1}", null), Counters.SKIPPED);
        one(upsert("b", "x", "{\"p\":1}", null));
        one(upsert("a", "y", "{\"p\":1}", null));
        one(upsert("a", "x", "{\"p\":1}", null));
    }

    @Test
    void skipsRepeatedDeleteButEmitsDeleteOfUnknownId() throws Exception {
        open();
        Change unknown = one(delete("a"));
        assertThat(unknown.work()).isEqualTo(Work.NONE);
        none(delete("a"), Counters.SKIPPED);
        one(upsert("a", "x"));
        one(delete("a"));
        none(delete("a"), Counters.SKIPPED);
        Change restored = one(upsert("a", "x"));
        assertThat(restored.work()).as("the delete removed the vector").isEqualTo(Work.ENCODE);
    }

    @Test
    void reusesVectorOnChangeOfFields() throws Exception {
        open();
        Change text = one(upsert("a", "x", "{\"p\":1}", null));
        Change fields = one(upsert("a", "x", "{\"p\":2}", null));
        assertThat(fields.work()).isEqualTo(Work.REUSE);
        assertThat(fields.version()).isGreaterThan(text.version());
        assertThat(text.sequence()).isEqualTo(1);
        assertThat(fields.sequence()).isEqualTo(2);
        assertThat(fields.textHash()).isEqualTo(text.textHash());
        assertThat(fields.repeatsVersion()).isFalse();
        assertThat(detector.count(Counters.FIELDS_ONLY)).isEqualTo(1);
        Change third = one(upsert("a", "x", "{\"p\":3}", null));
        assertThat(third.sequence()).isEqualTo(3);
    }

    @Test
    void encodesChangeOfFieldsWithoutStoredVector() throws Exception {
        open(options(true, false, false), MODEL, null, "t");
        one(upsert("a", "x", "{\"p\":1}", null));
        assertThat(one(upsert("a", "x", "{\"p\":2}", null)).work()).isEqualTo(Work.ENCODE);
        // enabled later: the earlier vector is not stored
        open(PipelineOptions.defaults(), MODEL, detector.snapshot(), "t");
        assertThat(one(upsert("a", "x", "{\"p\":3}", null)).work()).isEqualTo(Work.ENCODE);
        assertThat(one(upsert("a", "x", "{\"p\":4}", null)).work()).isEqualTo(Work.REUSE);
    }

    @Test
    void encodesAgainWithOtherModel() throws Exception {
        open();
        Change first = one(upsert("a", "x"));
        Change explicit = one(upsert("e", "x", "{}", 5L));
        one(delete("d"));
        open(PipelineOptions.defaults(), OTHER_MODEL, detector.snapshot(), "t");
        Change second = one(upsert("a", "x"));
        assertThat(second.work()).isEqualTo(Work.ENCODE);
        assertThat(second.version()).isGreaterThan(first.version());
        Change again = one(upsert("e", "x", "{}", 5L));
        assertThat(again.work()).isEqualTo(Work.ENCODE);
        assertThat(again.version()).isEqualTo(explicit.version());
        assertThat(again.repeatsVersion()).isTrue();
        none(delete("d"), Counters.SKIPPED);
        none(upsert("a", "x"), Counters.SKIPPED);
    }

    @Test
    void emitsEverythingForNewSinkWithoutInference() throws Exception {
        open();
        Change first = one(upsert("a", "x"));
        one(delete("d"));
        open(PipelineOptions.defaults(), MODEL, detector.snapshot(), "t", "u");
        Change again = one(upsert("a", "x"));
        assertThat(again.work()).isEqualTo(Work.REUSE);
        assertThat(again.version()).isEqualTo(first.version());
        assertThat(again.repeatsVersion()).isTrue();
        assertThat(one(delete("d")).repeatsVersion()).isTrue();
        assertThat(detector.count(Counters.REINDEXED)).isEqualTo(2);
        none(upsert("a", "x"), Counters.SKIPPED);
        // a sink is removed: the other one has everything
        open(PipelineOptions.defaults(), MODEL, detector.snapshot(), "u");
        none(upsert("a", "x"), Counters.SKIPPED);
        one(upsert("a", "y"));
        // it is added again, without the last change
        open(PipelineOptions.defaults(), MODEL, detector.snapshot(), "u", "t");
        assertThat(one(upsert("a", "y")).work()).isEqualTo(Work.REUSE);
    }

    @Test
    void reindexEmitsEverythingWithOldVersion() throws Exception {
        open();
        Change first = one(upsert("a", "x"));
        Change gone = one(delete("d"));
        open(options(true, true, true), MODEL, detector.snapshot(), "t");
        for (int i = 0; i < 2; i++) {
            Change again = one(upsert("a", "x"));
            assertThat(again.work()).isEqualTo(Work.REUSE);
            assertThat(again.version()).isEqualTo(first.version());
            assertThat(again.repeatsVersion()).isTrue();
            assertThat(one(delete("d")).version()).isEqualTo(gone.version());
        }
        assertThat(one(upsert("a", "x", "{\"p\":1}", null)).version())
                .isGreaterThan(first.version());
    }

    @Test
    void encodesReplayedDeadLetterAgain() throws Exception {
        open();
        Change first = one(upsert("a", "x"));
        Change again = one(replayed(upsert("a", "x")));
        assertThat(again.work()).isEqualTo(Work.ENCODE);
        assertThat(again.version()).isEqualTo(first.version());
        assertThat(again.repeatsVersion()).isTrue();
    }

    @Test
    void encodesEverythingIfUnchangedDocumentsAreNotSkipped() throws Exception {
        open(options(false, false, true), MODEL, null, "t");
        for (int i = 0; i < 3; i++) {
            assertThat(one(upsert("a", "x")).work()).isEqualTo(Work.ENCODE);
        }
        assertThat(one(upsert("a", "x", "{\"p\":2}", null)).work()).isEqualTo(Work.ENCODE);
        assertThat(one(delete("a")).work()).isEqualTo(Work.NONE);
        one(delete("a"));
    }

    @Test
    void usesExplicitVersions() throws Exception {
        open();
        Change five = one(upsert("a", "x", "{}", 5L));
        assertThat(five.version()).isEqualTo(5);
        assertThat(five.explicit()).isTrue();
        none(upsert("a", "y", "{}", 4L), Counters.SUPERSEDED);
        none(upsert("a", "x", "{}", 4L), Counters.SUPERSEDED);
        none(upsert("a", "x", "{}", 5L), Counters.SKIPPED);
        none(upsert("a", "y", "{}", 5L), Counters.EQUAL_VERSION);
        none(upsert("a", "x", "{\"p\":1}", 5L), Counters.EQUAL_VERSION);
        assertThat(detector.count(Counters.SUPERSEDED)).isEqualTo(2);
        none(delete("a", 4L), Counters.SUPERSEDED);
        assertThat(one(upsert("a", "y", "{}", 7L)).version()).isEqualTo(7);
        none(upsert("a", "z", "{}", 6L), Counters.SUPERSEDED);
        assertThat(one(upsert("a", "y", "{\"p\":1}", 8L)).work()).isEqualTo(Work.REUSE);
    }

    @Test
    void skipsSameContentButStoresHigherVersion() throws Exception {
        open();
        one(upsert("a", "x", "{}", 5L));
        none(upsert("a", "x", "{}", 9L), Counters.SKIPPED);
        none(upsert("a", "y", "{}", 7L), Counters.SUPERSEDED);
        one(delete("b", 5L));
        none(delete("b", 9L), Counters.SKIPPED);
        none(upsert("b", "y", "{}", 7L), Counters.SUPERSEDED);
    }

    @Test
    void deleteWinsOverUpsertOfItsVersion() throws Exception {
        open();
        one(upsert("a", "x", "{}", 5L));
        Change delete = one(delete("a", 5L));
        assertThat(delete.version()).isEqualTo(5);
        assertThat(delete.repeatsVersion()).isFalse();
        none(upsert("a", "x", "{}", 5L), Counters.SUPERSEDED);
        none(delete("a", 5L), Counters.SKIPPED);
        one(upsert("a", "x", "{}", 6L));
    }

    @Test
    void reportsEqualVersionWithOtherContent() throws Exception {
        open();
        one(upsert("a", "x", "{}", 1L));
        none(upsert("a", "x", "{}", 1L), Counters.SKIPPED);
        assertThat(detector.notices()).isEmpty();
        none(upsert("a", "y", "{}", 1L), Counters.EQUAL_VERSION);
        assertThat(detector.notices())
                .singleElement()
                .satisfies(
                        notice -> {
                            assertThat(notice.letter()).isNull();
                            assertThat(notice.entry().toString())
                                    .startsWith(
                                            "1 x equal version with other content, not written,"
                                                    + " first at test-0@0: id 'a', version 1."
                                                    + " A version must grow with each change");
                        });
    }

    @Test
    void emitsAndReportsDeleteOfUnknownId() throws Exception {
        open();
        one(upsert("k1", "x"));
        one(delete("{\"id\":\"k1\"}"));
        one(delete("k1"));
        none(delete("k1"), Counters.SKIPPED);
        assertThat(detector.count(Counters.DELETES_OF_UNKNOWN)).isEqualTo(1);
        assertThat(detector.notices())
                .singleElement()
                .satisfies(
                        notice ->
                                assertThat(notice.entry().toString())
                                        .startsWith(
                                                "1 x delete of an id without a known document, first"
                                                        + " at test-0@0: id '{\"id\":\"k1\"}'. "));
    }

    @Test
    void tombstoneGetsLastVersion() throws Exception {
        open();
        one(upsert("a", "x", "{}", 5L));
        Change delete = one(delete("a"));
        assertThat(delete.version()).isEqualTo(5);
        assertThat(delete.explicit()).isTrue();
        none(delete("a"), Counters.SKIPPED);
        none(upsert("a", "x", "{}", 5L), Counters.SUPERSEDED);
        one(upsert("a", "x", "{}", 6L));
    }

    @Test
    void rejectsMixedVersions() throws Exception {
        open();
        one(upsert("n", "x"));
        assertThat(detector.process(upsert("n", "y", "{}", 5L))).isEmpty();
        assertThat(detector.process(delete("n", 5L))).isEmpty();
        one(upsert("e", "x", "{}", 5L));
        assertThat(detector.process(upsert("e", "y"))).isEmpty();
        List<DeadLetter> letters = detector.deadLetters();
        assertThat(letters).hasSize(3);
        assertThat(letters)
                .allSatisfy(
                        letter -> {
                            assertThat(letter.stage()).isEqualTo(DeadLetter.Stage.PARSE);
                            assertThat(letter.message())
                                    .startsWith(
                                            "some records of an id have a version and others have"
                                                    + " none: ");
                        });
        assertThat(letters.get(0).message())
                .endsWith("id 'n' has a version, but earlier ones have none");
        assertThat(letters.get(2).message()).endsWith("id 'e' has none, but earlier ones have");
        assertThat(detector.count(Counters.DEAD_LETTERS)).isEqualTo(3);
        assertThat(detector.count(Counters.deadLetters(DeadLetter.Stage.PARSE))).isEqualTo(3);
    }

    @Test
    void tombstoneOfUnknownIdDoesNotDecideKindOfVersions() throws Exception {
        open();
        assertThat(one(delete("e")).explicit()).isFalse();
        assertThat(one(upsert("e", "x", "{}", 5L)).explicit()).isTrue();
        one(delete("f"));
        none(delete("f"), Counters.SKIPPED);
        assertThat(one(upsert("f", "x")).explicit()).isFalse();
        one(delete("g"));
        // unchanged, but decides the kind
        none(delete("g", 3L), Counters.SKIPPED);
        none(upsert("g", "x", "{}", 2L), Counters.SUPERSEDED);
    }

    @Test
    void forgetsIdsWithoutChanges() throws Exception {
        open(Documents.withTtl(Duration.ofMinutes(10)), MODEL, null, "t");
        detector.setProcessingTime(0);
        one(upsert("a", "x"));
        detector.setProcessingTime(Duration.ofMinutes(9).toMillis());
        none(upsert("a", "x"), Counters.SKIPPED);
        detector.setProcessingTime(Duration.ofMinutes(11).toMillis());
        assertThat(one(upsert("a", "x")).work()).isEqualTo(Work.ENCODE);
    }

    @Test
    void acceptsTimeToLiveLater() throws Exception {
        open();
        one(upsert("a", "x"));
        open(Documents.withTtl(Duration.ofMinutes(10)), MODEL, detector.snapshot(), "t");
        none(upsert("a", "x"), Counters.SKIPPED);
        open(PipelineOptions.defaults(), MODEL, detector.snapshot(), "t");
        none(upsert("a", "x"), Counters.SKIPPED);
    }

    @Test
    void rescales() throws Exception {
        open();
        for (int i = 0; i < 50; i++) {
            one(upsert("id" + i, "x" + i));
        }
        OperatorSubtaskState all = detector.snapshot();
        close();
        int skipped = 0;
        for (int subtask = 0; subtask < 2; subtask++) {
            try (KeyedOperator<Document, Change> half =
                    KeyedOperator.open(
                            new ChangeDetector(
                                    new ChangeRules(
                                            PipelineOptions.defaults(),
                                            MODEL,
                                            Hashes.ofNames(List.of("t"))),
                                    now::get,
                                    new FakeEncoderFactory("detector")),
                            Document::id,
                            KeyedOperator.part(all, 1, 2, subtask),
                            2,
                            subtask)) {
                for (int i = 0; i < 50; i++) {
                    if (half.owns("id" + i)) {
                        assertThat(half.process(upsert("id" + i, "x" + i))).isEmpty();
                        skipped++;
                    }
                }
                assertThat(half.count(Counters.SKIPPED)).isBetween(1L, 49L);
            }
        }
        assertThat(skipped).isEqualTo(50);
    }
}

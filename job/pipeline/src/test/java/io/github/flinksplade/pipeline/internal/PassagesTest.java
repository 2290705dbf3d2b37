package io.github.flinksplade.pipeline.internal;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.flinksplade.connector.VectorRecord;
import io.github.flinksplade.encoder.EncodedText;
import io.github.flinksplade.encoder.FakeEncoder;
import io.github.flinksplade.encoder.LongDocuments;
import io.github.flinksplade.encoder.LongDocuments.Mode;
import io.github.flinksplade.pipeline.Document;
import io.github.flinksplade.pipeline.PipelineOptions;
import io.github.flinksplade.pipeline.internal.Change.PlannedPassage;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.apache.flink.runtime.checkpoint.OperatorSubtaskState;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/**
 * The life of a document that has one vector per passage, from the change detector to the records
 * that sinks get. A passage has up to ten words.
 */
class PassagesTest {

    private static final int MAX_WORDS = 10;
    private static final PipelineOptions PASSAGES = options(Mode.PASSAGES, true);

    private KeyedOperator<Document, Change> detector;
    private KeyedOperator<EncodedChange, VectorRecord> sequencer;

    /** Texts that were encoded. */
    private final List<String> encoded = new ArrayList<>();

    /** What a sink contains: text and fields by id. */
    private final Map<String, String> index = new TreeMap<>();

    /** What a sink compares, also of deleted ids. */
    private final Map<String, Long> orders = new TreeMap<>();

    private static PipelineOptions options(Mode mode, boolean keepVectors) {
        return PipelineOptions.builder()
                .longDocuments(new LongDocuments(mode, MAX_WORDS, 0))
                .keepVectors(keepVectors)
                .build();
    }

    @BeforeEach
    void open() throws Exception {
        open(PASSAGES, null, null);
    }

    private void open(
            PipelineOptions options, OperatorSubtaskState detected, OperatorSubtaskState sequenced)
            throws Exception {
        close();
        long fingerprint = Hashes.fingerprint("1234", options.longDocuments().fingerprint(128));
        detector =
                KeyedOperator.open(
                        new ChangeDetector(
                                new ChangeRules(options, fingerprint, Hashes.ofNames(List.of("t"))),
                                () -> 1_000_000,
                                new FakeEncoderFactory("passages")),
                        Document::id,
                        detected);
        sequencer =
                KeyedOperator.open(
                        new Sequencer(options, fingerprint, 128),
                        change -> change.change().id(),
                        sequenced);
    }

    /** Restarts with the state of both operators. */
    private void restart(PipelineOptions options) throws Exception {
        open(options, detector.snapshot(), sequencer.snapshot());
    }

    @AfterEach
    void close() {
        if (detector != null) {
            detector.close();
            sequencer.close();
            detector = null;
        }
    }

    private static String words(String word, int count) {
        return IntStream.range(0, count).mapToObj(i -> word + i).collect(Collectors.joining(" "));
    }

    /** Passes a document through both operators; returns the number of records written. */
    private int process(Document document) throws Exception {
        int written = 0;
        for (Change change : detector.process(document)) {
            for (VectorRecord record : sequencer.process(encode(change))) {
                written++;
                assertThat(record.order())
                        .isGreaterThanOrEqualTo(orders.getOrDefault(record.id(), 0L));
                orders.put(record.id(), record.order());
                if (record.isDelete()) {
                    assertThat(index.remove(record.id())).as(record.id()).isNotNull();
                } else {
                    assertThat(record.vector()).isEqualTo(FakeEncoder.vector(record.text()));
                    index.put(record.id(), record.text() + " " + record.fields());
                }
            }
        }
        return written;
    }

    private EncodedChange encode(Change change) {
        if (change.work() != Change.Work.ENCODE) {
            return EncodedChange.withoutInference(change);
        }
        List<EncodedText> texts = new ArrayList<>();
        if (change.passages() == null) {
            texts.add(encodeText(change.document().text()));
        } else {
            for (PlannedPassage passage : change.passages()) {
                texts.add(passage.encode() ? encodeText(passage.text(change.document())) : null);
            }
        }
        return change.document().text().contains("bad")
                ? EncodedChange.failed(change, texts, "NaN", EngineUsage.NONE)
                : EncodedChange.encoded(change, texts, EngineUsage.NONE);
    }

    /** The vector of a text, or null if it cannot be encoded. */
    private EncodedText encodeText(String text) {
        if (text.startsWith("bad")) {
            return null;
        }
        encoded.add(text);
        return new EncodedText(FakeEncoder.vector(text), text.split(" ").length, false);
    }

    private static Document upsert(String text, String fields, long version) {
        return Documents.upsert("doc", text, fields, version);
    }

    @Test
    void passagesHaveTheFieldsOfTheDocumentAndTheirOwn() throws Exception {
        String text = "\uD83D\uDE00 " + words("a", 9) + "\n\n" + words("b", 3);
        process(upsert(text, "{\"x\":1}", 5));
        assertThat(index)
                .containsOnly(
                        Map.entry(
                                "doc#0",
                                "\uD83D\uDE00 "
                                        + words("a", 9)
                                        + " {\"x\":1,\"parent\":\"doc\",\"passage\":0,\"start\":0,"
                                        + "\"end\":28}"),
                        Map.entry(
                                "doc#1",
                                words("b", 3)
                                        + " {\"x\":1,\"parent\":\"doc\",\"passage\":1,\"start\":30,"
                                        + "\"end\":38}"));
        assertThat(encoded).hasSize(2);
    }

    @Test
    void passagesReplaceFieldsWithTheNamesOfTheirOwn() throws Exception {
        process(upsert("a b", "{\"start\":\"x\",\"y\":{\"end\":1.50},\"parent\":null}", 5));
        assertThat(index)
                .containsExactly(
                        Map.entry(
                                "doc#0",
                                "a b {\"y\":{\"end\":1.50},\"parent\":\"doc\",\"passage\":0,"
                                        + "\"start\":0,\"end\":3}"));
        assertThat(sequencer.notices())
                .singleElement()
                .satisfies(
                        notice ->
                                assertThat(notice.entry().toString())
                                        .contains("names of a passage's own fields")
                                        .contains("id 'doc'"));
    }

    @Test
    void shrinkingLeavesExactlyThePassagesOfTheNewText() throws Exception {
        process(upsert(words("a", 200), "{}", 5));
        assertThat(index).hasSize(20);
        restart(PASSAGES);
        process(upsert(words("b", 30), "{}", 6));
        assertThat(index.keySet()).containsExactly("doc#0", "doc#1", "doc#2");
        assertThat(process(upsert(words("a", 200), "{}", 4))).as("an older version").isZero();
        assertThat(index).hasSize(3);
        process(upsert(words("a", 200), "{}", 7));
        assertThat(index).hasSize(20);
        restart(PASSAGES);
        process(Documents.delete("doc", 8L));
        assertThat(index).isEmpty();
        assertThat(process(Documents.delete("doc", 8L))).isZero();
        assertThat(process(upsert(words("b", 30), "{}", 9))).as("without deletes").isEqualTo(3);
        assertThat(index.keySet()).containsExactly("doc#0", "doc#1", "doc#2");
    }

    @Test
    void encodesOnlyPassagesWhoseTextChanged() throws Exception {
        List<String> paragraphs =
                List.of(words("a", 9), words("b", 9), words("c", 9), words("d", 9));
        process(upsert(String.join("\n\n", paragraphs), "{}", 5));
        assertThat(encoded).isEqualTo(paragraphs);
        encoded.clear();
        restart(PASSAGES);

        // a new paragraph at the start moves all others
        String inserted = words("new", 9) + "\n\n" + String.join("\n\n", paragraphs);
        process(upsert(inserted, "{}", 6));
        assertThat(encoded).containsExactly(words("new", 9));
        assertThat(index).hasSize(5);
        assertThat(index.get("doc#4")).startsWith(words("d", 9));
        encoded.clear();

        process(upsert(inserted, "{\"price\":2}", 7));
        assertThat(encoded).isEmpty();
        assertThat(index.values()).hasSize(5).allMatch(value -> value.contains("{\"price\":2,"));

        assertThat(process(upsert(inserted, "{\"price\":2}", 8))).as("unchanged").isZero();
        process(upsert(inserted.replace("c4", "changed"), "{\"price\":2}", 9));
        assertThat(encoded).containsExactly(words("c", 9).replace("c4", "changed"));
    }

    @Test
    void laterVersionsAreWrittenAfterPassageThatCannotBeEncoded() throws Exception {
        process(upsert(words("a", 9) + "\n\n" + words("b", 9), "{}", 5));
        String failing = String.join("\n\n", words("a", 9), words("c", 9), words("bad", 9));
        assertThat(process(upsert(failing, "{}", 6))).isZero();
        assertThat(process(upsert(failing, "{\"n\":1}", 7))).as("only a field").isZero();
        assertThat(index.keySet()).containsExactly("doc#0", "doc#1");
        assertThat(index.get("doc#1")).startsWith(words("b", 9));
        restart(PASSAGES);
        encoded.clear();
        process(upsert(String.join("\n\n", words("a", 9), words("c", 9), words("d", 9)), "{}", 8));
        assertThat(encoded).containsExactly(words("d", 9));
        assertThat(index.get("doc#0")).startsWith(words("a", 9));
        assertThat(index.get("doc#1")).startsWith(words("c", 9));
        assertThat(index.get("doc#2")).startsWith(words("d", 9));
    }

    @Test
    void withoutStoredVectorsEveryPassageIsEncoded() throws Exception {
        PipelineOptions options = options(Mode.PASSAGES, false);
        open(options, null, null);
        process(upsert(words("a", 9) + "\n\n" + words("b", 9), "{}", 5));
        process(upsert(words("a", 9) + "\n\n" + words("c", 9), "{}", 6));
        assertThat(encoded)
                .containsExactly(words("a", 9), words("b", 9), words("a", 9), words("c", 9));
        process(upsert(words("c", 9), "{}", 7));
        assertThat(index.keySet()).containsExactly("doc#0");
    }

    @Test
    void switchingTheModeLeavesNothingBehind() throws Exception {
        String text = words("a", 25);
        process(upsert(text, "{}", 5));
        assertThat(index).hasSize(3);
        restart(options(Mode.TRUNCATE, true));
        process(upsert(text, "{}", 5));
        assertThat(index.keySet()).containsExactly("doc");
        restart(PASSAGES);
        process(upsert(text, "{}", 5));
        assertThat(index.keySet()).containsExactly("doc#0", "doc#1", "doc#2");
        restart(
                PipelineOptions.builder()
                        .longDocuments(new LongDocuments(Mode.PASSAGES, 20, 0))
                        .build());
        process(upsert(text, "{}", 5));
        assertThat(index.keySet()).containsExactly("doc#0", "doc#1");
        restart(options(Mode.MAX, true));
        process(upsert(text, "{}", 5));
        assertThat(index.keySet()).containsExactly("doc");
        process(Documents.delete("doc", 6L));
        assertThat(index).isEmpty();
    }

    @Test
    void deletesTheFirstPassageOfAnUnknownDocument() throws Exception {
        index.put("doc#0", "from an earlier job");
        process(Documents.delete("doc", 6L));
        assertThat(index).isEmpty();
    }
}

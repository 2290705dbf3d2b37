package io.github.flinksplade.pipeline.internal;

import static io.github.flinksplade.pipeline.internal.Documents.delete;
import static io.github.flinksplade.pipeline.internal.Documents.upsert;
import static org.assertj.core.api.Assertions.assertThat;

import io.github.flinksplade.connector.IndexedDocument;
import io.github.flinksplade.connector.IndexedDocuments;
import io.github.flinksplade.connector.Operation;
import io.github.flinksplade.connector.Passages;
import io.github.flinksplade.connector.Provenance;
import io.github.flinksplade.pipeline.Differences;
import io.github.flinksplade.pipeline.Document;
import io.github.flinksplade.pipeline.VerifyJob;
import java.util.List;
import java.util.stream.Stream;
import org.apache.flink.api.common.accumulators.LongCounter;
import org.apache.flink.api.common.typeinfo.Types;
import org.apache.flink.streaming.runtime.streamrecord.StreamRecord;
import org.apache.flink.streaming.util.KeyedTwoInputStreamOperatorTestHarness;
import org.junit.jupiter.api.Test;

/** The differences that the comparison finds, for one index and its documents in order. */
class VerifyOperatorTest {

    private static final String ENCODER = "00000000000000aa";
    private static final String LONG_TEXT =
            "One sentence.  And another one. \ud83d\ude00 The end. ";

    private static IndexedDocument stored(String id, long version, String text, String fields) {
        return new IndexedDocument(id, Operation.UPSERT, version, text, fields, ENCODER);
    }

    private static IndexedDocument stored(String id, long version, String text) {
        return stored(id, version, text, "{}");
    }

    private static IndexedDocument passage(
            String parent, int passage, long version, String text, int start, int end) {
        return stored(
                parent + "#" + passage,
                version,
                text,
                "{\"n\":1,\"parent\":\""
                        + parent
                        + "\",\"passage\":"
                        + passage
                        + ",\"start\":"
                        + start
                        + ",\"end\":"
                        + end
                        + "}");
    }

    private static List<IndexedDocument> index(IndexedDocument... documents) {
        return List.of(documents);
    }

    /** What was found: {@code KIND id: detail}. */
    private record Result(List<String> lines, List<Notice> notices, long rejected, long unread) {}

    private static List<String> compare(List<IndexedDocument> index, Document... documents)
            throws Exception {
        return run(index, new long[0], List.of(), documents).lines();
    }

    @SuppressWarnings("try") // close() declares an Exception, which may be an interrupt
    private static Result run(
            List<IndexedDocument> index,
            long[] rejected,
            List<Document> unread,
            Document... documents)
            throws Exception {
        VerifyOperator operator = new VerifyOperator(new Everything(), ENCODER, rejected, 100);
        try (KeyedTwoInputStreamOperatorTestHarness<String, IndexRecord, VerifiedDocument, Notice>
                harness =
                        new KeyedTwoInputStreamOperatorTestHarness<>(
                                operator,
                                IndexRecord::document,
                                VerifiedDocument::id,
                                Types.STRING)) {
            harness.open();
            for (IndexedDocument stored : index) {
                String parent = Passages.parent(stored.id(), stored.fields());
                harness.processElement1(
                        new StreamRecord<>(
                                new IndexRecord(
                                        parent == null ? stored.id() : parent,
                                        StoredRecord.of(stored, parent))));
            }
            harness.endInput1();
            for (Document document : documents) {
                harness.processElement2(new StreamRecord<>(new VerifiedDocument(document, false)));
            }
            for (Document document : unread) {
                harness.processElement2(new StreamRecord<>(new VerifiedDocument(document, true)));
            }
            harness.endInput2();
            Differences.Found found =
                    operator.getRuntimeContext()
                            .<Object, Differences.Found>getAccumulator(Differences.NAME)
                            .getLocalValue();
            assertThat(found.total()).isEqualTo(found.first().size());
            return new Result(
                    found.first().stream()
                            .map(one -> one.kind() + " " + one.id() + ": " + one.detail())
                            .sorted()
                            .toList(),
                    harness.extractOutputValues(),
                    count(operator, VerifyJob.DEAD_LETTERS),
                    count(operator, VerifyJob.UNREAD));
        }
    }

    private static long count(VerifyOperator operator, String name) {
        LongCounter counter = operator.getRuntimeContext().getLongCounter(name);
        return counter.getLocalValuePrimitive();
    }

    /** An index that stores all fields as they are. */
    private static final class Everything implements IndexedDocuments {
        private static final long serialVersionUID = 1L;

        @Override
        public Provenance provenance() {
            throw new UnsupportedOperationException();
        }

        @Override
        public boolean storesEncoders() {
            return true;
        }

        @Override
        public Reader open() {
            throw new UnsupportedOperationException();
        }
    }

    @Test
    void findsMissingExtraAndStaleDocuments() throws Exception {
        assertThat(
                        compare(
                                index(
                                        stored("equal", 9, "a", "{\"x\":1,\"y\":\"b\"}"),
                                        stored("text", 9, "a"),
                                        stored("fields", 9, "a", "{\"x\":1,\"y\":2}"),
                                        stored("extra", 9, "a"),
                                        stored("deleted", 9, "a")),
                                upsert("equal", "a", "{\"y\":\"b\",\"x\":1.0}", null),
                                upsert("text", "b"),
                                upsert("fields", "a", "{\"x\":1,\"y\":3,\"z\":4}", null),
                                upsert("missing", "a"),
                                upsert("deleted", "a"),
                                delete("deleted"),
                                upsert("never written", "a"),
                                delete("never written")))
                .containsExactly(
                        "EXTRA deleted: deleted at test-0@0",
                        "EXTRA extra: not in the source",
                        "MISSING missing: in test-0@0",
                        "STALE fields: other fields: y, z",
                        "STALE text: the text differs");
    }

    @Test
    void lastDocumentOfAnIdCountsAfterTheRulesForVersions() throws Exception {
        assertThat(
                        compare(
                                index(
                                        stored("late", 2, "new"),
                                        stored("equal", 1, "first"),
                                        stored("again", 1, "a"),
                                        stored("back", 3, "a"),
                                        stored("behind", 1, "old"),
                                        stored("ahead", 7, "newest")),
                                upsert("late", "new", "{}", 2L),
                                upsert("late", "old", "{}", 1L),
                                upsert("equal", "first", "{}", 1L),
                                upsert("equal", "second", "{}", 1L),
                                upsert("again", "a", "{}", 1L),
                                upsert("again", "a", "{}", 5L),
                                upsert("back", "a", "{}", 1L),
                                upsert("back", "b", "{}", 2L),
                                upsert("back", "a", "{}", 3L),
                                upsert("behind", "old", "{}", 1L),
                                upsert("behind", "new", "{}", 4L),
                                upsert("ahead", "old", "{}", 3L)))
                .containsExactly(
                        "NEWER ahead: version 7, not 3; the text differs",
                        "STALE behind: version 1, not 4; the text differs");
    }

    @Test
    void comparesVersionsWhereTheTextIsNotStored() throws Exception {
        assertThat(
                        compare(
                                index(
                                        stored("equal", 4, null),
                                        stored("unchanged since", 2, null),
                                        stored("behind", 1, null),
                                        stored("ahead", 5, null),
                                        stored("fields", 4, null, "{\"x\":1}"),
                                        stored("unknown", 4, null)),
                                upsert("equal", "a", "{}", 4L),
                                upsert("unchanged since", "a", "{}", 2L),
                                upsert("unchanged since", "a", "{}", 3L),
                                upsert("behind", "a", "{}", 1L),
                                upsert("behind", "b", "{}", 2L),
                                upsert("ahead", "a", "{}", 4L),
                                upsert("fields", "a", "{\"x\":2}", 4L),
                                upsert("unknown", "a")))
                .containsExactly(
                        "NEWER ahead: version 5, not 4",
                        "STALE behind: version 1, not 2",
                        "STALE fields: other fields: x");
    }

    @Test
    void laterRecordsOfALogReplaceEarlierOnesUnlessTheirVersionIsLower() throws Exception {
        assertThat(
                        compare(
                                index(
                                        stored("a", 1, "old"),
                                        stored("a", 2, "new"),
                                        stored("b", 2, "new"),
                                        stored("b", 1, "old"),
                                        stored("c", 1, "a"),
                                        new IndexedDocument(
                                                "c", Operation.DELETE, 1, null, null, null),
                                        stored("d", 5, "a"),
                                        new IndexedDocument(
                                                "d", Operation.DELETE, -1, null, null, null),
                                        stored("d", 1, "b")),
                                upsert("a", "new", "{}", 2L),
                                upsert("b", "new", "{}", 2L),
                                upsert("d", "b", "{}", 1L)))
                .isEmpty();
    }

    @Test
    void namesVectorsOfAnotherEncoder() throws Exception {
        assertThat(
                        compare(
                                index(
                                        stored("same", 1, "a"),
                                        new IndexedDocument(
                                                "other",
                                                Operation.UPSERT,
                                                1,
                                                "a",
                                                "{}",
                                                "00000000000000bb")),
                                upsert("same", "a"),
                                upsert("other", "a")))
                .containsExactly(
                        "ENCODER other: its encoder is 00000000000000bb, not 00000000000000aa");
    }

    private static IndexedDocument[] passages(String parent, long version) {
        return new IndexedDocument[] {
            passage(parent, 0, version, "One sentence.", 0, 13),
            passage(parent, 1, version, "And another one. \ud83d\ude00", 15, 33),
            passage(parent, 2, version, "The end.", 34, 42)
        };
    }

    @Test
    void passagesThatCoverTheTextAreEqual() throws Exception {
        Document document = upsert("a", LONG_TEXT, "{\"n\":1}", null);
        assertThat(compare(index(passages("a", 1)), document)).isEmpty();
        IndexedDocument[] overlapping = passages("a", 1);
        overlapping[2] = passage("a", 2, 1, "one. \ud83d\ude00 The end.", 27, 42);
        assertThat(compare(index(overlapping), document)).isEmpty();
        assertThat(
                        compare(
                                index(
                                        passage("b", 0, 1, "short", 0, 5),
                                        passage("e", 0, 1, "", 0, 0)),
                                upsert("b", "short ", "{\"n\":1}", null),
                                upsert("e", "  ", "{\"n\":1}", null)))
                .isEmpty();
    }

    @Test
    void namesMissingAndOtherPassages() throws Exception {
        IndexedDocument[] changed = passages("text", 1);
        changed[1] = passage("text", 1, 1, "and another one. \ud83d\ude00", 15, 33);
        IndexedDocument[] moved = passages("gap", 1);
        moved[1] = passage("gap", 1, 1, "another one. \ud83d\ude00", 19, 33);
        IndexedDocument[] both = passages("both", 1);
        both[1] = passage("both", 1, 1, "another. \ud83d\ude00", 19, 33);
        assertThat(
                        compare(
                                Stream.of(
                                                passages("first", 1)[1],
                                                passages("first", 1)[2],
                                                passages("middle", 1)[0],
                                                passages("middle", 1)[2],
                                                passages("last", 1)[0],
                                                passages("last", 1)[1],
                                                changed[0],
                                                changed[1],
                                                changed[2],
                                                moved[0],
                                                moved[1],
                                                moved[2],
                                                both[0],
                                                both[1],
                                                both[2],
                                                passages("fields", 1)[0],
                                                passages("fields", 1)[1],
                                                passages("fields", 1)[2],
                                                passage("more", 0, 1, "One sentence.", 0, 13),
                                                passage("more", 1, 1, "And so on", 15, 99))
                                        .toList(),
                                upsert("first", LONG_TEXT, "{\"n\":1}", null),
                                upsert("middle", LONG_TEXT, "{\"n\":1}", null),
                                upsert("last", LONG_TEXT, "{\"n\":1}", null),
                                upsert("text", LONG_TEXT, "{\"n\":1}", null),
                                upsert("gap", LONG_TEXT, "{\"n\":1}", null),
                                upsert("both", LONG_TEXT, "{\"n\":1}", null),
                                upsert("fields", LONG_TEXT, "{\"n\":2}", null),
                                upsert("more", "One sentence.", "{\"n\":1}", null)))
                .containsExactly(
                        "MISSING first#0: ",
                        "MISSING last#2: the passages end at character 33 of 43",
                        "MISSING middle#1: ",
                        "STALE both#1: the text differs; no passage contains the text before it",
                        "STALE fields#0: other fields: n",
                        "STALE fields#1: other fields: n",
                        "STALE fields#2: other fields: n",
                        "STALE gap#1: no passage contains the text before it",
                        "STALE more#1: the text differs",
                        "STALE text#1: the text differs");
    }

    @Test
    void namesWhatAnotherFormOfADocumentHasLeft() throws Exception {
        List<IndexedDocument> both =
                Stream.concat(
                                Stream.of(passages("a", 2)),
                                Stream.of(stored("a", 1, LONG_TEXT, "{\"n\":1}")))
                        .toList();
        Document document = upsert("a", LONG_TEXT, "{\"n\":1}", null);
        assertThat(compare(both, document))
                .containsExactly("EXTRA a: the document is stored in passages");
        List<IndexedDocument> older =
                Stream.concat(
                                Stream.of(passages("a", 2)),
                                Stream.of(stored("a", 3, LONG_TEXT, "{\"n\":1}")))
                        .toList();
        assertThat(compare(older, document))
                .containsExactly(
                        "EXTRA a#0: the document has one vector",
                        "EXTRA a#1: the document has one vector",
                        "EXTRA a#2: the document has one vector");
    }

    @Test
    void countsDeadLettersAndUnreadDocumentsSeparately() throws Exception {
        Document rejected = upsert("rejected", "b");
        long[] hashes = {VerifyJob.hash(rejected.origin())};
        Result result =
                run(
                        index(stored("rejected", 1, "a")),
                        hashes,
                        List.of(upsert("unread", "a")),
                        upsert("rejected", "a"),
                        rejected,
                        upsert("unread", "a"),
                        upsert("missing", "a"));
        assertThat(result.lines()).containsExactly("MISSING missing: in test-0@0");
        assertThat(result.rejected()).isEqualTo(1);
        assertThat(result.unread()).isEqualTo(1);
        Result corrected = run(index(), hashes, List.of(), rejected, upsert("rejected", "c"));
        assertThat(corrected.lines()).containsExactly("MISSING rejected: in test-0@0");
        assertThat(corrected.rejected()).isZero();
    }

    @Test
    void documentsThatTheJobRejectsDoNotCount() throws Exception {
        Result result =
                run(
                        index(stored("a", 1, "a")),
                        new long[0],
                        List.of(),
                        upsert("a", "a", "{}", 1L),
                        upsert("a", "b"),
                        upsert("a", "c", "{}", 1L));
        assertThat(result.lines()).isEmpty();
        assertThat(result.notices())
                .extracting(Notice::summary)
                .containsExactly(
                        "some records of an id have a version and others have none",
                        "equal version with other content, not written");
    }
}

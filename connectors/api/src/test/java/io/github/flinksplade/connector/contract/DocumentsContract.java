package io.github.flinksplade.connector.contract;

import static io.github.flinksplade.connector.contract.ContractSupport.CONTEXT;
import static io.github.flinksplade.connector.contract.ContractSupport.assertStored;
import static io.github.flinksplade.connector.contract.ContractSupport.sink;
import static io.github.flinksplade.connector.contract.ContractSupport.text;
import static io.github.flinksplade.connector.contract.ContractSupport.write;
import static org.assertj.core.api.Assertions.assertThat;

import io.github.flinksplade.connector.ConnectorUri;
import io.github.flinksplade.connector.DeadLetter;
import io.github.flinksplade.connector.VectorRecord;
import java.util.List;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;

/** Documents are stored with all their terms, weights, texts and fields, whatever their ids. */
public interface DocumentsContract extends SinkUnderTest {

    @Test
    default void createsUpdatesAndDeletesDocuments() throws Exception {
        ConnectorUri uri = fresh("changes");
        Corpus corpus = new Corpus();
        List<DeadLetter> rejected =
                write(
                        uri,
                        corpus.change(Corpus.upsert("a", 1)),
                        corpus.change(Corpus.upsert("b", 1)),
                        corpus.change(Corpus.upsert("c", 1)),
                        corpus.change(Corpus.upsert("a", 2)),
                        corpus.change(Corpus.delete("b", 2)),
                        corpus.change(Corpus.delete("unknown", 1)));
        assertThat(rejected).isEmpty();
        assertStored(this, uri, corpus);
    }

    @Test
    default void keepsVectorOnChangeOfFields() throws Exception {
        ConnectorUri uri = fresh("fields");
        VectorRecord first = Corpus.upsert("a", 1);
        TreeMap<Integer, Float> terms = new TreeMap<>();
        for (int i = 0; i < first.vector().indices().length; i++) {
            terms.put(first.vector().indices()[i], first.vector().values()[i]);
        }
        String fields =
                "{\"price\":12.5,\"tags\":[\"x\",\"\u00e9\"],\"nested\":{\"a\":{\"b\":[1,2,null]}},"
                        + "\"none\":null,\"yes\":true,\"long\":9007199254740993}";
        write(uri, first);
        StoredDocument before = stored(uri).get("a");
        Corpus corpus = new Corpus();
        write(uri, corpus.change(Corpus.upsert("a", 2, fields, terms)));
        assertStored(this, uri, corpus);
        assertThat(stored(uri).get("a").values()).isEqualTo(before.values());
    }

    /** As in a copy of vectors whose source does not store the texts. */
    @Test
    default void storesVectorsWithoutTexts() throws Exception {
        ConnectorUri uri = fresh("texts");
        Corpus corpus = new Corpus();
        List<DeadLetter> rejected =
                write(
                        uri,
                        corpus.change(Corpus.upsert("a", 1)),
                        corpus.change(Corpus.withoutText(Corpus.upsert("a", 2))),
                        corpus.change(Corpus.withoutText(Corpus.upsert("b", 1))));
        assertThat(rejected).isEmpty();
        assertStored(this, uri, corpus);
    }

    @Test
    default void storesVectorsWithAllTermsAndWithNone() throws Exception {
        ConnectorUri uri = fresh("sizes");
        Corpus corpus = new Corpus();
        TreeMap<Integer, Float> all = new TreeMap<>();
        for (int term = 0; term < Corpus.TERMS; term++) {
            all.put(term, 0.001f + term * 1e-4f);
        }
        List<DeadLetter> rejected =
                write(
                        uri,
                        corpus.change(Corpus.upsert("all", 1, "{}", all)),
                        corpus.change(Corpus.upsert("none", 1, "{}", new TreeMap<>())),
                        corpus.change(Corpus.upsert("some", 1)));
        assertThat(rejected).isEmpty();
        assertStored(this, uri, corpus);
    }

    @Test
    default void storesOrRejectsUnusualIds() throws Exception {
        ConnectorUri uri = fresh("ids");
        Corpus corpus = new Corpus();
        String[] ids = {
            "a/b/c",
            "../up",
            "with space",
            "\uD83D\uDE00 emoji",
            "quote\"and\\back",
            "42",
            "00042",
            "550e8400-e29b-41d4-a716-446655440000",
            "a?b=c&d#e%20f+g",
            "line\nbreak\ttab",
            "_underscore",
            "-dash",
            "\u65e5\u672c",
            "x".repeat(512),
            "A",
            "a"
        };
        List<DeadLetter> rejected;
        try (SinkTestHarness harness = SinkTestHarness.start(sink(uri), CONTEXT)) {
            for (String id : ids) {
                harness.write(corpus.change(Corpus.upsert(id, 1)));
            }
            harness.finish();
            rejected = harness.rejected();
        }
        // an unsupported id is rejected beforehand, with the reason
        for (DeadLetter letter : rejected) {
            assertThat(letter.message()).contains("id");
            corpus.documents().remove(text(letter.origin().key()));
        }
        assertThat(corpus.documents()).hasSizeGreaterThan(ids.length / 2);
        assertStored(this, uri, corpus);
        VectorRecord[] deletes =
                corpus.documents().keySet().stream()
                        .map(id -> Corpus.delete(id, 2))
                        .toArray(VectorRecord[]::new);
        assertThat(write(uri, deletes)).isEmpty();
        assertStored(this, uri, new Corpus());
    }
}

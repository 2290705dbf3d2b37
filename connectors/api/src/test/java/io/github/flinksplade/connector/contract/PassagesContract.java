package io.github.flinksplade.connector.contract;

import static io.github.flinksplade.connector.contract.ContractSupport.CONTEXT;
import static io.github.flinksplade.connector.contract.ContractSupport.assertStored;
import static io.github.flinksplade.connector.contract.ContractSupport.sink;
import static io.github.flinksplade.connector.contract.ContractSupport.write;
import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.github.flinksplade.connector.ConnectorUri;
import io.github.flinksplade.connector.VectorRecord;
import io.github.flinksplade.connector.contract.SinkTestHarness.Checkpoint;
import java.util.Arrays;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

/** The passages of a document replace those of its earlier versions, and are deleted with it. */
public interface PassagesContract extends SinkUnderTest {

    @Test
    default void shrunkDocumentLeavesExactlyItsPassages() throws Exception {
        ConnectorUri uri = fresh("passages");
        Corpus corpus = new Corpus();
        assertThat(write(uri, corpus.changes(Corpus.passages("other", 1, 0, 2)))).isEmpty();
        assertThat(write(uri, corpus.changes(Corpus.passages("doc", 5, 0, 20)))).isEmpty();
        assertStored(this, uri, corpus);

        assertThat(write(uri, corpus.changes(Corpus.passages("doc", 6, 20, 3)))).isEmpty();
        assertThat(corpus.documents().keySet())
                .containsExactly("doc#0", "doc#1", "doc#2", "other#0", "other#1");
        assertStored(this, uri, corpus);

        assertThat(write(uri, corpus.changes(Corpus.passages("doc", 7, 3, 20)))).isEmpty();
        assertStored(this, uri, corpus);
        // in one batch, if the sink writes any
        assertThat(
                        write(
                                uri,
                                concat(
                                        corpus.changes(Corpus.passages("doc", 8, 20, 1)),
                                        corpus.changes(Corpus.passages("doc", 9, 1, 12)),
                                        corpus.changes(Corpus.passages("doc", 10, 12, 5)))))
                .isEmpty();
        assertStored(this, uri, corpus);

        assertThat(write(uri, corpus.changes(Corpus.passages("doc", 11, 5, 0)))).isEmpty();
        assertThat(corpus.documents().keySet()).containsExactly("other#0", "other#1");
        assertStored(this, uri, corpus);
    }

    @Test
    default void olderVersionBringsNoPassageBack() throws Exception {
        ConnectorUri uri = fresh("older-passages");
        Corpus corpus = new Corpus();
        VectorRecord[] old = Corpus.passages("doc", 5, 0, 20);
        VectorRecord[] shrunk = Corpus.passages("doc", 6, 20, 3);
        VectorRecord[] deleted = Corpus.passages("doc", 7, 3, 0);
        write(uri, concat(corpus.changes(Corpus.passages("other", 1, 0, 2)), old));
        for (VectorRecord[] newest : new VectorRecord[][] {shrunk, deleted}) {
            assertThat(write(uri, corpus.changes(newest))).isEmpty();
            forgetDeletes(uri);
            // without a memory of deletes, a job that reads the old version again reads all again
            VectorRecord[] late =
                    remembersDeletes()
                            ? old
                            : newest == shrunk ? concat(old, shrunk) : concat(old, shrunk, deleted);
            assertThat(write(uri, late)).isEmpty();
            assertStored(this, uri, corpus);
        }
        assertThat(write(uri, corpus.changes(Corpus.passages("doc", 8, 0, 4)))).isEmpty();
        assertStored(this, uri, corpus);
    }

    @Test
    default void acceptsReplayOfPassages() throws Exception {
        ConnectorUri uri = fresh("replayed-passages");
        Corpus corpus = new Corpus();
        VectorRecord[] before =
                concat(
                        corpus.changes(Corpus.passages("doc", 1, 0, 20)),
                        corpus.changes(Corpus.passages("other", 1, 0, 4)));
        VectorRecord[] after =
                concat(
                        corpus.changes(Corpus.passages("doc", 2, 20, 3)),
                        corpus.changes(Corpus.passages("other", 2, 4, 0)),
                        corpus.changes(Corpus.passages("doc", 3, 3, 8)),
                        corpus.changes(Corpus.passages("other", 3, 0, 6)),
                        corpus.changes(Corpus.passages("doc", 4, 8, 3)),
                        corpus.changes(Corpus.passages("third", 1, 0, 2)));
        Checkpoint checkpoint;
        try (SinkTestHarness harness = SinkTestHarness.start(sink(uri), CONTEXT)) {
            harness.write(before);
            checkpoint = harness.checkpoint();
            harness.write(after);
            harness.flush(); // all changes may have reached the target
        }
        // attempts that fail between two passages, among the upserts and among the deletes
        for (int written : new int[] {2, 11, 30}) {
            try (SinkTestHarness harness =
                    SinkTestHarness.restore(sink(uri), CONTEXT, checkpoint)) {
                harness.write(Arrays.copyOf(after, written));
                harness.flush();
            }
        }
        try (SinkTestHarness harness = SinkTestHarness.restore(sink(uri), CONTEXT, checkpoint)) {
            harness.write(after);
            harness.finish();
            assertThat(harness.rejected()).isEmpty();
        }
        assertStored(this, uri, corpus);
    }

    @Test
    default void findsExactlyTheStoredPassages() throws Exception {
        assumeTrue(isSearchable(), "the target does not support searches");
        ConnectorUri uri = fresh("found-passages");
        Corpus corpus = new Corpus();
        write(uri, corpus.changes(Corpus.passages("doc", 5, 0, 20)));
        write(uri, corpus.changes(Corpus.passages("doc", 6, 20, 3)));
        stored(uri); // waits until all passages can be read
        SearchChecks.assertFound(uri, Corpus.TERM_OF_PASSAGES, corpus);
    }

    private static VectorRecord[] concat(VectorRecord[]... changes) {
        return Stream.of(changes).flatMap(Arrays::stream).toArray(VectorRecord[]::new);
    }
}

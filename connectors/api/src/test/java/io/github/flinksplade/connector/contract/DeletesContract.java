package io.github.flinksplade.connector.contract;

import static io.github.flinksplade.connector.contract.ContractSupport.assertStored;
import static io.github.flinksplade.connector.contract.ContractSupport.write;
import static org.assertj.core.api.Assertions.assertThat;

import io.github.flinksplade.connector.ConnectorUri;
import io.github.flinksplade.connector.DeadLetter;
import io.github.flinksplade.connector.VectorRecord;
import java.util.List;
import org.junit.jupiter.api.Test;

/** A deleted document stays deleted until a newer upsert. */
public interface DeletesContract extends SinkUnderTest {

    @Test
    default void ignoresOlderUpsertAfterDelete() throws Exception {
        ConnectorUri uri = fresh("deleted");
        Corpus corpus = new Corpus();
        VectorRecord old = Corpus.upsert("a", 1);
        VectorRecord delete = Corpus.delete("a", 2);
        write(uri, corpus.change(Corpus.upsert("b", 1)), old, delete);
        forgetDeletes(uri);
        if (remembersDeletes()) {
            assertThat(write(uri, old)).isEmpty();
        } else {
            // a job that reads the old upsert again reads the delete again too
            assertThat(write(uri, old, delete)).isEmpty();
        }
        assertStored(this, uri, corpus);
        assertThat(write(uri, corpus.change(Corpus.upsert("a", 3)))).isEmpty();
        assertStored(this, uri, corpus);
    }

    /** A change of long-documents replaces ids at an unchanged version, and can be undone. */
    @Test
    default void acceptsSameVersionAfterDeleteOfReplacedId() throws Exception {
        ConnectorUri uri = fresh("replaced");
        Corpus corpus = new Corpus();
        VectorRecord old = Corpus.upsert("a", 4);
        VectorRecord upsert = Corpus.upsert("a", 5);
        VectorRecord replaced = Corpus.deleteReplaced("a", 5);
        write(uri, corpus.change(Corpus.upsert("b", 1)), old);
        assertThat(write(uri, upsert, corpus.change(replaced))).isEmpty();
        assertStored(this, uri, corpus);
        assertThat(write(uri, corpus.change(replaced))).as("replayed").isEmpty();
        if (remembersDeletes()) {
            assertThat(write(uri, old)).isEmpty();
        }
        assertStored(this, uri, corpus);
        for (int times = 0; times < 2; times++) {
            assertThat(write(uri, corpus.change(upsert))).isEmpty();
            assertStored(this, uri, corpus);
            assertThat(write(uri, corpus.change(replaced))).isEmpty();
            assertStored(this, uri, corpus);
        }
        assertThat(write(uri, corpus.change(upsert))).isEmpty();
        if (comparesVersions()) {
            assertThat(write(uri, Corpus.deleteReplaced("a", 4))).isEmpty();
        }
        assertStored(this, uri, corpus);
        assertThat(write(uri, corpus.change(Corpus.delete("a", 5)))).isEmpty();
        assertStored(this, uri, corpus);
        if (remembersDeletes()) {
            assertThat(write(uri, upsert, replaced)).isEmpty();
            assertStored(this, uri, corpus);
        }
    }

    @Test
    default void deletesWithoutVersionAndAcceptsNewerUpserts() throws Exception {
        ConnectorUri uri = fresh("no-version");
        Corpus corpus = new Corpus();
        long version = VectorRecord.MAX_VERSION - 10;
        write(
                uri,
                Corpus.upsert("a", version),
                Corpus.upsert("b", version),
                corpus.change(Corpus.delete("a", VectorRecord.NO_VERSION)),
                corpus.change(Corpus.delete("b", VectorRecord.NO_VERSION)),
                corpus.change(Corpus.delete("absent", VectorRecord.NO_VERSION)));
        assertStored(this, uri, corpus);
        List<DeadLetter> rejected =
                write(
                        uri,
                        corpus.change(Corpus.upsert("a", version + 1)),
                        corpus.change(Corpus.upsert("absent", 0)));
        assertThat(rejected).isEmpty();
        assertStored(this, uri, corpus);
    }
}

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

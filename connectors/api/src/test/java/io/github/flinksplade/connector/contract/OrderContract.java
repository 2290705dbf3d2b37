package io.github.flinksplade.connector.contract;

import static io.github.flinksplade.connector.contract.ContractSupport.assertStored;
import static io.github.flinksplade.connector.contract.ContractSupport.write;
import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.github.flinksplade.connector.ConnectorUri;
import io.github.flinksplade.connector.DeadLetter;
import io.github.flinksplade.connector.VectorRecord;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;

/** The newest change of an id wins, however the changes are batched or delayed. */
public interface OrderContract extends SinkUnderTest {

    @Test
    default void ignoresOlderChangesThatArriveLate() throws Exception {
        assumeTrue(
                comparesVersions(),
                "the target does not compare versions; the job's sequencer does");
        ConnectorUri uri = fresh("reordered");
        Corpus corpus = new Corpus();
        write(
                uri,
                corpus.change(Corpus.upsert("a", 5)),
                corpus.change(Corpus.upsert("b", 5)),
                corpus.change(Corpus.upsert("c", 5)),
                corpus.change(Corpus.delete("c", 5)));
        List<DeadLetter> rejected =
                write(
                        uri,
                        Corpus.upsert("a", 3),
                        Corpus.upsert("a", 4),
                        Corpus.delete("b", 4),
                        corpus.change(Corpus.upsert("d", 1)));
        assertThat(rejected).isEmpty();
        assertStored(this, uri, corpus);
    }

    @Test
    default void keepsLastOfSeveralChangesOfOneId() throws Exception {
        ConnectorUri uri = fresh("same-batch");
        Corpus corpus = new Corpus();
        List<VectorRecord> changes = new ArrayList<>();
        for (int version = 1; version <= 20; version++) {
            changes.add(corpus.change(Corpus.upsert("a", 3 * version)));
            changes.add(corpus.change(Corpus.upsert("b", 3 * version)));
            changes.add(corpus.change(Corpus.delete("b", 3 * version)));
            changes.add(corpus.change(Corpus.upsert("only " + version, 1)));
        }
        changes.add(corpus.change(Corpus.upsert("b", 100)));
        assertThat(write(uri, changes.toArray(VectorRecord[]::new))).isEmpty();
        assertStored(this, uri, corpus);
    }
}

package io.github.flinksplade.connector.contract;

import static io.github.flinksplade.connector.contract.ContractSupport.CONTEXT;
import static io.github.flinksplade.connector.contract.ContractSupport.assertStored;
import static io.github.flinksplade.connector.contract.ContractSupport.sink;
import static io.github.flinksplade.connector.contract.ContractSupport.write;
import static org.assertj.core.api.Assertions.assertThat;

import io.github.flinksplade.connector.ConnectorUri;
import io.github.flinksplade.connector.VectorRecord;
import io.github.flinksplade.connector.contract.SinkTestHarness.Checkpoint;
import org.junit.jupiter.api.Test;

/** After a failure, everything since the last completed checkpoint is written again. */
public interface ReplayContract extends SinkUnderTest {

    @Test
    default void acceptsReplayOfCheckpointInterval() throws Exception {
        ConnectorUri uri = fresh("replay");
        Corpus corpus = new Corpus();
        VectorRecord[] before = {
            corpus.change(Corpus.upsert("a", 1)), corpus.change(Corpus.upsert("b", 1))
        };
        VectorRecord[] after = {
            corpus.change(Corpus.upsert("a", 2)),
            corpus.change(Corpus.delete("b", 2)),
            corpus.change(Corpus.upsert("c", 1)),
            corpus.change(Corpus.delete("c", 2)),
            corpus.change(Corpus.upsert("c", 3)),
            corpus.change(Corpus.upsert("d", 1))
        };
        Checkpoint checkpoint;
        try (SinkTestHarness harness = SinkTestHarness.start(sink(uri), CONTEXT)) {
            harness.write(before);
            checkpoint = harness.checkpoint();
            harness.write(after);
            harness.flush(); // all changes may have reached the target
        }
        try (SinkTestHarness harness = SinkTestHarness.restore(sink(uri), CONTEXT, checkpoint)) {
            harness.write(after[0], after[1]); // some of the changes again, then another failure
            harness.flush();
        }
        try (SinkTestHarness harness = SinkTestHarness.restore(sink(uri), CONTEXT, checkpoint)) {
            harness.write(after);
            harness.finish();
            assertThat(harness.rejected()).isEmpty();
        }
        assertStored(this, uri, corpus);
    }

    @Test
    default void keepsCheckpointWithoutNotification() throws Exception {
        ConnectorUri uri = fresh("not-notified");
        Corpus corpus = new Corpus();
        Checkpoint checkpoint;
        try (SinkTestHarness harness = SinkTestHarness.start(sink(uri), CONTEXT)) {
            harness.write(corpus.change(Corpus.upsert("a", 1)));
            checkpoint = harness.snapshot();
        }
        try (SinkTestHarness harness = SinkTestHarness.restore(sink(uri), CONTEXT, checkpoint)) {
            harness.write(corpus.change(Corpus.upsert("b", 1)));
            harness.finish();
        }
        assertStored(this, uri, corpus);
    }

    @Test
    default void acceptsTenThousandRepeatedChanges() throws Exception {
        ConnectorUri uri = fresh("ten-thousand");
        Corpus corpus = new Corpus();
        VectorRecord[] changes = new VectorRecord[10_000];
        for (int i = 0; i < changes.length; i++) {
            String id = "doc-" + i % 7_000;
            changes[i] = corpus.change(i % 50 == 49 ? Corpus.delete(id, i) : Corpus.upsert(id, i));
        }
        assertThat(write(uri, changes)).isEmpty();
        // like a job that has lost its state: everything again, into a target that has it
        try (SinkTestHarness harness = SinkTestHarness.restore(sink(uri), CONTEXT, null)) {
            harness.write(changes);
            harness.finish();
            assertThat(harness.rejected()).isEmpty();
        }
        assertStored(this, uri, corpus);
    }
}

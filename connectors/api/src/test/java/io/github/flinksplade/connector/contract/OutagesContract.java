package io.github.flinksplade.connector.contract;

import static io.github.flinksplade.connector.contract.ContractSupport.CONTEXT;
import static io.github.flinksplade.connector.contract.ContractSupport.OUTAGE_SECONDS;
import static io.github.flinksplade.connector.contract.ContractSupport.assertStored;
import static io.github.flinksplade.connector.contract.ContractSupport.requireFaults;
import static io.github.flinksplade.connector.contract.ContractSupport.sink;
import static io.github.flinksplade.connector.contract.ContractSupport.text;
import static io.github.flinksplade.connector.contract.ContractSupport.upAfter;
import static io.github.flinksplade.connector.contract.ContractSupport.with;
import static io.github.flinksplade.connector.contract.ContractSupport.write;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assertions.assertTimeoutPreemptively;

import io.github.flinksplade.connector.ConnectorUri;
import io.github.flinksplade.connector.StartMode;
import io.github.flinksplade.connector.UnreachableException;
import io.github.flinksplade.connector.VectorRecord;
import io.github.flinksplade.connector.contract.SinkTestHarness.Checkpoint;
import org.junit.jupiter.api.Test;

/** Servers become unavailable or stall, while a job runs and when it starts. */
public interface OutagesContract extends SinkUnderTest {

    @Test
    default void waitsForUnavailableServer() throws Exception {
        FaultInjector faults = requireFaults(this);
        ConnectorUri uri = fresh("outage");
        Corpus corpus = new Corpus();
        try (SinkTestHarness harness = SinkTestHarness.start(sink(uri), CONTEXT)) {
            harness.write(corpus.change(Corpus.upsert("before", 1)));
            harness.checkpoint();
            faults.down();
            Thread recovery = new Thread(() -> upAfter(OUTAGE_SECONDS, faults));
            recovery.start();
            for (int i = 0; i < 50; i++) {
                harness.write(corpus.change(Corpus.upsert("during " + i, 1)));
            }
            harness.checkpoint();
            recovery.join();
            harness.write(corpus.change(Corpus.upsert("after", 1)));
            harness.finish();
            assertThat(harness.rejected()).isEmpty();
        } finally {
            faults.up();
        }
        assertStored(this, uri, corpus);
    }

    @Test
    default void resumesWhileServerIsUnavailable() throws Exception {
        FaultInjector faults = requireFaults(this);
        ConnectorUri uri = fresh("unavailable-at-start");
        Corpus corpus = new Corpus();
        Checkpoint checkpoint;
        try (SinkTestHarness harness = SinkTestHarness.start(sink(uri), CONTEXT)) {
            harness.write(corpus.change(Corpus.upsert("before", 1)));
            checkpoint = harness.checkpoint();
        }
        faults.down();
        try {
            assertThatThrownBy(() -> sink(uri).prepare(CONTEXT, StartMode.RESUME))
                    .isInstanceOf(UnreachableException.class);
            Thread recovery = new Thread(() -> upAfter(1, faults));
            recovery.start();
            try (SinkTestHarness harness =
                    SinkTestHarness.restore(sink(uri), CONTEXT, checkpoint)) {
                harness.write(corpus.change(Corpus.upsert("after", 1)));
                harness.finish();
                assertThat(harness.rejected()).isEmpty();
            }
            recovery.join();
        } finally {
            faults.up();
        }
        sink(uri).prepare(CONTEXT, StartMode.RESUME);
        assertStored(this, uri, corpus);
    }

    /**
     * A request and its response have a deadline, because a stalled server would block the job
     * forever.
     */
    @Test
    default void retriesRequestsOfStalledServer() throws Exception {
        FaultInjector faults = requireFaults(this);
        ConnectorUri uri = with(fresh("stalled"), "request-timeout=1s");
        Corpus corpus = new Corpus();
        Thread recovery = new Thread(() -> upAfter(2, faults));
        try {
            // preemptively: a request without a deadline would never end
            assertTimeoutPreemptively(
                    stallLimit(),
                    () -> {
                        try (SinkTestHarness harness = SinkTestHarness.start(sink(uri), CONTEXT)) {
                            harness.write(corpus.change(Corpus.upsert("before", 1)));
                            harness.checkpoint();
                            faults.stall();
                            recovery.start();
                            for (int i = 0; i < 50; i++) {
                                harness.write(corpus.change(Corpus.upsert("during " + i, 1)));
                            }
                            harness.write(
                                    corpus.change(
                                            Corpus.delete("before", VectorRecord.NO_VERSION)));
                            harness.checkpoint();
                            harness.write(corpus.change(Corpus.upsert("after", 1)));
                            harness.finish();
                            assertThat(harness.rejected()).isEmpty();
                        }
                    });
            recovery.join();
        } finally {
            faults.up();
        }
        assertStored(this, uri, corpus);
    }

    @Test
    default void reportsStalledServerAsUnavailable() throws Exception {
        FaultInjector faults = requireFaults(this);
        ConnectorUri uri = with(fresh("stalled-at-start"), "request-timeout=1s");
        write(uri, Corpus.upsert("a", 1));
        faults.stall();
        try {
            assertTimeoutPreemptively(
                    stallLimit(),
                    () -> {
                        for (StartMode start : new StartMode[] {StartMode.NEW, StartMode.RESUME}) {
                            assertThatThrownBy(() -> sink(uri).prepare(CONTEXT, start))
                                    .isInstanceOf(UnreachableException.class);
                        }
                    });
        } finally {
            faults.up();
        }
        sink(uri).prepare(CONTEXT, StartMode.RESUME);
    }

    @Test
    default void sendsChangesToDeadLettersDuringOutage() throws Exception {
        FaultInjector faults = requireFaults(this);
        ConnectorUri uri = with(fresh("dead-letters"), "outage=dead-letters&outage-after=1s");
        Corpus corpus = new Corpus();
        try (SinkTestHarness harness = SinkTestHarness.start(sink(uri), CONTEXT)) {
            harness.write(corpus.change(Corpus.upsert("before", 1)));
            harness.checkpoint();
            faults.down();
            for (int i = 0; i < 5; i++) {
                harness.write(Corpus.upsert("during " + i, 1));
            }
            harness.checkpoint();
            assertThat(harness.rejected().stream().map(letter -> text(letter.origin().key())))
                    .containsExactlyInAnyOrder(
                            "during 0", "during 1", "during 2", "during 3", "during 4");
            faults.up();
            harness.write(corpus.change(Corpus.upsert("after", 1)));
            harness.finish();
            assertThat(harness.rejected()).hasSize(5);
        } finally {
            faults.up();
        }
        assertStored(this, uri, corpus);
    }
}

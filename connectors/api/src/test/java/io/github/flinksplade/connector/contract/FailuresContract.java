package io.github.flinksplade.connector.contract;

import static io.github.flinksplade.connector.contract.ContractSupport.CONTEXT;
import static io.github.flinksplade.connector.contract.ContractSupport.assertStored;
import static io.github.flinksplade.connector.contract.ContractSupport.requireFaults;
import static io.github.flinksplade.connector.contract.ContractSupport.sink;
import static io.github.flinksplade.connector.contract.ContractSupport.text;
import static org.assertj.core.api.Assertions.assertThat;

import io.github.flinksplade.connector.ConnectorUri;
import io.github.flinksplade.connector.DeadLetter;
import io.github.flinksplade.connector.VectorRecord;
import org.junit.jupiter.api.Test;

/** Servers reject requests when they are too many, and single documents. */
public interface FailuresContract extends SinkUnderTest {

    @Test
    default void retriesThrottledRequests() throws Exception {
        FaultInjector faults = requireFaults(this);
        ConnectorUri uri = fresh("throttled");
        Corpus corpus = new Corpus();
        try (SinkTestHarness harness = SinkTestHarness.start(sink(uri), CONTEXT)) {
            faults.throttle(4);
            for (int i = 0; i < 50; i++) {
                harness.write(corpus.change(Corpus.upsert("doc " + i, 1)));
            }
            harness.finish();
            assertThat(harness.rejected()).isEmpty();
        } finally {
            faults.throttle(0);
        }
        assertStored(this, uri, corpus);
    }

    @Test
    default void sendsOnlyTheRejectedDocumentToDeadLetters() throws Exception {
        FaultInjector faults = requireFaults(this);
        ConnectorUri uri = fresh("rejected");
        Corpus corpus = new Corpus();
        try (SinkTestHarness harness = SinkTestHarness.start(sink(uri), CONTEXT)) {
            faults.reject("doc 13");
            for (int i = 0; i < 40; i++) {
                VectorRecord record = Corpus.upsert("doc " + i, 1);
                harness.write(i == 13 ? record : corpus.change(record));
            }
            harness.finish();
            assertThat(harness.rejected()).hasSize(1);
            DeadLetter letter = harness.rejected().get(0);
            assertThat(text(letter.origin().key())).isEqualTo("doc 13");
            assertThat(letter.stage()).isEqualTo(DeadLetter.Stage.WRITE);
            assertThat(letter.message()).isNotBlank();
        } finally {
            faults.reject(null);
        }
        assertStored(this, uri, corpus);
    }
}

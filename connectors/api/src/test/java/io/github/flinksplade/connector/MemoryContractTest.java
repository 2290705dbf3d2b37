package io.github.flinksplade.connector;

import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.github.flinksplade.connector.MemoryConnector.Broken;
import io.github.flinksplade.connector.contract.FaultInjector;
import io.github.flinksplade.connector.contract.SinkContract;
import io.github.flinksplade.connector.contract.StoredDocument;
import java.time.Duration;
import java.util.Map;
import java.util.stream.Stream;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * The job's side of the contract, with a server that fulfills it, and tests that the contract finds
 * defects.
 */
class MemoryContractTest extends SinkContract {

    private Broken broken = Broken.NOTHING;
    private ConnectorUri last;

    @Override
    public ConnectorUri fresh(String name) {
        last = ConnectorUri.parse("memory:" + name + System.nanoTime() + "?broken=" + broken);
        // creates the server, for faults()
        MemoryConnector.server(last.location());
        return last;
    }

    @Override
    public Map<String, StoredDocument> stored(ConnectorUri uri) {
        return MemoryConnector.server(uri.location()).stored(broken);
    }

    @Override
    public FaultInjector faults() {
        return new FaultInjector() {
            @Override
            public void down() {
                MemoryConnector.server(last.location()).down();
            }

            @Override
            public void up() {
                MemoryConnector.server(last.location()).up();
            }

            @Override
            public void stall() {
                MemoryConnector.server(last.location()).stall();
            }

            @Override
            public void throttle(int requests) {
                MemoryConnector.server(last.location()).throttle(requests);
            }

            @Override
            public void reject(String id) {
                MemoryConnector.server(last.location()).reject(id);
            }
        };
    }

    /** A target without deadlines fails after this. */
    @Override
    public Duration stallLimit() {
        return broken == Broken.NO_DEADLINE ? Duration.ofSeconds(4) : super.stallLimit();
    }

    @Override
    public boolean canBeReadBack() {
        return false;
    }

    @Override
    public boolean comparesVersions() {
        return true;
    }

    @Override
    public boolean remembersDeletes() {
        return true;
    }

    /** Defects, and a test of the contract that finds each. */
    static Stream<Arguments> defects() {
        return Stream.of(
                found(Broken.IGNORES_VERSIONS, "ignoresOlderChangesThatArriveLate"),
                found(Broken.FORGETS_DELETES, "ignoresOlderUpsertAfterDelete"),
                found(Broken.HIDES_REJECTIONS, "sendsOnlyTheRejectedDocumentToDeadLetters"),
                found(Broken.REJECTS_WHOLE_BATCH, "sendsOnlyTheRejectedDocumentToDeadLetters"),
                found(Broken.REJECTS_REPETITIONS, "acceptsTenThousandRepeatedChanges"),
                found(Broken.REJECTS_REPETITIONS, "acceptsReplayOfCheckpointInterval"),
                found(Broken.DROPS_THROTTLED, "retriesThrottledRequests"),
                found(Broken.MIXES_MODELS, "rejectsVectorsOfAnotherModel"),
                found(Broken.NO_DEADLINE, "retriesRequestsOfStalledServer"),
                found(Broken.NO_DEADLINE, "reportsStalledServerAsUnavailable"),
                found(Broken.ROUNDS_WEIGHTS, "createsUpdatesAndDeletesDocuments"),
                found(Broken.IGNORES_VERSIONS, "olderVersionBringsNoPassageBack"),
                found(Broken.FORGETS_DELETES, "olderVersionBringsNoPassageBack"),
                found(Broken.REJECTS_REPETITIONS, "acceptsReplayOfPassages"),
                found(Broken.KEEPS_FIELDS, "shrunkDocumentLeavesExactlyItsPassages"),
                found(Broken.KEEPS_FIELDS, "findsExactlyTheStoredPassages"),
                found(Broken.CUTS_DELETED_IDS, "shrunkDocumentLeavesExactlyItsPassages"),
                found(Broken.CUTS_DELETED_IDS, "findsExactlyTheStoredPassages"),
                found(Broken.CUTS_DELETED_IDS, "acceptsReplayOfPassages"));
    }

    private static Arguments found(Broken broken, String test) {
        return Arguments.of(broken, test);
    }

    @ParameterizedTest
    @MethodSource("defects")
    void contractFindsDefects(Broken defect, String test) {
        MemoryContractTest contract = new MemoryContractTest();
        contract.broken = defect;
        ThrowingCallable run =
                () -> {
                    var method = SinkContract.class.getMethod(test);
                    try {
                        method.invoke(contract);
                    } catch (java.lang.reflect.InvocationTargetException e) {
                        throw e.getCause();
                    }
                };
        assertThatThrownBy(run).isInstanceOf(AssertionError.class);
    }
}

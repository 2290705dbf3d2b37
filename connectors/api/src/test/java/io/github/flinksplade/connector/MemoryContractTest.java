package io.github.flinksplade.connector;

import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.github.flinksplade.connector.MemoryConnector.Broken;
import io.github.flinksplade.connector.contract.Faults;
import io.github.flinksplade.connector.contract.Held;
import io.github.flinksplade.connector.contract.SinkContract;
import java.time.Duration;
import java.util.Map;
import java.util.stream.Stream;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * The job's side of the contract, with a server that keeps it; and that the contract finds faults.
 */
class MemoryContractTest extends SinkContract {

    private Broken broken = Broken.NOTHING;
    private ConnectorUri last;

    @Override
    protected ConnectorUri fresh(String name) {
        last = ConnectorUri.parse("memory:" + name + System.nanoTime() + "?broken=" + broken);
        // the server is there before its faults are asked for
        MemoryConnector.server(last.location());
        return last;
    }

    @Override
    protected Map<String, Held> held(ConnectorUri uri) {
        return MemoryConnector.server(uri.location()).held(broken);
    }

    @Override
    protected Faults faults() {
        return new Faults() {
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
            public void refuse(String id) {
                MemoryConnector.server(last.location()).refuse(id);
            }
        };
    }

    /** A target that waits without a deadline fails once this is over. */
    @Override
    protected Duration stallLimit() {
        return broken == Broken.NO_DEADLINE ? Duration.ofSeconds(4) : super.stallLimit();
    }

    @Override
    protected boolean guardsVersions() {
        return true;
    }

    @Override
    protected boolean remembersDeletes() {
        return true;
    }

    /** A test of the contract, and what a target has to do wrong to fail it. */
    static Stream<Arguments> faultsThatAreFound() {
        return Stream.of(
                found(Broken.NO_GUARD, "anOlderChangeThatComesLaterChangesNothing"),
                found(Broken.FORGETS_DELETES, "anOlderUpsertBringsNoDeletedDocumentBack"),
                found(Broken.SWALLOWS_REFUSALS, "oneRefusedDocumentTakesNoNeighboursWithIt"),
                found(Broken.REFUSES_NEIGHBOURS, "oneRefusedDocumentTakesNoNeighboursWithIt"),
                found(Broken.REFUSES_REPETITIONS, "tenThousandAcceptedWritesAgainAreNoErrors"),
                found(Broken.REFUSES_REPETITIONS, "aReplayOfACheckpointIntervalChangesNothing"),
                found(Broken.DROPS_THROTTLED, "throttlingIsWaitedFor"),
                found(Broken.MIXES_MODELS, "vectorsOfAnotherModelAreRefused"),
                found(Broken.NO_DEADLINE, "retriesRequestsOfStalledServer"),
                found(Broken.NO_DEADLINE, "reportsStalledServerAsUnavailable"),
                found(Broken.ROUNDS_WEIGHTS, "createsUpsertsUpdatesAndDeletes"));
    }

    private static Arguments found(Broken broken, String test) {
        return Arguments.of(broken, test);
    }

    @ParameterizedTest
    @MethodSource("faultsThatAreFound")
    void theContractFindsWhatIsWrong(Broken fault, String test) {
        MemoryContractTest contract = new MemoryContractTest();
        contract.broken = fault;
        ThrowingCallable run =
                () -> {
                    var method = SinkContract.class.getDeclaredMethod(test);
                    method.setAccessible(true);
                    try {
                        method.invoke(contract);
                    } catch (java.lang.reflect.InvocationTargetException e) {
                        throw e.getCause();
                    }
                };
        assertThatThrownBy(run).isInstanceOf(AssertionError.class);
    }
}

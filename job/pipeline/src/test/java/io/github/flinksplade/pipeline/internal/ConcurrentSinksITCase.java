package io.github.flinksplade.pipeline.internal;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import io.github.flinksplade.connector.BatchOptions;
import io.github.flinksplade.connector.SourceRecord;
import io.github.flinksplade.connector.VectorRecord;
import io.github.flinksplade.pipeline.JobDefinition.NamedSource;
import io.github.flinksplade.pipeline.PipelineOptions;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import java.util.function.Function;
import org.apache.flink.configuration.Configuration;
import org.apache.flink.configuration.RestartStrategyOptions;
import org.apache.flink.core.execution.JobClient;
import org.apache.flink.streaming.api.environment.StreamExecutionEnvironment;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** While one sink waits for its server, the others write. */
@Timeout(60)
class ConcurrentSinksITCase {

    private static final int DOCUMENTS = 200;
    private static final int BATCH = 10;

    /** How far the other sink must be ahead: more than any queue of batches contains. */
    private static final int AHEAD = 10 * BATCH;

    /** Counts what was sent to the two servers of a test. */
    private static final class Servers {

        private static final Map<String, Servers> ALL = new ConcurrentHashMap<>();

        private record Delayed(int until, CompletableFuture<Void> response) {}

        private int sentToSlow;
        private int sentToFast;
        private final List<Delayed> delayed = new ArrayList<>();

        static Servers of(String test) {
            return ALL.computeIfAbsent(test, unused -> new Servers());
        }

        /** The fast server responds immediately, the slow one when the fast one is well ahead. */
        synchronized CompletableFuture<Void> send(boolean slow, int changes) {
            if (slow) {
                sentToSlow += changes;
                CompletableFuture<Void> response = new CompletableFuture<>();
                delayed.add(new Delayed(Math.min(DOCUMENTS, sentToSlow + AHEAD), response));
                respondWhenReady();
                return response;
            }
            sentToFast += changes;
            respondWhenReady();
            return CompletableFuture.completedFuture(null);
        }

        private void respondWhenReady() {
            delayed.removeIf(one -> one.until() <= sentToFast && one.response().complete(null));
        }
    }

    /** One of the two servers of a test. */
    record Server(String test, boolean slow) implements FakeServer {

        private static final long serialVersionUID = 1L;

        @Override
        public BatchOptions batching() {
            return BatchOptions.of(BATCH, 1 << 20, 1);
        }

        @Override
        public Function<List<VectorRecord>, CompletableFuture<Void>> connect() {
            return batch -> Servers.of(test).send(slow, batch.size());
        }
    }

    /** Independent of the order of the sinks in the graph. */
    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void slowSinkDoesNotBlockOtherSink(boolean slowFirst) throws Exception {
        Jobs jobs = new Jobs("concurrent-sinks-" + slowFirst);
        ScriptedSource.Script script = new ScriptedSource.Script();
        for (int i = 0; i < DOCUMENTS; i++) {
            String document = "{\"id\":\"" + i + "\",\"text\":\"the text number " + i + "\"}";
            script.partitions
                    .get(0)
                    .add(SourceRecord.of("test", i, null, document.getBytes(UTF_8)));
        }
        Configuration flink = new Configuration();
        flink.set(RestartStrategyOptions.RESTART_STRATEGY, "none");
        StreamExecutionEnvironment env =
                StreamExecutionEnvironment.createLocalEnvironment(1, flink);
        new Topology(
                        jobs.definition(
                                List.of(
                                        new NamedSource(
                                                "docs", new ScriptedSource(jobs.name(), script))),
                                List.of(
                                        jobs.sink("a", new Server(jobs.name(), slowFirst)),
                                        jobs.sink("b", new Server(jobs.name(), !slowFirst))),
                                PipelineOptions.defaults()),
                        input -> jobs.factory())
                .define(env);
        JobClient job = env.executeAsync();
        job.getJobExecutionResult().get(50, TimeUnit.SECONDS);
        assertThat(Servers.of(jobs.name()).sentToSlow).isEqualTo(DOCUMENTS);
        assertThat(Servers.of(jobs.name()).sentToFast).isEqualTo(DOCUMENTS);
        assertThat(jobs.dead()).isEmpty();
    }
}

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

/** While one target waits for its server, the others are written to. */
@Timeout(60)
class SideBySideITCase {

    private static final int DOCUMENTS = 200;
    private static final int BATCH = 10;

    /** How far the other target has to be ahead: more than waits in any queue of batches. */
    private static final int AHEAD = 10 * BATCH;

    /** What two servers of one test were sent. */
    private static final class Servers {

        private static final Map<String, Servers> ALL = new ConcurrentHashMap<>();

        private record Withheld(int until, CompletableFuture<Void> answer) {}

        private int atSlow;
        private int atQuick;
        private final List<Withheld> withheld = new ArrayList<>();

        static Servers of(String test) {
            return ALL.computeIfAbsent(test, unused -> new Servers());
        }

        /** The quick one answers at once, the slow one when the quick one is well ahead. */
        synchronized CompletableFuture<Void> send(boolean slow, int changes) {
            if (slow) {
                atSlow += changes;
                CompletableFuture<Void> answer = new CompletableFuture<>();
                withheld.add(new Withheld(Math.min(DOCUMENTS, atSlow + AHEAD), answer));
                answerWhatMay();
                return answer;
            }
            atQuick += changes;
            answerWhatMay();
            return CompletableFuture.completedFuture(null);
        }

        private void answerWhatMay() {
            withheld.removeIf(one -> one.until() <= atQuick && one.answer().complete(null));
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

    /** Whichever of the two comes first in the graph. */
    @ParameterizedTest
    @ValueSource(booleans = {true, false})
    void oneTargetIsWaitedForByNoOther(boolean slowFirst) throws Exception {
        Jobs jobs = new Jobs("side-by-side-" + slowFirst);
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
                        jobs.factory())
                .define(env);
        JobClient job = env.executeAsync();
        job.getJobExecutionResult().get(50, TimeUnit.SECONDS);
        assertThat(Servers.of(jobs.name()).atSlow).isEqualTo(DOCUMENTS);
        assertThat(Servers.of(jobs.name()).atQuick).isEqualTo(DOCUMENTS);
        assertThat(jobs.dead()).isEmpty();
    }
}

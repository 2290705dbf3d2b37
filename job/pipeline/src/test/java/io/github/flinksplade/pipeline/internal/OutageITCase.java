package io.github.flinksplade.pipeline.internal;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import io.github.flinksplade.connector.BatchOptions;
import io.github.flinksplade.connector.SourceRecord;
import io.github.flinksplade.connector.VectorRecord;
import io.github.flinksplade.pipeline.JobDefinition.NamedSource;
import io.github.flinksplade.pipeline.PipelineOptions;
import java.io.IOException;
import java.time.Duration;
import java.util.List;
import java.util.Queue;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Function;
import org.apache.flink.configuration.CheckpointingOptions;
import org.apache.flink.configuration.Configuration;
import org.apache.flink.configuration.RestartStrategyOptions;
import org.apache.flink.core.execution.JobClient;
import org.apache.flink.streaming.api.environment.StreamExecutionEnvironment;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** A server that is unavailable for longer than the checkpoint timeout. */
@Timeout(120)
class OutageITCase {

    private static final int DOCUMENTS = 50;

    /** The number of attempts of the job during which the server is unavailable. */
    private static final int FAILED_ATTEMPTS = 3;

    private static final AtomicInteger CLIENTS = new AtomicInteger();
    private static final Set<String> WRITTEN = ConcurrentHashMap.newKeySet();

    private record UnavailableServer() implements FakeServer {

        private static final long serialVersionUID = 1L;

        @Override
        public BatchOptions batching() {
            return BatchOptions.of(1, 1 << 20, 8);
        }

        @Override
        public Function<List<VectorRecord>, CompletableFuture<Void>> connect() {
            boolean isUnavailable = CLIENTS.incrementAndGet() <= FAILED_ATTEMPTS;
            return batch -> {
                if (isUnavailable) {
                    return CompletableFuture.failedFuture(new IOException("unavailable"));
                }
                batch.forEach(record -> WRITTEN.add(record.id()));
                return CompletableFuture.completedFuture(null);
            };
        }
    }

    /** The job restarts and keeps waiting, and no thread of an ended attempt fails. */
    @Test
    void survivesOutageLongerThanCheckpointTimeout() throws Exception {
        Queue<Throwable> uncaught = new ConcurrentLinkedQueue<>();
        Thread.UncaughtExceptionHandler before = Thread.getDefaultUncaughtExceptionHandler();
        Thread.setDefaultUncaughtExceptionHandler((thread, failure) -> uncaught.add(failure));
        try {
            run();
        } finally {
            Thread.setDefaultUncaughtExceptionHandler(before);
        }
        assertThat(WRITTEN).hasSize(DOCUMENTS);
        assertThat(CLIENTS).hasValueGreaterThan(FAILED_ATTEMPTS);
        assertThat(uncaught).isEmpty();
    }

    private static void run() throws Exception {
        Jobs jobs = new Jobs("outage");
        ScriptedSource.Script script = new ScriptedSource.Script();
        for (int i = 0; i < DOCUMENTS; i++) {
            String document = "{\"id\":\"" + i + "\",\"text\":\"the text number " + i + "\"}";
            script.partitions
                    .get(0)
                    .add(SourceRecord.of("test", i, null, document.getBytes(UTF_8)));
        }
        Configuration flink = new Configuration();
        flink.set(CheckpointingOptions.CHECKPOINTING_INTERVAL, Duration.ofMillis(20));
        flink.set(CheckpointingOptions.CHECKPOINTING_TIMEOUT, Duration.ofSeconds(1));
        flink.set(RestartStrategyOptions.RESTART_STRATEGY, "fixed-delay");
        flink.set(RestartStrategyOptions.RESTART_STRATEGY_FIXED_DELAY_ATTEMPTS, 20);
        flink.set(RestartStrategyOptions.RESTART_STRATEGY_FIXED_DELAY_DELAY, Duration.ofMillis(1));
        StreamExecutionEnvironment env =
                StreamExecutionEnvironment.createLocalEnvironment(1, flink);
        new Topology(
                        jobs.definition(
                                List.of(
                                        new NamedSource(
                                                "docs", new ScriptedSource("outage", script))),
                                List.of(jobs.sink("server", new UnavailableServer())),
                                PipelineOptions.defaults()),
                        input -> jobs.factory())
                .define(env);
        JobClient job = env.executeAsync();
        job.getJobExecutionResult().get(100, TimeUnit.SECONDS);
        assertThat(jobs.dead()).isEmpty();
    }
}

package io.github.flinksplade.bench;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.flinksplade.bench.StateBenchmark.Phase;
import io.github.flinksplade.encoder.EncoderOptions;
import io.github.flinksplade.encoder.Progress;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import org.apache.flink.configuration.CheckpointingOptions;
import org.apache.flink.configuration.Configuration;
import org.apache.flink.configuration.CoreOptions;
import org.apache.flink.configuration.ExternalizedCheckpointRetention;
import org.apache.flink.configuration.StateBackendOptions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Runs the benchmark with a real job and checks its report. */
class StateBenchmarkTest {

    @TempDir static Path cache;
    @TempDir Path checkpoints;

    private StateBenchmark.Report run(boolean keepVectors) throws Exception {
        Configuration flink = new Configuration();
        flink.set(CoreOptions.DEFAULT_PARALLELISM, 1);
        flink.set(StateBackendOptions.STATE_BACKEND, "hashmap");
        flink.set(CheckpointingOptions.CHECKPOINT_STORAGE, "filesystem");
        flink.set(CheckpointingOptions.CHECKPOINTS_DIRECTORY, checkpoints.toUri().toString());
        flink.set(CheckpointingOptions.CHECKPOINTING_INTERVAL, Duration.ofSeconds(1));
        flink.set(
                CheckpointingOptions.EXTERNALIZED_CHECKPOINT_RETENTION,
                ExternalizedCheckpointRetention.RETAIN_ON_CANCELLATION);
        return new StateBenchmark(
                        NoInferenceModel.REFERENCE,
                        EncoderOptions.builder().cacheDirectory(cache.toString()).build(),
                        List.of("a car on the road", "two words"),
                        500,
                        50,
                        keepVectors,
                        flink,
                        Progress.SILENT,
                        message -> {})
                .run();
    }

    @Test
    void measuresEveryPhaseAndTheState() throws Exception {
        StateBenchmark.Report report = run(true);
        assertThat(report.phases())
                .hasSize(13)
                .allMatch(phase -> phase.docsPerSecond() > 0)
                .extracting(Phase::documents)
                .containsExactly(50L, 50L, 50L, 50L, 50L, 50L, 50L, 50L, 50L, 50L, 50L, 50L, 50L);
        assertThat(report.phases()).extracting(Phase::name).contains("unchanged documents");
        assertThat(report.checkpoints().completed()).isPositive();
        assertThat(report.recovery().bytes()).isGreaterThan(500);
        assertThat(report.toText()).contains("changes of a field", "restart from");
        assertThat(report.toJson()).contains("\"bytesPerDocument\"");

        // 120 weights of 4 bytes
        double vectors =
                report.sizes().get(0).bytesPerDocument()
                        - run(false).sizes().get(0).bytesPerDocument();
        assertThat(vectors).isBetween(450.0, 900.0);
    }
}

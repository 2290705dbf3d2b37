package io.github.flinksplade.bench;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.github.flinksplade.encoder.EncoderOptions;
import io.github.flinksplade.encoder.Progress;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.DoubleStream;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.apache.flink.configuration.CheckpointingOptions;
import org.apache.flink.configuration.Configuration;
import org.apache.flink.configuration.CoreOptions;
import org.apache.flink.configuration.StateBackendOptions;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Runs the benchmark with a real job and checks its report. */
class JobBenchmarkTest {

    private static final List<String> TEXTS =
            IntStream.range(0, 24).mapToObj(i -> "a car on the road ".repeat(1 + i % 5)).toList();

    @TempDir static Path cache;
    @TempDir Path checkpoints;

    private JobBenchmark benchmark(List<String> texts, List<String> messages) {
        Configuration flink = new Configuration();
        flink.set(CoreOptions.DEFAULT_PARALLELISM, 1);
        flink.set(StateBackendOptions.STATE_BACKEND, "rocksdb");
        flink.set(CheckpointingOptions.CHECKPOINT_STORAGE, "filesystem");
        flink.set(CheckpointingOptions.CHECKPOINTS_DIRECTORY, checkpoints.toUri().toString());
        flink.set(CheckpointingOptions.CHECKPOINTING_INTERVAL, Duration.ofMillis(50));
        return new JobBenchmark(
                "synthetic:minilm",
                EncoderOptions.builder().threads(2).cacheDirectory(cache.toString()).build(),
                texts,
                2,
                30,
                flink,
                Progress.SILENT,
                messages::add);
    }

    @Test
    void reportsThroughputAndLatency() throws Exception {
        List<String> messages = new ArrayList<>();
        // run() fails unless every document arrives exactly once
        JobBenchmark.Report report = benchmark(TEXTS, messages).run();
        JsonNode json = new ObjectMapper().readTree(report.toJson());
        assertThat(json.at("/machine/cores").asInt()).isEqualTo(2);
        assertThat(json.at("/model/name").asText()).isEqualTo("synthetic:minilm");
        JsonNode throughput = json.get("throughput");
        assertThat(throughput.get("documents").asInt()).isEqualTo(TEXTS.size());
        assertThat(throughput.get("encoderDocsPerSecond").asDouble()).isPositive();
        double job = throughput.get("jobDocsPerSecond").asDouble();
        assertThat(job)
                .isBetween(
                        throughput.get("jobMinDocsPerSecond").asDouble(),
                        throughput.get("jobMaxDocsPerSecond").asDouble());
        assertThat(throughput.get("ratio").asDouble())
                .isPositive()
                .isBetween(
                        throughput.get("jobMinDocsPerSecond").asDouble()
                                / throughput.get("encoderMaxDocsPerSecond").asDouble(),
                        throughput.get("jobMaxDocsPerSecond").asDouble()
                                / throughput.get("encoderMinDocsPerSecond").asDouble());
        assertThat(throughput.get("encoderCpuMillis").asDouble()).isPositive();
        assertThat(throughput.get("jobCpuMillis").asDouble()).isPositive();
        assertThat(json.get("latency"))
                .extracting(row -> row.get("load").asDouble())
                .containsExactly(.1, .5, .9);
        for (JsonNode row : json.get("latency")) {
            assertThat(row.get("documents").asInt()).isEqualTo(30);
            assertThat(row.get("docsPerSecond").asDouble())
                    .isCloseTo(row.get("load").asDouble() * job, within(1e-9));
            double[] millis =
                    Stream.of("p50", "p95", "p99", "max")
                            .mapToDouble(n -> row.get(n).asDouble())
                            .toArray();
            assertThat(millis).isSorted();
            assertThat(millis[0]).isPositive();
        }
        assertThat(report.toText()).contains("encoder", "job", "ratio", "10 %", "90 %", "p99 ms");
        assertThat(messages).contains("round 2 of 2 ...");
        assertThat(checkpoints.toFile().list()).isNotEmpty();
    }

    @Test
    void failsWhenTheJobRejectsAText() {
        List<String> texts = List.of("a car", "a".repeat(1_100_000));
        assertThatThrownBy(() -> benchmark(texts, new ArrayList<>()).run())
                .isInstanceOf(IOException.class)
                .hasMessageContaining("round-0-0@1");
    }

    @Test
    void computesPercentilesByNearestRank() {
        double[] millis = DoubleStream.iterate(100, n -> n - 1).limit(100).toArray();
        assertThat(JobBenchmark.Latency.of(.5, 7, millis))
                .isEqualTo(new JobBenchmark.Latency(.5, 7, 100, 50, 95, 99, 100));
        assertThat(JobBenchmark.Latency.of(.5, 7, new double[] {3}))
                .isEqualTo(new JobBenchmark.Latency(.5, 7, 1, 3, 3, 3, 3));
    }

    @Test
    void arrivalsAreADeterministicPoissonProcess() {
        long[] times = JobBenchmark.arrivals(10_000, 50, 1000);
        assertThat(times).isSorted().isEqualTo(JobBenchmark.arrivals(10_000, 50, 1000));
        double[] gaps =
                IntStream.range(1, times.length)
                        .mapToDouble(i -> (times[i] - times[i - 1]) / 1e9)
                        .toArray();
        double mean = DoubleStream.of(gaps).average().orElseThrow();
        double variance =
                DoubleStream.of(gaps).map(g -> (g - mean) * (g - mean)).average().orElseThrow();
        assertThat(mean).isCloseTo(.02, within(.001));
        // the standard deviation of an exponential distribution equals its mean
        assertThat(Math.sqrt(variance)).isCloseTo(mean, within(.001));
    }
}

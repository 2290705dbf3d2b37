package io.github.flinksplade.benchmarks;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.flinksplade.benchmarks.ProcessUsage.Stage;
import java.util.Map;
import org.junit.jupiter.api.Test;

class ProcessUsageTest {

    @Test
    void mapsThreadNamesToStages() {
        assertThat(Stage.of("Source Data Fetcher for Source: source-documents -> parse (1/1)#0"))
                .isEqualTo(Stage.CONSUMER);
        assertThat(Stage.of("Source: source-documents -> parse-documents (1/1)#0"))
                .isEqualTo(Stage.PARSE);
        assertThat(Stage.of("change-detector -> encode (1/1)#0")).isEqualTo(Stage.CHANGE_DETECTOR);
        assertThat(Stage.of("splade-tokenizer-1-1")).isEqualTo(Stage.TOKENIZER);
        assertThat(Stage.of("splade-encoder-1-2")).isEqualTo(Stage.ENGINE);
        assertThat(Stage.of("sequencer -> check-vectors -> sink-vectors: Writer (1/1)#0"))
                .isEqualTo(Stage.SEQUENCER);
        assertThat(Stage.of("kafka-producer-network-thread | producer-flink-splade:1"))
                .isEqualTo(Stage.PRODUCER);
        assertThat(Stage.of("flink-pekko.actor.default-dispatcher-4"))
                .isEqualTo(Stage.OTHER_THREADS);
    }

    @Test
    void attributesTheRestToNativeThreads() {
        ProcessUsage before = use(1_000, Map.of(Stage.TOKENIZER, 300L, Stage.OTHER_THREADS, 500L));
        ProcessUsage after = use(2_000, Map.of(Stage.TOKENIZER, 900L, Stage.ENGINE, 100L));
        Map<Stage, Long> used = after.since(before);
        assertThat(used).hasSize(Stage.values().length);
        assertThat(used.get(Stage.TOKENIZER)).isEqualTo(600);
        assertThat(used.get(Stage.ENGINE)).isEqualTo(100);
        // its thread has ended
        assertThat(used.get(Stage.OTHER_THREADS)).isZero();
        assertThat(used.get(Stage.NATIVE)).isEqualTo(300);
        assertThat(used.values().stream().mapToLong(Long::longValue).sum()).isEqualTo(1_000);
    }

    @Test
    void samplesTimeAndMemoryOfThisProcess() {
        ProcessUsage before = ProcessUsage.now();
        byte[][] taken = new byte[100][];
        for (int i = 0; i < taken.length; i++) {
            taken[i] = new byte[10_000];
        }
        ProcessUsage after = ProcessUsage.now();
        assertThat(after.allocatedBytes() - before.allocatedBytes())
                .isGreaterThan(100L * taken[99].length);
        assertThat(after.wallNanos()).isGreaterThan(before.wallNanos());
        assertThat(after.threadNanos().get(Stage.OTHER_THREADS)).isPositive();
    }

    private static ProcessUsage use(long cpu, Map<Stage, Long> threads) {
        return new ProcessUsage(0, cpu, threads, 0, 0);
    }
}

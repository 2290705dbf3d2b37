package io.github.flinksplade.pipeline.internal;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.github.flinksplade.encoder.ModelException;
import io.github.flinksplade.encoder.Role;
import io.github.flinksplade.encoder.SpladeEncoder;
import io.github.flinksplade.encoder.Tokenizer;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(60)
class EngineRegistryTest {

    @Test
    void sharesEngineUntilLastUserCloses() throws Exception {
        int before = EngineRegistry.size();
        FakeEncoderFactory factory = new FakeEncoderFactory("shared");
        EngineRegistry.Lease first = EngineRegistry.acquire(factory);
        EngineRegistry.Lease second = EngineRegistry.acquire(new FakeEncoderFactory("shared"));
        EngineRegistry.Lease other = EngineRegistry.acquire(new FakeEncoderFactory("other"));
        assertThat(second.batcher()).isSameAs(first.batcher());
        assertThat(other.batcher()).isNotSameAs(first.batcher());
        first.close();
        second.batcher().submit("still open", Role.DOCUMENT).get(10, TimeUnit.SECONDS);
        second.close();
        assertThatThrownBy(
                        () ->
                                second.batcher()
                                        .submit("closed", Role.DOCUMENT)
                                        .get(10, TimeUnit.SECONDS))
                .hasCauseInstanceOf(IllegalStateException.class);
        other.close();
        assertThat(EngineRegistry.size()).isEqualTo(before);
        assertThat(factory.opened()).isEqualTo(1);
    }

    @Test
    void drainsUsageOnce() throws Exception {
        try (EngineRegistry.Lease one = EngineRegistry.acquire(new FakeEncoderFactory("usage"));
                EngineRegistry.Lease two =
                        EngineRegistry.acquire(new FakeEncoderFactory("usage"))) {
            one.batcher().submit("three words here", Role.DOCUMENT).get(10, TimeUnit.SECONDS);
            assertThat(one.drainUsage()).isEqualTo(new EngineUsage(3, 3));
            assertThat(two.drainUsage()).isEqualTo(new EngineUsage(0, 0));
        }
    }

    @Test
    void oneUserReportsTheMetricsOfTheEngine() throws Exception {
        RecordingMetricGroup firstGroup = new RecordingMetricGroup();
        RecordingMetricGroup secondGroup = new RecordingMetricGroup();
        EngineRegistry.Lease withoutGroup =
                EngineRegistry.acquire(new FakeEncoderFactory("metrics"));
        EngineRegistry.Lease first = EngineRegistry.acquire(new FakeEncoderFactory("metrics"));
        EngineRegistry.Lease second = EngineRegistry.acquire(new FakeEncoderFactory("metrics"));
        first.report(firstGroup);
        second.report(secondGroup);
        assertThat(secondGroup.metrics).isEmpty();
        first.batcher().submit("three words here", Role.DOCUMENT).get(10, TimeUnit.SECONDS);
        assertThat(firstGroup.gauge("batchSizeMax")).isEqualTo(1.0);
        assertThat(firstGroup.gauge("paddingPercentMax")).isEqualTo(0.0);
        assertThat(firstGroup.gauge("queueLength")).isEqualTo(0);
        assertThat((Integer) firstGroup.gauge("maxBatchTokens")).isPositive();
        assertThat(firstGroup.gauge("info")).isEqualTo(1);
        first.close();
        assertThat(secondGroup.metrics.keySet()).isEqualTo(firstGroup.metrics.keySet());
        assertThat(secondGroup.histogram("inferenceMillis").getCount()).isEqualTo(1);
        second.close();
        withoutGroup.close();
    }

    record Broken() implements EncoderFactory {
        private static final long serialVersionUID = 1L;

        @Override
        public SpladeEncoder open() {
            throw new ModelException("no such model");
        }

        @Override
        public Tokenizer openTokenizer() {
            throw new ModelException("no such model");
        }

        @Override
        public EncoderFactory onGpu(int number) {
            return this;
        }
    }

    @Test
    void removesEngineThatCannotBeOpened() {
        int before = EngineRegistry.size();
        for (int i = 0; i < 2; i++) {
            assertThatThrownBy(() -> EngineRegistry.acquire(new Broken()))
                    .isInstanceOf(ModelException.class)
                    .hasMessage("no such model");
        }
        assertThat(EngineRegistry.size()).isEqualTo(before);
    }

    @Test
    void handlesManyConcurrentUsers() throws Exception {
        int before = EngineRegistry.size();
        ExecutorService threads = Executors.newFixedThreadPool(8);
        try {
            List<Callable<Void>> users = new ArrayList<>();
            for (int i = 0; i < 200; i++) {
                users.add(
                        () -> {
                            try (EngineRegistry.Lease lease =
                                    EngineRegistry.acquire(new FakeEncoderFactory("many"))) {
                                lease.batcher()
                                        .submit("text", Role.DOCUMENT)
                                        .get(10, TimeUnit.SECONDS);
                            }
                            return null;
                        });
            }
            for (Future<Void> user : threads.invokeAll(users)) {
                user.get(30, TimeUnit.SECONDS);
            }
        } finally {
            threads.shutdownNow();
        }
        assertThat(EngineRegistry.size()).isEqualTo(before);
    }

    @Test
    void readsVocabularyFromTokenizerOnly() {
        int before = EngineRegistry.size();
        EncoderVocabulary vocabulary = new EncoderVocabulary(new FakeEncoderFactory("terms"));
        assertThat(vocabulary.size()).isEqualTo(1000);
        Set<String> terms = new HashSet<>();
        for (int i = 0; i < vocabulary.size(); i++) {
            terms.add(vocabulary.term(i));
        }
        assertThat(terms).hasSize(1000).contains("t0", "t999");
        // without opening an engine
        assertThat(EngineRegistry.size()).isEqualTo(before);
        assertThat(new FakeEncoderFactory("terms").opened()).isZero();
    }
}

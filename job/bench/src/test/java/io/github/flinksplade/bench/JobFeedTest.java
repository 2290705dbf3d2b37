package io.github.flinksplade.bench;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.github.flinksplade.connector.SourceRecord;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/** The feed provides every document once and in order, and stops waiting when one cannot arrive. */
class JobFeedTest {

    private final JobFeed feed = new JobFeed("test");
    private final CompletableFuture<Void> job = new CompletableFuture<>();

    @AfterEach
    void close() {
        feed.close();
    }

    @Test
    void emitsEachDocumentOnceAndRecordsItsArrival() throws Exception {
        JobFeed.Phase phase = feed.phase("a", List.of("one", "two"), 3);
        assertThat(feed.poll()).isNull();
        CompletableFuture<Void> available = feed.available();
        assertThat(available).isNotDone();
        for (int i = 0; i < 3; i++) {
            phase.offer(i);
        }
        assertThat(available).isDone();
        assertThat(feed.available()).isDone();
        List<String> values = new ArrayList<>();
        for (SourceRecord record = feed.poll(); record != null; record = feed.poll()) {
            values.add(new String(record.value(), StandardCharsets.UTF_8));
        }
        assertThat(values)
                .containsExactly(
                        "{\"id\":\"a/0\",\"text\":\"one\"}",
                        "{\"id\":\"a/1\",\"text\":\"two\"}",
                        "{\"id\":\"a/2\",\"text\":\"one\"}");
        assertThat(feed.available()).isNotDone();
        for (int i = 2; i >= 0; i--) {
            feed.arrive("a/" + i);
        }
        phase.await(job);
        feed.requireEachOnce();
        assertThat(phase.seconds()).isPositive();
        assertThat(phase.arrived(0)).isGreaterThanOrEqualTo(phase.arrived(2));
    }

    @Test
    void failsWhenADocumentArrivesTwice() {
        feed.phase("a", List.of("one"), 1);
        feed.arrive("a/0");
        feed.arrive("a/0");
        assertThatThrownBy(feed::requireEachOnce)
                .isInstanceOf(IOException.class)
                .hasMessage("document a/0 arrived 2 times");
    }

    @Test
    void stopsWaitingOnADeadLetterOrTheEndOfTheJob() {
        JobFeed.Phase phase = feed.phase("a", List.of("one"), 1);
        job.complete(null);
        assertThatThrownBy(() -> phase.await(job)).hasMessageContaining("the job ended");
        feed.reject("too long");
        assertThatThrownBy(() -> phase.await(new CompletableFuture<>())).hasMessage("too long");
    }
}

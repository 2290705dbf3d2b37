package io.github.flinksplade.pipeline.internal;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.flinksplade.connector.SinkProgress;
import org.junit.jupiter.api.Test;

class ProgressLogTest {

    private final ProgressLog log = new ProgressLog();
    private final SinkProgress.Reporter index = new SinkProgress.Reporter("lucene:idx");
    private final SinkProgress.Reporter topic = new SinkProgress.Reporter("kafka://b:9092/t");

    @Test
    void sumsReportsOfAllSubtasks() {
        log.add(Notice.ofRead(6_000));
        log.add(Notice.ofProgress(index.next(900, 100)));
        log.add(Notice.ofProgress(new SinkProgress.Reporter("lucene:idx").next(600, 0)));
        log.add(Notice.ofProgress(topic.next(5, 2_000)));
        assertThat(log.next(60))
                .isEqualTo(
                        "Since the last start: 6,000 records read (100 per second), 5 changes"
                                + " written to kafka://b:9092/t (2,000 waiting), 1,500 changes"
                                + " written to lucene:idx (100 waiting), 0 dead letters.");
        log.add(Notice.ofProgress(index.next(1_000, 0)));
        assertThat(log.next(60))
                .contains("6,000 records read (0 per second)")
                .contains("1,600 changes written to lucene:idx (0 waiting)");
    }

    @Test
    void isSilentWhileNothingChanges() {
        assertThat(log.next(60)).isNull();
        log.add(Notice.ofRead(1));
        assertThat(log.next(60)).isNotNull();
        assertThat(log.next(60)).isNull();
        log.add(Notice.ofRead(0));
        assertThat(log.next(60)).isNull();
        assertThat(index.next(0, 0)).isNull();
    }
}

package io.github.flinksplade.pipeline.internal;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.flinksplade.connector.SinkMetrics;
import org.apache.flink.metrics.HistogramStatistics;
import org.junit.jupiter.api.Test;

class UncommittedChangesTest {

    private static final long MINUTE_MILLIS = 60_000;

    private final UncommittedChanges changes = new UncommittedChanges();
    private final RecordingMetricGroup group = new RecordingMetricGroup();
    private final SinkMetrics metrics = new SinkMetrics(group, "sink", changes::size);
    private final long now = System.currentTimeMillis();

    private HistogramStatistics freshness() {
        return group.histogram("freshnessMillis").getStatistics();
    }

    @Test
    void countsChangesUntilTheirCheckpointIsComplete() {
        changes.add(now);
        changes.add(now);
        changes.barrier(1);
        changes.add(now);
        changes.barrier(2);
        assertThat(group.gauge("pendingRecords")).isEqualTo(3L);
        assertThat(freshness().size()).isZero();
        changes.committed(1, metrics);
        assertThat(group.gauge("pendingRecords")).isEqualTo(1L);
        assertThat(freshness().size()).isEqualTo(2);
        changes.committed(2, metrics);
        assertThat(group.gauge("pendingRecords")).isEqualTo(0L);
        assertThat(freshness().size()).isEqualTo(3);
    }

    /** Flink need not notify of a checkpoint if it notifies of a later one. */
    @Test
    void commitsEarlierCheckpointsToo() {
        changes.add(now);
        changes.barrier(1);
        changes.add(now);
        changes.barrier(2);
        changes.add(now);
        changes.committed(2, metrics);
        assertThat(group.gauge("pendingRecords")).isEqualTo(1L);
        assertThat(freshness().size()).isEqualTo(2);
    }

    @Test
    void sampleRepresentsAllChangesAndContainsTheEarliest() {
        int number = 10_007;
        for (int i = 0; i < number; i++) {
            // a tenth of the changes is 60 minutes old, the others one minute
            changes.add(now - (i % 10 == 0 ? 60 : 1) * MINUTE_MILLIS);
        }
        changes.add(now - 600 * MINUTE_MILLIS);
        changes.barrier(1);
        changes.committed(1, metrics);
        assertThat(freshness().size()).isEqualTo(number + 1);
        assertThat((double) group.gauge("freshnessMillisMax"))
                .isBetween(600.0 * MINUTE_MILLIS, 601.0 * MINUTE_MILLIS);
        assertThat(freshness().getQuantile(0.5)).isBetween(55_000.0, 120_000.0);
        // 25.6 of the 256 samples are expected to be old; fewer than 5 or more than 51 are not
        assertThat(freshness().getQuantile(0.79)).isLessThan(120_000.0);
        assertThat(freshness().getQuantile(0.985)).isGreaterThan(55.0 * MINUTE_MILLIS);
    }
}

package io.github.flinksplade.connector;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.util.List;
import org.apache.flink.metrics.groups.UnregisteredMetricsGroup;
import org.junit.jupiter.api.Test;

class JobMetricTest {

    private static final JobMetric SENT =
            JobMetric.counter("numRecordsSend", "changes", List.of("sink"), "Changes.");
    private static final JobMetric TIME =
            JobMetric.histogram("queueMillis", "ms", List.of("stage", "reason"), "Time.");

    @Test
    void namesLabelsInThePrometheusName() {
        assertThat(SENT.prometheusName())
                .isEqualTo("flink_taskmanager_job_task_operator_splade_sink_numRecordsSend");
        assertThat(TIME.max().prometheusName())
                .isEqualTo(
                        "flink_taskmanager_job_task_operator_splade_stage_reason_queueMillisMax");
    }

    @Test
    void rejectsAnotherTypeAndMissingLabels() {
        UnregisteredMetricsGroup group = new UnregisteredMetricsGroup();
        assertThatThrownBy(() -> SENT.gauge(group, () -> 1, "sink"))
                .isInstanceOf(IllegalStateException.class)
                .hasMessage("numRecordsSend is a counter, not a gauge");
        assertThatThrownBy(() -> TIME.histogram(group, new MinuteHistogram(), "parse"))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage("queueMillis has the labels [stage, reason], but got 1 values");
    }
}

package io.github.flinksplade.app;

import io.github.flinksplade.connector.Connector;
import io.github.flinksplade.connector.Connectors;
import io.github.flinksplade.connector.JobMetric;
import io.github.flinksplade.connector.SinkMetrics;
import io.github.flinksplade.pipeline.PipelineMetrics;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;

/** The metrics in docs/metrics.md. */
final class DocumentedMetrics {

    /** Metrics of Flink and its Kafka connector, by their names in Prometheus. */
    static final Map<String, String> OF_FLINK = ofFlink();

    private DocumentedMetrics() {}

    /** The metrics of flink-splade, by the title of their table. */
    static Map<String, List<JobMetric>> bySection() {
        List<JobMetric> sources = new ArrayList<>(PipelineMetrics.OF_SOURCES);
        Connectors.all().values().stream().map(Connector::metrics).forEach(sources::addAll);
        Map<String, List<JobMetric>> sections = new LinkedHashMap<>();
        sections.put("Sources", sources);
        sections.put("Documents", PipelineMetrics.OF_DOCUMENTS);
        sections.put("Model", PipelineMetrics.OF_ENGINES);
        sections.put("Every sink", SinkMetrics.COMMON);
        sections.put("Sinks of servers", SinkMetrics.OF_BATCHES);
        return sections;
    }

    /** The names that flink-splade's metrics have in Prometheus, without suffixes of histograms. */
    static Set<String> prometheusNames() {
        Set<String> names = new TreeSet<>();
        for (List<JobMetric> metrics : bySection().values()) {
            for (JobMetric metric : metrics) {
                names.add(metric.prometheusName());
                if (metric.type() == JobMetric.Type.HISTOGRAM) {
                    names.add(metric.max().prometheusName());
                }
            }
        }
        return names;
    }

    private static Map<String, String> ofFlink() {
        Map<String, String> metrics = new LinkedHashMap<>();
        metrics.put(
                "flink_taskmanager_job_task_operator_pendingRecords",
                "The lag of a Kafka source: records that are not read yet.");
        metrics.put(
                "flink_taskmanager_job_task_busyTimeMsPerSecond",
                "How busy a task is, of 1,000 ms.");
        metrics.put(
                "flink_taskmanager_job_task_backPressuredTimeMsPerSecond",
                "How long a task waits for those after it, of 1,000 ms.");
        metrics.put("flink_taskmanager_Status_JVM_Memory_Heap_Used", "Bytes used on the heap.");
        metrics.put("flink_taskmanager_Status_JVM_Memory_Heap_Max", "The size of the heap.");
        metrics.put(
                "flink_jobmanager_job_numberOfCompletedCheckpoints",
                "Checkpoints completed since the job started.");
        metrics.put(
                "flink_jobmanager_job_numberOfFailedCheckpoints",
                "Checkpoints failed since the job started.");
        metrics.put(
                "flink_jobmanager_job_lastCheckpointDuration",
                "The duration of the last checkpoint in ms.");
        metrics.put(
                "flink_jobmanager_job_lastCheckpointSize",
                "The bytes that the last checkpoint wrote.");
        metrics.put("flink_jobmanager_job_numRestarts", "Restarts of the job after failures.");
        metrics.put("flink_jobmanager_numRunningJobs", "Jobs that run.");
        metrics.put("flink_jobmanager_numRegisteredTaskManagers", "Registered TaskManagers.");
        return metrics;
    }
}

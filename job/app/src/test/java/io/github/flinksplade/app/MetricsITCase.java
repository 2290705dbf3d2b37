package io.github.flinksplade.app;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.flinksplade.app.CollectingReporter.Registered;
import io.github.flinksplade.app.MainTest.Outcome;
import io.github.flinksplade.connector.JobMetric;
import io.github.flinksplade.connector.kafka.KafkaBroker;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import org.apache.flink.metrics.Counter;
import org.apache.flink.metrics.Gauge;
import org.apache.flink.metrics.Histogram;
import org.apache.flink.metrics.Metric;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Runs a job with every kind of source and sink, and compares the metrics that it registers with
 * those that docs/metrics.md lists.
 */
class MetricsITCase {

    private static final int DOCUMENTS = 60;
    private static final long HOUR_MILLIS = 3_600_000;
    private static final String SCOPE = "flink_taskmanager_job_task_operator_splade_";

    @TempDir Path directory;
    private KafkaBroker broker;
    private String source;
    private List<String> sinks;

    @BeforeEach
    void run() throws Exception {
        broker = KafkaBroker.start();
        broker.createTopic("documents", 1);
        broker.createTopic("vectors", 1);
        List<ProducerRecord<byte[], byte[]>> records = new ArrayList<>();
        for (int i = 0; i < DOCUMENTS; i++) {
            records.add(record("d" + i, "{\"text\":\"a car on road number " + i + "\"}"));
        }
        records.add(record("bad", "{\"text\":1}"));
        records.add(record("d0", "{\"text\":\"a car on road number 0\"}"));
        broker.produce(records);
        Files.writeString(
                directory.resolve("docs.jsonl"), "{\"id\":\"f\",\"text\":\"a train in a file\"}\n");
        source = "kafka://" + broker.bootstrapServers() + "/documents";
        sinks =
                List.of(
                        "kafka://" + broker.bootstrapServers() + "/vectors",
                        "file:" + directory.resolve("vectors"),
                        "lucene:" + directory.resolve("idx"),
                        "example:" + directory.resolve("example"));
        List<String> arguments =
                new ArrayList<>(
                        List.of(
                                "run",
                                "--from",
                                source + "?bounded=true",
                                "--from",
                                "file:" + directory.resolve("docs.jsonl"),
                                "--dead-letters",
                                "file:" + directory.resolve("dead.jsonl"),
                                "-Dparallelism.default=2",
                                "-Dmetrics.reporters=collecting",
                                "-Dmetrics.reporter.collecting.factory.class="
                                        + CollectingReporter.Factory.class.getName()));
        sinks.forEach(sink -> arguments.addAll(List.of("--to", sink)));
        CollectingReporter.METRICS.clear();
        Outcome outcome = MainTest.run("", arguments.toArray(String[]::new));
        assertThat(outcome.code()).as(outcome.err()).isZero();
    }

    /** A record that is one hour old. */
    private static ProducerRecord<byte[], byte[]> record(String key, String value) {
        return new ProducerRecord<>(
                "documents",
                null,
                System.currentTimeMillis() - HOUR_MILLIS,
                key.getBytes(StandardCharsets.UTF_8),
                value.getBytes(StandardCharsets.UTF_8));
    }

    @AfterEach
    void stop() {
        broker.close();
    }

    @Test
    void registersExactlyTheDocumentedMetrics() {
        Set<String> registered = new TreeSet<>(CollectingReporter.METRICS.keySet());
        registered.removeIf(name -> !name.contains("_" + JobMetric.GROUP + "_"));
        assertThat(registered).isEqualTo(DocumentedMetrics.prometheusNames());
        assertThat(CollectingReporter.METRICS.keySet())
                .containsAll(DocumentedMetrics.OF_FLINK.keySet());
        hasTheDocumentedTypes();
        countsDocuments();
        reportsEverySink();
        reportsTheEngineOnce();
        hasReadableLabels();
    }

    private static void hasTheDocumentedTypes() {
        for (List<JobMetric> metrics : DocumentedMetrics.bySection().values()) {
            for (JobMetric metric : metrics) {
                Class<? extends Metric> type =
                        switch (metric.type()) {
                            case COUNTER -> Counter.class;
                            case GAUGE -> Gauge.class;
                            case HISTOGRAM -> Histogram.class;
                        };
                for (Registered registered :
                        CollectingReporter.METRICS.get(metric.prometheusName())) {
                    assertThat(registered.metric()).as(metric.name()).isInstanceOf(type);
                    assertThat(registered.variables().keySet())
                            .as(metric.name())
                            .containsAll(
                                    metric.labels().stream()
                                            .map(label -> "<" + label + ">")
                                            .toList());
                }
            }
        }
    }

    /** The sums of a counter over subtasks, by the value of a label. */
    private static Map<String, Long> counts(String name, String label) {
        Map<String, Long> counts = new TreeMap<>();
        for (Registered registered : CollectingReporter.METRICS.get(SCOPE + name)) {
            counts.merge(
                    registered.variables().get("<" + label + ">"),
                    ((Counter) registered.metric()).getCount(),
                    Long::sum);
        }
        return counts;
    }

    private void countsDocuments() {
        String file = "file:" + directory.resolve("docs.jsonl");
        assertThat(counts("source_numRecordsIn", "source"))
                .containsExactlyInAnyOrderEntriesOf(Map.of(source, DOCUMENTS + 2L, file, 1L));
        assertThat(counts("source_numRecordsInErrors", "source"))
                .containsExactlyInAnyOrderEntriesOf(Map.of(source, 1L, file, 0L));
        assertThat(counts("stage_reason_numDeadLetters", "reason"))
                .containsExactly(Map.entry("text", 1L));
        assertThat(counts("numDocumentsSkipped", "operator_name"))
                .containsExactly(Map.entry("change-detector", 1L));
        assertThat(counts("numTextsEncoded", "operator_name"))
                .containsExactly(Map.entry("sequencer", DOCUMENTS + 1L));
    }

    private void reportsEverySink() {
        for (String sink : sinks) {
            assertThat(counts("sink_numRecordsSend", "sink")).containsEntry(sink, DOCUMENTS + 1L);
            assertThat(counts("sink_numRecordsSendErrors", "sink")).containsEntry(sink, 0L);
            long visible = 0;
            double oldest = 0;
            for (Registered registered :
                    CollectingReporter.METRICS.get(SCOPE + "sink_freshnessMillis")) {
                if (registered.variables().get("<sink>").equals(sink)) {
                    Histogram freshness = (Histogram) registered.metric();
                    visible += freshness.getCount();
                    oldest = Math.max(oldest, freshness.getStatistics().getMax());
                }
            }
            assertThat(visible).as(sink).isEqualTo(DOCUMENTS + 1);
            assertThat(oldest).as(sink).isBetween(1.0 * HOUR_MILLIS, 1.2 * HOUR_MILLIS);
            for (Registered registered :
                    CollectingReporter.METRICS.get(SCOPE + "sink_pendingRecords")) {
                assertThat(((Gauge<?>) registered.metric()).getValue()).isEqualTo(0L);
            }
        }
        assertThat(counts("sink_numBytesSend", "sink").keySet()).containsExactly(sinks.get(3));
        assertThat(counts("sink_numRecordsSuperseded", "sink").keySet())
                .containsExactlyInAnyOrder(sinks.get(2), sinks.get(3));
    }

    /** Of two subtasks one reports; the other takes over when the first one ends. */
    private static void reportsTheEngineOnce() {
        List<Registered> engines = CollectingReporter.METRICS.get(SCOPE + "model_batchSize");
        assertThat(engines).hasSizeBetween(1, 2);
        assertThat(engines.stream().map(Registered::metric).distinct()).hasSize(1);
        assertThat(engines.get(0).variables()).containsEntry("<model>", "builtin:minilm");
        assertThat(((Histogram) engines.get(0).metric()).getCount()).isPositive();
        Registered info =
                CollectingReporter.METRICS
                        .get(SCOPE + "model_fingerprint_precision_device_info")
                        .get(0);
        assertThat(((Gauge<?>) info.metric()).getValue()).isEqualTo(1);
        assertThat(info.variables())
                .containsEntry("<precision>", "fp32")
                .containsEntry("<device>", "cpu");
        assertThat(info.variables().get("<fingerprint>")).isNotEmpty();
    }

    /** The cluster id of Kafka, which is part of identities, is in no name and in no label. */
    private void hasReadableLabels() {
        TreeSet<String> operators = new TreeSet<>();
        CollectingReporter.METRICS
                .values()
                .forEach(
                        metrics ->
                                metrics.forEach(
                                        registered ->
                                                operators.add(
                                                        String.valueOf(
                                                                registered
                                                                        .variables()
                                                                        .get("<operator_name>")))));
        assertThat(operators)
                .contains("sink-" + sinks.get(0) + ": Writer", "Source: source-" + source)
                .allSatisfy(name -> assertThat(name.length()).isLessThan(80));
    }
}

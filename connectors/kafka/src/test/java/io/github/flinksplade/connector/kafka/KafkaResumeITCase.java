package io.github.flinksplade.connector.kafka;

import static io.github.flinksplade.connector.kafka.TestRecords.bytes;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.github.flinksplade.connector.ConnectorUri;
import io.github.flinksplade.connector.PermanentFailureException;
import io.github.flinksplade.connector.SourceRecord;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;
import java.util.stream.IntStream;
import org.apache.flink.api.common.JobStatus;
import org.apache.flink.api.common.eventtime.WatermarkStrategy;
import org.apache.flink.configuration.Configuration;
import org.apache.flink.core.execution.JobClient;
import org.apache.flink.core.execution.SavepointFormatType;
import org.apache.flink.runtime.testutils.MiniClusterResourceConfiguration;
import org.apache.flink.streaming.api.environment.StreamExecutionEnvironment;
import org.apache.flink.streaming.api.functions.sink.v2.DiscardingSink;
import org.apache.flink.test.junit5.MiniClusterExtension;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.NewPartitions;
import org.apache.kafka.clients.admin.RecordsToDelete;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.TopicPartition;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.api.io.TempDir;

/** What happens to a job's positions when the topic changes, mostly while the job is stopped. */
class KafkaResumeITCase {

    private static final Duration TIMEOUT = Duration.ofSeconds(60);

    @RegisterExtension
    static final MiniClusterExtension FLINK =
            new MiniClusterExtension(
                    new MiniClusterResourceConfiguration.Builder()
                            .setNumberTaskManagers(1)
                            .setNumberSlotsPerTaskManager(1)
                            .build());

    private static final List<String> READ = new CopyOnWriteArrayList<>();

    @RegisterExtension private static final SharedKafkaBroker KAFKA = new SharedKafkaBroker();

    private static KafkaBroker broker;

    @TempDir Path directory;

    @BeforeAll
    static void useBroker() {
        broker = KAFKA.broker();
    }

    @BeforeEach
    void forget() {
        READ.clear();
    }

    private static JobClient start(String uri, String savepoint) throws Exception {
        Configuration configuration = new Configuration();
        configuration.setString("restart-strategy.type", "fixed-delay");
        configuration.setString("restart-strategy.fixed-delay.attempts", "3");
        configuration.setString("restart-strategy.fixed-delay.delay", "100 ms");
        if (savepoint != null) {
            configuration.setString("execution.state-recovery.path", savepoint);
        }
        StreamExecutionEnvironment env =
                StreamExecutionEnvironment.getExecutionEnvironment(configuration);
        env.setParallelism(1);
        KafkaDocuments source =
                KafkaDocuments.of(
                        ConnectorUri.parse(uri)
                                .withProperties(Map.of("partition.discovery.interval.ms", "200")));
        env.fromSource(source.source(), WatermarkStrategy.noWatermarks(), "source")
                .uid("source")
                .map(
                        record -> {
                            READ.add(text(record));
                            return text(record);
                        })
                .uid("read")
                .returns(String.class)
                .sinkTo(new DiscardingSink<>())
                .uid("sink");
        return env.executeAsync();
    }

    private static String text(SourceRecord record) {
        return new String(record.value(), StandardCharsets.UTF_8);
    }

    private String stop(JobClient job) throws Exception {
        return job.stopWithSavepoint(
                        false, directory.toUri().toString(), SavepointFormatType.CANONICAL)
                .get(TIMEOUT.toSeconds(), TimeUnit.SECONDS);
    }

    private static void await(String what, BooleanSupplier condition) {
        long deadline = System.nanoTime() + TIMEOUT.toNanos();
        while (!condition.getAsBoolean()) {
            assertThat(System.nanoTime()).as(what + "; read: " + READ).isLessThan(deadline);
            Thread.onSpinWait();
        }
    }

    private static void awaitRead(String... values) {
        await(List.of(values) + " to be read", () -> READ.size() >= values.length);
        assertThat(READ).containsExactlyInAnyOrder(values);
    }

    private static void produce(String topic, String prefix, int from, int to) {
        broker.produce(
                IntStream.rangeClosed(from, to)
                        .mapToObj(
                                i -> new ProducerRecord<>(topic, bytes("" + i), bytes(prefix + i)))
                        .toList());
    }

    private static String uri(String rest) {
        return "kafka://" + broker.bootstrapServers() + "/" + rest;
    }

    private static Admin admin() {
        return Admin.create(Map.of("bootstrap.servers", broker.bootstrapServers()));
    }

    @Test
    void keepsPositionsWhicheverBrokersAreListed() throws Exception {
        broker.createTopic("kept", 1);
        produce("kept", "a", 1, 2);
        JobClient job = start(uri("kept?start=earliest"), null);
        awaitRead("a1", "a2");
        String savepoint = stop(job);
        produce("kept", "a", 3, 4);
        READ.clear();
        String again = "kafka://localhost:1," + broker.bootstrapServers() + "/kept?start=latest";
        assertThat(KafkaDocuments.of(ConnectorUri.parse(again)).identity())
                .isEqualTo(KafkaDocuments.of(ConnectorUri.parse(uri("kept"))).identity())
                .matches("kafka://[A-Za-z0-9_-]{22}/kept");
        job = start(again, savepoint);
        awaitRead("a3", "a4");
        job.cancel().get();
    }

    @Test
    void latestIsTheEndOfTheTopicAtTheFirstStart() throws Exception {
        broker.createTopic("latest", 1);
        produce("latest", "a", 1, 2);
        JobClient job = start(uri("latest?start=latest"), null);
        awaitAssignment("latest");
        assertThat(READ).containsOnly("marker0");
        String savepoint = stop(job);
        READ.clear();
        produce("latest", "a", 3, 4);
        JobClient again = start(uri("latest?start=latest"), savepoint);
        await("the records that came meanwhile", () -> READ.contains("a4"));
        assertThat(READ).contains("a3").doesNotContain("a1", "a2");
        again.cancel().get();
    }

    /** Writes records until one is read: before that, the end has not been looked up. */
    private static void awaitAssignment(String topic) {
        await(
                "the first record of " + topic,
                () -> {
                    produce(topic, "marker", 0, 0);
                    return !READ.isEmpty();
                });
    }

    private static boolean running(JobClient job) {
        try {
            return job.getJobStatus().get() == JobStatus.RUNNING;
        } catch (Exception e) {
            throw new IllegalStateException(e);
        }
    }

    @Test
    void continuesAtTheEarliestOffsetIfRetentionRemovedThePosition() throws Exception {
        broker.createTopic("retention", 1);
        produce("retention", "a", 1, 2);
        JobClient job = start(uri("retention?start=earliest"), null);
        awaitRead("a1", "a2");
        String savepoint = stop(job);
        produce("retention", "a", 3, 6);
        try (Admin admin = admin()) {
            admin.deleteRecords(
                            Map.of(
                                    new TopicPartition("retention", 0),
                                    RecordsToDelete.beforeOffset(4)))
                    .all()
                    .get();
        }
        READ.clear();
        try (CapturedLog log = CapturedLog.of(TopicReader.class)) {
            // start=latest would skip to the end
            job = start(uri("retention?start=latest"), savepoint);
            awaitRead("a5", "a6");
            assertThat(log.messages())
                    .anySatisfy(
                            message ->
                                    assertThat(message)
                                            .startsWith(
                                                    "Offsets 2 to 3 of retention-0 were removed"
                                                            + " before they were read (2 offsets)"));
        }
        job.cancel().get();
    }

    @Test
    void rejectsARecreatedTopic() throws Exception {
        broker.createTopic("recreated", 1);
        produce("recreated", "c", 1, 3);
        JobClient job = start(uri("recreated"), null);
        awaitRead("c1", "c2", "c3");
        String savepoint = stop(job);
        try (Admin admin = admin()) {
            admin.deleteTopics(Set.of("recreated")).all().get();
            await("the topic to be deleted", () -> !names(admin).contains("recreated"));
        }
        broker.createTopic("recreated", 1);
        produce("recreated", "c", 11, 15);
        JobClient again = start(uri("recreated"), savepoint);
        assertThatThrownBy(() -> again.getJobExecutionResult().get(60, TimeUnit.SECONDS))
                .hasStackTraceContaining(PermanentFailureException.class.getName())
                .hasStackTraceContaining("was deleted and recreated since this job started")
                .hasStackTraceContaining("--reindex");
    }

    private static Set<String> names(Admin admin) {
        try {
            return admin.listTopics().names().get();
        } catch (Exception e) {
            throw new IllegalStateException(e);
        }
    }

    /** Flink's own enumerator never ends a bounded source that was restored. */
    @Test
    void endsABoundedJobThatResumes() throws Exception {
        broker.createTopic("resumed", 2);
        produce("resumed", "a", 1, 3);
        JobClient job = start(uri("resumed"), null);
        awaitRead("a1", "a2", "a3");
        String savepoint = stop(job);
        produce("resumed", "a", 4, 6);
        READ.clear();
        start(uri("resumed?bounded=true"), savepoint)
                .getJobExecutionResult()
                .get(TIMEOUT.toSeconds(), TimeUnit.SECONDS);
        assertThat(READ).containsExactlyInAnyOrder("a4", "a5", "a6");
    }

    @Test
    void readsAddedPartitionsFromTheirBeginning() throws Exception {
        broker.createTopic("grown", 1);
        JobClient job = start(uri("grown?start=latest"), null);
        awaitAssignment("grown");
        try (Admin admin = admin()) {
            admin.createPartitions(Map.of("grown", NewPartitions.increaseTo(2))).all().get();
        }
        broker.produce(
                List.of(new ProducerRecord<>("grown", 1, bytes("k"), bytes("in the new one"))));
        await("the new partition", () -> READ.contains("in the new one"));
        job.cancel().get();
    }

    @Test
    void waitsForATopicThatWasDeletedWhileItIsRead() throws Exception {
        broker.createTopic("deleted", 1);
        produce("deleted", "a", 1, 1);
        try (CapturedLog log = CapturedLog.of(BrokerWaiter.class)) {
            JobClient job = start(uri("deleted"), null);
            awaitRead("a1");
            try (Admin admin = admin()) {
                admin.deleteTopics(Set.of("deleted")).all().get();
            }
            await("a message", () -> !log.messages().isEmpty());
            assertThat(log.messages().get(0)).contains("deleted");
            assertThat(running(job)).isTrue();
            job.cancel().get();
        }
    }
}

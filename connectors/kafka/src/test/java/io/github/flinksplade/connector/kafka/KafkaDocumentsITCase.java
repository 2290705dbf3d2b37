package io.github.flinksplade.connector.kafka;

import static io.github.flinksplade.connector.kafka.TestRecords.bytes;
import static org.assertj.core.api.Assertions.assertThat;

import io.github.flinksplade.connector.ConnectorUri;
import io.github.flinksplade.connector.DocumentSource;
import io.github.flinksplade.connector.RecordFormat;
import io.github.flinksplade.connector.SourceRecord;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.apache.flink.api.common.eventtime.WatermarkStrategy;
import org.apache.flink.configuration.Configuration;
import org.apache.flink.runtime.testutils.MiniClusterResourceConfiguration;
import org.apache.flink.streaming.api.environment.StreamExecutionEnvironment;
import org.apache.flink.test.junit5.MiniClusterExtension;
import org.apache.flink.util.CloseableIterator;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.consumer.OffsetAndMetadata;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.header.internals.RecordHeader;
import org.apache.kafka.common.serialization.ByteArraySerializer;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/** Reads topics with a real job. */
@SuppressWarnings("try") // close() of CloseableIterator declares an Exception
class KafkaDocumentsITCase {

    @RegisterExtension
    static final MiniClusterExtension FLINK =
            new MiniClusterExtension(
                    new MiniClusterResourceConfiguration.Builder()
                            .setNumberTaskManagers(1)
                            .setNumberSlotsPerTaskManager(2)
                            .build());

    @RegisterExtension private static final SharedKafkaBroker KAFKA = new SharedKafkaBroker();

    private static KafkaBroker broker;

    @BeforeAll
    static void useBroker() {
        broker = KAFKA.broker();
    }

    private static DocumentSource source(String rest) {
        return new KafkaConnector()
                .source(ConnectorUri.parse("kafka://" + broker.bootstrapServers() + "/" + rest));
    }

    private static StreamExecutionEnvironment environment() {
        Configuration configuration = new Configuration();
        configuration.setString("pipeline.generic-types", "false");
        StreamExecutionEnvironment env =
                StreamExecutionEnvironment.getExecutionEnvironment(configuration);
        env.setParallelism(2);
        return env;
    }

    /** The records of a bounded source by partition and offset. */
    private static List<SourceRecord> readAll(String rest) throws Exception {
        List<SourceRecord> records = new ArrayList<>();
        try (CloseableIterator<SourceRecord> iterator =
                environment()
                        .fromSource(
                                source(rest).source(), WatermarkStrategy.noWatermarks(), "source")
                        .executeAndCollect()) {
            iterator.forEachRemaining(records::add);
        }
        records.sort(
                java.util.Comparator.comparingInt(SourceRecord::partition)
                        .thenComparingLong(SourceRecord::offset));
        return records;
    }

    private static List<String> values(List<SourceRecord> records) {
        return records.stream()
                .map(r -> r.value() == null ? null : new String(r.value(), StandardCharsets.UTF_8))
                .toList();
    }

    @Test
    void readsRecordsUnchanged() throws Exception {
        broker.createTopic("bounded", 2);
        long timestamp = System.currentTimeMillis() - 1_234;
        ProducerRecord<byte[], byte[]> full =
                new ProducerRecord<>("bounded", 1, timestamp, bytes("k"), bytes("{\"text\":1}"));
        full.headers().add(new RecordHeader("__connect.errors.stage", bytes("ENCODE")));
        full.headers().add(new RecordHeader("none", (byte[]) null));
        broker.produce(
                List.of(
                        new ProducerRecord<>("bounded", 0, null, null, bytes("no key")),
                        new ProducerRecord<>("bounded", 0, bytes("gone"), null),
                        new ProducerRecord<>("bounded", 0, null, bytes("e"), new byte[0]),
                        full));
        List<SourceRecord> records = readAll("bounded?bounded=true&group=g-bounded");
        assertThat(values(records)).containsExactly("no key", null, "", "{\"text\":1}");
        assertThat(records.get(0).key()).isNull();
        assertThat(records.get(1).key()).isEqualTo(bytes("gone"));
        SourceRecord last = records.get(3);
        assertThat(last.position()).isEqualTo("bounded-1@0");
        assertThat(last.timestamp()).isEqualTo(timestamp);
        assertThat(last.headerNames()).containsExactly("__connect.errors.stage", "none");
        assertThat(last.headerValues()).isDeepEqualTo(new byte[][] {bytes("ENCODE"), null});
    }

    @Test
    void endsOnAnEmptyTopicWhenBounded() throws Exception {
        broker.createTopic("empty", 2);
        assertThat(readAll("empty?bounded=true")).isEmpty();
    }

    @Test
    void skipsAbortedTransactionsAndEndsAfterTransactionMarkers() throws Exception {
        broker.createTopic("transactions", 1);
        try (KafkaProducer<byte[], byte[]> producer =
                new KafkaProducer<>(
                        Map.of(
                                "bootstrap.servers",
                                broker.bootstrapServers(),
                                "transactional.id",
                                "source-test"),
                        new ByteArraySerializer(),
                        new ByteArraySerializer())) {
            producer.initTransactions();
            producer.beginTransaction();
            producer.send(new ProducerRecord<>("transactions", bytes("1"), bytes("committed")));
            producer.commitTransaction();
            producer.beginTransaction();
            producer.send(new ProducerRecord<>("transactions", bytes("2"), bytes("aborted")));
            producer.flush();
            producer.abortTransaction();
        }
        assertThat(values(readAll("transactions?bounded=true"))).containsExactly("committed");
    }

    @Test
    void startsAtTheConfiguredOffsets() throws Exception {
        broker.createTopic("start", 1);
        broker.produce(
                List.of(
                        new ProducerRecord<>("start", bytes("1"), bytes("first")),
                        new ProducerRecord<>("start", bytes("2"), bytes("second"))));
        try (Admin admin = Admin.create(Map.of("bootstrap.servers", broker.bootstrapServers()))) {
            admin.alterConsumerGroupOffsets(
                            "half-way",
                            Map.of(new TopicPartition("start", 0), new OffsetAndMetadata(1)))
                    .all()
                    .get();
        }
        assertThat(values(readAll("start?bounded=true&group=half-way")))
                .containsExactly("first", "second");
        assertThat(values(readAll("start?bounded=true&group=half-way&start=committed")))
                .containsExactly("second");
        assertThat(values(readAll("start?bounded=true&group=new&start=committed"))).hasSize(2);
        assertThat(readAll("start?bounded=true&group=half-way&start=latest")).isEmpty();
    }

    /** The connector lower-cases names of enums without a locale: EARLIEST has an I. */
    @Test
    void readsUnderATurkishLocale() throws Exception {
        broker.createTopic("turkish", 1);
        broker.produce(List.of(new ProducerRecord<>("turkish", bytes("1"), bytes("first"))));
        Locale before = Locale.getDefault();
        Locale.setDefault(new Locale("tr", "TR"));
        try {
            for (String start : List.of("earliest", "committed")) {
                assertThat(values(readAll("turkish?bounded=true&group=tr&start=" + start)))
                        .containsExactly("first");
            }
        } finally {
            Locale.setDefault(before);
        }
    }

    @Test
    void readsUnboundedTextAndCommitsOffsets() throws Exception {
        broker.createTopic("texts", 1);
        DocumentSource source = source("texts?format=text&group=readers");
        assertThat(source.format()).isEqualTo(RecordFormat.TEXT);
        StreamExecutionEnvironment env = environment();
        env.enableCheckpointing(200);
        try (CloseableIterator<SourceRecord> iterator =
                env.fromSource(source.source(), WatermarkStrategy.noWatermarks(), "source")
                        .executeAndCollect()) {
            for (int i = 0; i < 3; i++) {
                broker.produce(
                        List.of(new ProducerRecord<>("texts", bytes("" + i), bytes("t" + i))));
                SourceRecord record = iterator.next();
                assertThat(record.key()).isEqualTo(bytes("" + i));
                assertThat(record.value()).isEqualTo(bytes("t" + i));
            }
            assertThat(committedOffset("readers", new TopicPartition("texts", 0), 3)).isEqualTo(3);
        }
    }

    private static long committedOffset(String group, TopicPartition partition, long expected)
            throws Exception {
        long deadline = System.nanoTime() + Duration.ofSeconds(30).toNanos();
        long committed = -1;
        try (Admin admin = Admin.create(Map.of("bootstrap.servers", broker.bootstrapServers()))) {
            while (committed != expected && System.nanoTime() < deadline) {
                OffsetAndMetadata offset =
                        admin.listConsumerGroupOffsets(group)
                                .partitionsToOffsetAndMetadata()
                                .get()
                                .get(partition);
                committed = offset == null ? -1 : offset.offset();
            }
        }
        return committed;
    }
}

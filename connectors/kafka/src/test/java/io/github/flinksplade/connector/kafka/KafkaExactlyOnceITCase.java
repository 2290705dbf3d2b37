package io.github.flinksplade.connector.kafka;

import static io.github.flinksplade.connector.kafka.TestRecords.bytes;
import static io.github.flinksplade.connector.kafka.TestRecords.headers;
import static org.assertj.core.api.Assertions.assertThat;

import io.github.flinksplade.connector.ConnectorUri;
import io.github.flinksplade.connector.DeadLetter;
import io.github.flinksplade.connector.DocumentSource;
import io.github.flinksplade.connector.FlinkSink;
import io.github.flinksplade.connector.Operation;
import io.github.flinksplade.connector.PreparedDeadLetterQueue;
import io.github.flinksplade.connector.SinkContext;
import io.github.flinksplade.connector.SourceRecord;
import io.github.flinksplade.connector.StartMode;
import io.github.flinksplade.connector.VectorRecord;
import io.github.flinksplade.connector.VectorSink;
import io.github.flinksplade.vector.SparseVector;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.apache.flink.api.common.eventtime.WatermarkStrategy;
import org.apache.flink.api.common.typeinfo.TypeInformation;
import org.apache.flink.configuration.Configuration;
import org.apache.flink.core.execution.JobClient;
import org.apache.flink.core.execution.SavepointFormatType;
import org.apache.flink.runtime.testutils.MiniClusterResourceConfiguration;
import org.apache.flink.streaming.api.datastream.SingleOutputStreamOperator;
import org.apache.flink.streaming.api.environment.StreamExecutionEnvironment;
import org.apache.flink.streaming.api.functions.ProcessFunction;
import org.apache.flink.test.junit5.MiniClusterExtension;
import org.apache.flink.util.Collector;
import org.apache.flink.util.OutputTag;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.header.internals.RecordHeader;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.api.io.TempDir;

/**
 * Kafka to Kafka through a job that fails repeatedly, is stopped with a savepoint and resumes with
 * another parallelism: vectors, tombstones and dead letters are written exactly once, in order per
 * id.
 */
class KafkaExactlyOnceITCase {

    private static final int ROUNDS = 6;
    private static final int RECORDS_PER_ROUND = 600;
    private static final int IDS = 50;
    private static final Duration TIMEOUT = Duration.ofSeconds(60);

    /** Timestamp of the first record: recent, because retention deletes old records. */
    private static final long FIRST_TIMESTAMP = System.currentTimeMillis() - 600_000;

    private static final OutputTag<DeadLetter> DEAD =
            new OutputTag<>("dead", TypeInformation.of(DeadLetter.class));

    /** Counts down records until the job fails; negative if no failure is due. */
    private static final AtomicInteger RECORDS_TO_FAILURE = new AtomicInteger(-1);

    private static final AtomicInteger FAILURES = new AtomicInteger();

    @RegisterExtension
    static final MiniClusterExtension FLINK =
            new MiniClusterExtension(
                    new MiniClusterResourceConfiguration.Builder()
                            .setNumberTaskManagers(1)
                            .setNumberSlotsPerTaskManager(2)
                            .build());

    @RegisterExtension private static final SharedKafkaBroker KAFKA = new SharedKafkaBroker();

    private static KafkaBroker broker;

    @TempDir static Path directory;

    @BeforeAll
    static void useBroker() {
        broker = KAFKA.broker();
        broker.createTopic("once-documents", 2);
    }

    private static ConnectorUri uri(String rest) {
        return ConnectorUri.parse("kafka://" + broker.bootstrapServers() + "/" + rest);
    }

    /** Null values are deletes, values with "bad" dead letters, the rest vectors. */
    private static final class Split extends ProcessFunction<SourceRecord, VectorRecord> {
        private static final long serialVersionUID = 1L;

        @Override
        public void processElement(
                SourceRecord record, Context context, Collector<VectorRecord> out) {
            if (RECORDS_TO_FAILURE.get() >= 0 && RECORDS_TO_FAILURE.getAndDecrement() == 0) {
                FAILURES.incrementAndGet();
                throw new IllegalStateException("failure injected by the test");
            }
            String id = new String(record.key(), StandardCharsets.UTF_8);
            if (record.value() == null) {
                out.collect(VectorRecord.delete(id, record.offset(), record));
                return;
            }
            String value = new String(record.value(), StandardCharsets.UTF_8);
            if (value.startsWith("bad")) {
                context.output(
                        DEAD,
                        new DeadLetter(
                                record, DeadLetter.Stage.PARSE, null, "some.Exception", value));
                return;
            }
            out.collect(
                    new VectorRecord(
                            id,
                            Operation.UPSERT,
                            record.offset(),
                            value,
                            "{}",
                            new SparseVector(new int[] {7}, new float[] {1.5f}),
                            3,
                            false,
                            record));
        }
    }

    private static JobClient start(int parallelism, String savepoint) throws Exception {
        Configuration configuration = new Configuration();
        configuration.setString("pipeline.generic-types", "false");
        configuration.setString("pipeline.auto-generate-uids", "false");
        configuration.setString("execution.checkpointing.interval", "150 ms");
        configuration.setString("execution.checkpointing.dir", directory.toUri().toString());
        configuration.setString("restart-strategy.type", "fixed-delay");
        configuration.setString("restart-strategy.fixed-delay.attempts", "100");
        configuration.setString("restart-strategy.fixed-delay.delay", "10 ms");
        if (savepoint != null) {
            configuration.setString("execution.state-recovery.path", savepoint);
        }
        StreamExecutionEnvironment env =
                StreamExecutionEnvironment.getExecutionEnvironment(configuration);
        env.setParallelism(parallelism);
        env.setMaxParallelism(8);

        KafkaConnector connector = new KafkaConnector();
        DocumentSource source = connector.source(uri("once-documents"));
        VectorSink vectorSink = connector.sink(uri("once-vectors?partitions=2"));
        SinkContext context = TestRecords.context("kafka-1");
        source.check();
        FlinkSink sink =
                (FlinkSink)
                        vectorSink.prepare(
                                context, savepoint == null ? StartMode.NEW : StartMode.RESUME);
        PreparedDeadLetterQueue dead = connector.deadLetters(uri("once-dead")).prepare("job");

        SingleOutputStreamOperator<VectorRecord> vectors =
                env.fromSource(source.source(), WatermarkStrategy.noWatermarks(), "source")
                        .uid("source")
                        .keyBy(record -> new String(record.key(), StandardCharsets.UTF_8))
                        .process(new Split())
                        .uid("split");
        vectors.sinkTo(sink.sink()).uid("vectors");
        vectors.getSideOutput(DEAD).sinkTo(dead.sink()).uid("dead-letters");
        return env.executeAsync();
    }

    @Test
    void neitherLosesNorDuplicatesRecordsThroughFailures() throws Exception {
        Map<String, List<String>> expected = new HashMap<>();
        List<String> expectedDead = new ArrayList<>();
        int sent = 0;
        JobClient job = start(2, null);
        for (int round = 0; round < ROUNDS; round++) {
            if (round == ROUNDS / 2) {
                String savepoint =
                        job.stopWithSavepoint(
                                        false,
                                        directory.resolve("savepoint").toUri().toString(),
                                        SavepointFormatType.CANONICAL)
                                .get(TIMEOUT.toSeconds(), TimeUnit.SECONDS);
                job = start(1, savepoint);
            }
            List<ProducerRecord<byte[], byte[]>> records = new ArrayList<>();
            for (int i = 0; i < RECORDS_PER_ROUND; i++, sent++) {
                String id = "id-" + sent % IDS;
                String value =
                        sent % 97 == 13 ? "bad-" + sent : sent % 10 == 3 ? null : "text-" + sent;
                ProducerRecord<byte[], byte[]> record =
                        new ProducerRecord<>(
                                "once-documents",
                                null,
                                FIRST_TIMESTAMP + sent,
                                bytes(id),
                                value == null ? null : bytes(value));
                record.headers().add(new RecordHeader("number", bytes("" + sent)));
                record.headers().add(new RecordHeader("none", (byte[]) null));
                records.add(record);
                if (value != null && value.startsWith("bad")) {
                    expectedDead.add(value);
                } else {
                    expected.computeIfAbsent(id, k -> new ArrayList<>())
                            .add(value == null ? "delete" : "upsert");
                }
            }
            RECORDS_TO_FAILURE.set(100 + 75 * round);
            broker.produce(records);
            int vectors = expected.values().stream().mapToInt(List::size).sum();
            broker.readCommitted("once-vectors", vectors, TIMEOUT);
            broker.readCommitted("once-dead", expectedDead.size(), TIMEOUT);
        }
        job.stopWithSavepoint(
                        false,
                        directory.resolve("savepoint").toUri().toString(),
                        SavepointFormatType.CANONICAL)
                .get(TIMEOUT.toSeconds(), TimeUnit.SECONDS);

        assertThat(FAILURES).hasValue(ROUNDS);
        Map<String, List<String>> received = new HashMap<>();
        Map<String, Long> versions = new HashMap<>();
        for (ConsumerRecord<byte[], byte[]> record : broker.readCommitted("once-vectors")) {
            String id = new String(record.key(), StandardCharsets.UTF_8);
            received.computeIfAbsent(id, k -> new ArrayList<>())
                    .add(record.value() == null ? "delete" : "upsert");
            long version = Long.parseLong(headers(record.headers()).get("flink-splade.version"));
            Long previous = versions.put(id, version);
            assertThat(previous == null || previous < version)
                    .as("%s: version %s after %s", id, version, previous)
                    .isTrue();
            if (record.value() != null) {
                assertThat(new String(record.value(), StandardCharsets.UTF_8))
                        .startsWith("{\"id\":\"" + id + "\",\"version\":" + version + ",");
            }
        }
        assertThat(received).isEqualTo(expected);

        List<String> receivedDead = new ArrayList<>();
        for (ConsumerRecord<byte[], byte[]> record : broker.readCommitted("once-dead")) {
            String value = new String(record.value(), StandardCharsets.UTF_8);
            int number = Integer.parseInt(value.substring("bad-".length()));
            receivedDead.add(value);
            assertThat(record.key()).isEqualTo(bytes("id-" + number % IDS));
            assertThat(record.timestamp()).isEqualTo(FIRST_TIMESTAMP + number);
            assertThat(headers(record.headers()))
                    .hasSize(8)
                    .containsEntry("number", "" + number)
                    .containsEntry("none", null)
                    .containsEntry(DeadLetter.HEADER_TOPIC, "once-documents")
                    .containsKey(DeadLetter.HEADER_PARTITION)
                    .containsKey(DeadLetter.HEADER_OFFSET)
                    .containsEntry(DeadLetter.HEADER_STAGE, "PARSE")
                    .containsEntry(DeadLetter.HEADER_EXCEPTION_CLASS, "some.Exception")
                    .containsEntry(DeadLetter.HEADER_EXCEPTION_MESSAGE, value);
        }
        assertThat(receivedDead).containsExactlyInAnyOrderElementsOf(expectedDead);
    }
}

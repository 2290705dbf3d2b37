package io.github.flinksplade.connector.kafka;

import static io.github.flinksplade.connector.kafka.TestRecords.bytes;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.github.flinksplade.connector.ConnectorException;
import io.github.flinksplade.connector.ConnectorUri;
import io.github.flinksplade.connector.PendingCommits;
import io.github.flinksplade.connector.PendingCommits.Outcome;
import io.github.flinksplade.connector.PendingCommits.Result;
import io.github.flinksplade.connector.PendingCommits.Transaction;
import io.github.flinksplade.connector.SinkState;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Properties;
import java.util.TreeMap;
import java.util.concurrent.ExecutionException;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.apache.flink.connector.kafka.sink.KafkaCommittable;
import org.apache.flink.connector.kafka.sink.KafkaSink;
import org.apache.flink.connector.kafka.sink.KafkaWriterState;
import org.apache.flink.connector.kafka.sink.internal.FlinkKafkaInternalProducer;
import org.apache.flink.connector.kafka.sink.internal.TransactionOwnership;
import org.apache.flink.core.io.SimpleVersionedSerialization;
import org.apache.flink.metrics.groups.UnregisteredMetricsGroup;
import org.apache.flink.runtime.metrics.groups.InternalSinkCommitterMetricGroup;
import org.apache.flink.streaming.api.connector.sink2.CommittableSummary;
import org.apache.flink.streaming.api.connector.sink2.CommittableWithLineage;
import org.apache.flink.streaming.runtime.operators.sink.committables.CommittableCollector;
import org.apache.flink.streaming.runtime.operators.sink.committables.CommittableCollectorSerializer;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.TransactionDescription;
import org.apache.kafka.clients.admin.TransactionState;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.serialization.ByteArraySerializer;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInfo;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Transactions that the producer of Flink's Kafka sink writes, in a state that Flink's serializers
 * write, with brokers that use transactions of version 1 and 2.
 */
class PendingTransactionsITCase {

    private static final int PARTITIONS = 3;
    private static final Map<Short, KafkaBroker> BROKERS = new TreeMap<>();

    private final List<FlinkKafkaInternalProducer<byte[], byte[]>> producers = new ArrayList<>();
    private String topic;
    private KafkaBroker broker;
    private Map<String, String> credentials = Map.of();

    @BeforeAll
    static void startBrokers() {
        for (short version : new short[] {1, 2}) {
            BROKERS.put(
                    version,
                    KafkaBroker.start(
                            Map.of(
                                    "transaction.abort.timed.out.transaction.cleanup.interval.ms",
                                    "200"),
                            Map.of("transaction.version", version)));
        }
    }

    @AfterAll
    static void stopBrokers() {
        BROKERS.values().forEach(KafkaBroker::close);
    }

    @BeforeEach
    void nameTopic(TestInfo test) {
        topic = test.getTestMethod().orElseThrow().getName();
    }

    @AfterEach
    void closeProducers() {
        producers.forEach(FlinkKafkaInternalProducer::close);
    }

    private void use(short transactionVersion) {
        broker = BROKERS.get(transactionVersion);
        broker.createTopic(topic, PARTITIONS);
    }

    private String prefix() {
        return "flink-splade:" + topic + ":vectors:job:";
    }

    private String id(int subtask) {
        return prefix() + "-" + subtask + "-0";
    }

    private Properties properties(Duration timeout) {
        Properties properties = new Properties();
        properties.setProperty("bootstrap.servers", broker.bootstrapServers());
        properties.setProperty("key.serializer", ByteArraySerializer.class.getName());
        properties.setProperty("value.serializer", ByteArraySerializer.class.getName());
        properties.setProperty("transaction.timeout.ms", "" + timeout.toMillis());
        properties.putAll(credentials);
        return properties;
    }

    private FlinkKafkaInternalProducer<byte[], byte[]> producer(String id, Duration timeout) {
        FlinkKafkaInternalProducer<byte[], byte[]> producer =
                new FlinkKafkaInternalProducer<>(properties(timeout), id);
        producers.add(producer);
        producer.initTransactions();
        return producer;
    }

    /** Writes records in a transaction that stays open, as a sink does before a checkpoint. */
    private static KafkaCommittable write(
            FlinkKafkaInternalProducer<byte[], byte[]> producer,
            String topic,
            String name,
            int... recordsByPartition) {
        producer.beginTransaction();
        for (int partition = 0; partition < recordsByPartition.length; partition++) {
            for (int i = 0; i < recordsByPartition[partition]; i++) {
                producer.send(
                        new ProducerRecord<>(
                                topic, partition, bytes(name), bytes(partition + "-" + i)),
                        null);
            }
        }
        producer.flush();
        return KafkaCommittable.of(producer);
    }

    private KafkaCommittable open(String id, String name, int... recordsByPartition) {
        return write(producer(id, Duration.ofMinutes(10)), topic, name, recordsByPartition);
    }

    private SinkState state(KafkaCommittable... transactions) throws IOException {
        KafkaSink<byte[]> sink =
                KafkaSink.<byte[]>builder()
                        .setBootstrapServers(broker.bootstrapServers())
                        .setRecordSerializer((element, context, timestamp) -> null)
                        .build();
        InternalSinkCommitterMetricGroup metrics =
                InternalSinkCommitterMetricGroup.wrap(
                        UnregisteredMetricsGroup.createOperatorMetricGroup());
        List<byte[]> writers = new ArrayList<>();
        List<byte[]> committers = new ArrayList<>();
        for (int subtask = 0; subtask < 2; subtask++) {
            writers.add(
                    SimpleVersionedSerialization.writeVersionAndSerialize(
                            sink.getWriterStateSerializer(),
                            new KafkaWriterState(
                                    prefix(),
                                    subtask,
                                    2,
                                    TransactionOwnership.EXPLICIT_BY_WRITER_STATE,
                                    List.of())));
            int index = subtask;
            List<KafkaCommittable> own =
                    IntStream.range(0, transactions.length)
                            .filter(i -> i % 2 == index)
                            .mapToObj(i -> transactions[i])
                            .toList();
            CommittableCollector<KafkaCommittable> collector = CommittableCollector.of(metrics);
            collector.addMessage(new CommittableSummary<>(subtask, 2, 7, own.size(), 0));
            own.forEach(one -> collector.addMessage(new CommittableWithLineage<>(one, 7L, index)));
            committers.add(
                    SimpleVersionedSerialization.writeVersionAndSerialize(
                            new CommittableCollectorSerializer<>(
                                    sink.getCommittableSerializer(), subtask, 2, metrics),
                            collector));
        }
        return new SinkState(Instant.now(), writers, committers);
    }

    private PendingCommits commits() {
        return new KafkaConnector()
                .pendingCommits(
                        ConnectorUri.parse("kafka://" + broker.bootstrapServers() + "/" + topic)
                                .withProperties(credentials));
    }

    private Result commit(SinkState state) {
        try (PendingCommits commits = commits()) {
            return commits.commit(state, true);
        }
    }

    private Map<String, Long> committedByName() {
        return broker.readCommitted(topic).stream()
                .collect(
                        Collectors.groupingBy(
                                PendingTransactionsITCase::name,
                                TreeMap::new,
                                Collectors.counting()));
    }

    private static String name(ConsumerRecord<byte[], byte[]> record) {
        return new String(record.key(), StandardCharsets.UTF_8);
    }

    private TransactionDescription describe(String id) throws Exception {
        try (Admin admin = Admin.create(Map.of("bootstrap.servers", broker.bootstrapServers()))) {
            return admin.describeTransactions(List.of(id)).description(id).get();
        } catch (ExecutionException e) {
            throw new IllegalStateException(e.getCause());
        }
    }

    private void awaitAbort(String id) throws Exception {
        long deadline = System.nanoTime() + Duration.ofSeconds(60).toNanos();
        while (describe(id).state() != TransactionState.COMPLETE_ABORT) {
            assertThat(System.nanoTime()).as("the timeout of " + id).isLessThan(deadline);
            Thread.onSpinWait();
        }
    }

    private static Transaction of(Result result, String id) {
        return result.transactions().stream()
                .filter(one -> one.id().equals(id))
                .findFirst()
                .orElseThrow();
    }

    @ParameterizedTest
    @ValueSource(shorts = {1, 2})
    void commitsOpenTransactionsAndAbortsThoseOpenedAfterTheCheckpoint(short version)
            throws Exception {
        use(version);
        KafkaCommittable first = open(id(0), "first", 3, 0, 2);
        KafkaCommittable second = open(id(1), "second", 1, 4, 0);
        open(prefix() + "-0-1", "later", 5, 5, 5);
        String otherJob = "flink-splade:" + topic + ":vectors:job2:-0-0";
        open(otherJob, "other", 1, 1, 1);
        assertThat(committedByName()).isEmpty();

        SinkState state = state(first, second);
        Result result = commit(state);

        assertThat(of(result, id(0)))
                .isEqualTo(
                        new Transaction(
                                id(0), Outcome.COMMITTED, new TreeMap<>(Map.of(0, 3L, 2, 2L))));
        assertThat(of(result, id(1)))
                .isEqualTo(
                        new Transaction(
                                id(1), Outcome.COMMITTED, new TreeMap<>(Map.of(0, 1L, 1, 4L))));
        assertThat(result.transactions()).hasSize(2);
        assertThat(result.aborted()).isEqualTo(1);
        assertThat(result.open()).isZero();
        assertThat(committedByName()).isEqualTo(Map.of("first", 5L, "second", 5L));
        assertThat(describe(prefix() + "-0-1").state()).isEqualTo(TransactionState.EMPTY);
        assertThat(describe(otherJob).state()).isEqualTo(TransactionState.ONGOING);

        Result repeated = commit(state);
        assertThat(repeated.transactions())
                .extracting(Transaction::outcome)
                .containsExactly(Outcome.ALREADY_COMMITTED, Outcome.ALREADY_COMMITTED);
        assertThat(repeated.aborted()).isZero();

        // as Flink's committer does when the job resumes
        for (KafkaCommittable one : List.of(first, second)) {
            FlinkKafkaInternalProducer<byte[], byte[]> resumed =
                    new FlinkKafkaInternalProducer<>(
                            properties(Duration.ofMinutes(10)), one.getTransactionalId());
            producers.add(resumed);
            resumed.resumeTransaction(one.getProducerId(), one.getEpoch());
            assertThatCode(resumed::commitTransaction).doesNotThrowAnyException();
        }
        // that may increment the epochs
        assertThat(commit(state).transactions())
                .extracting(Transaction::outcome)
                .containsExactly(Outcome.ALREADY_COMMITTED, Outcome.ALREADY_COMMITTED);
        assertThat(committedByName()).isEqualTo(Map.of("first", 5L, "second", 5L));
    }

    @ParameterizedTest
    @ValueSource(shorts = {1, 2})
    void reportsWhatTimedOutTransactionsWrote(short version) throws Exception {
        use(version);
        KafkaCommittable lost =
                write(producer(id(0), Duration.ofSeconds(1)), topic, "lost", 700, 0, 1_500);
        KafkaCommittable kept = open(id(1), "kept", 2, 0, 0);
        awaitAbort(id(0));
        // more than the log's first window
        List<ProducerRecord<byte[], byte[]>> others = new ArrayList<>();
        for (int i = 0; i < 7_500; i++) {
            others.add(new ProducerRecord<>(topic, i % 2, bytes("others"), bytes("" + i)));
        }
        broker.produce(others);

        Result result = commit(state(lost, kept));

        assertThat(of(result, id(0)))
                .isEqualTo(
                        new Transaction(
                                id(0), Outcome.LOST, new TreeMap<>(Map.of(0, 700L, 2, 1_500L))));
        assertThat(of(result, id(1)).outcome()).isEqualTo(Outcome.COMMITTED);
        assertThat(committedByName()).isEqualTo(Map.of("kept", 2L, "others", 7_500L));
        // still lost after the id is used again
        producer(id(0), Duration.ofMinutes(10));
        assertThat(of(commit(state(lost, kept)), id(0)).outcome()).isEqualTo(Outcome.LOST);
    }

    @ParameterizedTest
    @ValueSource(shorts = {1, 2})
    void distinguishesCommitsFromLaterTransactionsOfTheSameId(short version) throws Exception {
        use(version);
        FlinkKafkaInternalProducer<byte[], byte[]> producer =
                producer(id(0), Duration.ofMinutes(10));
        KafkaCommittable committed = write(producer, topic, "committed", 2, 2, 0);
        producer.commitTransaction();
        assertThat(commit(state(committed)).transactions())
                .extracting(Transaction::outcome)
                .containsExactly(Outcome.ALREADY_COMMITTED);

        // the job continues after its checkpoint, and aborts the next transaction when it fails
        FlinkKafkaInternalProducer<byte[], byte[]> next = producer(id(0), Duration.ofMinutes(10));
        write(next, topic, "aborted", 3, 0, 0);
        next.abortTransaction();
        assertThat(of(commit(state(committed)), id(0)).outcome())
                .isEqualTo(Outcome.ALREADY_COMMITTED);

        // then it is killed
        open(id(0), "killed", 1, 1, 1);
        Result result = commit(state(committed));
        assertThat(of(result, id(0)).outcome()).isEqualTo(Outcome.ALREADY_COMMITTED);
        assertThat(result.aborted()).isEqualTo(1);
        assertThat(committedByName()).isEqualTo(Map.of("committed", 4L));
    }

    @Test
    void doesNotGuessWhatTheBrokerDoesNotKnow() throws Exception {
        use((short) 2);
        KafkaCommittable unknown = new KafkaCommittable(987_654, (short) 3, id(0), null);
        Result result = commit(state(unknown));
        assertThat(result.transactions())
                .containsExactly(new Transaction(id(0), Outcome.UNKNOWN, new TreeMap<>()));
    }

    @Test
    void leavesTransactionsOpenedAfterASavepoint() throws Exception {
        use((short) 2);
        KafkaCommittable saved = open(id(0), "saved", 1);
        open(prefix() + "-0-1", "later", 1);
        try (PendingCommits commits = commits()) {
            Result result = commits.commit(state(saved), false);
            assertThat(of(result, id(0)).outcome()).isEqualTo(Outcome.COMMITTED);
            assertThat(result.aborted()).isZero();
            assertThat(result.open()).isEqualTo(1);
        }
        assertThat(describe(prefix() + "-0-1").state()).isEqualTo(TransactionState.ONGOING);
    }

    @Test
    void activityChangesOnlyWhileTheJobWrites() throws Exception {
        use((short) 2);
        FlinkKafkaInternalProducer<byte[], byte[]> producer =
                producer(id(0), Duration.ofMinutes(10));
        SinkState state = state(write(producer, topic, "open", 1));
        try (PendingCommits commits = commits()) {
            String before = commits.activity(state);
            broker.produce(topic, bytes("another"), bytes("job"));
            assertThat(commits.activity(state)).isEqualTo(before);
            producer.send(new ProducerRecord<>(topic, 0, bytes("open"), bytes("more")), null);
            producer.flush();
            String written = commits.activity(state);
            assertThat(written).isNotEqualTo(before);
            producer.commitTransaction();
            assertThat(commits.activity(state)).isNotEqualTo(written);
        }
    }

    @Test
    void rejectsTheStateOfAnotherSink() throws Exception {
        use((short) 2);
        SinkState state =
                new SinkState(Instant.now(), List.of(new byte[] {0, 0, 0, 9, 1}), List.of());
        try (PendingCommits commits = commits()) {
            assertThatThrownBy(() -> commits.commit(state, true))
                    .isInstanceOf(ConnectorException.class)
                    .hasMessageContaining("was not written by a Kafka sink");
        }
    }

    @Test
    void recognizesStatesOfKafkaSinks() throws Exception {
        use((short) 2);
        KafkaConnector connector = new KafkaConnector();
        SinkState state = state(open(id(0), "open", 1));
        assertThat(connector.wrote(state)).isTrue();
        assertThat(connector.wrote(new SinkState(Instant.now(), List.of(), List.of()))).isFalse();
        // version 1, 2 bytes: a string of length 0, as another sink may write
        byte[] other = {0, 0, 0, 1, 0, 0, 0, 2, 0, 0};
        assertThat(connector.wrote(new SinkState(Instant.now(), List.of(other), List.of())))
                .isFalse();
        topic = "another";
        assertThatThrownBy(() -> commit(state))
                .isInstanceOf(ConnectorException.class)
                .hasMessageContaining(
                        "contains transactions of topic 'recognizesStatesOfKafkaSinks', not of"
                                + " 'another'");
    }

    @Test
    void commitsWithTheCredentialsOfTheSink() throws Exception {
        String module = "org.apache.kafka.common.security.plain.PlainLoginModule required ";
        try (KafkaBroker secured =
                KafkaBroker.start(
                        Map.of(
                                "listener.security.protocol.map",
                                "PLAINTEXT:SASL_PLAINTEXT,CONTROLLER:PLAINTEXT",
                                "sasl.enabled.mechanisms",
                                "PLAIN",
                                "sasl.mechanism.inter.broker.protocol",
                                "PLAIN",
                                "auto.create.topics.enable",
                                "true",
                                "listener.name.plaintext.plain.sasl.jaas.config",
                                module
                                        + "username=\"admin\" password=\"secret\""
                                        + " user_admin=\"secret\";"))) {
            broker = secured;
            credentials =
                    Map.of(
                            "security.protocol",
                            "SASL_PLAINTEXT",
                            "sasl.mechanism",
                            "PLAIN",
                            "sasl.jaas.config",
                            module + "username=\"admin\" password=\"secret\";");
            SinkState state = state(open(id(0), "open", 3));
            assertThat(commit(state).transactions())
                    .containsExactly(
                            new Transaction(
                                    id(0), Outcome.COMMITTED, new TreeMap<>(Map.of(0, 3L))));
            assertThat(commit(state).transactions())
                    .extracting(Transaction::outcome)
                    .containsExactly(Outcome.ALREADY_COMMITTED);
        }
    }
}

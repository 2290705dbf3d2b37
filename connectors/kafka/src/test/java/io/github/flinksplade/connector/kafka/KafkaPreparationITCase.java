package io.github.flinksplade.connector.kafka;

import static io.github.flinksplade.connector.kafka.TestRecords.bytes;
import static io.github.flinksplade.connector.kafka.TestRecords.context;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.github.flinksplade.connector.ConnectorException;
import io.github.flinksplade.connector.ConnectorUri;
import io.github.flinksplade.connector.PreparedSink;
import io.github.flinksplade.connector.Provenance;
import io.github.flinksplade.connector.SinkContext;
import io.github.flinksplade.connector.StartMode;
import io.github.flinksplade.connector.VectorJson;
import io.github.flinksplade.connector.VectorRecord;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.stream.IntStream;
import org.apache.flink.util.InstantiationUtil;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The checks before a job starts, against a real broker. */
class KafkaPreparationITCase {

    @RegisterExtension private static final SharedKafkaBroker KAFKA = new SharedKafkaBroker();

    private static KafkaBroker broker;

    @BeforeAll
    static void useBroker() {
        broker = KAFKA.broker();
        broker.createTopic("articles", 1);
    }

    private static ConnectorUri uri(String rest) {
        return ConnectorUri.parse("kafka://" + broker.bootstrapServers() + "/" + rest);
    }

    private static KafkaVectorSink sink(String rest) {
        return KafkaVectorSink.of(uri(rest));
    }

    @Test
    void acceptsExistingSourceTopic() {
        KafkaDocuments.of(uri("articles")).check();
    }

    @Test
    void suggestsTheMostSimilarTopic() {
        assertThatThrownBy(() -> KafkaDocuments.of(uri("artikles")).check())
                .isInstanceOf(ConnectorException.class)
                .hasMessage(
                        "topic 'artikles' does not exist at "
                                + broker.bootstrapServers()
                                + "; did you mean 'articles'? Create it, or correct "
                                + uri("artikles"));
        assertThatThrownBy(() -> KafkaDocuments.of(uri("z")).check())
                .hasMessage(
                        "topic 'z' does not exist at "
                                + broker.bootstrapServers()
                                + ". Create it, or correct "
                                + uri("z"));
    }

    @Test
    void reportsUnreachableBroker() throws Exception {
        int port;
        try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            port = socket.getLocalPort();
        }
        ConnectorUri uri = ConnectorUri.parse("kafka://localhost:" + port + "/articles");
        String message = "no Kafka broker responds at localhost:" + port + ": Connection refused";
        assertThatThrownBy(() -> KafkaDocuments.of(uri).check())
                .isInstanceOf(ConnectorException.class)
                .hasMessageStartingWith(message)
                .hasMessageEndingWith(". Start the broker, or correct " + uri);
        assertThatThrownBy(() -> KafkaVectorSink.of(uri).prepare(context("t"), StartMode.NEW))
                .hasMessageStartingWith(message);
        assertThatThrownBy(() -> KafkaDeadLetters.of(uri).prepare("job"))
                .hasMessageStartingWith(message);
        assertThatThrownBy(
                        () ->
                                KafkaDocuments.of(
                                                ConnectorUri.parse(
                                                        "kafka://no-such-host.invalid:1/t"))
                                        .check())
                .hasMessageStartingWith(
                        "no Kafka broker responds at no-such-host.invalid:1: unknown host.");
    }

    @Test
    void connectsThroughAnyReachableBroker() {
        KafkaDocuments.of(
                        ConnectorUri.parse(
                                "kafka://no-such-host.invalid:1,"
                                        + broker.bootstrapServers()
                                        + "/articles"))
                .check();
    }

    @Test
    void reportsPortThatIsNotABroker() throws Exception {
        try (ServerSocket silent = new ServerSocket(0, 50, InetAddress.getLoopbackAddress())) {
            KafkaSettings settings =
                    KafkaSettings.of(
                            ConnectorUri.parse(
                                    "kafka://127.0.0.1:" + silent.getLocalPort() + "/articles"));
            assertThatThrownBy(
                            () -> {
                                try (KafkaConnection connection =
                                        KafkaConnection.connect(settings, Duration.ofMillis(500))) {
                                    connection.requireTopic();
                                }
                            })
                    .isInstanceOf(ConnectorException.class)
                    .hasMessageStartingWith("127.0.0.1:" + silent.getLocalPort())
                    .hasMessageContaining("security.protocol (now PLAINTEXT)");
        }
    }

    @Test
    void rejectsTransactionTimeoutAboveTheBrokersLimit() {
        assertThatThrownBy(
                        () ->
                                sink("new-1?transaction-timeout=1h")
                                        .prepare(context("t"), StartMode.NEW))
                .isInstanceOf(ConnectorException.class)
                .hasMessage(
                        "transaction.timeout.ms (3600000) exceeds the broker's"
                                + " transaction.max.timeout.ms (900000) at "
                                + broker.bootstrapServers()
                                + ". Lower it with transaction-timeout=900000ms in the URI, or"
                                + " raise the broker's limit.");
        assertThatThrownBy(
                        () -> KafkaDeadLetters.of(uri("d?transaction-timeout=901s")).prepare("job"))
                .hasMessageContaining("transaction.timeout.ms (901000) exceeds");
        sink("new-1?transaction-timeout=900000ms").prepare(context("t"), StartMode.NEW);
    }

    @Test
    void createsMissingTopic() {
        sink("made?partitions=3").prepare(context("t"), StartMode.NEW);
        sink("made-by-default").prepare(context("t"), StartMode.NEW);
        KafkaDocuments.of(uri("made")).check();
        KafkaDocuments.of(uri("made-by-default")).check();
        broker.produce(List.of(new ProducerRecord<>("made", 2, bytes("k"), bytes("v"))));
        assertThat(broker.readCommitted("made")).hasSize(1);
    }

    @Test
    void rejectsTopicWithVectorsOfAnotherEncoder() {
        broker.createTopic("mixed", 2);
        sink("mixed").prepare(context("t"), StartMode.NEW);
        VectorRecordSerializer serializer =
                new VectorRecordSerializer(
                        "mixed",
                        TestRecords.PROVENANCE,
                        new VectorJson(VectorJson.Form.INDICES, false, TestRecords.PROVENANCE, null)
                                ::bytes);
        broker.produce(
                List.of(
                        serializer.serialize(TestRecords.upsert("1", 1, 5)),
                        serializer.serialize(TestRecords.delete("1", 2))));
        sink("mixed").prepare(context("t"), StartMode.NEW);
        Provenance other = new Provenance("hf:a/b", "cc", "dd", "fp32", "none", 128);
        assertThatThrownBy(() -> sink("mixed").prepare(context("t", other), StartMode.RESUME))
                .isInstanceOf(ConnectorException.class)
                .hasMessage(
                        "topic 'mixed' contains vectors of the model builtin:minilm (fingerprint "
                                + TestRecords.PROVENANCE.fingerprint()
                                + "), not of hf:a/b (fingerprint "
                                + other.fingerprint()
                                + "; they differ in model_sha256, tokenizer_sha256). Use that model and"
                                + " its settings, or write to another topic, or accept both models with"
                                + " --allow-mixed-models");
        sink("mixed")
                .prepare(
                        new SinkContext("t", "job", other, context("t").vocabulary(), true),
                        StartMode.RESUME);
    }

    @ParameterizedTest
    @ValueSource(strings = {"hybrid", "lucene", "avro", "protobuf"})
    void rejectsRecordsThatAreTooLargeForTheTopic(String format) throws Exception {
        String topic = "small-" + format;
        broker.createTopic(topic, 1, Map.of("max.message.bytes", "20000"));
        KafkaVectorSink sink = sink(topic + "?delivery=at-least-once&text=true&format=" + format);
        VectorRecord large = TestRecords.upsert("large", 1, terms(8_000));
        VectorRecord fits = TestRecords.upsert("fits", 1, terms(1_000));
        // as the TaskManagers get it
        KafkaVectorSink.PreparedVectorSink prepared =
                (KafkaVectorSink.PreparedVectorSink)
                        InstantiationUtil.clone(sink.prepare(context("t"), StartMode.NEW));
        assertThat(prepared.rejection(TestRecords.upsert("1", 1, 5))).isNull();
        assertThat(prepared.rejection(TestRecords.delete("1", 1))).isNull();
        assertThat(prepared.rejection(fits)).isNull();
        assertThat(prepared.rejection(large))
                .startsWith("its ")
                .endsWith(
                        " bytes exceed the 20000 bytes that topic '"
                                + topic
                                + "' and its producer accept (max.message.bytes,"
                                + " max.request.size)");
        // The limit is the broker's: it accepts the largest record that is not rejected.
        int low = 1_000;
        int high = 8_000;
        while (high - low > 1) {
            int middle = (low + high) / 2;
            if (prepared.rejection(TestRecords.upsert("b", 1, terms(middle))) == null) {
                low = middle;
            } else {
                high = middle;
            }
        }
        ProducerRecord<byte[], byte[]> largest =
                prepared.serializer().serialize(TestRecords.upsert("b", 1, terms(low)));
        assertThat(KafkaProducerSettings.sizeOf(largest)).isBetween(19_980, 20_000);
        broker.produce(List.of(largest));
        assertThat(broker.readCommitted(topic)).hasSize(1);
    }

    @Test
    void raisesTheProducersLimitForTopicsWithLargeMessages() {
        broker.createTopic("large", 1, Map.of("max.message.bytes", "5000000"));
        PreparedSink sink = sink("large").prepare(context("t"), StartMode.NEW);
        VectorRecord record = TestRecords.upsert("1", 1, terms(200_000));
        assertThat(sink.rejection(record)).isNull();
        PreparedSink limited =
                KafkaVectorSink.of(
                                uri("large").withProperties(Map.of("max.request.size", "1000000")))
                        .prepare(context("t"), StartMode.NEW);
        assertThat(limited.rejection(record)).contains("exceed the 1000000 bytes");
    }

    @Test
    void rejectsCompactedTopicForDeadLetters() {
        broker.createTopic("compacted", 1, Map.of("cleanup.policy", "compact"));
        assertThatThrownBy(() -> KafkaDeadLetters.of(uri("compacted")).prepare("job"))
                .isInstanceOf(ConnectorException.class)
                .hasMessageStartingWith("topic 'compacted' is compacted");
    }

    @Test
    void createsDeadLetterTopicForOldTimestampsAndLargeValues() {
        KafkaDeadLetters.of(uri("dead")).prepare("job");
        try (KafkaConnection connection = KafkaConnection.connect(KafkaSettings.of(uri("dead")))) {
            assertThat(connection.topicLimits())
                    .isEqualTo(
                            new TopicLimits(
                                    16 * 1024 * 1024, Long.MAX_VALUE, Long.MAX_VALUE, false));
        }
    }

    /** Ascending term ids. */
    private static int[] terms(int count) {
        return IntStream.range(0, count).toArray();
    }
}

package io.github.flinksplade.connector.kafka;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.github.flinksplade.connector.ConnectorException;
import io.github.flinksplade.connector.ConnectorUri;
import io.github.flinksplade.connector.Connectors;
import io.github.flinksplade.connector.RecordFormat;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Map;
import org.apache.flink.api.connector.source.Boundedness;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class KafkaSettingsTest {

    @TempDir Path directory;

    @Test
    void isLoadedForTheKafkaScheme() {
        assertThat(Connectors.of(ConnectorUri.parse("kafka://b:1/t")))
                .isInstanceOf(KafkaConnector.class);
    }

    @Test
    void parsesBrokersAndTopic() {
        KafkaSettings settings =
                KafkaSettings.of(ConnectorUri.parse("kafka://a:9092,[::1]:9093/my.Topic_1-x"));
        assertThat(settings.servers()).isEqualTo("a:9092,[::1]:9093");
        assertThat(settings.topic()).isEqualTo("my.Topic_1-x");
        assertThat(settings.properties())
                .containsOnly(Map.entry("bootstrap.servers", "a:9092,[::1]:9093"));
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            textBlock =
                    """
                    kafka:topic                 | does not name brokers and a topic. Write kafka://broker:9092/topic
                    kafka://broker:9092         | does not name brokers and a topic
                    kafka://broker:9092/        | does not name brokers and a topic
                    kafka:///topic              | '' in kafka:///topic is not a broker
                    kafka://broker/topic        | broker 'broker' in kafka://broker/topic has no port
                    kafka://a:1,b/topic         | broker 'b' in
                    kafka://a:1,/topic          | '' in
                    kafka://a b:1/topic         | 'a b:1' in
                    kafka://a:0/topic           | port 0 in
                    kafka://a:65536/topic       | port 65536 in
                    kafka://a:1/to/pic          | 'to/pic' in
                    kafka://a:1/töpic           | 'töpic' in
                    kafka://a:1/..              | '..' in
                    """)
    void rejectsInvalidUris(String uri, String sentence) {
        assertThatThrownBy(() -> KafkaSettings.of(ConnectorUri.parse(uri)))
                .isInstanceOf(ConnectorException.class)
                .hasMessageContaining(sentence);
    }

    @Test
    void doesNotQuoteCredentials() {
        assertThatThrownBy(() -> KafkaSettings.of(ConnectorUri.parse("kafka://me:hunter2@a:1/t")))
                .isInstanceOf(ConnectorException.class)
                .hasMessageContaining("sasl.jaas.config")
                .message()
                .doesNotContain("hunter2");
    }

    @Test
    void jobFileOverridesPropertiesFileAndUriOverridesBoth() throws Exception {
        Path file = directory.resolve("client.properties");
        Files.writeString(
                file,
                "security.protocol=SASL_SSL\n"
                        + "sasl.mechanism=PLAIN\n"
                        + "bootstrap.servers=elsewhere:1\n"
                        + "schema.registry.url=http://registry\n");
        ConnectorUri uri =
                ConnectorUri.parse("kafka://a:1/t?properties=" + file)
                        .withProperties(Map.of("sasl.mechanism", "SCRAM-SHA-512"));
        assertThat(KafkaSettings.of(uri).properties())
                .containsOnly(
                        Map.entry("security.protocol", "SASL_SSL"),
                        Map.entry("sasl.mechanism", "SCRAM-SHA-512"),
                        Map.entry("bootstrap.servers", "a:1"),
                        Map.entry("schema.registry.url", "http://registry"));
    }

    @Test
    void rejectsMissingPropertiesFile() {
        Path file = directory.resolve("none.properties");
        assertThatThrownBy(
                        () ->
                                KafkaSettings.of(
                                        ConnectorUri.parse("kafka://a:1/t?properties=" + file)))
                .isInstanceOf(ConnectorException.class)
                .hasMessageStartingWith(
                        "the file of Kafka properties '" + file + "' in kafka://a:1/t");
    }

    @Test
    void rejectsUnreadablePropertiesFile() throws Exception {
        Path file = directory.resolve("client.properties");
        Files.writeString(file, "ssl.truststore.location=C:\\users\\trust.jks\n");
        ConnectorUri uri = ConnectorUri.parse("kafka://a:1/t?properties=" + file);
        assertThatThrownBy(() -> KafkaSettings.of(uri))
                .isInstanceOf(ConnectorException.class)
                .hasMessageContaining(file.toString())
                .hasMessageContaining("Double the backslash");
        Files.write(file, "sasl.jaas.config=pässword\n".getBytes(StandardCharsets.ISO_8859_1));
        assertThatThrownBy(() -> KafkaSettings.of(uri))
                .isInstanceOf(ConnectorException.class)
                .hasMessage("the file of Kafka properties '" + file + "' is not UTF-8");
    }

    @Test
    void rejectsMisspelledKafkaProperty() {
        ConnectorUri uri =
                ConnectorUri.parse("kafka://a:1/t")
                        .withProperties(Map.of("sasl.mechanisms", "PLAIN"));
        assertThatThrownBy(() -> KafkaSettings.of(uri))
                .isInstanceOf(ConnectorException.class)
                .hasMessage(
                        "unknown Kafka property 'sasl.mechanisms' in the configuration; did you"
                                + " mean 'sasl.mechanism'?");
    }

    @Test
    void parsesFormatAndBoundedness() {
        KafkaConnector connector = new KafkaConnector();
        var plain = connector.source(ConnectorUri.parse("kafka://a:1/t"));
        assertThat(plain.format()).isEqualTo(RecordFormat.JSON);
        assertThat(plain.source().getBoundedness()).isEqualTo(Boundedness.CONTINUOUS_UNBOUNDED);
        var bounded =
                connector.source(ConnectorUri.parse("kafka://a:1/t?format=text&bounded=true"));
        assertThat(bounded.format()).isEqualTo(RecordFormat.TEXT);
        assertThat(bounded.source().getBoundedness()).isEqualTo(Boundedness.BOUNDED);
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            textBlock =
                    """
                    grup=x              | did you mean 'group'?
                    group=              | the consumer group is empty
                    format=tsv          | write one of [json, text, avro, protobuf, json-schema, debezium-json, debezium-avro, maxwell-json, canal-json]
                    start=now           | write one of [earliest, latest, committed]
                    bounded=yes         | write true or false
                    """)
    void rejectsInvalidSourceOptions(String option, String sentence) {
        assertThatThrownBy(
                        () ->
                                new KafkaConnector()
                                        .source(ConnectorUri.parse("kafka://a:1/t?" + option)))
                .isInstanceOf(ConnectorException.class)
                .hasMessageContaining(sentence);
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            textBlock =
                    """
                    group=x                                           | unknown option 'group'
                    format=anserini                                   | write one of [indices, lucene, avro, protobuf]
                    text=1                                            | write true or false
                    delivery=maybe                                    | write one of [exactly-once, at-least-once]
                    transaction-timeout=soon                          | is not a duration
                    transaction-timeout=60000                         | is not a duration
                    transaction-timeout=0s                            | 24 d
                    transaction-timeout=60d                           | 24 d
                    transactional-id-prefix=a/b                       | letters, digits
                    partitions=0                                      | a whole number from 1
                    delivery=at-least-once&transaction-timeout=1min   | uses no transactions
                    """)
    void rejectsInvalidSinkOptions(String option, String sentence) {
        assertThatThrownBy(
                        () ->
                                new KafkaConnector()
                                        .sink(ConnectorUri.parse("kafka://a:1/t?" + option)))
                .isInstanceOf(ConnectorException.class)
                .hasMessageContaining(sentence);
    }

    @Test
    void rejectsTransactionTimeoutsTooShortForCheckpoints() {
        Duration maxCommitDelay = Duration.ofMinutes(14);
        delivery(ConnectorUri.parse("kafka://a:1/t")).checkCommits(maxCommitDelay);
        ConnectorUri brief = ConnectorUri.parse("kafka://a:1/t?transaction-timeout=14min");
        assertThatThrownBy(() -> delivery(brief).checkCommits(maxCommitDelay))
                .isInstanceOf(ConnectorException.class)
                .hasMessageStartingWith(
                        "the transaction timeout of "
                                + brief
                                + " (840 s) is too short for the job's checkpoints: it may take"
                                + " 840 s until");
        delivery(ConnectorUri.parse("kafka://a:1/t?delivery=at-least-once"))
                .checkCommits(Duration.ofDays(1));
    }

    private static KafkaProducerSettings delivery(ConnectorUri uri) {
        return KafkaProducerSettings.of(KafkaSettings.of(uri));
    }

    @Test
    void transactionTimeoutOptionOverridesPropertyAndDefault() {
        assertThat(timeoutMillis("", Map.of())).isEqualTo(900_000);
        Map<String, String> properties = Map.of("transaction.timeout.ms", "120000");
        assertThat(timeoutMillis("", properties)).isEqualTo(120_000);
        assertThat(timeoutMillis("?transaction-timeout=3min", properties)).isEqualTo(180_000);
    }

    private static long timeoutMillis(String options, Map<String, String> properties) {
        ConnectorUri uri = ConnectorUri.parse("kafka://a:1/t" + options).withProperties(properties);
        return KafkaProducerSettings.of(KafkaSettings.of(uri)).transactionTimeoutMillis();
    }

    @Test
    void noTransactionalIdPrefixStartsWithAnother() {
        KafkaProducerSettings delivery =
                KafkaProducerSettings.of(KafkaSettings.of(ConnectorUri.parse("kafka://a:1/t")));
        assertThat(delivery.transactionalIdPrefix("vectors", "job-10"))
                .isEqualTo("flink-splade:t:vectors:job-10:")
                .doesNotStartWith(delivery.transactionalIdPrefix("vectors", "job-1"));
        assertThat(delivery.transactionalIdPrefix("vectors", "job:1"))
                .doesNotStartWith(delivery.transactionalIdPrefix("vectors", "job"));
    }

    @Test
    void rejectsPropertiesThatContradictExactlyOnce() {
        ConnectorUri uri =
                ConnectorUri.parse("kafka://a:1/t")
                        .withProperties(Map.of("enable.idempotence", "false"));
        assertThatThrownBy(() -> KafkaProducerSettings.of(KafkaSettings.of(uri)).checkProducer())
                .isInstanceOf(ConnectorException.class)
                .hasMessageStartingWith("the Kafka properties of kafka://a:1/t are invalid: ")
                .hasMessageContaining("idempotence");
    }
}

package io.github.flinksplade.connector.kafka;

import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.github.flinksplade.connector.ConnectorException;
import io.github.flinksplade.connector.ConnectorUri;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A broker that requires authentication (SASL/PLAIN). */
class KafkaAuthenticationITCase {

    private static final String MODULE =
            "org.apache.kafka.common.security.plain.PlainLoginModule required ";

    private static KafkaBroker broker;

    @TempDir Path directory;

    @BeforeAll
    static void startBroker() {
        broker =
                KafkaBroker.start(
                        Map.of(
                                "listener.security.protocol.map",
                                "PLAINTEXT:SASL_PLAINTEXT,CONTROLLER:PLAINTEXT",
                                "sasl.enabled.mechanisms",
                                "PLAIN",
                                "sasl.mechanism.inter.broker.protocol",
                                "PLAIN",
                                "listener.name.plaintext.plain.sasl.jaas.config",
                                MODULE
                                        + "username=\"admin\" password=\"admin-secret\""
                                        + " user_admin=\"admin-secret\""
                                        + " user_reader=\"reader-secret\";"));
    }

    @AfterAll
    static void stopBroker() {
        broker.close();
    }

    private KafkaDocuments documents(String jaas, String... more) throws Exception {
        Path file = directory.resolve("client.properties");
        Files.writeString(
                file,
                "security.protocol=SASL_PLAINTEXT\nsasl.mechanism=PLAIN\nsasl.jaas.config="
                        + jaas
                        + "\n"
                        + String.join("\n", more));
        return KafkaDocuments.of(
                ConnectorUri.parse(
                        "kafka://" + broker.bootstrapServers() + "/docs?properties=" + file));
    }

    @Test
    void usesCredentialsOfThePropertiesFile() throws Exception {
        KafkaDocuments documents =
                documents(MODULE + "username=\"reader\" password=\"reader-secret\";");
        // Authenticated: the broker responds that the topic does not exist.
        assertThatThrownBy(documents::check)
                .isInstanceOf(ConnectorException.class)
                .hasMessageStartingWith("topic 'docs' does not exist");
    }

    @Test
    void reportsRejectedCredentialsWithoutSecrets() throws Exception {
        KafkaDocuments documents = documents(MODULE + "username=\"reader\" password=\"hunter2\";");
        assertThatThrownBy(documents::check)
                .isInstanceOf(ConnectorException.class)
                .hasMessage(
                        "the Kafka broker at "
                                + broker.bootstrapServers()
                                + " rejected the credentials (Authentication failed: Invalid"
                                + " username or password). Check sasl.mechanism and"
                                + " sasl.jaas.config.");
    }

    @Test
    void reportsUnsupportedMechanism() throws Exception {
        KafkaDocuments documents =
                documents(
                        "org.apache.kafka.common.security.scram.ScramLoginModule required"
                                + " username=\"reader\" password=\"hunter2\";",
                        "sasl.mechanism=SCRAM-SHA-512");
        assertThatThrownBy(documents::check)
                .isInstanceOf(ConnectorException.class)
                .hasMessageContaining("does not support this sasl.mechanism")
                .hasMessageContaining("SCRAM-SHA-512");
    }

    @Test
    void doesNotQuoteInvalidJaasConfig() throws Exception {
        for (String jaas :
                new String[] {
                    MODULE + "username=\"reader\" password=\"hunter2\"",
                    MODULE + "username=\"reader\" password=hunter2=;",
                    "hunter2",
                    MODULE.replace("required", "hunter2") + "username=\"reader\";"
                }) {
            KafkaDocuments documents = documents(jaas);
            assertThatThrownBy(documents::check)
                    .isInstanceOf(ConnectorException.class)
                    .hasMessageStartingWith("the Kafka property sasl.jaas.config cannot be parsed")
                    .message()
                    .doesNotContain("hunter2");
        }
    }

    @Test
    void reportsMissingTruststore() throws Exception {
        Path store = directory.resolve("trust.jks");
        KafkaDocuments documents =
                KafkaDocuments.of(
                        ConnectorUri.parse("kafka://" + broker.bootstrapServers() + "/docs")
                                .withProperties(
                                        Map.of(
                                                "security.protocol",
                                                "SSL",
                                                "ssl.truststore.location",
                                                store.toString(),
                                                "ssl.truststore.password",
                                                "hunter2")));
        assertThatThrownBy(documents::check)
                .isInstanceOf(ConnectorException.class)
                .hasMessageContaining(store.toString())
                .message()
                .doesNotContain("hunter2");
    }
}

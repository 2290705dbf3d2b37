package io.github.flinksplade.connector.kafka;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.github.flinksplade.connector.Address;
import io.github.flinksplade.connector.ConnectorException;
import java.io.IOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.util.Map;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class SchemaRegistryTest {

    private RegistryStandIn registry;

    @BeforeEach
    void start() throws IOException {
        registry = RegistryStandIn.start();
    }

    @AfterEach
    void stop() {
        registry.close();
    }

    private static KafkaAddress address(Map<String, String> properties) {
        return KafkaAddress.of(
                Address.parse("kafka://broker:9092/vectors").withProperties(properties));
    }

    private int avro(Map<String, String> properties) {
        return SchemaRegistry.of(address(properties), registry.url() + "/")
                .register("AVRO", AvroWriter.SCHEMA);
    }

    @Test
    void registersOnceAndFindsItAgain() {
        int avro = avro(Map.of());
        assertThat(avro(Map.of())).isEqualTo(avro);
        assertThat(registry.versions("vectors-value")).containsExactly(avro);
        assertThat(registry.schema(avro))
                .isEqualTo(new RegistryStandIn.Registered("AVRO", AvroWriter.SCHEMA));
        int protobuf =
                SchemaRegistry.of(address(Map.of()), registry.url())
                        .register("PROTOBUF", ProtobufWriter.SCHEMA);
        assertThat(registry.schema(protobuf))
                .isEqualTo(new RegistryStandIn.Registered("PROTOBUF", ProtobufWriter.SCHEMA));
    }

    @Test
    void logsIn() {
        registry.requireLogin("anna:pa:ss w\u00f6rd");
        assertThat(avro(Map.of("basic.auth.user.info", "anna:pa:ss w\u00f6rd"))).isPositive();
        refused(
                () -> avro(Map.of("basic.auth.user.info", "anna:secret")),
                "the schema registry at "
                        + registry.url()
                        + " refused the login; set the Kafka property basic.auth.user.info to"
                        + " user:password, or bearer.auth.token");
        registry.requireToken("t0ken");
        assertThat(avro(Map.of("bearer.auth.token", "t0ken"))).isPositive();
        refused(() -> avro(Map.of()), "refused the login");
    }

    @Test
    void loginsAreNotForKafka() {
        assertThat(
                        address(Map.of("basic.auth.user.info", "a:b", "bearer.auth.token", "c"))
                                .properties())
                .containsOnlyKeys("bootstrap.servers");
    }

    @Test
    void anIncompatibleSchemaIsToldWithTheRegistrysWords() {
        registry.register(
                "vectors-value", "AVRO", "{\"type\":\"record\",\"name\":\"Other\",\"fields\":[]}");
        refused(
                () -> avro(Map.of()),
                "the schema registry at "
                        + registry.url()
                        + " holds another schema of 'vectors-value', which this one is not"
                        + " compatible with (Schema being registered is incompatible with an"
                        + " earlier schema for subject \"vectors-value\"); write to another topic");
    }

    @Test
    void aRegistryWithoutProtobuf() {
        registry.takeOnly("AVRO");
        refused(
                () ->
                        SchemaRegistry.of(address(Map.of()), registry.url())
                                .register("PROTOBUF", ProtobufWriter.SCHEMA),
                "the schema registry at "
                        + registry.url()
                        + " does not take a schema of type PROTOBUF (Invalid schema type PROTOBUF);"
                        + " take another format");
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            textBlock =
                    """
                    500 | {"error_code":50001,"message":"Error in the backend data store"} | did not register the schema of 'vectors-value': HTTP 500 (Error in the backend data store)
                    429 | {"error_code":429,"message":"slow down"} | HTTP 429 (slow down)
                    200 | <html>hello</html> | answers, but not as a schema registry does (HTTP 200); correct registry= in kafka://broker:9092/vectors
                    200 | {"id":"seven"}     | answers, but not as a schema registry does (HTTP 200)
                    200 | {}                 | answers, but not as a schema registry does (HTTP 200)
                    200 | ''                 | answers, but not as a schema registry does (HTTP 200)
                    404 | <html>no</html>    | answers, but not as a schema registry does (HTTP 404)
                    302 | ''                 | answers, but not as a schema registry does (HTTP 302)
                    """)
    void otherAnswersAreToldToo(int status, String body, String sentence) {
        registry.answerNext(status, body);
        refused(() -> avro(Map.of()), sentence);
    }

    @Test
    void aRegistryThatIsDown() throws IOException {
        int port;
        try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            port = socket.getLocalPort();
        }
        refused(
                () ->
                        SchemaRegistry.of(address(Map.of()), "http://127.0.0.1:" + port)
                                .register("AVRO", AvroWriter.SCHEMA),
                "the schema registry at http://127.0.0.1:"
                        + port
                        + " cannot be reached (nothing listens there, or the host is not known);"
                        + " start it or correct registry= in kafka://broker:9092/vectors");
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            textBlock =
                    """
                    format=avro&registry=localhost:8081        | write http://host:8081
                    format=avro&registry=ftp://host            | write http://host:8081
                    format=avro&registry=http://h/?a=b         | write http://host:8081
                    format=avro&registry=ht!tp                 | write http://host:8081
                    registry=http://localhost:8081             | needs format=avro or format=protobuf
                    format=lucene&registry=http://h            | needs format=avro or format=protobuf
                    format=json                                | write one of [hybrid, lucene, avro, protobuf]
                    format=avro&registri=http://h              | did you mean 'registry'?
                    """)
    void refusesAddresses(String options, String sentence) {
        refused(
                () -> KafkaTarget.of(Address.parse("kafka://broker:9092/vectors?" + options)),
                sentence);
    }

    @Test
    void aLoginInTheUrlIsRefusedAndNotRepeated() {
        assertThatThrownBy(
                        () ->
                                KafkaTarget.of(
                                        Address.parse(
                                                "kafka://b:9/t?format=avro&registry=http://u:hush@h")))
                .isInstanceOf(ConnectorException.class)
                .hasMessageContaining("basic.auth.user.info")
                .hasMessageNotContaining("hush");
    }

    private static void refused(ThrowingCallable call, String sentence) {
        assertThatThrownBy(call)
                .isInstanceOf(ConnectorException.class)
                .hasMessageContaining(sentence)
                .hasMessageNotContaining("secret")
                .hasMessageNotContaining("Exception");
    }
}

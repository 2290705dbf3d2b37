package io.github.flinksplade.connector.kafka;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.github.flinksplade.connector.ConnectorException;
import io.github.flinksplade.connector.ConnectorUri;
import io.github.flinksplade.connector.UnreachableException;
import java.io.IOException;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.HashMap;
import java.util.Map;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class SchemaRegistryClientTest {

    private FakeSchemaRegistry registry;

    @BeforeEach
    void start() throws IOException {
        registry = FakeSchemaRegistry.start();
    }

    @AfterEach
    void stop() {
        registry.close();
    }

    private static KafkaSettings settings(Map<String, String> properties) {
        return KafkaSettings.of(
                ConnectorUri.parse("kafka://broker:9092/vectors").withProperties(properties));
    }

    private int avro(Map<String, String> properties) {
        return SchemaRegistryClient.of(settings(properties), registry.url() + "/")
                .register("AVRO", AvroWriter.SCHEMA);
    }

    @Test
    void registersASchemaOnce() {
        int avro = avro(Map.of());
        assertThat(avro(Map.of())).isEqualTo(avro);
        assertThat(registry.versions("vectors-value")).containsExactly(avro);
        assertThat(registry.schema(avro))
                .isEqualTo(new FakeSchemaRegistry.Registered("AVRO", AvroWriter.SCHEMA));
        int protobuf =
                SchemaRegistryClient.of(settings(Map.of()), registry.url())
                        .register("PROTOBUF", ProtobufWriter.SCHEMA);
        assertThat(registry.schema(protobuf))
                .isEqualTo(new FakeSchemaRegistry.Registered("PROTOBUF", ProtobufWriter.SCHEMA));
    }

    @Test
    void sendsCredentials() {
        registry.requireCredentials("anna:pa:ss w\u00f6rd");
        assertThat(
                        avro(
                                Map.of(
                                        "registry.username",
                                        "anna",
                                        "registry.password",
                                        "pa:ss w\u00f6rd")))
                .isPositive();
        assertRejected(
                () -> avro(Map.of("registry.username", "anna", "registry.password", "secret")),
                "the schema registry at "
                        + registry.url()
                        + " rejects the credentials (HTTP 401). Set registry.username and"
                        + " registry.password or registry.token in kafka.properties, or in the"
                        + " environment (SCHEMA_REGISTRY_USERNAME, SCHEMA_REGISTRY_PASSWORD,"
                        + " SCHEMA_REGISTRY_TOKEN)");
        registry.requireToken("t0ken");
        assertThat(avro(Map.of("registry.token", "t0ken"))).isPositive();
        assertRejected(() -> avro(Map.of()), "requires credentials, and none are set (HTTP 401)");
    }

    @Test
    void doesNotPassCredentialsToKafka() {
        assertThat(
                        settings(
                                        Map.of(
                                                "registry.username", "a",
                                                "registry.password", "b",
                                                "registry.ca", "c"))
                                .properties())
                .containsOnlyKeys("bootstrap.servers");
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            textBlock =
                    """
                    registry.username=a                              | incomplete: there is a username but no password
                    registry.username=a,registry.password=secret,registry.token=t | ambiguous
                    registry.usrname=a                               | did you mean 'registry.username'?
                    basic.auth.user.info=a:secret                    | unknown property 'basic.auth.user.info'
                    registry.ca=ca.pem                               | is not encrypted
                    """)
    void rejectsInvalidCredentials(String properties, String message) {
        Map<String, String> map = new HashMap<>();
        for (String pair : properties.split(",")) {
            map.put(pair.split("=")[0], pair.split("=")[1]);
        }
        assertRejected(() -> avro(map), message);
    }

    /** The server sends the headers and half of the body. */
    @Test
    void treatsAStalledRegistryAsUnavailable() throws Exception {
        try (ServerSocket server = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            Thread stalling =
                    new Thread(
                            () -> {
                                try (Socket connection = server.accept()) {
                                    connection
                                            .getOutputStream()
                                            .write(
                                                    "HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n{\"id"
                                                            .getBytes(StandardCharsets.US_ASCII));
                                    // until the client gives up
                                    connection
                                            .getInputStream()
                                            .transferTo(OutputStream.nullOutputStream());
                                } catch (IOException e) {
                                    // the client closed the connection
                                }
                            });
            stalling.start();
            String url = "http://127.0.0.1:" + server.getLocalPort();
            assertThatThrownBy(
                            () ->
                                    SchemaRegistryClient.of(
                                                    settings(Map.of()), url, Duration.ofMillis(500))
                                            .register("AVRO", AvroWriter.SCHEMA))
                    .isInstanceOf(UnreachableException.class)
                    .hasMessageContaining("no complete response within 500 ms");
            stalling.join();
        }
    }

    @Test
    void reportsIncompatibleSchemaWithTheRegistrysReason() {
        registry.register(
                "vectors-value", "AVRO", "{\"type\":\"record\",\"name\":\"Other\",\"fields\":[]}");
        assertRejected(
                () -> avro(Map.of()),
                "the schema registry at "
                        + registry.url()
                        + " contains another schema for 'vectors-value', which this one is not"
                        + " compatible with (Schema being registered is incompatible with an"
                        + " earlier schema for subject \"vectors-value\"). Write to another topic");
    }

    @Test
    void reportsRegistryWithoutProtobuf() {
        registry.acceptOnly("AVRO");
        assertRejected(
                () ->
                        SchemaRegistryClient.of(settings(Map.of()), registry.url())
                                .register("PROTOBUF", ProtobufWriter.SCHEMA),
                "the schema registry at "
                        + registry.url()
                        + " does not support schemas of type PROTOBUF (Invalid schema type"
                        + " PROTOBUF). Use another format");
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            textBlock =
                    """
                    500 | {"error_code":50001,"message":"Error in the backend data store"} | is unavailable: HTTP 500 (Error in the backend data store)
                    429 | {"error_code":429,"message":"slow down"} | is unavailable: HTTP 429 (slow down)
                    200 | <html>hello</html> | does not respond like a schema registry (HTTP 200). Correct registry= in kafka://broker:9092/vectors
                    200 | {"id":"seven"}     | does not respond like a schema registry (HTTP 200)
                    200 | {}                 | does not respond like a schema registry (HTTP 200)
                    200 | ''                 | does not respond like a schema registry (HTTP 200)
                    404 | <html>no</html>    | does not respond like a schema registry (HTTP 404)
                    400 | {"error_code":42201,"message":"Bad subject"} | did not register the schema of 'vectors-value': HTTP 400 (Bad subject)
                    302 | ''                 | does not respond like a schema registry (HTTP 302)
                    """)
    void reportsOtherResponses(int status, String body, String message) {
        registry.respondNext(status, body);
        assertRejected(() -> avro(Map.of()), message);
    }

    @Test
    void reportsUnreachableRegistry() throws IOException {
        int port;
        try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            port = socket.getLocalPort();
        }
        assertRejected(
                () ->
                        SchemaRegistryClient.of(settings(Map.of()), "http://127.0.0.1:" + port)
                                .register("AVRO", AvroWriter.SCHEMA),
                "the schema registry at http://127.0.0.1:"
                        + port
                        + " is unavailable: connection refused. Start it, or correct registry= in kafka://broker:9092/vectors");
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            textBlock =
                    """
                    format=avro&registry=localhost:8081        | Write http://host:8081
                    format=avro&registry=ftp://host            | Write http://host:8081
                    format=avro&registry=http://h/?a=b         | Write http://host:8081
                    format=avro&registry=ht!tp                 | Write http://host:8081
                    registry=http://localhost:8081             | requires format=avro or format=protobuf
                    format=lucene&registry=http://h            | requires format=avro or format=protobuf
                    format=json                                | write one of [indices, lucene, avro, protobuf]
                    format=avro&registri=http://h              | did you mean 'registry'?
                    """)
    void rejectsInvalidOptions(String options, String message) {
        assertRejected(
                () ->
                        KafkaVectorSink.of(
                                ConnectorUri.parse("kafka://broker:9092/vectors?" + options)),
                message);
    }

    @Test
    void rejectsCredentialsInTheUrlWithoutQuotingThem() {
        assertThatThrownBy(
                        () ->
                                KafkaVectorSink.of(
                                        ConnectorUri.parse(
                                                "kafka://b:9/t?format=avro&registry=http://u:hush@h")))
                .isInstanceOf(ConnectorException.class)
                .hasMessageContaining("registry.username")
                .hasMessageNotContaining("hush");
    }

    private static void assertRejected(ThrowingCallable call, String message) {
        assertThatThrownBy(call)
                .isInstanceOf(ConnectorException.class)
                .hasMessageContaining(message)
                .hasMessageNotContaining("secret")
                .hasMessageNotContaining("Exception");
    }
}

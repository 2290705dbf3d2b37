package io.github.flinksplade.connector.kafka;

import static io.github.flinksplade.connector.kafka.TestRecords.bytes;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.google.protobuf.DescriptorProtos.FileDescriptorSet;
import com.google.protobuf.StructProto;
import io.github.flinksplade.connector.ConnectorException;
import io.github.flinksplade.connector.ConnectorUri;
import io.github.flinksplade.connector.InvalidRecordException;
import io.github.flinksplade.connector.InvalidRecordException.Reason;
import io.github.flinksplade.connector.RecordDecoder;
import io.github.flinksplade.connector.RecordFormat;
import io.github.flinksplade.connector.SourceRecord;
import io.github.flinksplade.connector.UnreachableException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HexFormat;
import java.util.UUID;
import org.apache.flink.util.InstantiationUtil;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** The decoders that the options of a source create. */
class SchemaDecodersTest {

    private static final String PROTO =
            "syntax = \"proto3\"; message A { string a = 1; } message B { int32 n = 1; }";

    @TempDir private Path folder;

    private FakeSchemaRegistry registry;

    @BeforeEach
    void start() throws IOException {
        registry = FakeSchemaRegistry.start();
    }

    @AfterEach
    void stop() {
        registry.close();
    }

    private static RecordFormat format(String options) {
        return new KafkaConnector()
                .source(ConnectorUri.parse("kafka://broker:9092/docs?" + options))
                .format();
    }

    /** The format as a job gets it. */
    private RecordFormat registryFormat(String options) throws Exception {
        return InstantiationUtil.clone(format(options + "&registry=" + registry.url()));
    }

    private static byte[] prefixed(int id, int... payload) {
        ByteBuffer bytes = ByteBuffer.allocate(5 + payload.length).put((byte) 0).putInt(id);
        for (int b : payload) {
            bytes.put((byte) b);
        }
        return bytes.array();
    }

    private static String value(RecordDecoder decoder, byte[] value) throws Exception {
        return decoder.decode(value, SourceRecord.of("docs", 0, null, value)).toJson();
    }

    private static String key(RecordDecoder decoder, byte[] key) throws Exception {
        return decoder.decode(key, SourceRecord.of("docs", 0, key, null)).toJson();
    }

    private static void assertInvalid(
            RecordDecoder decoder, byte[] value, Reason reason, String message) {
        assertThatThrownBy(() -> value(decoder, value))
                .isInstanceOfSatisfying(
                        InvalidRecordException.class, e -> assertThat(e.reason()).isEqualTo(reason))
                .hasMessageContaining(message);
    }

    @Test
    void looksUpEachSchemaOnce() throws Exception {
        RecordDecoder decoder = registryFormat("format=avro").value();
        int first = registry.register("docs-value", "AVRO", "\"int\"");
        assertThat(value(decoder, prefixed(first, 2))).isEqualTo("1");
        assertThat(value(decoder, prefixed(first, 4))).isEqualTo("2");
        int second = registry.register("docs-value", "AVRO", "\"string\"");
        assertThat(value(decoder, prefixed(second, 2, 'a'))).isEqualTo("\"a\"");
        assertThat(value(decoder, prefixed(first, 6))).isEqualTo("3");
        assertThat(registry.requests()).isEqualTo(2);
    }

    @Test
    void readsKeysWithTheirOwnSchema() throws Exception {
        RecordFormat format = registryFormat("format=json&key=avro");
        int id = registry.register("docs-key", "AVRO", "\"long\"");
        assertThat(key(format.key(), prefixed(id, 14))).isEqualTo("7");
        byte[] noSchema = bytes("7");
        assertThatThrownBy(() -> key(format.key(), noSchema))
                .isInstanceOfSatisfying(
                        InvalidRecordException.class,
                        e -> assertThat(e.reason()).isEqualTo(Reason.ID))
                .hasMessageContaining("If it is JSON, use key=json");
        assertThat(registryFormat("format=debezium-avro").key())
                .isInstanceOf(RegistryDecoder.class);
    }

    @Test
    void resolvesReferencesOfReferences() throws Exception {
        registry.register("street", "AVRO", record("a.Street", "name", "\"string\""));
        registry.register(
                "address",
                "AVRO",
                record("a.Address", "street", "\"a.Street\""),
                new FakeSchemaRegistry.Reference("a.Street", "street", 1));
        int avro =
                registry.register(
                        "docs-value",
                        "AVRO",
                        record("a.Person", "address", "\"a.Address\""),
                        new FakeSchemaRegistry.Reference("a.Address", "address", 1),
                        new FakeSchemaRegistry.Reference("a.Street", "street", 1));
        assertThat(value(registryFormat("format=avro").value(), prefixed(avro, 2, 'x')))
                .isEqualTo("{\"address\":{\"street\":{\"name\":\"x\"}}}");

        registry.register(
                "b", "PROTOBUF", "syntax = \"proto3\"; package p; message B { int32 n = 1; }");
        int protobuf =
                registry.register(
                        "docs-value",
                        "PROTOBUF",
                        "syntax = \"proto3\"; import \"p/b.proto\"; message A { p.B b = 1; }",
                        new FakeSchemaRegistry.Reference("p/b.proto", "b", 1));
        assertThat(
                        value(
                                registryFormat("format=protobuf").value(),
                                prefixed(protobuf, 0, 10, 2, 8, 5)))
                .isEqualTo("{\"b\":{\"n\":5}}");
    }

    private static String record(String name, String field, String type) {
        return "{\"type\":\"record\",\"name\":\""
                + name
                + "\",\"fields\":[{\"name\":\""
                + field
                + "\",\"type\":"
                + type
                + "}]}";
    }

    @Test
    void decodesTheMessageThatTheRecordNames() throws Exception {
        int id = registry.register("docs-value", "PROTOBUF", PROTO);
        RecordDecoder decoder = registryFormat("format=protobuf").value();
        assertThat(value(decoder, prefixed(id, 0, 10, 1, 'x'))).isEqualTo("{\"a\":\"x\"}");
        assertThat(value(decoder, prefixed(id, 2, 2, 8, 1))).isEqualTo("{\"n\":1}");
    }

    @Test
    void decodesJsonAfterTheSchemaId() throws Exception {
        RecordFormat format = InstantiationUtil.clone(format("format=json-schema&key=json-schema"));
        byte[] json = prefixed(9, '{', '"', 'a', '"', ':', '1', '}');
        assertThat(value(format.value(), json)).isEqualTo("{\"a\":1}");
        assertThat(key(format.key(), json)).isEqualTo("{\"a\":1}");
        assertInvalid(
                format.value(),
                prefixed(9, '{'),
                Reason.MALFORMED,
                "the value is not JSON after the schema id: it ends too early");
        assertInvalid(format.value(), prefixed(9, 0xff), Reason.NOT_UTF8, "not valid UTF-8");
        registryFormat("format=json-schema");
    }

    /** A record whose schema is named by a header, of its key or of its value. */
    private static String withHeader(RecordDecoder decoder, String name, byte[] header, int... data)
            throws Exception {
        byte[] bytes = new byte[data.length];
        for (int i = 0; i < data.length; i++) {
            bytes[i] = (byte) data[i];
        }
        boolean isKey = name.contains("key");
        SourceRecord record =
                new SourceRecord(
                        "docs",
                        0,
                        0,
                        SourceRecord.NO_TIMESTAMP,
                        isKey ? bytes : null,
                        isKey ? null : bytes,
                        new String[] {name, "other", name},
                        new byte[][] {{9}, {}, header});
        return decoder.decode(bytes, record).toJson();
    }

    private static byte[] guid(UUID guid, int... index) {
        ByteBuffer bytes = ByteBuffer.allocate(17 + index.length).put((byte) 1);
        bytes.putLong(guid.getMostSignificantBits()).putLong(guid.getLeastSignificantBits());
        for (int b : index) {
            bytes.put((byte) b);
        }
        return bytes.array();
    }

    @Test
    void readsSchemaIdsInHeaders() throws Exception {
        int id = registry.register("docs-value", "AVRO", "\"int\"");
        byte[] header = guid(FakeSchemaRegistry.guid(id));
        String name = "__value_schema_id";
        RecordDecoder avro = registryFormat("format=avro").value();
        assertThat(withHeader(avro, name, header, 2)).isEqualTo("1");
        assertThat(withHeader(avro, name, header, 4)).isEqualTo("2");
        assertThat(registry.requests()).isEqualTo(1);
        assertThat(withHeader(avro, name, prefixed(id), 6)).isEqualTo("3");
        // without a value, as if there were no header
        assertThat(withHeader(avro, name, null, 0, 0, 0, 0, id, 8)).isEqualTo("4");
        RecordDecoder key = registryFormat("format=json&key=avro").key();
        assertThat(withHeader(key, "__key_schema_id", header, 2)).isEqualTo("1");

        int proto = registry.register("docs-value", "PROTOBUF", PROTO);
        RecordDecoder protobuf = registryFormat("format=protobuf").value();
        UUID guid = FakeSchemaRegistry.guid(proto);
        assertThat(withHeader(protobuf, name, guid(guid, 0), 10, 1, 'x'))
                .isEqualTo("{\"a\":\"x\"}");
        assertThat(withHeader(protobuf, name, guid(guid), 10, 1, 'x')).isEqualTo("{\"a\":\"x\"}");
        assertThat(withHeader(protobuf, name, guid(guid, 2, 2), 8, 1)).isEqualTo("{\"n\":1}");

        RecordDecoder json = format("format=json-schema").value();
        assertThat(withHeader(json, name, header, '{', '}')).isEqualTo("{}");
    }

    @Test
    void rejectsInvalidSchemaIdsInHeaders() throws Exception {
        RecordDecoder avro = registryFormat("format=avro").value();
        for (byte[] header : new byte[][] {{}, {1, 2, 3}, {7, 0, 0, 0, 1}}) {
            assertThatThrownBy(() -> withHeader(avro, "__value_schema_id", header, 2))
                    .isInstanceOf(InvalidRecordException.class)
                    .hasMessageContaining(
                            "the value has no schema id in the header __value_schema_id");
        }
        assertThatThrownBy(
                        () ->
                                withHeader(
                                        avro,
                                        "__value_schema_id",
                                        guid(FakeSchemaRegistry.guid(999)),
                                        2))
                .isInstanceOf(InvalidRecordException.class)
                .hasMessageContaining(
                        "GUID 00000000-0000-0001-0000-0000000003e7; older registries have no GUIDs");
    }

    @Test
    void rejectsRecordsThatCannotBeDecoded() throws Exception {
        RecordDecoder decoder = registryFormat("format=avro").value();
        assertInvalid(
                decoder,
                bytes("{\"id\":1}"),
                Reason.MALFORMED,
                "the value does not start with a zero byte and a schema id, which serializers for a"
                        + " schema registry write. If it is JSON, use format=json; if it is Avro or"
                        + " Protobuf, name its schema with the option schema: it starts with the"
                        + " bytes 7b 22 69 64 22");
        assertInvalid(decoder, new byte[0], Reason.MALFORMED, "it starts with the bytes ");
        int avro = registry.register("docs-value", "AVRO", "\"int\"");
        assertInvalid(
                decoder,
                prefixed(avro),
                Reason.MALFORMED,
                "the value does not have its schema in the registry: it ends too early (schema id "
                        + avro
                        + ")");
        int protobuf = registry.register("docs-value", "PROTOBUF", PROTO);
        assertInvalid(
                decoder,
                prefixed(protobuf, 0),
                Reason.MALFORMED,
                "the value has a schema of type PROTOBUF, but the option format requires AVRO");
        int invalid = registry.register("docs-value", "AVRO", "{\"type\":");
        assertInvalid(
                decoder,
                prefixed(invalid, 0),
                Reason.SCHEMA,
                "the schema of the record in the registry cannot be used: id " + invalid);
    }

    @Test
    void doesNotLookUpUnknownIdsForEachRecord() throws Exception {
        RecordDecoder decoder = registryFormat("format=avro").value();
        for (int i = 0; i < 3; i++) {
            assertInvalid(
                    decoder,
                    prefixed(-2, 0),
                    Reason.SCHEMA,
                    "the schema registry at "
                            + registry.url()
                            + " does not have the schema of the record: id 4294967294");
        }
        assertThat(registry.requests()).isEqualTo(1);
        int id =
                registry.register(
                        "docs-value",
                        "AVRO",
                        record("R", "f", "\"Missing\""),
                        new FakeSchemaRegistry.Reference("Missing", "none", 3));
        assertInvalid(decoder, prefixed(id, 0), Reason.SCHEMA, "version 3 of subject 'none'");
    }

    @Test
    void reportsAnUnavailableRegistry() throws Exception {
        int id = registry.register("docs-value", "AVRO", "\"int\"");
        RecordDecoder decoder = registryFormat("format=avro").value();
        registry.setUnavailable(true);
        for (int i = 0; i < 2; i++) {
            assertThatThrownBy(() -> value(decoder, prefixed(id, 2)))
                    .isInstanceOf(UnreachableException.class)
                    .hasMessage(
                            "the schema registry at "
                                    + registry.url()
                                    + " is unavailable: HTTP 503. Wait until it has recovered");
        }
        registry.setUnavailable(false);
        assertThat(value(decoder, prefixed(id, 2))).isEqualTo("1");
        int other = registry.register("docs-value", "AVRO", "\"string\"");
        registry.respondNext(404, "<html>no backend</html>");
        assertThatThrownBy(() -> value(decoder, prefixed(other, 2, 'a')))
                .isInstanceOf(UnreachableException.class)
                .hasMessageContaining("does not respond like a schema registry (HTTP 404)");
        assertThat(value(decoder, prefixed(other, 2, 'a'))).isEqualTo("\"a\"");
    }

    @Test
    void checksTheRegistry() {
        SchemaRegistryClient client =
                SchemaRegistryClient.of(
                        KafkaSettings.of(ConnectorUri.parse("kafka://b:1/docs")), registry.url());
        client.check();
        registry.respondNext(404, "{\"error_code\":404,\"message\":\"HTTP 404 Not Found\"}");
        client.check();
        registry.respondNext(404, "<html>no</html>");
        assertThatThrownBy(client::check)
                .isInstanceOf(ConnectorException.class)
                .hasMessageContaining("does not respond like a schema registry (HTTP 404)");
        registry.setUnavailable(true);
        assertThatThrownBy(client::check).isInstanceOf(UnreachableException.class);
        registry.setUnavailable(false);
        registry.requireToken("secret");
        assertThatThrownBy(client::check)
                .isInstanceOf(ConnectorException.class)
                .isNotInstanceOf(UnreachableException.class)
                .hasMessageContaining("requires credentials, and none are set (HTTP 401)");
    }

    @Test
    void readsSchemaFiles() throws Exception {
        Path avsc = Files.writeString(folder.resolve("a.avsc"), record("R", "n", "\"int\""));
        RecordFormat avro = InstantiationUtil.clone(format("format=avro&schema=" + avsc));
        assertThat(value(avro.value(), new byte[] {2})).isEqualTo("{\"n\":1}");
        assertInvalid(
                avro.value(),
                new byte[] {2, 2},
                Reason.MALFORMED,
                "the value does not have the schema of " + avsc + ": it has bytes after its end");
        assertInvalid(
                avro.value(),
                prefixed(1, 2),
                Reason.MALFORMED,
                "it may start with a schema id, which requires the option registry instead");

        Files.createDirectories(folder.resolve("p"));
        Files.writeString(
                folder.resolve("p/b.proto"),
                "syntax = \"proto3\"; package p; message B { int32 n = 1; }");
        Path proto =
                Files.writeString(
                        folder.resolve("a.proto"),
                        "syntax = \"proto3\"; package q; import \"p/b.proto\";"
                                + " import \"google/protobuf/timestamp.proto\";"
                                + " message A { p.B b = 1; google.protobuf.Timestamp t = 2; }"
                                + " message C { message D { string d = 1; } }");
        RecordFormat protobuf =
                InstantiationUtil.clone(
                        format(
                                "format=protobuf&message=q.A&schema="
                                        + proto
                                        + "&key=protobuf&key-message=C.D&key-schema="
                                        + proto));
        assertThat(value(protobuf.value(), HexFormat.of().parseHex("0a0208031200")))
                .isEqualTo("{\"b\":{\"n\":3},\"t\":\"1970-01-01T00:00:00Z\"}");
        assertThat(key(protobuf.key(), new byte[] {10, 1, 'x'})).isEqualTo("{\"d\":\"x\"}");

        Path descriptors =
                Files.write(
                        folder.resolve("a.desc"),
                        FileDescriptorSet.newBuilder()
                                .addFile(StructProto.getDescriptor().toProto())
                                .build()
                                .toByteArray());
        RecordFormat struct =
                InstantiationUtil.clone(
                        format("format=protobuf&message=Struct&schema=" + descriptors));
        assertThat(value(struct.value(), new byte[0])).isEqualTo("{}");
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = '|',
            textBlock =
                    """
                    format=avro                                | format=avro in kafka://broker:9092/docs?format=avro requires a schema. Add registry=URL
                    format=debezium-avro&key=json              | format=debezium-avro in
                    key=protobuf                               | or key-schema=FILE if they do not
                    format=avro&schema=missing.avsc            | the schema file 'missing.avsc' does not exist
                    format=json&schema=a.avsc                  | requires format=avro or format=protobuf
                    key=long&key-schema=a.avsc                 | requires key=avro or key=protobuf
                    format=avro&registry=http://h&message=M    | requires a schema of Protobuf in the option schema
                    registry=http://h                          | is not used. It requires format or key to be
                    format=avro&registry=h                     | Write http://host:8081
                    format=protobuf&schema=pom.xml             | the schema file 'pom.xml' cannot be used: it is neither a .proto file nor a set of descriptors
                    format=avro&schema=pom.xml                 | the schema file 'pom.xml' cannot be used: it is not an Avro schema
                    """)
    void rejectsInvalidOptions(String options, String message) {
        assertThatThrownBy(() -> format(options))
                .isInstanceOf(ConnectorException.class)
                .hasMessageContaining(message);
    }

    @Test
    void namesTheMessagesOfAFile() throws Exception {
        Path proto = Files.writeString(folder.resolve("a.proto"), PROTO);
        assertThatThrownBy(() -> format("format=protobuf&schema=" + proto))
                .hasMessageContaining(
                        "it has several messages. Name one with the option message: [A, B]");
        assertThatThrownBy(() -> format("format=protobuf&message=C&schema=" + proto))
                .hasMessageContaining("it has no message C. It has [A, B]");
    }
}

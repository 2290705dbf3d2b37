package io.github.flinksplade.app;

import static org.assertj.core.api.Assertions.assertThat;

import com.google.protobuf.CodedOutputStream;
import com.google.protobuf.Timestamp;
import io.github.flinksplade.connector.kafka.FakeSchemaRegistry;
import io.github.flinksplade.connector.kafka.KafkaBroker;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import org.apache.avro.Schema;
import org.apache.avro.SchemaBuilder;
import org.apache.avro.generic.GenericData;
import org.apache.avro.generic.GenericDatumWriter;
import org.apache.avro.io.BinaryEncoder;
import org.apache.avro.io.EncoderFactory;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * The distribution reads topics whose schemas are in a registry. The records are written by the
 * libraries of Avro and Protobuf.
 */
class KafkaSchemasITCase {

    private static KafkaBroker broker;

    @TempDir private Path directory;
    private FakeSchemaRegistry registry;

    @BeforeAll
    static void startBroker() {
        broker = KafkaBroker.start();
    }

    @AfterAll
    static void stopBroker() {
        broker.close();
    }

    @BeforeEach
    void startRegistry() throws IOException {
        registry = FakeSchemaRegistry.start();
    }

    @AfterEach
    void stopRegistry() {
        registry.close();
    }

    private static byte[] avro(int id, Schema schema, Object value) throws IOException {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        out.write(ByteBuffer.allocate(5).put((byte) 0).putInt(id).array());
        BinaryEncoder encoder = EncoderFactory.get().binaryEncoder(out, null);
        new GenericDatumWriter<>(schema).write(value, encoder);
        encoder.flush();
        return out.toByteArray();
    }

    private static GenericData.Record record(Schema schema, Object... values) {
        GenericData.Record record = new GenericData.Record(schema);
        for (int i = 0; i < values.length; i++) {
            record.put(i, values[i]);
        }
        return record;
    }

    private Distribution.Answer run(String topic, String options) {
        return Distribution.execute(
                directory,
                "",
                Map.of(),
                List.of(
                        Distribution.home().resolve("bin/flink-splade").toString(),
                        "run",
                        "--from",
                        "kafka://"
                                + broker.bootstrapServers()
                                + "/"
                                + topic
                                + "?bounded=true&"
                                + options
                                + "&registry="
                                + registry.url(),
                        "--to",
                        "file:" + topic));
    }

    /** The written lines, without what depends on the model. */
    private List<String> written(String topic) {
        return Distribution.partsWithoutVectors(directory.resolve(topic));
    }

    private static void produce(String topic, byte[]... keysAndValues) {
        broker.createTopic(topic, 1);
        broker.produce(topic, keysAndValues);
    }

    @Test
    void readsAvroWhoseSchemaChanges() throws Exception {
        Schema first =
                SchemaBuilder.record("Doc")
                        .fields()
                        .requiredLong("id")
                        .requiredString("text")
                        .endRecord();
        Schema second =
                SchemaBuilder.record("Doc")
                        .fields()
                        .requiredLong("id")
                        .requiredString("text")
                        .optionalString("author")
                        .requiredDouble("price")
                        .endRecord();
        int firstId = registry.register("avro-value", "AVRO", first.toString());
        int secondId = registry.register("avro-value", "AVRO", second.toString());
        byte[] corrupt = avro(firstId, first, record(first, 3L, "cut off"));
        produce(
                "avro",
                null,
                avro(firstId, first, record(first, 1L, "an old lamp")),
                null,
                avro(
                        secondId,
                        second,
                        record(second, 9_007_199_254_740_993L, "a lamp", "Ann", 0.1)),
                null,
                Arrays.copyOf(corrupt, corrupt.length - 1),
                null,
                avro(99, first, record(first, 4L, "unknown schema")),
                null,
                "{\"id\":5,\"text\":\"json\"}".getBytes(StandardCharsets.UTF_8),
                null,
                avro(secondId, second, record(second, 6L, "a chair", null, 2.0)));
        // the schema of the first record is unavailable, twice
        registry.failLookUps(2);
        Distribution.Answer answer = run("avro", "format=avro").expect(0);
        assertThat(written("avro"))
                .containsExactlyInAnyOrder(
                        "{\"id\":\"1\"}",
                        "{\"id\":\"9007199254740993\",\"fields\":{\"author\":\"Ann\",\"price\":0.1}}",
                        "{\"id\":\"6\",\"fields\":{\"author\":null,\"price\":2.0}}");
        assertThat(answer.err())
                .containsOnlyOnce(
                        "Waiting: the schema registry at "
                                + registry.url()
                                + " is unavailable: HTTP 503. Wait until it has recovered")
                .containsOnlyOnce("Available again after ")
                .contains("Dead letters: 3, in ")
                .contains(
                        "1 x the value does not have its schema in the registry, first at avro-0@2:"
                                + " it ends too early (schema id "
                                + firstId
                                + ")")
                .contains("does not have the schema of the record, first at avro-0@3: id 99")
                .contains("If it is JSON, use format=json");
    }

    @Test
    void readsProtobufWithKeysInAvro() throws Exception {
        int id =
                registry.register(
                        "protobuf-value",
                        "PROTOBUF",
                        """
                        syntax = "proto3";
                        package shop;
                        import "google/protobuf/timestamp.proto";
                        message Other {}
                        message Product {
                          string body = 1;
                          repeated string tags = 2;
                          google.protobuf.Timestamp created = 3;
                        }
                        """);
        Schema key = SchemaBuilder.record("Key").fields().requiredString("sku").endRecord();
        int keyId = registry.register("protobuf-key", "AVRO", key.toString());
        ByteArrayOutputStream value = new ByteArrayOutputStream();
        value.write(ByteBuffer.allocate(5).put((byte) 0).putInt(id).array());
        value.write(new byte[] {2, 2}); // one level: message 1
        CodedOutputStream out = CodedOutputStream.newInstance(value);
        out.writeString(1, "a lamp");
        out.writeString(2, "light");
        out.writeMessage(3, Timestamp.newBuilder().setSeconds(1_714_557_600).build());
        out.flush();
        byte[] a = avro(keyId, key, record(key, "sku-1"));
        produce("protobuf", a, value.toByteArray(), avro(keyId, key, record(key, "sku-2")), null);
        run("protobuf", "format=protobuf&key=avro&text=body").expect(0);
        assertThat(written("protobuf"))
                .anySatisfy(
                        line ->
                                assertThat(line)
                                        .isEqualTo(
                                                "{\"id\":\"sku-1\",\"fields\":{\"tags\":[\"light\"],"
                                                        + "\"created\":\"2024-05-01T10:00:00Z\"}}"))
                .anySatisfy(line -> assertThat(line).contains("\"sku-2\"").contains("delete"))
                .hasSize(2);
    }

    @Test
    void readsChangeEventsOfDebezium() throws Exception {
        Schema row =
                SchemaBuilder.record("Value")
                        .namespace("pg.public.docs")
                        .fields()
                        .requiredInt("id")
                        .requiredString("text")
                        .endRecord();
        Schema envelope =
                SchemaBuilder.record("Envelope")
                        .namespace("pg.public.docs")
                        .fields()
                        .name("before")
                        .type(Schema.createUnion(Schema.create(Schema.Type.NULL), row))
                        .noDefault()
                        .name("after")
                        .type(Schema.createUnion(Schema.create(Schema.Type.NULL), row))
                        .noDefault()
                        .requiredString("op")
                        .optionalLong("ts_ms")
                        .endRecord();
        Schema key =
                SchemaBuilder.record("Key")
                        .namespace("pg.public.docs")
                        .fields()
                        .requiredInt("id")
                        .endRecord();
        int id = registry.register("debezium-value", "AVRO", envelope.toString());
        int keyId = registry.register("debezium-key", "AVRO", key.toString());
        byte[] one = avro(keyId, key, record(key, 1));
        byte[] two = avro(keyId, key, record(key, 2));
        produce(
                "debezium",
                one,
                avro(id, envelope, record(envelope, null, record(row, 1, "a lamp"), "c", 5L)),
                two,
                avro(id, envelope, record(envelope, record(row, 2, "a chair"), null, "d", 6L)),
                two,
                null,
                one,
                avro(
                        id,
                        envelope,
                        record(
                                envelope,
                                record(row, 1, "a lamp"),
                                record(row, 1, "a new lamp"),
                                "u",
                                7L)));
        Distribution.Answer answer = run("debezium", "format=debezium-avro").expect(0);
        assertThat(answer.err()).contains("Dead letters: 0");
        assertThat(written("debezium"))
                .anySatisfy(line -> assertThat(line).isEqualTo("{\"id\":\"1\"}"))
                .anySatisfy(line -> assertThat(line).contains("\"id\":\"2\"").contains("delete"));
    }

    @Test
    void rejectsWrongCredentialsAtTheStart() throws Exception {
        broker.createTopic("credentials", 1);
        registry.requireToken("secret");
        Distribution.Answer answer = run("credentials", "format=avro");
        assertThat(answer.code()).isNotZero();
        assertThat(answer.err())
                .contains(
                        "requires credentials, and none are set (HTTP 401). Set registry.username")
                .doesNotContain("Exception");
        assertThat(Files.exists(directory.resolve("credentials"))).isFalse();
    }
}

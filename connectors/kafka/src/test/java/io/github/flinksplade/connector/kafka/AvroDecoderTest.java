package io.github.flinksplade.connector.kafka;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.github.flinksplade.connector.InvalidRecordException;
import io.github.flinksplade.connector.InvalidRecordException.Reason;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.math.BigDecimal;
import java.nio.ByteBuffer;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.stream.Stream;
import org.apache.avro.Schema;
import org.apache.avro.generic.GenericData;
import org.apache.avro.generic.GenericDatumWriter;
import org.apache.avro.io.BinaryEncoder;
import org.apache.avro.io.EncoderFactory;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

/** Payloads are written by Avro's generic writer. */
class AvroDecoderTest {

    private static byte[] write(Schema schema, Object value) throws IOException {
        ByteArrayOutputStream out = new ByteArrayOutputStream();
        BinaryEncoder encoder = EncoderFactory.get().binaryEncoder(out, null);
        new GenericDatumWriter<>(schema).write(value, encoder);
        encoder.flush();
        return out.toByteArray();
    }

    private static String decode(String schema, byte[] payload) throws Exception {
        return AvroDecoder.of(schema, List.of()).decode(payload, 0).toJson();
    }

    private static String logical(String type, String logicalType) {
        return "{\"type\":\"" + type + "\",\"logicalType\":\"" + logicalType + "\"}";
    }

    private static String connect(String type, String name) {
        return "{\"type\":\"" + type + "\",\"connect.name\":\"" + name + "\"}";
    }

    static Stream<Arguments> values() {
        String decimal =
                "{\"type\":\"bytes\",\"logicalType\":\"decimal\",\"precision\":9,\"scale\":2}";
        String negativeScale =
                "{\"type\":\"bytes\",\"connect.name\":\"org.apache.kafka.connect.data"
                        + ".Decimal\",\"connect.parameters\":{\"scale\":\"-2\"}}";
        String fixed = "{\"type\":\"fixed\",\"name\":\"F\",\"size\":16,\"logicalType\":\"uuid\"}";
        String fixedDecimal =
                "{\"type\":\"fixed\",\"name\":\"F\",\"size\":4,\"logicalType\":\"decimal\",\"precision\":9,\"scale\":3}";
        long instant = 1_714_557_600_123L; // 2024-05-01T10:00:00.123Z
        return Stream.of(
                Arguments.of("\"null\"", null, "null"),
                Arguments.of("\"boolean\"", true, "true"),
                Arguments.of("\"int\"", Integer.MIN_VALUE, "-2147483648"),
                Arguments.of("\"long\"", Long.MAX_VALUE, "9223372036854775807"),
                Arguments.of("\"long\"", 9_007_199_254_740_993L, "9007199254740993"),
                Arguments.of("\"float\"", 0.1f, "0.1"),
                Arguments.of("\"float\"", Float.NaN, "\"NaN\""),
                Arguments.of("\"double\"", 0.1, "0.1"),
                Arguments.of("\"double\"", 2e23, "2.0E23"),
                Arguments.of("\"double\"", Double.NEGATIVE_INFINITY, "\"-Infinity\""),
                Arguments.of("\"string\"", "na\u00efve", "\"na\u00efve\""),
                Arguments.of("\"bytes\"", ByteBuffer.wrap(new byte[] {0, -1}), "\"AP8=\""),
                Arguments.of(decimal, unscaled("12.30"), "12.30"),
                Arguments.of(decimal, unscaled("-0.01"), "-0.01"),
                Arguments.of(negativeScale, unscaled("7"), "700"),
                Arguments.of(
                        fixedDecimal,
                        new GenericData.Fixed(
                                Schema.createFixed("F", null, null, 4), new byte[] {0, 0, 4, 0}),
                        "1.024"),
                Arguments.of(
                        fixed,
                        new GenericData.Fixed(
                                Schema.createFixed("F", null, null, 16),
                                new byte[] {0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15}),
                        "\"00010203-0405-0607-0809-0a0b0c0d0e0f\""),
                Arguments.of(logical("string", "uuid"), "a-b", "\"a-b\""),
                Arguments.of(logical("int", "date"), 19_844, "\"2024-05-01\""),
                Arguments.of(logical("int", "date"), -1, "\"1969-12-31\""),
                Arguments.of(logical("int", "time-millis"), 36_000_123, "\"10:00:00.123\""),
                Arguments.of(logical("int", "time-millis"), 36_000_000, "\"10:00:00\""),
                Arguments.of(
                        logical("long", "time-micros"), 36_000_123_456L, "\"10:00:00.123456\""),
                Arguments.of(
                        logical("long", "timestamp-millis"),
                        instant,
                        "\"2024-05-01T10:00:00.123Z\""),
                Arguments.of(
                        logical("long", "timestamp-millis"), -1L, "\"1969-12-31T23:59:59.999Z\""),
                Arguments.of(
                        logical("long", "timestamp-micros"),
                        instant * 1_000 + 4,
                        "\"2024-05-01T10:00:00.123004Z\""),
                Arguments.of(
                        logical("long", "timestamp-nanos"),
                        instant * 1_000_000 + 5,
                        "\"2024-05-01T10:00:00.123000005Z\""),
                Arguments.of(
                        logical("long", "local-timestamp-millis"),
                        instant,
                        "\"2024-05-01T10:00:00.123\""),
                Arguments.of(
                        logical("long", "local-timestamp-micros"),
                        instant * 1_000,
                        "\"2024-05-01T10:00:00.123\""),
                Arguments.of(
                        logical("long", "local-timestamp-nanos"),
                        instant * 1_000_000,
                        "\"2024-05-01T10:00:00.123\""),
                Arguments.of(
                        connect("long", "org.apache.kafka.connect.data.Timestamp"),
                        instant,
                        "\"2024-05-01T10:00:00.123Z\""),
                Arguments.of(
                        connect("int", "org.apache.kafka.connect.data.Date"),
                        19_844,
                        "\"2024-05-01\""),
                Arguments.of(
                        connect("int", "org.apache.kafka.connect.data.Time"),
                        36_000_000,
                        "\"10:00:00\""),
                Arguments.of(connect("int", "io.debezium.time.Date"), 19_844, "19844"),
                Arguments.of(connect("long", "io.debezium.time.MicroTimestamp"), 1_714L, "1714"),
                Arguments.of(
                        connect("string", "io.debezium.time.ZonedTimestamp"),
                        "2024-05-01T10:00:00Z",
                        "\"2024-05-01T10:00:00Z\""),
                Arguments.of("[\"null\",\"string\"]", null, "null"),
                Arguments.of("[\"null\",\"string\"]", "x", "\"x\""),
                Arguments.of("[\"int\",\"string\"]", 5, "5"),
                Arguments.of("{\"type\":\"array\",\"items\":\"int\"}", List.of(1, 2), "[1,2]"),
                Arguments.of(
                        "{\"type\":\"map\",\"values\":[\"null\",\"int\"]}",
                        Map.of("a", 1),
                        "{\"a\":1}"));
    }

    private static ByteBuffer unscaled(String decimal) {
        return ByteBuffer.wrap(new BigDecimal(decimal).unscaledValue().toByteArray());
    }

    @ParameterizedTest
    @MethodSource("values")
    void decodesValues(String schema, Object value, String json) throws Exception {
        assertThat(decode(schema, write(new Schema.Parser().parse(schema), value))).isEqualTo(json);
    }

    private static final String NESTED =
            """
            {"type":"record","name":"Node","fields":[
              {"name":"id","type":"long"},
              {"name":"state","type":{"type":"enum","name":"State","symbols":["NEW","OLD"]}},
              {"name":"tags","type":{"type":"array","items":"string"}},
              {"name":"scores","type":{"type":"map","values":"double"}},
              {"name":"next","type":["null","Node"]}]}""";

    private static GenericData.Record node(Schema schema, long id, Object next) {
        GenericData.Record node = new GenericData.Record(schema);
        node.put("id", id);
        node.put("state", new GenericData.EnumSymbol(schema.getField("state").schema(), "OLD"));
        node.put("tags", List.of("a", "b"));
        node.put("scores", Map.of("x", 0.5));
        node.put("next", next);
        return node;
    }

    @Test
    void decodesNestedRecords() throws Exception {
        Schema schema = new Schema.Parser().parse(NESTED);
        byte[] payload = write(schema, node(schema, 1, node(schema, 2, null)));
        String inner =
                "{\"id\":2,\"state\":\"OLD\",\"tags\":[\"a\",\"b\"],\"scores\":{\"x\":0.5},"
                        + "\"next\":null}";
        assertThat(decode(NESTED, payload))
                .isEqualTo(inner.replace("\"id\":2", "\"id\":1").replace("null", inner));
    }

    @Test
    void rejectsWhatTheSchemaDoesNotDescribe() throws Exception {
        assertInvalid("\"boolean\"", new byte[0], "it ends too early");
        assertInvalid("\"int\"", new byte[] {2, 2}, "it has bytes after its end");
        assertInvalid("\"string\"", new byte[] {20, 'a'}, "it ends too early");
        assertInvalid("[\"null\",\"int\"]", new byte[] {4}, "no branch of a union with index 2");
        assertInvalid(logical("int", "time-millis"), new byte[] {1}, "a time of day is -1");
        // a string of 2^31 - 1 bytes
        assertInvalid("\"string\"", new byte[] {-2, -1, -1, -1, 15}, "it ends too early");
        // an array of 2^40 nulls
        assertInvalid(
                "{\"type\":\"array\",\"items\":\"null\"}",
                new byte[] {-128, -128, -128, -128, -128, 64},
                "");
        assertThatThrownBy(() -> decode("\"string\"", new byte[] {2, -1}))
                .isInstanceOfSatisfying(
                        InvalidRecordException.class,
                        e -> assertThat(e.reason()).isEqualTo(Reason.NOT_UTF8));
        // a record that contains itself, without end
        assertInvalid(
                "{\"type\":\"record\",\"name\":\"R\",\"fields\":[{\"name\":\"r\",\"type\":\"R\"}]}",
                new byte[0],
                "it is nested too deeply");
    }

    private static void assertInvalid(String schema, byte[] payload, String message) {
        assertThatThrownBy(() -> decode(schema, payload))
                .isInstanceOf(IOException.class)
                .hasMessageContaining(message);
    }

    @Test
    void rejectsInvalidSchemas() {
        assertThatThrownBy(() -> AvroDecoder.of("{\"type\":\"recor", List.of()))
                .isInstanceOf(InvalidSchemaException.class)
                .hasMessageStartingWith("it is not an Avro schema: ");
        assertThatThrownBy(() -> AvroDecoder.of("\"Unknown\"", List.of()))
                .isInstanceOf(InvalidSchemaException.class);
        assertThatThrownBy(() -> AvroDecoder.of(NESTED.replace("\"Node\"]", "\"Nod\"]"), List.of()))
                .isInstanceOf(InvalidSchemaException.class)
                .hasMessageContaining("Nod");
    }

    @Test
    void corruptPayloadsAreInvalidOrDecoded() throws Exception {
        Schema schema = new Schema.Parser().parse(NESTED);
        AvroDecoder decoder = AvroDecoder.of(NESTED, List.of());
        byte[] valid = write(schema, node(schema, 1, node(schema, 2, null)));
        Random random = new Random(1);
        int decoded = 0;
        for (int i = 0; i < 50_000; i++) {
            byte[] payload = Fuzz.corrupt(valid, random);
            try {
                assertThat(decoder.decode(payload, 0)).isNotNull();
                decoded++;
            } catch (IOException | InvalidRecordException e) {
                assertThat(e).hasMessageNotContaining("java.");
            }
        }
        assertThat(decoded).isPositive();
    }
}

package io.github.flinksplade.connector.kafka;

import static io.github.flinksplade.connector.kafka.TestRecords.PROVENANCE;
import static io.github.flinksplade.connector.kafka.TestRecords.headers;
import static org.assertj.core.api.Assertions.assertThat;

import io.github.flinksplade.connector.Operation;
import io.github.flinksplade.connector.VectorRecord;
import io.github.flinksplade.vector.SparseVector;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.apache.flink.util.InstantiationUtil;
import org.junit.jupiter.api.Test;

/** Reads Avro and Protobuf values with the libraries' generic readers and the published schemas. */
class ValueWritersTest {

    private static final VectorRecord VECTOR =
            new VectorRecord(
                    "a/\u00e9 \ud83d\ude80",
                    Operation.UPSERT,
                    1_767_225_600_000_000L,
                    "h\u00e9llo\n\"w\u00f6rld\"",
                    "{\"price\":1.50,\"tags\":[\"a\"]}",
                    new SparseVector(
                            new int[] {0, 127, 128, 30_521},
                            new float[] {2.76658f, 1.0E-4f, Float.MIN_VALUE, 3f}),
                    1_000,
                    true,
                    TestRecords.origin("1"));

    @Test
    void writesAvroThatMatchesItsSchema() throws Exception {
        for (boolean withText : new boolean[] {true, false}) {
            assertThat(
                            ValueDecoder.avro(
                                    AvroWriter.SCHEMA,
                                    new AvroWriter(withText, PROVENANCE).bytes(VECTOR),
                                    0))
                    .isEqualTo(expected(withText ? VECTOR.text() : null, true));
        }
    }

    @Test
    void writesProtobufThatMatchesItsSchema() throws Exception {
        for (boolean withText : new boolean[] {true, false}) {
            assertThat(
                            ValueDecoder.protobuf(
                                    ProtobufWriter.SCHEMA,
                                    new ProtobufWriter(withText, PROVENANCE).bytes(VECTOR),
                                    0))
                    .isEqualTo(expected(withText ? VECTOR.text() : null, false));
        }
    }

    private static Map<String, Object> expected(String text, boolean containsNulls) {
        Map<String, Object> fields = new java.util.TreeMap<>();
        fields.put("id", VECTOR.id());
        fields.put("version", VECTOR.version());
        fields.put("indices", List.of(0, 127, 128, 30_521));
        fields.put("values", List.of(2.76658f, 1.0E-4f, Float.MIN_VALUE, 3f));
        if (text != null || containsNulls) {
            fields.put("text", text);
        }
        fields.put("fields", VECTOR.fields());
        fields.put("tokens", 1_000);
        fields.put("truncated", true);
        fields.put("encoder", PROVENANCE.fingerprint());
        fields.put("model", PROVENANCE.model());
        fields.put("model_sha256", PROVENANCE.modelSha256());
        return fields;
    }

    /** According to protobuf.dev/programming-guides/encoding, with packed fields as in proto3. */
    @Test
    void writesTheDocumentedProtobufBytes() {
        VectorRecord record =
                new VectorRecord(
                        "k",
                        Operation.UPSERT,
                        300,
                        null,
                        "{}",
                        new SparseVector(new int[] {1, 150}, new float[] {1f, 2f}),
                        4,
                        false,
                        null);
        assertThat(HexFormat.of().formatHex(new ProtobufWriter(true, PROVENANCE).bytes(record)))
                .startsWith(
                        "0a016b" // 1: "k"
                                + "10ac02" // 2: 300
                                + "1a03019601" // 3: 1, 150
                                + "22080000803f00000040" // 4: 1f, 2f
                                + "32027b7d" // 6: "{}"
                                + "3804" // 7: 4
                                + "4000" // 8: false
                                + "4a10"); // 9: 16 characters
    }

    @Test
    void writesEmptyAndFullVectorsExactly() throws Exception {
        long seed = System.nanoTime();
        Random random = new Random(seed);
        for (int terms : new int[] {0, 1, 30_522}) {
            int[] indices = new int[terms];
            float[] values = new float[terms];
            List<Object> ids = new ArrayList<>();
            List<Object> weights = new ArrayList<>();
            for (int i = 0; i < terms; i++) {
                indices[i] = i;
                values[i] = Math.max(Float.MIN_VALUE, 4 * random.nextFloat());
                ids.add(i);
                weights.add(values[i]);
            }
            VectorRecord record =
                    new VectorRecord(
                            "x".repeat(512),
                            Operation.UPSERT,
                            VectorRecord.MAX_VERSION,
                            "",
                            "{}",
                            new SparseVector(indices, values),
                            2,
                            false,
                            null);
            for (Map<String, Object> read :
                    List.of(
                            ValueDecoder.avro(
                                    AvroWriter.SCHEMA,
                                    new AvroWriter(true, PROVENANCE).bytes(record),
                                    0),
                            ValueDecoder.protobuf(
                                    ProtobufWriter.SCHEMA,
                                    new ProtobufWriter(true, PROVENANCE).bytes(record),
                                    0))) {
                assertThat(read)
                        .as("seed %d", seed)
                        .containsEntry("indices", ids)
                        .containsEntry("values", weights)
                        .containsEntry("text", "")
                        .containsEntry("version", VectorRecord.MAX_VERSION);
            }
        }
    }

    /**
     * docs.confluent.io/platform/current/schema-registry/fundamentals/serdes-develop: wire format.
     */
    @Test
    void startsWireFormatValuesWithTheSchemaId() throws Exception {
        byte[] avro =
                WireFormatWriter.avro(new AvroWriter(false, PROVENANCE), 0x01020304).bytes(VECTOR);
        assertThat(HexFormat.of().formatHex(avro, 0, 5)).isEqualTo("0001020304");
        assertThat(ValueDecoder.avro(AvroWriter.SCHEMA, avro, 5)).containsEntry("id", VECTOR.id());
        byte[] protobuf =
                WireFormatWriter.protobuf(new ProtobufWriter(false, PROVENANCE), 7).bytes(VECTOR);
        assertThat(HexFormat.of().formatHex(protobuf, 0, 6)).isEqualTo("000000000700");
        assertThat(ValueDecoder.protobuf(ProtobufWriter.SCHEMA, protobuf, 6))
                .containsEntry("id", VECTOR.id());
    }

    @Test
    void namesTheSchemaOfPlainValuesInAHeader() throws Exception {
        AvroWriter avro = new AvroWriter(false, PROVENANCE);
        assertThat(schemaHeader(avro)).matches("avro:[0-9a-f]{64}");
        assertThat(schemaHeader(new ProtobufWriter(false, PROVENANCE)))
                .isEqualTo("protobuf:io.github.flinksplade.SparseVector");
        assertThat(schemaHeader(WireFormatWriter.avro(avro, 1))).isNull();
        ValueWriter copy = InstantiationUtil.clone(WireFormatWriter.avro(avro, 1));
        assertThat(copy.bytes(VECTOR))
                .isEqualTo(WireFormatWriter.avro(avro, 1).bytes(VECTOR))
                .isEqualTo(copy.bytes(VECTOR));
    }

    private static String schemaHeader(ValueWriter writer) {
        return headers(
                        new VectorRecordSerializer("t", PROVENANCE, writer)
                                .serialize(VECTOR)
                                .headers())
                .get("flink-splade.schema");
    }
}

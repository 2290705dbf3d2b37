package io.github.flinksplade.connector.kafka;

import static io.github.flinksplade.connector.kafka.TestRecords.PROVENANCE;
import static io.github.flinksplade.connector.kafka.TestRecords.bytes;
import static io.github.flinksplade.connector.kafka.TestRecords.headers;
import static org.assertj.core.api.Assertions.assertThat;

import io.github.flinksplade.connector.DeadLetter;
import io.github.flinksplade.connector.Operation;
import io.github.flinksplade.connector.SourceRecord;
import io.github.flinksplade.connector.VectorJson;
import io.github.flinksplade.connector.VectorRecord;
import io.github.flinksplade.vector.SparseVector;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import org.apache.flink.api.common.functions.util.ListCollector;
import org.apache.flink.api.common.serialization.SerializerConfigImpl;
import org.apache.flink.api.common.typeutils.TypeSerializer;
import org.apache.flink.api.java.typeutils.PojoTypeInfo;
import org.apache.flink.core.memory.DataInputDeserializer;
import org.apache.flink.core.memory.DataOutputSerializer;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.header.Header;
import org.apache.kafka.common.header.internals.RecordHeader;
import org.apache.kafka.common.header.internals.RecordHeaders;
import org.apache.kafka.common.record.TimestampType;
import org.junit.jupiter.api.Test;

class SerializersTest {

    private static final VectorRecord VECTOR =
            new VectorRecord(
                    "id \"1\"",
                    Operation.UPSERT,
                    42,
                    "héllo",
                    "{\"price\":1.50,\"tags\":[\"a\"]}",
                    new SparseVector(new int[] {2088, 7592}, new float[] {2.76658f, 1.0E-4f}),
                    4,
                    true,
                    TestRecords.origin("1"));

    private static VectorRecordSerializer serializer(VectorJson.Form form, boolean withText) {
        return new VectorRecordSerializer(
                "vectors",
                PROVENANCE,
                new VectorJson(form, withText, PROVENANCE, TestRecords.context("x").vocabulary())
                        ::bytes);
    }

    @Test
    void writesKeyValueAndHeadersOfIndices() {
        ProducerRecord<byte[], byte[]> record =
                serializer(VectorJson.Form.INDICES, false).serialize(VECTOR);
        assertThat(record.topic()).isEqualTo("vectors");
        assertThat(record.timestamp()).isNull();
        assertThat(record.partition()).isNull();
        assertThat(record.key()).isEqualTo(bytes("id \"1\""));
        assertThat(new String(record.value(), java.nio.charset.StandardCharsets.UTF_8))
                .isEqualTo(
                        "{\"id\":\"id \\\"1\\\"\",\"version\":42,\"indices\":[2088,7592],"
                                + "\"values\":[2.76658,1.0E-4],"
                                + "\"fields\":{\"price\":1.50,\"tags\":[\"a\"]},"
                                + "\"tokens\":4,\"truncated\":true,\"encoder\":\""
                                + PROVENANCE.fingerprint()
                                + "\",\"model\":\"builtin:minilm\",\"model_sha256\":\"aa11\"}");
        assertThat(headers(record.headers()).entrySet())
                .extracting(Object::toString)
                .containsExactly(
                        "flink-splade.model=builtin:minilm",
                        "flink-splade.model-sha256=aa11",
                        "flink-splade.tokenizer-sha256=bb22",
                        "flink-splade.precision=fp32",
                        "flink-splade.pruning=none",
                        "flink-splade.max-tokens=128",
                        "flink-splade.fingerprint=" + PROVENANCE.fingerprint(),
                        "flink-splade.tokens=4",
                        "flink-splade.truncated=true",
                        "flink-splade.version=42");
    }

    @Test
    void writesRoundedTermsAndText() {
        ProducerRecord<byte[], byte[]> record =
                serializer(VectorJson.Form.LUCENE, true).serialize(VECTOR);
        assertThat(new String(record.value(), java.nio.charset.StandardCharsets.UTF_8))
                .startsWith(
                        "{\"id\":\"id \\\"1\\\"\",\"version\":42,"
                                + "\"vector\":{\"w2088\":2.77,\"w7592\":0.0},"
                                + "\"text\":\"héllo\",");
    }

    @Test
    void writesDeletesAsTombstonesWithTheirVersion() {
        ProducerRecord<byte[], byte[]> record =
                serializer(VectorJson.Form.INDICES, false).serialize(TestRecords.delete("7", 9));
        assertThat(record.key()).isEqualTo(bytes("7"));
        assertThat(record.value()).isNull();
        assertThat(headers(record.headers()).entrySet())
                .extracting(Object::toString)
                .containsExactly("flink-splade.version=9");
    }

    @Test
    void declareTheirTopicForPooledTransactionalIds() {
        assertThat(
                        serializer(VectorJson.Form.INDICES, false)
                                .getKafkaDatasetFacet()
                                .orElseThrow()
                                .getTopicIdentifier()
                                .getTopics())
                .containsExactly("vectors");
        assertThat(
                        deadLetters(1_000)
                                .getKafkaDatasetFacet()
                                .orElseThrow()
                                .getTopicIdentifier()
                                .getTopics())
                .containsExactly("dead");
    }

    @Test
    void keepsEverythingOfASourceRecordThroughFlinksSerializer() throws Exception {
        RecordHeaders kafkaHeaders =
                new RecordHeaders(
                        List.<Header>of(
                                new RecordHeader("a", bytes("1")),
                                new RecordHeader("none", (byte[]) null),
                                new RecordHeader("a", new byte[] {(byte) 0xff})));
        List<SourceRecord> records = new ArrayList<>();
        SourceRecordDeserializer deserializer = new SourceRecordDeserializer();
        deserializer.deserialize(
                new ConsumerRecord<>(
                        "docs",
                        3,
                        17L,
                        1234L,
                        TimestampType.CREATE_TIME,
                        1,
                        1,
                        bytes("k"),
                        bytes("v"),
                        kafkaHeaders,
                        Optional.empty()),
                new ListCollector<>(records));
        deserializer.deserialize(
                new ConsumerRecord<>("docs", 0, 18L, null, null), new ListCollector<>(records));

        assertThat(deserializer.getProducedType()).isInstanceOf(PojoTypeInfo.class);
        TypeSerializer<SourceRecord> serializer =
                deserializer.getProducedType().createSerializer(new SerializerConfigImpl());
        for (int i = 0; i < records.size(); i++) {
            DataOutputSerializer out = new DataOutputSerializer(64);
            serializer.serialize(records.get(i), out);
            records.set(
                    i, serializer.deserialize(new DataInputDeserializer(out.getCopyOfBuffer())));
        }

        SourceRecord first = records.get(0);
        assertThat(first.position()).isEqualTo("docs-3@17");
        assertThat(first.timestamp()).isEqualTo(1234);
        assertThat(first.key()).isEqualTo(bytes("k"));
        assertThat(first.value()).isEqualTo(bytes("v"));
        assertThat(first.headerNames()).containsExactly("a", "none", "a");
        assertThat(first.headerValues())
                .isDeepEqualTo(new byte[][] {bytes("1"), null, {(byte) 0xff}});
        SourceRecord tombstone = records.get(1);
        assertThat(tombstone.key()).isNull();
        assertThat(tombstone.value()).isNull();
        assertThat(tombstone.timestamp()).isEqualTo(SourceRecord.NO_TIMESTAMP);
        assertThat(tombstone.headerNames()).isEmpty();
    }

    private static DeadLetterSerializer deadLetters(int maxRecordBytes) {
        return new DeadLetterSerializer("dead", maxRecordBytes, TopicLimits.DEFAULT);
    }

    private static SourceRecord original(byte[] value, long timestamp) {
        return new SourceRecord(
                "docs",
                2,
                77,
                timestamp,
                bytes("k"),
                value,
                new String[] {"trace", "none", DeadLetter.HEADER_STAGE},
                new byte[][] {bytes("t1"), null, bytes("ENCODE")});
    }

    @Test
    void addsTheReasonToADeadLetter() {
        DeadLetter letter =
                new DeadLetter(
                        original(bytes("{broken"), 1_000),
                        DeadLetter.Stage.WRITE,
                        "lucene",
                        "java.io.IOException",
                        "rejected");
        ProducerRecord<byte[], byte[]> record = deadLetters(100_000).serialize(letter, 2_000);
        assertThat(record.key()).isEqualTo(bytes("k"));
        assertThat(record.value()).isEqualTo(bytes("{broken"));
        assertThat(record.timestamp()).isEqualTo(1_000);
        List<String> seen = new ArrayList<>();
        for (Header header : record.headers()) {
            seen.add(
                    header.key()
                            + "="
                            + (header.value() == null ? null : new String(header.value())));
        }
        assertThat(seen)
                .containsExactly(
                        "trace=t1",
                        "none=null",
                        "__connect.errors.stage=ENCODE",
                        "__connect.errors.topic=docs",
                        "__connect.errors.partition=2",
                        "__connect.errors.offset=77",
                        "__connect.errors.stage=WRITE",
                        "__connect.errors.exception.class.name=java.io.IOException",
                        "__connect.errors.exception.message=rejected",
                        "flink-splade.sink=lucene");
    }

    @Test
    void movesTimestampsThatTheTopicRejectsToAHeader() {
        assertThat(
                        deadLetters(100_000)
                                .serialize(
                                        TestRecords.deadLetter(
                                                original(null, SourceRecord.NO_TIMESTAMP)),
                                        0)
                                .timestamp())
                .isNull();
        ProducerRecord<byte[], byte[]> future =
                deadLetters(100_000)
                        .serialize(TestRecords.deadLetter(original(null, 3_600_001)), 0);
        assertThat(future.timestamp()).isNull();
        assertThat(future.value()).isNull();
        assertThat(headers(future.headers())).containsEntry("flink-splade.timestamp", "3600001");
        assertThat(
                        deadLetters(100_000)
                                .serialize(TestRecords.deadLetter(original(null, 3_600_000)), 0)
                                .timestamp())
                .isEqualTo(3_600_000);
    }

    @Test
    void truncatesADeadLetterThatIsTooLarge() {
        byte[] value = new byte[10_000];
        Arrays.fill(value, (byte) 'x');
        for (int limit = 900; limit < 10_700; limit += 7) {
            ProducerRecord<byte[], byte[]> record =
                    deadLetters(limit).serialize(TestRecords.deadLetter(original(value, 1)), 1);
            assertThat(KafkaProducerSettings.sizeOf(record)).isLessThanOrEqualTo(limit);
            assertThat(record.key()).isEqualTo(bytes("k"));
            if (record.value().length == value.length) {
                assertThat(headers(record.headers())).doesNotContainKey("flink-splade.cut");
            } else {
                assertThat(headers(record.headers()))
                        .containsEntry("flink-splade.cut", "value of 10000 bytes")
                        .containsKey("trace");
                assertThat(KafkaProducerSettings.sizeOf(record)).isGreaterThan(limit - 64);
            }
        }
    }

    @Test
    void keepsTheReasonOfADeadLetterWithLargeHeaders() {
        SourceRecord origin =
                new SourceRecord(
                        "docs",
                        2,
                        77,
                        1,
                        bytes("k"),
                        null,
                        new String[] {"big"},
                        new byte[][] {new byte[5_000]});
        ProducerRecord<byte[], byte[]> record =
                deadLetters(2_000).serialize(TestRecords.deadLetter(origin), 1);
        assertThat(KafkaProducerSettings.sizeOf(record)).isLessThanOrEqualTo(2_000);
        assertThat(record.key()).isNull();
        assertThat(record.value()).isEmpty();
        assertThat(headers(record.headers()))
                .doesNotContainKey("big")
                .containsEntry("flink-splade.cut", "key, value and headers of 5004 bytes")
                .containsEntry(DeadLetter.HEADER_OFFSET, "77");
    }
}

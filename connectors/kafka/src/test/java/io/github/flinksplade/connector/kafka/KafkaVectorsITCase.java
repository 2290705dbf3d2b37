package io.github.flinksplade.connector.kafka;

import static io.github.flinksplade.connector.kafka.TestRecords.PROVENANCE;
import static io.github.flinksplade.connector.kafka.TestRecords.bytes;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.github.flinksplade.connector.ConnectorException;
import io.github.flinksplade.connector.ConnectorUri;
import io.github.flinksplade.connector.Operation;
import io.github.flinksplade.connector.Provenance;
import io.github.flinksplade.connector.VectorJson;
import io.github.flinksplade.connector.VectorRecord;
import io.github.flinksplade.connector.VectorSource;
import io.github.flinksplade.vector.SparseVector;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.apache.flink.util.InstantiationUtil;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.RecordsToDelete;
import org.apache.kafka.clients.producer.KafkaProducer;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.serialization.ByteArraySerializer;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;

/** Reads vectors from topics, for a copy. */
class KafkaVectorsITCase {

    @RegisterExtension private static final SharedKafkaBroker KAFKA = new SharedKafkaBroker();

    private static KafkaBroker broker;

    @BeforeAll
    static void useBroker() {
        broker = KAFKA.broker();
    }

    private static KafkaVectors vectors(String topic) {
        return KafkaVectors.of(
                ConnectorUri.parse("kafka://" + broker.bootstrapServers() + "/" + topic));
    }

    private static List<VectorRecord> all(VectorSource vectors) throws Exception {
        List<VectorRecord> all = new ArrayList<>();
        try (VectorSource.Reader reader = InstantiationUtil.clone(vectors).open()) {
            for (long i = 0; i < vectors.positions(); i++) {
                VectorRecord record = reader.read(i);
                if (record != null) {
                    all.add(record);
                }
            }
        }
        return all;
    }

    private static VectorRecord vector(String id, long version, int terms) {
        Random random = new Random(version);
        int[] indices = new int[terms];
        float[] values = new float[terms];
        for (int i = 0; i < terms; i++) {
            indices[i] = 3 * i;
            // Half of them any float, half in the range of real weights.
            values[i] =
                    i % 2 == 0
                            ? Float.intBitsToFloat(1 + random.nextInt(0x7f7fffff))
                            : Math.max(Float.MIN_VALUE, 4 * random.nextFloat());
        }
        return new VectorRecord(
                id,
                Operation.UPSERT,
                version,
                "the text of " + id,
                "{\"price\":1.50,\"deep\":{\"a\":[1,{\"b\":\"}\"}]}}",
                new SparseVector(indices, values),
                5,
                true,
                TestRecords.origin(id));
    }

    private static void assertSame(VectorRecord read, VectorRecord written, String text) {
        assertThat(read)
                .usingRecursiveComparison()
                .ignoringFields("origin", "text")
                .isEqualTo(written);
        assertThat(read.text()).isEqualTo(text);
    }

    @Test
    void readsEveryUnroundedFormatExactly() throws Exception {
        List<VectorRecord> written =
                List.of(
                        vector("a/\ud83d\ude80 \u00e9", 0, 5),
                        vector("b", 7, 0),
                        vector("c", VectorRecord.MAX_VERSION, 10_000),
                        TestRecords.delete("a/\ud83d\ude80 \u00e9", 1),
                        TestRecords.delete("d", VectorRecord.NO_VERSION));
        for (boolean withText : new boolean[] {true, false}) {
            AvroWriter avro = new AvroWriter(withText, PROVENANCE);
            ProtobufWriter protobuf = new ProtobufWriter(withText, PROVENANCE);
            Map<String, ValueWriter> forms =
                    Map.of(
                            "indices",
                            new VectorJson(VectorJson.Form.INDICES, withText, PROVENANCE, null)
                                    ::bytes,
                            "avro",
                            avro,
                            "protobuf",
                            protobuf,
                            "avro-registered",
                            WireFormatWriter.avro(avro, 1),
                            "protobuf-registered",
                            WireFormatWriter.protobuf(protobuf, 1));
            for (Map.Entry<String, ValueWriter> form : forms.entrySet()) {
                String topic = form.getKey() + withText;
                broker.createTopic(topic, 1);
                VectorRecordSerializer serializer =
                        new VectorRecordSerializer(topic, PROVENANCE, form.getValue());
                broker.produce(written.stream().map(serializer::serialize).toList());
                KafkaVectors vectors = vectors(topic);
                assertThat(vectors.provenance()).isEqualTo(PROVENANCE);
                assertThat(vectors.positions()).isEqualTo(written.size());
                List<VectorRecord> read = all(vectors);
                assertThat(read).as(topic).hasSameSizeAs(written);
                for (int i = 0; i < read.size(); i++) {
                    assertSame(
                            read.get(i), written.get(i), withText ? written.get(i).text() : null);
                }
            }
        }
    }

    @Test
    void skipsUncommittedAndLaterRecords() throws Exception {
        broker.createTopic("copied-transactions", 3);
        VectorRecordSerializer serializer =
                new VectorRecordSerializer(
                        "copied-transactions", PROVENANCE, new AvroWriter(true, PROVENANCE));
        List<VectorRecord> committed = new ArrayList<>();
        try (KafkaProducer<byte[], byte[]> producer =
                new KafkaProducer<>(
                        Map.of(
                                "bootstrap.servers",
                                broker.bootstrapServers(),
                                "transactional.id",
                                "t"),
                        new ByteArraySerializer(),
                        new ByteArraySerializer())) {
            producer.initTransactions();
            for (int round = 0; round < 10; round++) {
                producer.beginTransaction();
                for (int i = 0; i < 20; i++) {
                    VectorRecord record = vector("id-" + i % 7, 20L * round + i, 3);
                    producer.send(serializer.serialize(record));
                    if (round % 3 != 1) {
                        committed.add(record);
                    }
                }
                // Otherwise the records of an aborted transaction would not be sent.
                producer.flush();
                if (round % 3 == 1) {
                    producer.abortTransaction();
                } else {
                    producer.commitTransaction();
                }
            }
        }
        KafkaVectors vectors = vectors("copied-transactions");
        // Each transaction adds a marker to the partitions it wrote to.
        assertThat(vectors.positions()).isGreaterThan(200);
        broker.produce(List.of(serializer.serialize(vector("later", 1, 1))));

        List<VectorRecord> read = all(vectors);
        assertThat(read)
                .extracting(VectorRecord::version)
                .containsExactlyInAnyOrderElementsOf(
                        committed.stream().map(VectorRecord::version).toList());
        for (int i = 0; i < 7; i++) {
            String id = "id-" + i;
            assertThat(read.stream().filter(r -> r.id().equals(id)).map(VectorRecord::version))
                    .isSorted();
        }
        // From the middle, like a copy that resumes.
        try (VectorSource.Reader reader = vectors.open()) {
            List<Long> again = new ArrayList<>();
            for (long i = vectors.positions() / 2; i < vectors.positions(); i++) {
                VectorRecord record = reader.read(i);
                if (record != null) {
                    again.add(record.version());
                }
            }
            assertThat(read.stream().map(VectorRecord::version).toList())
                    .endsWith(again.toArray(Long[]::new));
        }
    }

    @Test
    void readsTopicWhoseNewestRecordsAreTombstones() throws Exception {
        broker.createTopic("tombstones", 1);
        VectorRecordSerializer serializer =
                new VectorRecordSerializer(
                        "tombstones", PROVENANCE, new ProtobufWriter(true, PROVENANCE));
        List<ProducerRecord<byte[], byte[]>> records = new ArrayList<>();
        records.add(serializer.serialize(vector("1", 1, 1)));
        for (int i = 0; i < 50; i++) {
            records.add(serializer.serialize(TestRecords.delete("1", 2 + i)));
        }
        broker.produce(records);
        assertThat(vectors("tombstones").provenance()).isEqualTo(PROVENANCE);
        assertThat(all(vectors("tombstones"))).hasSize(51);
    }

    @Test
    void reportsOffsetsRemovedByRetention() throws Exception {
        broker.createTopic("removed", 1);
        VectorRecordSerializer serializer =
                new VectorRecordSerializer("removed", PROVENANCE, new AvroWriter(true, PROVENANCE));
        broker.produce(
                List.of(
                        serializer.serialize(vector("1", 1, 1)),
                        serializer.serialize(vector("2", 1, 1))));
        KafkaVectors vectors = vectors("removed");
        try (Admin admin = Admin.create(Map.of("bootstrap.servers", broker.bootstrapServers()))) {
            admin.deleteRecords(
                            Map.of(
                                    new TopicPartition("removed", 0),
                                    RecordsToDelete.beforeOffset(1)))
                    .all()
                    .get();
        }
        assertThatThrownBy(() -> all(vectors))
                .isInstanceOf(ConnectorException.class)
                .hasMessageContaining("retention removed offset 0 of removed-0");
        assertThat(all(vectors("removed"))).extracting(VectorRecord::id).containsExactly("2");
    }

    @Test
    void rejectsInvalidVectorsWithTheirOffset() {
        broker.createTopic("no-vectors", 2);
        assertThatThrownBy(() -> vectors("no-vectors"))
                .isInstanceOf(ConnectorException.class)
                .hasMessageStartingWith("topic 'no-vectors' at ")
                .hasMessageEndingWith(" contains no vectors");
        assertThatThrownBy(() -> vectors("no-vectros"))
                .hasMessageContaining("did you mean 'no-vectors'?");

        broker.createTopic("foreign", 1);
        broker.produce(List.of(new ProducerRecord<>("foreign", bytes("k"), bytes("v"))));
        assertThatThrownBy(() -> vectors("foreign"))
                .isInstanceOf(ConnectorException.class)
                .hasMessage(
                        "the record at offset 0 of partition 0 of topic 'foreign' is not a vector"
                                + " that can be read: no header names its encoder. Name a topic"
                                + " that flink-splade wrote with format=indices, format=avro or"
                                + " format=protobuf.");
        assertRejected(
                "rounded",
                new VectorJson(
                                VectorJson.Form.LUCENE,
                                false,
                                PROVENANCE,
                                TestRecords.context("x").vocabulary())
                        ::bytes,
                "its weights are rounded (format=lucene)");
        assertRejected("garbage", record -> bytes("[1]"), "it is not a JSON object");
        assertRejected(
                "wrong-id", record -> bytes("{\"id\":\"x\"}"), "its id is x, but its key is 1");
        AvroWriter avro = new AvroWriter(false, PROVENANCE);
        assertRejected(
                "too-long",
                record ->
                        Arrays.copyOf(
                                new WireFormatWriter(avro, new byte[] {0, 0, 0, 0, 1})
                                        .bytes(record),
                                300),
                "it has bytes after the record of sparse_vector.avsc");
    }

    private static void assertRejected(String topic, ValueWriter writer, String why) {
        broker.createTopic(topic, 1);
        broker.produce(
                List.of(
                        new VectorRecordSerializer(topic, PROVENANCE, writer)
                                .serialize(vector("1", 1, 2))));
        assertThatThrownBy(() -> all(vectors(topic)))
                .isInstanceOf(ConnectorException.class)
                .hasMessageContaining(" is not a vector that can be read: " + why + ". ");
    }

    @Test
    void rejectsVectorsOfTwoModels() {
        broker.createTopic("models", 1);
        Provenance older = new Provenance("hf:a/b", "cc", "dd", "fp32", "none", 128);
        broker.produce(
                List.of(
                        new VectorRecordSerializer("models", older, new AvroWriter(false, older))
                                .serialize(vector("1", 1, 1)),
                        new VectorRecordSerializer(
                                        "models", PROVENANCE, new AvroWriter(false, PROVENANCE))
                                .serialize(vector("2", 1, 1))));
        assertThatThrownBy(() -> all(vectors("models")))
                .isInstanceOf(ConnectorException.class)
                .hasMessageContaining("was encoded by the model hf:a/b")
                .hasMessageContaining("Encode the documents again");
    }
}

package io.github.flinksplade.connector.kafka;

import io.github.flinksplade.connector.Operation;
import io.github.flinksplade.connector.Provenance;
import io.github.flinksplade.connector.VectorRecord;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.apache.flink.connector.kafka.lineage.KafkaDatasetFacet;
import org.apache.flink.connector.kafka.lineage.KafkaDatasetFacetProvider;
import org.apache.flink.connector.kafka.sink.KafkaRecordSerializationSchema;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.header.Header;
import org.apache.kafka.common.header.Headers;
import org.apache.kafka.common.header.internals.RecordHeader;

/**
 * Serializes a vector as a Kafka record: the key is the id in UTF-8, the value is the vector (null
 * for a delete), and the headers contain its provenance in UTF-8. The timestamp is the time of
 * writing, not of the document, because retention is computed from it and the new vector of an old
 * document is new.
 */
final class VectorRecordSerializer
        implements KafkaRecordSerializationSchema<VectorRecord>, KafkaDatasetFacetProvider {

    private static final long serialVersionUID = 1L;

    /** The prefix of all header names. */
    static final String HEADER_PREFIX = "flink-splade.";

    static final String HEADER_FINGERPRINT = HEADER_PREFIX + "fingerprint";
    static final String HEADER_VERSION = HEADER_PREFIX + "version";
    private static final String HEADER_TOKENS = HEADER_PREFIX + "tokens";
    private static final String HEADER_TRUNCATED = HEADER_PREFIX + "truncated";

    /** Present in a delete of a replaced id. */
    static final String HEADER_REPLACED = HEADER_PREFIX + "replaced";

    static final String HEADER_SCHEMA = HEADER_PREFIX + "schema";

    private final String topic;
    private final Provenance provenance;
    private final ValueWriter writer;

    /** The headers that all vectors share; created on first use. */
    private transient List<Header> provenanceHeaders;

    VectorRecordSerializer(String topic, Provenance provenance, ValueWriter writer) {
        this.topic = topic;
        this.provenance = provenance;
        this.writer = writer;
    }

    @Override
    public ProducerRecord<byte[], byte[]> serialize(
            VectorRecord record, KafkaSinkContext context, Long timestamp) {
        return serialize(record);
    }

    ProducerRecord<byte[], byte[]> serialize(VectorRecord record) {
        List<Header> headers = new ArrayList<>(12);
        if (!record.isDelete()) {
            if (provenanceHeaders == null) {
                provenanceHeaders = headers(provenance, writer.schema());
            }
            headers.addAll(provenanceHeaders);
            headers.add(header(HEADER_TOKENS, Integer.toString(record.tokens())));
            headers.add(header(HEADER_TRUNCATED, Boolean.toString(record.truncated())));
        }
        headers.add(header(HEADER_VERSION, Long.toString(record.version())));
        if (record.operation() == Operation.DELETE_REPLACED) {
            headers.add(header(HEADER_REPLACED, "true"));
        }
        return new ProducerRecord<>(
                topic,
                null,
                null,
                record.id().getBytes(StandardCharsets.UTF_8),
                record.isDelete() ? null : writer.bytes(record),
                headers);
    }

    private static List<Header> headers(Provenance provenance, String schema) {
        List<Header> headers = new ArrayList<>();
        if (schema != null) {
            headers.add(header(HEADER_SCHEMA, schema));
        }
        for (Map.Entry<String, String> part : provenance.toMap().entrySet()) {
            headers.add(header(HEADER_PREFIX + part.getKey().replace('_', '-'), part.getValue()));
        }
        return List.copyOf(headers);
    }

    /** The provenance in a record's headers. */
    static Provenance provenance(Headers headers) {
        Map<String, String> parts = new HashMap<>();
        for (Header one : headers) {
            if (one.key().startsWith(HEADER_PREFIX) && one.value() != null) {
                parts.put(
                        one.key().substring(HEADER_PREFIX.length()).replace('-', '_'),
                        new String(one.value(), StandardCharsets.UTF_8));
            }
        }
        return Provenance.fromMap(parts);
    }

    static Header header(String name, String value) {
        return new RecordHeader(name, value.getBytes(StandardCharsets.UTF_8));
    }

    @Override
    public Optional<KafkaDatasetFacet> getKafkaDatasetFacet() {
        return KafkaProducerSettings.facet(topic);
    }
}

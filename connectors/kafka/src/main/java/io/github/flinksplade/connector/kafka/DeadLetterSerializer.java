package io.github.flinksplade.connector.kafka;

import static io.github.flinksplade.connector.kafka.VectorRecordSerializer.header;

import io.github.flinksplade.connector.DeadLetter;
import io.github.flinksplade.connector.SourceRecord;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import org.apache.flink.connector.kafka.lineage.KafkaDatasetFacet;
import org.apache.flink.connector.kafka.lineage.KafkaDatasetFacetProvider;
import org.apache.flink.connector.kafka.sink.KafkaRecordSerializationSchema;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.apache.kafka.common.header.Header;
import org.apache.kafka.common.header.internals.RecordHeader;

/**
 * Serializes a dead letter as a Kafka record: key, value, headers and timestamp of the original
 * record, followed by headers with the reason, under the names that Kafka Connect uses.
 *
 * <p>A record that the topic would reject must not fail the job repeatedly. An original that is too
 * large is truncated and marked with {@value #HEADER_TRUNCATED}; a timestamp that the topic does
 * not accept is moved to {@value #HEADER_TIMESTAMP}. Topic, partition and offset identify the
 * original.
 */
final class DeadLetterSerializer
        implements KafkaRecordSerializationSchema<DeadLetter>, KafkaDatasetFacetProvider {

    private static final long serialVersionUID = 1L;

    /** What was truncated, and its original size. */
    static final String HEADER_TRUNCATED = "flink-splade.cut";

    /** The original timestamp in milliseconds. */
    static final String HEADER_TIMESTAMP = "flink-splade.timestamp";

    /** The sink that rejected the record. */
    static final String HEADER_SINK = "flink-splade.sink";

    /** Max length of an exception message, which may quote the record. */
    private static final int MAX_MESSAGE_CHARACTERS = 4_096;

    private final String topic;
    private final int maxRecordBytes;
    private final TopicLimits limits;

    DeadLetterSerializer(String topic, int maxRecordBytes, TopicLimits limits) {
        this.topic = topic;
        this.maxRecordBytes = maxRecordBytes;
        this.limits = limits;
    }

    @Override
    public ProducerRecord<byte[], byte[]> serialize(
            DeadLetter letter, KafkaSinkContext context, Long timestamp) {
        return serialize(letter, System.currentTimeMillis());
    }

    ProducerRecord<byte[], byte[]> serialize(DeadLetter letter, long now) {
        SourceRecord origin = letter.origin();
        List<Header> reasons = reasons(letter);
        Long timestamp = null;
        if (origin.timestamp() >= 0) {
            if (limits.acceptsTimestamp(origin.timestamp(), now)) {
                timestamp = origin.timestamp();
            } else {
                reasons.add(header(HEADER_TIMESTAMP, Long.toString(origin.timestamp())));
            }
        }
        List<Header> headers = new ArrayList<>();
        for (int i = 0; i < origin.headerNames().length; i++) {
            headers.add(new RecordHeader(origin.headerNames()[i], origin.headerValues()[i]));
        }
        headers.addAll(reasons);
        ProducerRecord<byte[], byte[]> complete =
                record(timestamp, origin.key(), origin.value(), headers);
        int excess = KafkaProducerSettings.sizeOf(complete) - maxRecordBytes;
        return excess <= 0 ? complete : truncate(origin, timestamp, headers, reasons, excess);
    }

    /** Truncates the value; drops key, value and headers if that is not enough. */
    private ProducerRecord<byte[], byte[]> truncate(
            SourceRecord origin,
            Long timestamp,
            List<Header> headers,
            List<Header> reasons,
            int excess) {
        int length = origin.value() == null ? 0 : origin.value().length;
        Header marker = header(HEADER_TRUNCATED, "value of " + length + " bytes");
        // The header itself needs space: name, value, and the lengths of both.
        int kept = length - excess - marker.key().length() - marker.value().length - 16;
        if (kept >= 0) {
            headers.add(marker);
            return record(timestamp, origin.key(), Arrays.copyOf(origin.value(), kept), headers);
        }
        reasons.add(
                header(
                        HEADER_TRUNCATED,
                        "key, value and headers of " + origin.sizeInBytes() + " bytes"));
        // Not null: that would be a tombstone.
        return record(timestamp, null, new byte[0], reasons);
    }

    private ProducerRecord<byte[], byte[]> record(
            Long timestamp, byte[] key, byte[] value, List<Header> headers) {
        return new ProducerRecord<>(topic, null, timestamp, key, value, headers);
    }

    private static List<Header> reasons(DeadLetter letter) {
        SourceRecord origin = letter.origin();
        List<Header> headers = new ArrayList<>();
        headers.add(header(DeadLetter.HEADER_TOPIC, origin.source()));
        headers.add(header(DeadLetter.HEADER_PARTITION, Integer.toString(origin.partition())));
        headers.add(header(DeadLetter.HEADER_OFFSET, Long.toString(origin.offset())));
        headers.add(header(DeadLetter.HEADER_STAGE, letter.stage().name()));
        headers.add(header(DeadLetter.HEADER_EXCEPTION_CLASS, letter.exceptionClass()));
        String message = letter.message();
        if (message.length() > MAX_MESSAGE_CHARACTERS) {
            message = message.substring(0, MAX_MESSAGE_CHARACTERS) + "...";
        }
        headers.add(header(DeadLetter.HEADER_EXCEPTION_MESSAGE, message));
        if (letter.sink() != null) {
            headers.add(header(HEADER_SINK, letter.sink()));
        }
        return headers;
    }

    @Override
    public Optional<KafkaDatasetFacet> getKafkaDatasetFacet() {
        return KafkaProducerSettings.facet(topic);
    }
}

package io.github.flinksplade.connector.kafka;

import io.github.flinksplade.connector.ConnectorException;
import io.github.flinksplade.connector.ConnectorUri;
import io.github.flinksplade.connector.IndexedDocument;
import io.github.flinksplade.connector.Provenance;
import io.github.flinksplade.connector.SourceRecord;
import io.github.flinksplade.connector.VectorRecord;
import io.github.flinksplade.connector.VectorSource;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.Collections;
import java.util.Iterator;
import java.util.List;
import java.util.Set;
import org.apache.kafka.clients.consumer.CloseOptions;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.clients.consumer.OffsetOutOfRangeException;
import org.apache.kafka.common.KafkaException;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.header.Header;

/**
 * Reads all vectors that a topic contains when a copy starts, one partition after the other.
 * Positions are offsets; an offset without a committed record has no vector. Superseded vectors and
 * tombstones are included: applied in order, they lead to the newest record of each key.
 */
final class KafkaVectors implements VectorSource {

    private static final long serialVersionUID = 1L;

    /** How long to wait for a record below the end offset. */
    private static final Duration TIMEOUT = Duration.ofSeconds(30);

    private final KafkaSettings settings;
    private final List<PartitionOffsets> partitions;
    private final Provenance provenance;

    private KafkaVectors(
            KafkaSettings settings, List<PartitionOffsets> partitions, Provenance provenance) {
        this.settings = settings;
        this.partitions = partitions;
        this.provenance = provenance;
    }

    /** The vectors of a topic that is copied. */
    static KafkaVectors of(ConnectorUri uri) {
        return of(KafkaSettings.of(uri.allowOptions(KafkaSettings.OPTIONS)));
    }

    static KafkaVectors of(KafkaSettings settings) {
        try (KafkaConnection connection = KafkaConnection.connect(settings)) {
            connection.requireTopic();
            List<PartitionOffsets> partitions = connection.partitions();
            Provenance provenance = connection.newestProvenance();
            if (provenance == null) {
                // The newest records may all be tombstones.
                provenance = new KafkaVectors(settings, partitions, null).oldestProvenance();
            }
            return new KafkaVectors(settings, partitions, provenance);
        }
    }

    private Provenance oldestProvenance() {
        try (RecordReader reader = new RecordReader()) {
            for (long position = 0; position < positions(); position++) {
                ConsumerRecord<byte[], byte[]> record = reader.record(position);
                if (record != null && record.value() != null) {
                    return reader.provenance(record);
                }
            }
        }
        throw new ConnectorException(
                "topic '"
                        + settings.topic()
                        + "' at "
                        + settings.servers()
                        + " contains no vectors");
    }

    @Override
    public Provenance provenance() {
        return provenance;
    }

    @Override
    public long positions() {
        return partitions.stream()
                .mapToLong(partition -> partition.end() - partition.begin())
                .sum();
    }

    @Override
    public Reader open() {
        return new RecordReader();
    }

    RecordReader openRecords() {
        return new RecordReader();
    }

    /** Reads the records of the topic. */
    final class RecordReader implements Reader {

        private final KafkaConsumer<byte[], byte[]> consumer =
                KafkaConnection.consumer(settings, TIMEOUT);

        private TopicPartition assigned;
        private long next;
        private Iterator<ConsumerRecord<byte[], byte[]>> polled = Collections.emptyIterator();
        private ConsumerRecord<byte[], byte[]> ahead;

        @Override
        public VectorRecord read(long position) {
            ConsumerRecord<byte[], byte[]> record = record(position);
            return record == null ? null : vector(record);
        }

        /** The record at a position without its vector; null if the position is empty. */
        IndexedDocument document(long position) {
            ConsumerRecord<byte[], byte[]> record = record(position);
            if (record == null) {
                return null;
            }
            String encoder =
                    record.key() == null || record.value() == null
                            ? null
                            : provenance(record).fingerprint();
            VectorRecord vector = decoded(record);
            return new IndexedDocument(
                    vector.id(),
                    vector.operation(),
                    vector.version(),
                    vector.text(),
                    vector.fields(),
                    encoder);
        }

        /** The record at a position. Consecutive positions are read as one stream. */
        ConsumerRecord<byte[], byte[]> record(long position) {
            long offset = position;
            for (PartitionOffsets partition : partitions) {
                long length = partition.end() - partition.begin();
                if (offset < length) {
                    return record(
                            new TopicPartition(settings.topic(), partition.partition()),
                            partition.begin() + offset);
                }
                offset -= length;
            }
            throw new IllegalArgumentException("no position " + position);
        }

        private ConsumerRecord<byte[], byte[]> record(TopicPartition partition, long offset) {
            try {
                if (!partition.equals(assigned) || offset != next) {
                    consumer.assign(Set.of(partition));
                    consumer.seek(partition, offset);
                    assigned = partition;
                    polled = Collections.emptyIterator();
                    ahead = null;
                }
                next = offset + 1;
                long deadline = System.nanoTime() + TIMEOUT.toNanos();
                while (ahead == null || ahead.offset() < offset) {
                    if (polled.hasNext()) {
                        ahead = polled.next();
                    } else if (consumer.position(partition) > offset) {
                        return null;
                    } else if (System.nanoTime() > deadline) {
                        throw new ConnectorException(
                                "no response for offset "
                                        + offset
                                        + " of "
                                        + partition
                                        + " at "
                                        + settings.servers()
                                        + " within "
                                        + TIMEOUT.toSeconds()
                                        + " s. Start the copy again when the broker is available.");
                    } else {
                        polled = consumer.poll(Duration.ofMillis(200)).iterator();
                    }
                }
                return ahead.offset() == offset ? ahead : null;
            } catch (OffsetOutOfRangeException e) {
                throw new ConnectorException(
                        "the topic's retention removed offset "
                                + offset
                                + " of "
                                + partition
                                + " after the start. Start again.",
                        e);
            } catch (KafkaException e) {
                throw KafkaFailureClassifier.explain(settings, "reading " + partition, e);
            }
        }

        private VectorRecord vector(ConsumerRecord<byte[], byte[]> record) {
            if (record.key() != null && record.value() != null) {
                requireSameEncoder(record);
            }
            return decoded(record);
        }

        private void requireSameEncoder(ConsumerRecord<byte[], byte[]> record) {
            Provenance encoder = provenance(record);
            if (!encoder.fingerprint().equals(provenance.fingerprint())) {
                throw new ConnectorException(
                        where(record)
                                + " was encoded by the model "
                                + encoder.model()
                                + " (fingerprint "
                                + encoder.fingerprint()
                                + "), newer ones by "
                                + provenance.model()
                                + " (fingerprint "
                                + provenance.fingerprint()
                                + "), but a copy contains vectors of one model. Encode the"
                                + " documents again with 'run'.");
            }
        }

        private VectorRecord decoded(ConsumerRecord<byte[], byte[]> record) {
            SourceRecord origin =
                    new SourceRecord(
                            record.topic(),
                            record.partition(),
                            record.offset(),
                            record.timestamp(),
                            record.key(),
                            record.value(),
                            new String[0],
                            new byte[0][]);
            if (record.key() == null) {
                throw notAVector(record, "it has no key", null);
            }
            if (record.value() == null) {
                String header = header(record, VectorRecordSerializer.HEADER_VERSION);
                long version = header == null ? VectorRecord.NO_VERSION : Long.parseLong(header);
                String id = new String(record.key(), StandardCharsets.UTF_8);
                return header(record, VectorRecordSerializer.HEADER_REPLACED) == null
                        ? VectorRecord.delete(id, version, origin)
                        : VectorRecord.deleteReplaced(id, version, origin);
            }
            try {
                return ValueReader.read(
                        header(record, VectorRecordSerializer.HEADER_SCHEMA), origin);
            } catch (IOException e) {
                throw notAVector(record, e.getMessage(), e);
            } catch (UncheckedIOException | IllegalArgumentException e) {
                throw notAVector(record, "it cannot be read", e);
            }
        }

        private Provenance provenance(ConsumerRecord<byte[], byte[]> record) {
            if (header(record, VectorRecordSerializer.HEADER_FINGERPRINT) == null) {
                throw notAVector(record, "no header names its encoder", null);
            }
            return VectorRecordSerializer.provenance(record.headers());
        }

        private ConnectorException notAVector(
                ConsumerRecord<byte[], byte[]> record, String why, Exception cause) {
            return new ConnectorException(
                    where(record)
                            + " is not a vector that can be read: "
                            + why
                            + ". Name a topic that flink-splade wrote with format=indices,"
                            + " format=avro or format=protobuf.",
                    cause);
        }

        private String where(ConsumerRecord<byte[], byte[]> record) {
            return "the record at offset "
                    + record.offset()
                    + " of partition "
                    + record.partition()
                    + " of topic '"
                    + record.topic()
                    + "'";
        }

        private String header(ConsumerRecord<byte[], byte[]> record, String name) {
            Header header = record.headers().lastHeader(name);
            return header == null || header.value() == null
                    ? null
                    : new String(header.value(), StandardCharsets.UTF_8);
        }

        @Override
        public void close() {
            consumer.close(CloseOptions.timeout(Duration.ZERO));
        }
    }
}

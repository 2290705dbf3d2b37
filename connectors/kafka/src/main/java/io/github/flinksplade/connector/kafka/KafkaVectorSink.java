package io.github.flinksplade.connector.kafka;

import io.github.flinksplade.connector.ConnectorException;
import io.github.flinksplade.connector.ConnectorOption;
import io.github.flinksplade.connector.ConnectorUri;
import io.github.flinksplade.connector.FlinkSink;
import io.github.flinksplade.connector.PreparedSink;
import io.github.flinksplade.connector.Provenance;
import io.github.flinksplade.connector.SinkContext;
import io.github.flinksplade.connector.StartMode;
import io.github.flinksplade.connector.VectorJson;
import io.github.flinksplade.connector.VectorRecord;
import io.github.flinksplade.connector.VectorSink;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.apache.flink.api.connector.sink2.Sink;
import org.apache.kafka.clients.producer.ProducerRecord;

/** Writes vectors to a topic. (KafkaSink would be the name of Flink's sink, which this uses.) */
final class KafkaVectorSink implements VectorSink {

    private static final long serialVersionUID = 1L;

    /** The format of the values, with upper bounds of their size. */
    private enum Format {
        /** JSON: a character is at most an escape sequence of 6 bytes; numbers are decimal. */
        INDICES(6, 30),

        /** JSON with terms, which are shorter than 100 characters in most vocabularies. */
        LUCENE(6, 130),

        /** A term id has at most 5 bytes, a weight 4. */
        AVRO(3, 9),

        /** As {@link #AVRO}. */
        PROTOBUF(3, 9);

        private final int bytesPerCharacter;
        private final int bytesPerTerm;

        Format(int bytesPerCharacter, int bytesPerTerm) {
            this.bytesPerCharacter = bytesPerCharacter;
            this.bytesPerTerm = bytesPerTerm;
        }
    }

    private static final ConnectorOption<Format> FORMAT =
            ConnectorOption.choice(
                    "format",
                    Format.class,
                    Format.INDICES,
                    Map.of("hybrid", Format.INDICES),
                    "`indices` and `lucene` are JSON; `lucene` has rounded weights");
    private static final ConnectorOption<Boolean> TEXT =
            ConnectorOption.flag("text", false, "write the text, too");

    static final List<ConnectorOption<?>> OPTIONS =
            Stream.concat(
                            Stream.of(FORMAT, TEXT, SchemaRegistryClient.REGISTRY),
                            KafkaProducerSettings.OPTIONS.stream())
                    .toList();

    private final KafkaSettings settings;
    private final KafkaProducerSettings producer;
    private final Format format;
    private final boolean writesText;
    private final String registry;

    private KafkaVectorSink(
            KafkaSettings settings,
            KafkaProducerSettings producer,
            Format format,
            boolean writesText,
            String registry) {
        this.settings = settings;
        this.producer = producer;
        this.format = format;
        this.writesText = writesText;
        this.registry = registry;
    }

    /** The settings of a topic that was written to. */
    static KafkaSettings settings(ConnectorUri uri) {
        return KafkaSettings.of(uri.allowOptions(OPTIONS));
    }

    static KafkaVectorSink of(ConnectorUri uri) {
        uri.allowOptions(OPTIONS);
        Format format = FORMAT.get(uri);
        String registry = SchemaRegistryClient.REGISTRY.get(uri);
        if (registry != null) {
            SchemaRegistryClient.checkUrl(registry);
            if (format != Format.AVRO && format != Format.PROTOBUF) {
                throw new ConnectorException(
                        SchemaRegistryClient.REGISTRY.name()
                                + "= in "
                                + uri
                                + " requires format=avro or format=protobuf");
            }
        }
        KafkaSettings settings = KafkaSettings.of(uri);
        return new KafkaVectorSink(
                settings, KafkaProducerSettings.of(settings), format, TEXT.get(uri), registry);
    }

    @Override
    public String identity() {
        try (KafkaConnection connection = KafkaConnection.connect(settings)) {
            return connection.identity();
        }
    }

    /** With the brokers of the URI: the cluster id of the identity is not readable. */
    @Override
    public String displayName() {
        return settings.displayName();
    }

    @Override
    public PreparedSink prepare(SinkContext context, StartMode start) {
        producer.checkProducer();
        TopicLimits limits;
        try (KafkaConnection connection = KafkaConnection.connect(settings)) {
            if (producer.isExactlyOnce()) {
                connection.checkTransactionTimeout(producer.transactionTimeoutMillis());
            }
            if (!connection.topicExists()) {
                start.requireMayCreate("topic '" + settings.topic() + "'");
                connection.createTopic(producer.partitions(), Map.of());
            }
            limits = connection.topicLimits();
            Provenance existing = connection.newestProvenance();
            if (existing != null) {
                context.requireSameEncoder(
                        existing, "topic '" + settings.topic() + "'", "write to another topic");
            }
        }
        return new PreparedVectorSink(
                settings.topic(),
                producer,
                format,
                writesText,
                limits,
                producer.maxRecordBytes(limits),
                serializer(context, schemaId()),
                context.jobId());
    }

    VectorRecordSerializer serializer(SinkContext context, int schemaId) {
        Provenance provenance = context.provenance();
        return new VectorRecordSerializer(
                settings.topic(),
                provenance,
                switch (format) {
                    case INDICES -> json(VectorJson.Form.INDICES, context);
                    case LUCENE -> json(VectorJson.Form.LUCENE, context);
                    case AVRO -> {
                        AvroWriter avro = new AvroWriter(writesText, provenance);
                        yield registry == null ? avro : WireFormatWriter.avro(avro, schemaId);
                    }
                    case PROTOBUF -> {
                        ProtobufWriter protobuf = new ProtobufWriter(writesText, provenance);
                        yield registry == null
                                ? protobuf
                                : WireFormatWriter.protobuf(protobuf, schemaId);
                    }
                });
    }

    /** Registers the schema of the values and returns its id; 0 without a registry. */
    private int schemaId() {
        if (registry == null) {
            return 0;
        }
        SchemaRegistryClient client = SchemaRegistryClient.of(settings, registry);
        return format == Format.AVRO
                ? client.register("AVRO", AvroWriter.SCHEMA)
                : client.register("PROTOBUF", ProtobufWriter.SCHEMA);
    }

    private ValueWriter json(VectorJson.Form form, SinkContext context) {
        return new VectorJson(form, writesText, context.provenance(), context.vocabulary())::bytes;
    }

    /** The prepared sink, with the limits that the topic has. */
    record PreparedVectorSink(
            String topic,
            KafkaProducerSettings producer,
            Format format,
            boolean writesText,
            TopicLimits limits,
            int maxRecordBytes,
            VectorRecordSerializer serializer,
            String jobId)
            implements FlinkSink {

        private static final long serialVersionUID = 1L;

        /**
         * Rejects a record that is too large for the producer or the topic, because it would fail
         * the job repeatedly.
         */
        @Override
        public String rejection(VectorRecord record) {
            if (maxSizeOf(record) <= maxRecordBytes) {
                return null;
            }
            ProducerRecord<byte[], byte[]> serialized = serializer.serialize(record);
            int size = KafkaProducerSettings.sizeOf(serialized);
            if (size <= maxRecordBytes) {
                return null;
            }
            return "its "
                    + size
                    + " bytes exceed the "
                    + maxRecordBytes
                    + " bytes that topic '"
                    + topic
                    + "' and its producer accept (max.message.bytes, max.request.size)";
        }

        /** An upper bound of the size, computed from lengths without serializing the record. */
        private long maxSizeOf(VectorRecord record) {
            long characters = record.id().length() * 2L;
            long terms = 0;
            if (!record.isDelete()) {
                characters += record.fields().length();
                characters += writesText && record.text() != null ? record.text().length() : 0;
                terms = record.vector().indices().length;
            }
            // The id is in the key and in the value. The constant covers headers and names.
            return 8_192 + format.bytesPerCharacter * characters + format.bytesPerTerm * terms;
        }

        @Override
        public void checkCommits(Duration maxCommitDelay) {
            producer.checkCommits(maxCommitDelay);
        }

        @Override
        public Sink<VectorRecord> sink() {
            return producer.sink("vectors", jobId, serializer, limits);
        }
    }
}

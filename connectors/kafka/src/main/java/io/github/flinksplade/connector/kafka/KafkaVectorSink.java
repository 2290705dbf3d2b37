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

/** A topic of vectors. */
final class KafkaVectorSink implements VectorSink {

    private static final long serialVersionUID = 1L;

    /** How the values are written, and how large they get at most. */
    private enum Format {
        /** A character is at most an escape of 6; ids and weights are decimal. */
        INDICES(6, 30),

        /** As above; a term is shorter than 100 characters but for the odd vocabulary. */
        LUCENE(6, 130),

        /** An id of a term has at most 5 bytes, a weight 4. */
        AVRO(3, 9),

        /** As above. */
        PROTOBUF(3, 9);

        private final int bytesOfCharacter;
        private final int bytesOfTerm;

        Format(int bytesOfCharacter, int bytesOfTerm) {
            this.bytesOfCharacter = bytesOfCharacter;
            this.bytesOfTerm = bytesOfTerm;
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
                            Stream.of(FORMAT, TEXT, SchemaRegistryClient.OPTION),
                            KafkaProducerSettings.OPTIONS.stream())
                    .toList();

    private final KafkaSettings settings;
    private final KafkaProducerSettings delivery;
    private final Format format;
    private final boolean withText;
    private final String registry;

    private KafkaVectorSink(
            KafkaSettings settings,
            KafkaProducerSettings delivery,
            Format format,
            boolean withText,
            String registry) {
        this.settings = settings;
        this.delivery = delivery;
        this.format = format;
        this.withText = withText;
        this.registry = registry;
    }

    static KafkaVectorSink of(ConnectorUri uri) {
        uri.allowOptions(OPTIONS);
        Format format = FORMAT.get(uri);
        String registry = SchemaRegistryClient.OPTION.get(uri);
        if (registry != null) {
            SchemaRegistryClient.checkUrl(registry);
            if (format != Format.AVRO && format != Format.PROTOBUF) {
                throw new ConnectorException(
                        SchemaRegistryClient.OPTION.name()
                                + "= in "
                                + uri
                                + " requires format=avro or format=protobuf");
            }
        }
        KafkaSettings kafka = KafkaSettings.of(uri);
        return new KafkaVectorSink(
                kafka, KafkaProducerSettings.of(kafka), format, TEXT.get(uri), registry);
    }

    @Override
    public String identity() {
        try (KafkaConnection connection = KafkaConnection.connect(settings)) {
            return connection.identity();
        }
    }

    @Override
    public PreparedSink prepare(SinkContext context, StartMode start) {
        delivery.checkProducer();
        TopicLimits limits;
        try (KafkaConnection connection = KafkaConnection.connect(settings)) {
            if (delivery.isExactlyOnce()) {
                connection.checkTransactionTimeout(delivery.transactionTimeoutMillis());
            }
            if (!connection.topicExists()) {
                start.requireMayCreate("topic '" + settings.topic() + "'");
                connection.createTopic(delivery.partitions(), Map.of());
            }
            limits = connection.topicLimits();
            Provenance held = connection.newestProvenance();
            if (held != null) {
                context.requireSameEncoder(
                        held, "topic '" + settings.topic() + "'", "write to another topic");
            }
        }
        return new PreparedVectorSink(
                settings.topic(),
                delivery,
                format,
                withText,
                limits,
                delivery.maxRecordBytes(limits),
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
                        AvroWriter avro = new AvroWriter(withText, provenance);
                        yield registry == null ? avro : WireFormatWriter.avro(avro, schemaId);
                    }
                    case PROTOBUF -> {
                        ProtobufWriter protobuf = new ProtobufWriter(withText, provenance);
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
        return new VectorJson(form, withText, context.provenance(), context.vocabulary())::bytes;
    }

    /** What writes, with what was learned of the topic. */
    record PreparedVectorSink(
            String topic,
            KafkaProducerSettings delivery,
            Format format,
            boolean withText,
            TopicLimits limits,
            int maxRecordBytes,
            VectorRecordSerializer serializer,
            String jobId)
            implements FlinkSink {

        private static final long serialVersionUID = 1L;

        /**
         * Rejects a record that is too large for the producer or the topic, which would fail the
         * job again and again.
         */
        @Override
        public String rejection(VectorRecord record) {
            if (sizeAtMost(record) <= maxRecordBytes) {
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

        /** Size as the producer counts it, from the lengths alone: never below the real one. */
        private long sizeAtMost(VectorRecord record) {
            long characters = record.id().length() * 2L;
            long numbers = 0;
            if (!record.isDelete()) {
                characters += record.fields().length();
                characters += withText && record.text() != null ? record.text().length() : 0;
                numbers = record.vector().indices().length;
            }
            // the id stands in the key and in the value; headers and names are in the generous rest
            return 8_192 + format.bytesOfCharacter * characters + format.bytesOfTerm * numbers;
        }

        @Override
        public void checkCommits(Duration longest) {
            delivery.checkCommits(longest);
        }

        @Override
        public Sink<VectorRecord> sink() {
            return delivery.sink("vectors", jobId, serializer, limits);
        }
    }
}

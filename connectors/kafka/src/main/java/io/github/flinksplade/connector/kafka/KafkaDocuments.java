package io.github.flinksplade.connector.kafka;

import io.github.flinksplade.connector.ConnectorException;
import io.github.flinksplade.connector.ConnectorOption;
import io.github.flinksplade.connector.ConnectorUri;
import io.github.flinksplade.connector.DocumentSource;
import io.github.flinksplade.connector.RecordDecoder;
import io.github.flinksplade.connector.RecordFormat;
import io.github.flinksplade.connector.RecordFormat.Envelope;
import io.github.flinksplade.connector.SourceRecord;
import io.github.flinksplade.connector.TextDecoder;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Properties;
import java.util.stream.Stream;
import org.apache.flink.api.connector.source.Source;
import org.apache.flink.connector.kafka.source.KafkaSourceOptions;
import org.apache.kafka.clients.consumer.ConsumerConfig;
import org.apache.kafka.common.serialization.ByteArrayDeserializer;

/** Reads documents from a topic. */
final class KafkaDocuments implements DocumentSource {

    /** How often new partitions are looked for. */
    private static final String PARTITION_DISCOVERY_MILLIS = "30000";

    /** The values of the option {@code format}. */
    private enum Format {
        JSON(TextDecoder.JSON, Envelope.NONE, KeyFormat.STRING),
        TEXT(TextDecoder.DOCUMENT, Envelope.NONE, KeyFormat.STRING),
        AVRO(SchemaType.AVRO, Envelope.NONE, KeyFormat.STRING),
        PROTOBUF(SchemaType.PROTOBUF, Envelope.NONE, KeyFormat.STRING),
        JSON_SCHEMA(JsonSchemaDecoder.INSTANCE, Envelope.NONE, KeyFormat.STRING),
        DEBEZIUM_JSON(TextDecoder.JSON, Envelope.DEBEZIUM, KeyFormat.JSON),
        DEBEZIUM_AVRO(SchemaType.AVRO, Envelope.DEBEZIUM, KeyFormat.AVRO),
        MAXWELL_JSON(TextDecoder.JSON, Envelope.MAXWELL, KeyFormat.JSON),
        CANAL_JSON(TextDecoder.JSON, Envelope.CANAL, KeyFormat.STRING);

        private final RecordDecoder decoder;
        private final SchemaType schemaType;
        private final Envelope envelope;
        private final KeyFormat defaultKey;

        Format(RecordDecoder decoder, Envelope envelope, KeyFormat defaultKey) {
            this(decoder, null, envelope, defaultKey);
        }

        Format(SchemaType schemaType, Envelope envelope, KeyFormat defaultKey) {
            this(null, schemaType, envelope, defaultKey);
        }

        Format(
                RecordDecoder decoder,
                SchemaType schemaType,
                Envelope envelope,
                KeyFormat defaultKey) {
            this.decoder = decoder;
            this.schemaType = schemaType;
            this.envelope = envelope;
            this.defaultKey = defaultKey;
        }

        RecordFormat records(SchemaOptions schemas) {
            RecordDecoder values =
                    schemaType == null
                            ? schemas.decoder(RecordPart.VALUE, decoder)
                            : schemas.decoder(RecordPart.VALUE, schemaType, "format=" + this);
            return RecordFormat.of(values).withEnvelope(envelope);
        }

        @Override
        public String toString() {
            return name().replace('_', '-').toLowerCase(Locale.ROOT);
        }
    }

    private static final String DEFAULT_GROUP = "flink-splade";

    private static final ConnectorOption<String> GROUP =
            ConnectorOption.text(
                            "group",
                            "a name",
                            null,
                            "consumer group that offsets are committed to, for monitoring; the job"
                                    + " resumes from its own state")
                    .withDefaultText(DEFAULT_GROUP);
    private static final ConnectorOption<Format> FORMAT =
            ConnectorOption.choice(
                    "format",
                    Format.class,
                    Format.JSON,
                    Map.of("maxwell", Format.MAXWELL_JSON, "canal", Format.CANAL_JSON),
                    "`json`: one JSON object per record; `text`: the value is the text, the key"
                            + " the id; `avro` and `protobuf`: with the schema of a registry or a"
                            + " file; `json-schema`: JSON after a schema id; `debezium-json` and"
                            + " `debezium-avro`: change events of Debezium;"
                            + " `maxwell-json` and `canal-json`: messages of Maxwell and Canal");
    private static final ConnectorOption<KeyFormat> KEY =
            ConnectorOption.choice(
                            "key",
                            KeyFormat.class,
                            null,
                            "format of the keys: a string, JSON with or without the schema of Kafka"
                                    + " Connect, a big-endian integer, or as for `format`; keys are"
                                    + " read only where an id is in them")
                    .withDefaultText(
                            "string; json for `debezium-json` and `maxwell-json`, avro for `debezium-avro`");
    private static final ConnectorOption<StartOffsetsInitializer.Start> START =
            ConnectorOption.choice(
                    "start",
                    StartOffsetsInitializer.Start.class,
                    StartOffsetsInitializer.Start.EARLIEST,
                    "where a job without state starts; `committed` is the group's committed"
                            + " offsets, or the earliest without any; the log states the"
                            + " offset of each partition");
    private static final ConnectorOption<Boolean> BOUNDED =
            ConnectorOption.flag(
                    "bounded", false, "end at the offsets that the topic has when the job starts");

    static final List<ConnectorOption<?>> OPTIONS =
            Stream.of(
                            List.of(GROUP, FORMAT, KEY),
                            SchemaOptions.OPTIONS,
                            List.of(START, BOUNDED, KafkaSettings.PROPERTIES))
                    .<ConnectorOption<?>>flatMap(List::stream)
                    .toList();

    private final KafkaSettings settings;
    private final Properties properties;
    private final RecordFormat format;
    private final SchemaRegistryClient registry;
    private final StartOffsetsInitializer.Start start;
    private final boolean bounded;

    private KafkaDocuments(
            KafkaSettings settings,
            Properties properties,
            RecordFormat format,
            SchemaRegistryClient registry,
            StartOffsetsInitializer.Start start,
            boolean bounded) {
        this.settings = settings;
        this.properties = properties;
        this.format = format;
        this.registry = registry;
        this.start = start;
        this.bounded = bounded;
    }

    static KafkaDocuments of(ConnectorUri uri) {
        KafkaSettings settings = KafkaSettings.of(uri.allowOptions(OPTIONS));
        Properties properties = settings.properties();
        String group = GROUP.get(uri);
        if (group != null) {
            properties.setProperty(ConsumerConfig.GROUP_ID_CONFIG, group);
        }
        properties.putIfAbsent(ConsumerConfig.GROUP_ID_CONFIG, DEFAULT_GROUP);
        if (properties.getProperty(ConsumerConfig.GROUP_ID_CONFIG).isBlank()) {
            throw new ConnectorException("the consumer group is empty in " + uri);
        }
        properties.putIfAbsent(ConsumerConfig.ISOLATION_LEVEL_CONFIG, "read_committed");
        properties.putIfAbsent(
                KafkaSourceOptions.PARTITION_DISCOVERY_INTERVAL_MS.key(),
                PARTITION_DISCOVERY_MILLIS);
        // A shared client.properties may contain values that do not work here.
        properties.setProperty(ConsumerConfig.ENABLE_AUTO_COMMIT_CONFIG, "false");
        properties.setProperty(
                ConsumerConfig.KEY_DESERIALIZER_CLASS_CONFIG,
                ByteArrayDeserializer.class.getName());
        properties.setProperty(
                ConsumerConfig.VALUE_DESERIALIZER_CLASS_CONFIG,
                ByteArrayDeserializer.class.getName());
        SchemaOptions schemas = SchemaOptions.of(settings);
        Format format = FORMAT.get(uri);
        KeyFormat key = KEY.get(uri) == null ? format.defaultKey : KEY.get(uri);
        RecordFormat records = format.records(schemas).withKey(key.decoder(schemas));
        return new KafkaDocuments(
                settings,
                properties,
                records,
                schemas.registry(),
                START.get(uri),
                BOUNDED.get(uri));
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
    public void check() {
        try (KafkaConnection connection = KafkaConnection.connect(settings)) {
            connection.checkConsumer(properties);
            connection.requireTopic();
        }
        if (registry != null) {
            registry.check();
        }
    }

    @Override
    public DocumentSource bounded() {
        return new KafkaDocuments(
                settings,
                properties,
                format,
                registry,
                StartOffsetsInitializer.Start.EARLIEST,
                true);
    }

    @Override
    public RecordFormat format() {
        return format;
    }

    @Override
    public Source<SourceRecord, ?, ?> source() {
        return new TopicSource(settings, properties, start, bounded);
    }
}

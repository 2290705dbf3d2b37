package io.github.flinksplade.connector.kafka;

import io.github.flinksplade.connector.ConnectorException;
import io.github.flinksplade.connector.ConnectorOption;
import io.github.flinksplade.connector.ConnectorUri;
import io.github.flinksplade.connector.RecordDecoder;
import java.util.List;

/**
 * The options that name the schemas of a source: a registry, or a file. Creates the decoders that
 * need them, and rejects options that no decoder uses.
 */
final class SchemaOptions {

    private static final ConnectorOption<String> SCHEMA =
            ConnectorOption.text(
                    "schema",
                    "a path",
                    null,
                    "file of the schema of values that do not contain a schema id: of Avro"
                            + " (`.avsc`) or Protobuf (`.proto`, or the descriptors that `protoc`"
                            + " writes)");
    private static final ConnectorOption<String> MESSAGE =
            ConnectorOption.text(
                    "message",
                    "a name",
                    null,
                    "the message of the values in `schema`, if it has several");
    private static final ConnectorOption<String> KEY_SCHEMA =
            ConnectorOption.text(
                    "key-schema", "a path", null, "as `schema`, of keys without a schema id");
    private static final ConnectorOption<String> KEY_MESSAGE =
            ConnectorOption.text(
                    "key-message", "a name", null, "the message of the keys in `key-schema`");

    static final List<ConnectorOption<?>> OPTIONS =
            List.of(SchemaRegistryClient.SOURCE_REGISTRY, SCHEMA, MESSAGE, KEY_SCHEMA, KEY_MESSAGE);

    private final ConnectorUri uri;
    private final SchemaRegistryClient registry;
    private boolean isRegistryUsed;

    private SchemaOptions(ConnectorUri uri, SchemaRegistryClient registry) {
        this.uri = uri;
        this.registry = registry;
    }

    static SchemaOptions of(KafkaSettings settings) {
        String url = SchemaRegistryClient.SOURCE_REGISTRY.get(settings.uri());
        if (url == null) {
            return new SchemaOptions(settings.uri(), null);
        }
        SchemaRegistryClient.checkUrl(url);
        return new SchemaOptions(settings.uri(), SchemaRegistryClient.of(settings, url));
    }

    /**
     * The decoder of a format.
     *
     * @param format the format as it is written in the URI: {@code key=avro}
     */
    RecordDecoder decoder(RecordPart part, SchemaType type, String format) {
        ConnectorOption<String> fileOption = part == RecordPart.KEY ? KEY_SCHEMA : SCHEMA;
        ConnectorOption<String> messageOption = part == RecordPart.KEY ? KEY_MESSAGE : MESSAGE;
        String file = fileOption.get(uri);
        String message = messageOption.get(uri);
        if (message != null && (file == null || type != SchemaType.PROTOBUF)) {
            throw new ConnectorException(
                    messageOption.name()
                            + " in "
                            + uri
                            + " requires a schema of Protobuf in the option "
                            + fileOption.name()
                            + ". Records with a schema id name their message themselves");
        }
        if (file != null) {
            return new SchemaFileDecoder(
                    type == SchemaType.AVRO
                            ? SchemaFile.avro(file)
                            : SchemaFile.protobuf(file, message));
        }
        if (registry == null) {
            throw new ConnectorException(
                    format
                            + " in "
                            + uri
                            + " requires a schema. Add registry=URL if the records contain schema"
                            + " ids, or "
                            + fileOption.name()
                            + "=FILE if they do not");
        }
        isRegistryUsed = true;
        return new RegistryDecoder(type, registry);
    }

    /** The decoder of a format that does not need these options. */
    RecordDecoder decoder(RecordPart part, RecordDecoder decoder) {
        if (decoder == JsonSchemaDecoder.INSTANCE) {
            isRegistryUsed = true;
        }
        for (ConnectorOption<String> option :
                part == RecordPart.KEY
                        ? List.of(KEY_SCHEMA, KEY_MESSAGE)
                        : List.of(SCHEMA, MESSAGE)) {
            if (option.get(uri) != null) {
                throw new ConnectorException(
                        option.name()
                                + " in "
                                + uri
                                + " requires "
                                + part.option()
                                + "=avro or "
                                + part.option()
                                + "=protobuf");
            }
        }
        return decoder;
    }

    /**
     * The registry, if there is one.
     *
     * @throws ConnectorException if no decoder uses it
     */
    SchemaRegistryClient registry() {
        if (registry != null && !isRegistryUsed) {
            throw new ConnectorException(
                    SchemaRegistryClient.SOURCE_REGISTRY.name()
                            + " in "
                            + uri
                            + " is not used. It requires format or key to be avro, protobuf or"
                            + " json-schema, without a file of the schema");
        }
        return registry;
    }
}

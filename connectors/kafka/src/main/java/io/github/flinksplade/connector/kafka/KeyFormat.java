package io.github.flinksplade.connector.kafka;

import io.github.flinksplade.connector.RecordDecoder;
import io.github.flinksplade.connector.TextDecoder;
import java.util.Locale;

/** The formats of keys. */
enum KeyFormat {
    /** The key is a string. */
    STRING(TextDecoder.STRING),
    /** The key is JSON, as Debezium and Kafka Connect write it. */
    JSON(TextDecoder.JSON),
    /** The key is an integer of 2 bytes. */
    SHORT(new IntegerDecoder(Short.BYTES)),
    /** The key is an integer of 4 bytes. */
    INTEGER(new IntegerDecoder(Integer.BYTES)),
    /** The key is an integer of 8 bytes. */
    LONG(new IntegerDecoder(Long.BYTES)),
    /** The key is in Avro. */
    AVRO(SchemaType.AVRO),
    /** The key is a message of Protobuf. */
    PROTOBUF(SchemaType.PROTOBUF),
    /** The key is JSON after a schema id. */
    JSON_SCHEMA(JsonSchemaDecoder.INSTANCE);

    private final RecordDecoder decoder;
    private final SchemaType schemaType;

    KeyFormat(RecordDecoder decoder) {
        this.decoder = decoder;
        this.schemaType = null;
    }

    KeyFormat(SchemaType schemaType) {
        this.decoder = null;
        this.schemaType = schemaType;
    }

    RecordDecoder decoder(SchemaOptions schemas) {
        return schemaType == null
                ? schemas.decoder(RecordPart.KEY, decoder)
                : schemas.decoder(RecordPart.KEY, schemaType, "key=" + this);
    }

    @Override
    public String toString() {
        return name().replace('_', '-').toLowerCase(Locale.ROOT);
    }
}

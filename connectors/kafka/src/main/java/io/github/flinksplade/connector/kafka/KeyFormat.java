package io.github.flinksplade.connector.kafka;

import io.github.flinksplade.connector.RecordDecoder;
import io.github.flinksplade.connector.TextDecoder;

/** The formats of keys, which Kafka's own serializers write. */
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
    LONG(new IntegerDecoder(Long.BYTES));

    private final RecordDecoder decoder;

    KeyFormat(RecordDecoder decoder) {
        this.decoder = decoder;
    }

    RecordDecoder decoder() {
        return decoder;
    }
}

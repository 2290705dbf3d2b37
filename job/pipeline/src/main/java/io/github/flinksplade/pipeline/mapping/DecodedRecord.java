package io.github.flinksplade.pipeline.mapping;

import io.github.flinksplade.connector.InvalidRecordException;
import io.github.flinksplade.connector.Operation;
import io.github.flinksplade.connector.json.JsonValue;
import io.github.flinksplade.connector.json.JsonValue.JsonObject;
import java.util.Map;

/**
 * A record after decoding.
 *
 * @param document the fields of the document; null for a tombstone
 * @param key the key
 * @param envelope the change event that contained the document; null without one
 * @param operation the operation of the change event; null if the document has it
 * @param isTyped see {@link io.github.flinksplade.connector.RecordFormat#isTyped()}
 */
public record DecodedRecord(
        JsonObject document, Key key, JsonObject envelope, Operation operation, boolean isTyped) {

    /** A key that is decoded only when it is needed, because it may be anything if it is not. */
    @FunctionalInterface
    public interface Key {

        /**
         * The key; null if the record has none.
         *
         * @throws InvalidRecordException if it does not have the source's format of keys
         */
        JsonValue decode() throws InvalidRecordException;
    }

    private static final JsonObject EMPTY = new JsonObject(Map.of());

    /** The fields of the document; none for a tombstone. */
    JsonObject fields() {
        return document == null ? EMPTY : document;
    }
}

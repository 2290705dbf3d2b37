package io.github.flinksplade.pipeline;

import io.github.flinksplade.connector.InvalidRecordException;
import io.github.flinksplade.connector.InvalidRecordException.Reason;
import io.github.flinksplade.connector.Operation;
import io.github.flinksplade.connector.json.JsonValue;
import io.github.flinksplade.connector.json.JsonValue.JsonArray;
import io.github.flinksplade.connector.json.JsonValue.JsonObject;
import io.github.flinksplade.connector.json.JsonValue.JsonString;
import io.github.flinksplade.pipeline.mapping.DecodedRecord;
import java.util.LinkedHashMap;
import java.util.Map;

/**
 * The change of one row, in a message of Maxwell or Canal.
 *
 * @param message the message, with this change only
 * @param row the row after an upsert, or before a delete
 * @param operation what happened to the row
 * @param primaryKey the columns of the primary key with their values; null if the message does not
 *     have them
 * @param replaced the delete of the row before an update, which applies if the update changed the
 *     document's id; null if it is not an update
 */
record RowChange(
        JsonObject message,
        JsonObject row,
        Operation operation,
        JsonObject primaryKey,
        RowChange replaced) {

    private static final String KEY_COLUMN = "pk.";

    /** The row before an update, whose message has the former values of the changed columns. */
    static JsonObject before(JsonObject row, JsonObject old) {
        Map<String, JsonValue> members = new LinkedHashMap<>(row.members());
        members.putAll(old.members());
        return new JsonObject(members);
    }

    /** A message with other members. */
    static JsonObject with(JsonObject message, Map<String, JsonValue> replacements) {
        Map<String, JsonValue> members = new LinkedHashMap<>(message.members());
        members.putAll(replacements);
        return new JsonObject(members);
    }

    /** The columns of a row that a message names. */
    static JsonObject columns(JsonObject row, JsonArray names) {
        Map<String, JsonValue> columns = new LinkedHashMap<>();
        for (JsonValue name : names.elements()) {
            if (name instanceof JsonString column && row.get(column.value()) != null) {
                columns.put(column.value(), row.get(column.value()));
            }
        }
        return new JsonObject(columns);
    }

    /** For a message whose table no longer has any rows. */
    static InvalidRecordException removedTable(String type) {
        return new InvalidRecordException(
                Reason.OP,
                "the table was truncated or dropped, which deletes no documents; delete them, or"
                        + " write to a new index",
                "type is " + type);
    }

    /**
     * @param recordKey the key of the record that contains the message
     * @param isIdInKey whether the mapping reads the id from that key
     */
    DecodedRecord decoded(DecodedRecord.Key recordKey, boolean isIdInKey) {
        DecodedRecord.Key key =
                isIdInKey
                        ? recordKey
                        : () -> primaryKey != null ? primaryKey : inKey(recordKey.decode());
        return new DecodedRecord(row, key, message, operation, true);
    }

    /**
     * The columns in a key of Maxwell: {@code {"database": "d", "table": "t", "pk.id": 1}}. A value
     * of the row takes precedence, because the key has only those after an update.
     */
    private JsonValue inKey(JsonValue key) {
        if (!(key instanceof JsonObject object)) {
            return key;
        }
        Map<String, JsonValue> columns = new LinkedHashMap<>();
        object.members()
                .forEach(
                        (name, value) -> {
                            if (name.startsWith(KEY_COLUMN)) {
                                String column = name.substring(KEY_COLUMN.length());
                                columns.put(column, row.members().getOrDefault(column, value));
                            }
                        });
        return columns.isEmpty() ? key : new JsonObject(columns);
    }
}

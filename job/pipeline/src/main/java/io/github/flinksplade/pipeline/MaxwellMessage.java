package io.github.flinksplade.pipeline;

import io.github.flinksplade.connector.InvalidRecordException;
import io.github.flinksplade.connector.InvalidRecordException.Reason;
import io.github.flinksplade.connector.Operation;
import io.github.flinksplade.connector.json.JsonValue.JsonArray;
import io.github.flinksplade.connector.json.JsonValue.JsonObject;
import io.github.flinksplade.connector.json.JsonValue.JsonString;
import java.util.List;
import java.util.Map;

/**
 * A message of Maxwell's daemon: {@code type} is what happened to the row in {@code data}, and
 * {@code old} has the former values of the columns that an update changed.
 */
final class MaxwellMessage {

    private MaxwellMessage() {}

    /**
     * The change of a row; empty for a message about anything else.
     *
     * @throws InvalidRecordException if it is not a message of Maxwell
     */
    static List<RowChange> changes(JsonObject message) throws InvalidRecordException {
        if (!(message.get("type") instanceof JsonString type)) {
            throw new InvalidRecordException(
                    Reason.MALFORMED,
                    "the value is not a message of Maxwell, which has the fields \"type\" and"
                            + " \"data\"",
                    null);
        }
        return switch (type.value()) {
            case "insert", "update", "bootstrap-insert" ->
                    List.of(change(message, type.value(), Operation.UPSERT));
            case "delete" -> List.of(change(message, type.value(), Operation.DELETE));
            case "bootstrap-start",
                    "bootstrap-complete",
                    "table-create",
                    "table-alter",
                    "database-create",
                    "database-alter" ->
                    List.of();
            case "table-drop", "database-drop" -> throw RowChange.removedTable(type.value());
            default ->
                    throw new InvalidRecordException(
                            Reason.OP,
                            "\"type\" of the message is not insert, update, delete or another type"
                                    + " of Maxwell",
                            type.toJson());
        };
    }

    private static RowChange change(JsonObject message, String type, Operation operation)
            throws InvalidRecordException {
        if (!(message.get("data") instanceof JsonObject row)) {
            throw new InvalidRecordException(
                    Reason.MALFORMED, "the message has no row in \"data\"", "type is " + type);
        }
        RowChange replaced = null;
        if (type.equals("update") && message.get("old") instanceof JsonObject old) {
            JsonObject before = RowChange.before(row, old);
            replaced = change(deleteOf(message, before), "delete", Operation.DELETE);
        }
        return new RowChange(message, row, operation, primaryKey(message, row), replaced);
    }

    private static JsonObject deleteOf(JsonObject message, JsonObject row) {
        return RowChange.with(message, Map.of("type", new JsonString("delete"), "data", row));
    }

    /** Null unless Maxwell is configured to write the names of the columns. */
    private static JsonObject primaryKey(JsonObject message, JsonObject row) {
        return message.get("primary_key_columns") instanceof JsonArray names
                ? RowChange.columns(row, names)
                : null;
    }
}

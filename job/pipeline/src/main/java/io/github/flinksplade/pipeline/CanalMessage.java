package io.github.flinksplade.pipeline;

import io.github.flinksplade.connector.InvalidRecordException;
import io.github.flinksplade.connector.InvalidRecordException.Reason;
import io.github.flinksplade.connector.Operation;
import io.github.flinksplade.connector.json.JsonValue;
import io.github.flinksplade.connector.json.JsonValue.JsonArray;
import io.github.flinksplade.connector.json.JsonValue.JsonLiteral;
import io.github.flinksplade.connector.json.JsonValue.JsonNumber;
import io.github.flinksplade.connector.json.JsonValue.JsonObject;
import io.github.flinksplade.connector.json.JsonValue.JsonString;
import java.sql.Types;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Pattern;

/**
 * A flat message of Canal: {@code type} is what happened to each row of the array {@code data}, and
 * {@code old} is an array with the former values of the columns that an update changed.
 */
final class CanalMessage {

    private static final Pattern NUMBER =
            Pattern.compile("-?(0|[1-9]\\d*)(\\.\\d+)?([eE][+-]?\\d+)?");

    private CanalMessage() {}

    /**
     * The changes of the rows; empty for a message about anything else.
     *
     * @throws InvalidRecordException if it is not a message of Canal
     */
    static List<RowChange> changes(JsonObject message) throws InvalidRecordException {
        if (!(message.get("type") instanceof JsonString type)) {
            throw new InvalidRecordException(
                    Reason.MALFORMED,
                    "the value is not a message of Canal, which has the fields \"type\" and"
                            + " \"data\"",
                    null);
        }
        return switch (type.value()) {
            case "INSERT", "UPDATE" -> changes(message, type.value(), Operation.UPSERT);
            case "DELETE" -> changes(message, type.value(), Operation.DELETE);
            case "TRUNCATE", "ERASE" -> throw RowChange.removedTable(type.value());
            default -> {
                if (message.get("data") instanceof JsonArray) {
                    throw new InvalidRecordException(
                            Reason.OP,
                            "\"type\" of a message with rows is not INSERT, UPDATE or DELETE",
                            type.toJson());
                }
                yield List.of(); // it changes the schema, or is a watermark
            }
        };
    }

    private static List<RowChange> changes(JsonObject message, String type, Operation operation)
            throws InvalidRecordException {
        List<JsonObject> rows = rows(message, message.get("data"));
        if (rows.isEmpty()) {
            throw new InvalidRecordException(
                    Reason.MALFORMED, "the message has no rows in \"data\"", "type is " + type);
        }
        boolean isUpdate = type.equals("UPDATE") && message.get("old") instanceof JsonArray;
        List<JsonObject> olds = isUpdate ? rows(message, message.get("old")) : List.of();
        List<RowChange> changes = new ArrayList<>(rows.size());
        for (int i = 0; i < rows.size(); i++) {
            JsonObject row = rows.get(i);
            JsonObject old = i < olds.size() ? olds.get(i) : null;
            JsonObject single =
                    rows.size() == 1
                            ? message
                            : RowChange.with(
                                    message,
                                    Map.of(
                                            "data",
                                            element(message, "data", i),
                                            "old",
                                            element(message, "old", i)));
            RowChange replaced = null;
            if (old != null) {
                JsonObject before = RowChange.before(row, old);
                JsonObject delete =
                        RowChange.with(
                                message,
                                Map.of(
                                        "type", new JsonString("DELETE"),
                                        "data", new JsonArray(List.of(before)),
                                        "old", JsonLiteral.NULL));
                replaced =
                        new RowChange(
                                delete,
                                before,
                                Operation.DELETE,
                                primaryKey(message, before),
                                null);
            }
            changes.add(new RowChange(single, row, operation, primaryKey(message, row), replaced));
        }
        return changes;
    }

    /** One element of an array, as an array; null if it is missing. */
    private static JsonValue element(JsonObject message, String name, int index) {
        return message.get(name) instanceof JsonArray array && index < array.elements().size()
                ? new JsonArray(List.of(array.elements().get(index)))
                : JsonLiteral.NULL;
    }

    private static List<JsonObject> rows(JsonObject message, JsonValue array)
            throws InvalidRecordException {
        List<JsonObject> rows = new ArrayList<>();
        if (array instanceof JsonArray elements) {
            for (JsonValue element : elements.elements()) {
                if (!(element instanceof JsonObject row)) {
                    throw new InvalidRecordException(
                            Reason.MALFORMED,
                            "a row of the message is not an object",
                            "it is " + element.kind());
                }
                rows.add(typed(message, row));
            }
        }
        return rows;
    }

    /**
     * The row with numbers where {@code sqlType} has the type of a number; Canal writes all values
     * as strings.
     */
    private static JsonObject typed(JsonObject message, JsonObject row) {
        if (!(message.get("sqlType") instanceof JsonObject types)) {
            return row;
        }
        Map<String, JsonValue> columns = new LinkedHashMap<>();
        row.members()
                .forEach(
                        (name, value) ->
                                columns.put(
                                        name,
                                        isNumber(types.get(name))
                                                        && value instanceof JsonString text
                                                        && NUMBER.matcher(text.value()).matches()
                                                ? new JsonNumber(text.value())
                                                : value));
        return new JsonObject(columns);
    }

    private static boolean isNumber(JsonValue type) {
        if (!(type instanceof JsonNumber code) || !code.digits().matches("-?\\d{1,9}")) {
            return false;
        }
        return switch (Integer.parseInt(code.digits())) {
            case Types.TINYINT,
                    Types.SMALLINT,
                    Types.INTEGER,
                    Types.BIGINT,
                    Types.FLOAT,
                    Types.REAL,
                    Types.DOUBLE,
                    Types.NUMERIC,
                    Types.DECIMAL ->
                    true;
            default -> false;
        };
    }

    /** Null for a table without a primary key. */
    private static JsonObject primaryKey(JsonObject message, JsonObject row) {
        return message.get("pkNames") instanceof JsonArray names
                ? RowChange.columns(row, names)
                : null;
    }
}

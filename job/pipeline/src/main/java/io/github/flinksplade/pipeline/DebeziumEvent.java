package io.github.flinksplade.pipeline;

import io.github.flinksplade.connector.InvalidRecordException;
import io.github.flinksplade.connector.InvalidRecordException.Reason;
import io.github.flinksplade.connector.Operation;
import io.github.flinksplade.connector.json.JsonValue.JsonObject;
import io.github.flinksplade.connector.json.JsonValue.JsonString;
import io.github.flinksplade.pipeline.mapping.DecodedRecord;
import java.util.Map;

/**
 * A change event of Debezium: {@code before} and {@code after} are the row, {@code op} is what
 * happened to it.
 *
 * @param envelope the whole event, without the schema of Kafka Connect
 * @param row the row after an upsert, or before a delete; empty if the event has none
 */
record DebeziumEvent(JsonObject envelope, JsonObject row, Operation operation) {

    /**
     * Reads an event.
     *
     * @throws InvalidRecordException if the value is not a change event of a row
     */
    static DebeziumEvent of(JsonObject value) throws InvalidRecordException {
        JsonObject envelope =
                value.get("payload") instanceof JsonObject payload && value.get("op") == null
                        ? payload
                        : value;
        if (!(envelope.get("op") instanceof JsonString op)) {
            throw new InvalidRecordException(
                    Reason.MALFORMED,
                    "the value is not a change event of Debezium, which has the fields \"op\","
                            + " \"before\" and \"after\"",
                    null);
        }
        return switch (op.value()) {
            case "c", "r", "u" -> {
                if (!(envelope.get("after") instanceof JsonObject after)) {
                    throw new InvalidRecordException(
                            Reason.MALFORMED,
                            "the change event has no row in \"after\"",
                            "op is " + op.value());
                }
                yield new DebeziumEvent(envelope, after, Operation.UPSERT);
            }
            case "d" ->
                    new DebeziumEvent(
                            envelope,
                            envelope.get("before") instanceof JsonObject before
                                    ? before
                                    : new JsonObject(Map.of()),
                            Operation.DELETE);
            case "t" ->
                    throw new InvalidRecordException(
                            Reason.OP,
                            "the table was truncated, which deletes no documents; delete them, or"
                                    + " write to a new index",
                            null);
            default ->
                    throw new InvalidRecordException(
                            Reason.OP,
                            "\"op\" of the change event is not c, r, u, d or t",
                            new JsonString(op.value()).toJson());
        };
    }

    DecodedRecord decoded(DecodedRecord.Key key, boolean isTyped) {
        return new DecodedRecord(row, key, envelope, operation, isTyped);
    }
}

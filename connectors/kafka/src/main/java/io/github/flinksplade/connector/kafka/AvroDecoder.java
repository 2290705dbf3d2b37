package io.github.flinksplade.connector.kafka;

import io.github.flinksplade.connector.InvalidRecordException;
import io.github.flinksplade.connector.TextDecoder;
import io.github.flinksplade.connector.json.JsonValue;
import io.github.flinksplade.connector.json.JsonValue.JsonArray;
import io.github.flinksplade.connector.json.JsonValue.JsonLiteral;
import io.github.flinksplade.connector.json.JsonValue.JsonObject;
import io.github.flinksplade.connector.json.JsonValue.JsonString;
import java.io.EOFException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.UUID;
import java.util.concurrent.TimeUnit;
import org.apache.avro.AvroRuntimeException;
import org.apache.avro.LogicalTypes;
import org.apache.avro.NameValidator;
import org.apache.avro.Schema;
import org.apache.avro.io.BinaryDecoder;
import org.apache.avro.io.DecoderFactory;

/**
 * Decodes Avro's binary encoding with the schema that the payload was written with. The values are
 * read directly: generic records would allocate what a corrupt payload claims to contain.
 */
final class AvroDecoder implements PayloadDecoder {

    /** As in JSON, see {@code StreamReadConstraints}. */
    private static final int MAX_DEPTH = 1_000;

    /** Max number of elements that take no bytes, such as nulls in an array. */
    private static final int MAX_EMPTY_ELEMENTS = 10_000;

    private static final String CONNECT = "org.apache.kafka.connect.data.";

    private final Schema schema;
    private BinaryDecoder in;
    private long maxElements;

    private AvroDecoder(Schema schema) {
        this.schema = schema;
    }

    /**
     * A decoder for a schema.
     *
     * @param references the schemas that it refers to, each after those that it refers to itself
     */
    static AvroDecoder of(String schema, Iterable<String> references)
            throws InvalidSchemaException {
        // not validated: payloads were written with this schema, whatever its names and defaults
        Schema.Parser parser =
                new Schema.Parser(NameValidator.NO_VALIDATION).setValidateDefaults(false);
        try {
            for (String reference : references) {
                parser.parse(reference);
            }
            return new AvroDecoder(parser.parse(schema));
        } catch (RuntimeException e) {
            // the parser throws a NullPointerException, too, for an unknown type
            throw new InvalidSchemaException("it is not an Avro schema: " + e.getMessage(), e);
        }
    }

    @Override
    public JsonValue decode(byte[] bytes, int from) throws IOException, InvalidRecordException {
        maxElements = bytes.length + (long) MAX_EMPTY_ELEMENTS;
        try {
            in = DecoderFactory.get().binaryDecoder(bytes, from, bytes.length - from, in);
            JsonValue value = read(schema, 0);
            if (!in.isEnd()) {
                throw new IOException("it has bytes after its end");
            }
            return value;
        } catch (EOFException e) {
            throw new IOException("it ends too early", e);
        } catch (AvroRuntimeException | UnsupportedOperationException e) {
            throw new IOException(e.getMessage(), e);
        }
    }

    private JsonValue read(Schema type, int depth) throws IOException, InvalidRecordException {
        if (depth > MAX_DEPTH) {
            throw new IOException("it is nested too deeply");
        }
        return switch (type.getType()) {
            case RECORD -> {
                Map<String, JsonValue> members = new LinkedHashMap<>();
                for (Schema.Field field : type.getFields()) {
                    members.put(field.name(), read(field.schema(), depth + 1));
                }
                yield new JsonObject(members);
            }
            case ARRAY -> {
                List<JsonValue> elements = new ArrayList<>();
                for (long block = in.readArrayStart(); block != 0; block = in.arrayNext()) {
                    for (long i = 0; i < block; i++) {
                        countElement();
                        elements.add(read(type.getElementType(), depth + 1));
                    }
                }
                yield new JsonArray(elements);
            }
            case MAP -> {
                Map<String, JsonValue> members = new LinkedHashMap<>();
                for (long block = in.readMapStart(); block != 0; block = in.mapNext()) {
                    for (long i = 0; i < block; i++) {
                        countElement();
                        members.put(string(), read(type.getValueType(), depth + 1));
                    }
                }
                yield new JsonObject(members);
            }
            case UNION ->
                    read(element(type.getTypes(), in.readIndex(), "branch of a union"), depth + 1);
            case ENUM ->
                    new JsonString(
                            element(type.getEnumSymbols(), in.readEnum(), "symbol of an enum"));
            case STRING -> new JsonString(string());
            case BYTES -> bytes(type, bytes(in.readLong()));
            case FIXED -> bytes(type, bytes(type.getFixedSize()));
            case INT -> integer(type, in.readInt());
            case LONG -> integer(type, in.readLong());
            case FLOAT -> JsonValues.number(in.readFloat());
            case DOUBLE -> JsonValues.number(in.readDouble());
            case BOOLEAN -> JsonValues.bool(in.readBoolean());
            case NULL -> JsonLiteral.NULL;
        };
    }

    /** An element takes at least one byte, apart from those of empty types. */
    private void countElement() throws IOException {
        if (--maxElements < 0) {
            throw new IOException("an array is larger than the record");
        }
    }

    private static <T> T element(List<T> elements, int index, String what) throws IOException {
        if (index < 0 || index >= elements.size()) {
            throw new IOException("its schema has no " + what + " with index " + index);
        }
        return elements.get(index);
    }

    private byte[] bytes(long length) throws IOException {
        if (length < 0 || length > in.remainingBytes()) {
            throw new EOFException();
        }
        byte[] bytes = new byte[(int) length];
        in.readFixed(bytes, 0, bytes.length);
        return bytes;
    }

    private String string() throws IOException, InvalidRecordException {
        return TextDecoder.utf8(bytes(in.readLong()), "a string in it");
    }

    private static JsonValue bytes(Schema type, byte[] bytes) throws IOException {
        if (type.getLogicalType() instanceof LogicalTypes.Decimal decimal) {
            return JsonValues.decimal(bytes, decimal.getScale());
        }
        return switch (logicalName(type)) {
            case "uuid" -> {
                ByteBuffer buffer = ByteBuffer.wrap(bytes);
                yield new JsonString(new UUID(buffer.getLong(), buffer.getLong()).toString());
            }
            case CONNECT + "Decimal" -> {
                Integer scale = connectScale(type);
                yield scale == null ? JsonValues.base64(bytes) : JsonValues.decimal(bytes, scale);
            }
            default -> JsonValues.base64(bytes);
        };
    }

    private static JsonValue integer(Schema type, long value) throws IOException {
        return switch (logicalName(type)) {
            case "date", CONNECT + "Date" -> JsonValues.date(value);
            case "time-millis", CONNECT + "Time" -> JsonValues.time(value, TimeUnit.MILLISECONDS);
            case "time-micros" -> JsonValues.time(value, TimeUnit.MICROSECONDS);
            case "timestamp-millis", CONNECT + "Timestamp" ->
                    JsonValues.timestamp(value, TimeUnit.MILLISECONDS);
            case "timestamp-micros" -> JsonValues.timestamp(value, TimeUnit.MICROSECONDS);
            case "timestamp-nanos" -> JsonValues.timestamp(value, TimeUnit.NANOSECONDS);
            case "local-timestamp-millis" ->
                    JsonValues.localTimestamp(value, TimeUnit.MILLISECONDS);
            case "local-timestamp-micros" ->
                    JsonValues.localTimestamp(value, TimeUnit.MICROSECONDS);
            case "local-timestamp-nanos" -> JsonValues.localTimestamp(value, TimeUnit.NANOSECONDS);
            default -> JsonValues.integer(value);
        };
    }

    /**
     * The logical type, or the type of Kafka Connect, whose converters write both or only the
     * latter. Empty for a type without either.
     */
    private static String logicalName(Schema type) {
        if (type.getLogicalType() != null) {
            return type.getLogicalType().getName();
        }
        String connectName = type.getProp("connect.name");
        return connectName == null ? "" : connectName;
    }

    /** The scale of a decimal of Kafka Connect without a logical type, or null. */
    private static Integer connectScale(Schema type) {
        return type.getObjectProp("connect.parameters") instanceof Map<?, ?> parameters
                        && parameters.get("scale") instanceof String scale
                        && scale.matches("-?\\d{1,9}")
                ? Integer.valueOf(scale)
                : null;
    }
}

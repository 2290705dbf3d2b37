package io.github.flinksplade.connector.kafka;

import com.google.protobuf.ByteString;
import com.google.protobuf.CodedInputStream;
import com.google.protobuf.Descriptors.Descriptor;
import com.google.protobuf.Descriptors.EnumValueDescriptor;
import com.google.protobuf.Descriptors.FieldDescriptor;
import com.google.protobuf.Descriptors.FileDescriptor;
import com.google.protobuf.DynamicMessage;
import com.google.protobuf.InvalidProtocolBufferException;
import com.google.protobuf.Message;
import io.github.flinksplade.connector.json.JsonValue;
import io.github.flinksplade.connector.json.JsonValue.JsonArray;
import io.github.flinksplade.connector.json.JsonValue.JsonLiteral;
import io.github.flinksplade.connector.json.JsonValue.JsonNumber;
import io.github.flinksplade.connector.json.JsonValue.JsonObject;
import io.github.flinksplade.connector.json.JsonValue.JsonString;
import java.io.IOException;
import java.math.BigDecimal;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * Converts Protobuf messages to JSON. {@code JsonFormat} of protobuf-java-util writes text, with 64
 * bit integers as strings.
 *
 * <p>A field that can be absent (a message, {@code optional}, of a {@code oneof}) is left out when
 * it is. Any other field is always written, with its default if the message does not contain it,
 * which Protobuf does not distinguish.
 */
final class ProtobufDecoder {

    private ProtobufDecoder() {}

    /** Decodes payloads that start with the index of their message in the file. */
    static PayloadDecoder indexed(FileDescriptor file) {
        return (bytes, from) -> {
            CodedInputStream in = input(bytes, from);
            int[] index = index(in);
            return decode(message(file, index), in);
        };
    }

    /** Decodes payloads that are this message. */
    static PayloadDecoder of(Descriptor message) {
        return (bytes, from) -> decode(message, input(bytes, from));
    }

    private static CodedInputStream input(byte[] bytes, int from) {
        return CodedInputStream.newInstance(bytes, from, bytes.length - from);
    }

    private static int[] index(CodedInputStream in) throws IOException {
        try {
            return ConfluentWireFormat.readMessageIndex(in);
        } catch (InvalidProtocolBufferException e) {
            throw new IOException("its message index is invalid", e);
        }
    }

    private static Descriptor message(FileDescriptor file, int[] index) throws IOException {
        Descriptor message = null;
        for (int position : index) {
            // entries of maps are messages of a descriptor, but not of its file
            List<Descriptor> messages =
                    (message == null ? file.getMessageTypes() : message.getNestedTypes())
                            .stream().filter(type -> !type.getOptions().getMapEntry()).toList();
            if (position < 0 || position >= messages.size()) {
                throw new IOException("its schema has no message with index " + position);
            }
            message = messages.get(position);
        }
        return message;
    }

    private static JsonValue decode(Descriptor type, CodedInputStream in) throws IOException {
        DynamicMessage message;
        try {
            message = DynamicMessage.parseFrom(type, in);
        } catch (InvalidProtocolBufferException e) {
            throw new IOException("it is not a valid " + type.getFullName(), e);
        }
        return message(message);
    }

    private static JsonValue message(Message message) throws IOException {
        Descriptor type = message.getDescriptorForType();
        return switch (type.getFullName()) {
            case "google.protobuf.Timestamp" ->
                    JsonValues.timestamp(
                            number(message, "seconds").longValue(),
                            number(message, "nanos").intValue());
            case "google.protobuf.Duration" -> duration(message);
            case "google.protobuf.DoubleValue",
                    "google.protobuf.FloatValue",
                    "google.protobuf.Int64Value",
                    "google.protobuf.UInt64Value",
                    "google.protobuf.Int32Value",
                    "google.protobuf.UInt32Value",
                    "google.protobuf.BoolValue",
                    "google.protobuf.StringValue",
                    "google.protobuf.BytesValue" -> {
                FieldDescriptor field = type.findFieldByName("value");
                yield value(field, message.getField(field));
            }
            case "google.protobuf.Struct" -> field(message, type.findFieldByName("fields"));
            case "google.protobuf.ListValue" -> field(message, type.findFieldByName("values"));
            case "google.protobuf.Value" -> dynamicValue(message);
            case "confluent.type.Decimal" ->
                    JsonValues.decimal(
                            ((ByteString) get(message, "value")).toByteArray(),
                            number(message, "scale").intValue());
            default -> object(message);
        };
    }

    private static JsonObject object(Message message) throws IOException {
        Map<String, JsonValue> members = new LinkedHashMap<>();
        for (FieldDescriptor field : message.getDescriptorForType().getFields()) {
            if (!field.hasPresence() || message.hasField(field)) {
                members.put(field.getName(), field(message, field));
            }
        }
        return new JsonObject(members);
    }

    private static JsonValue field(Message message, FieldDescriptor field) throws IOException {
        if (field.isMapField()) {
            FieldDescriptor key = field.getMessageType().findFieldByName("key");
            FieldDescriptor value = field.getMessageType().findFieldByName("value");
            Map<String, JsonValue> members = new LinkedHashMap<>();
            for (int i = 0; i < message.getRepeatedFieldCount(field); i++) {
                Message entry = (Message) message.getRepeatedField(field, i);
                members.put(
                        text(value(key, entry.getField(key))), value(value, entry.getField(value)));
            }
            return new JsonObject(members);
        }
        if (field.isRepeated()) {
            List<JsonValue> elements = new ArrayList<>();
            for (int i = 0; i < message.getRepeatedFieldCount(field); i++) {
                elements.add(value(field, message.getRepeatedField(field, i)));
            }
            return new JsonArray(elements);
        }
        return value(field, message.getField(field));
    }

    private static JsonValue value(FieldDescriptor field, Object value) throws IOException {
        return switch (field.getType()) {
            case INT32, SINT32, SFIXED32, INT64, SINT64, SFIXED64 ->
                    JsonValues.integer(((Number) value).longValue());
            case UINT32, FIXED32 -> JsonValues.integer(Integer.toUnsignedLong((Integer) value));
            case UINT64, FIXED64 -> new JsonNumber(Long.toUnsignedString((Long) value));
            case FLOAT -> JsonValues.number((Float) value);
            case DOUBLE -> JsonValues.number((Double) value);
            case BOOL -> JsonValues.bool((Boolean) value);
            case STRING -> new JsonString((String) value);
            case BYTES -> JsonValues.base64(((ByteString) value).toByteArray());
            case ENUM -> {
                EnumValueDescriptor constant = (EnumValueDescriptor) value;
                // a value that the schema does not define has no index
                yield constant.getIndex() < 0
                        ? JsonValues.integer(constant.getNumber())
                        : new JsonString(constant.getName());
            }
            case MESSAGE, GROUP -> message((Message) value);
        };
    }

    /** A key of a map as a name. */
    private static String text(JsonValue key) {
        return key instanceof JsonString string ? string.value() : key.toJson();
    }

    /** {@code 1.5s}, as Protobuf's own JSON has it. */
    private static JsonValue duration(Message message) {
        BigDecimal seconds =
                BigDecimal.valueOf(number(message, "seconds").longValue())
                        .add(BigDecimal.valueOf(number(message, "nanos").longValue(), 9));
        return new JsonString(
                (seconds.signum() == 0 ? "0" : seconds.stripTrailingZeros().toPlainString()) + "s");
    }

    /** A {@code google.protobuf.Value}, whose numbers are all doubles: 7 is 7, not 7.0. */
    private static JsonValue dynamicValue(Message message) throws IOException {
        for (FieldDescriptor field : message.getAllFields().keySet()) {
            JsonValue value = field(message, field);
            if (field.getName().equals("null_value")) {
                return JsonLiteral.NULL;
            }
            return value instanceof JsonNumber number && number.digits().endsWith(".0")
                    ? new JsonNumber(number.digits().substring(0, number.digits().length() - 2))
                    : value;
        }
        return JsonLiteral.NULL;
    }

    private static Object get(Message message, String field) {
        return message.getField(message.getDescriptorForType().findFieldByName(field));
    }

    private static Number number(Message message, String field) {
        return (Number) get(message, field);
    }
}

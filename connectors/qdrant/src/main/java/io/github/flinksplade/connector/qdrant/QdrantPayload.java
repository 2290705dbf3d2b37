package io.github.flinksplade.connector.qdrant;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonGenerator;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonToken;
import io.github.flinksplade.connector.FieldSelection;
import io.github.flinksplade.connector.FieldTerms;
import io.qdrant.client.grpc.JsonWithInt.ListValue;
import io.qdrant.client.grpc.JsonWithInt.NullValue;
import io.qdrant.client.grpc.JsonWithInt.Struct;
import io.qdrant.client.grpc.JsonWithInt.Value;
import java.io.IOException;
import java.io.StringWriter;
import java.io.UncheckedIOException;
import java.util.Map;

/** Converts a document's fields to payload, and back. */
final class QdrantPayload {

    /** The document's text. */
    static final String TEXT = "text";

    /** The key of the object with the document's id, version and other metadata. */
    static final String META = "flink_splade";

    /** In {@link #META}: the document's id. */
    static final String ID = "id";

    /** In {@link #META}: the values of the fields, see {@link FieldTerms}. */
    static final String FIELD_VALUES = "field_values";

    /** The path of {@link #FIELD_VALUES}. */
    static final String FIELD_VALUES_PATH = META + "." + FIELD_VALUES;

    /**
     * Max nesting of objects and arrays in fields. The server decodes up to 100 nested messages,
     * and an object in an object uses three.
     */
    static final int MAX_LEVELS = 30;

    private static final JsonFactory JSON = new JsonFactory();

    private QdrantPayload() {}

    /**
     * The selected fields as payload.
     *
     * @param json a JSON object
     */
    static Struct.Builder read(String json, FieldSelection selection) {
        Struct.Builder fields = Struct.newBuilder();
        try (JsonParser parser = JSON.createParser(json)) {
            parser.nextToken();
            while (parser.nextToken() != JsonToken.END_OBJECT) {
                String name = parser.currentName();
                parser.nextToken();
                if (selection.contains(name)) {
                    fields.putFields(name, value(parser));
                } else {
                    parser.skipChildren();
                }
            }
            return fields;
        } catch (IOException e) {
            throw new UncheckedIOException(
                    "the fields of a record are not a JSON object: " + json, e);
        }
    }

    private static Value value(JsonParser parser) throws IOException {
        Value.Builder value = Value.newBuilder();
        switch (parser.currentToken()) {
            case START_OBJECT -> {
                Struct.Builder object = Struct.newBuilder();
                while (parser.nextToken() != JsonToken.END_OBJECT) {
                    String name = parser.currentName();
                    parser.nextToken();
                    object.putFields(name, value(parser));
                }
                value.setStructValue(object);
            }
            case START_ARRAY -> {
                ListValue.Builder list = ListValue.newBuilder();
                while (parser.nextToken() != JsonToken.END_ARRAY) {
                    list.addValues(value(parser));
                }
                value.setListValue(list);
            }
            case VALUE_NUMBER_INT -> {
                if (parser.getNumberType() == JsonParser.NumberType.BIG_INTEGER) {
                    value.setDoubleValue(parser.getDoubleValue());
                } else {
                    value.setIntegerValue(parser.getLongValue());
                }
            }
            case VALUE_NUMBER_FLOAT -> value.setDoubleValue(parser.getDoubleValue());
            case VALUE_STRING -> value.setStringValue(parser.getText());
            case VALUE_TRUE -> value.setBoolValue(true);
            case VALUE_FALSE -> value.setBoolValue(false);
            case VALUE_NULL -> value.setNullValue(NullValue.NULL_VALUE);
            default -> throw new IOException("unexpected " + parser.currentToken());
        }
        return value.build();
    }

    /**
     * The values of the selected fields.
     *
     * @param json a JSON object
     */
    static Value values(String json, FieldSelection selection) {
        ListValue.Builder terms = ListValue.newBuilder();
        FieldTerms.of(selection.select(json))
                .forEach(term -> terms.addValues(Value.newBuilder().setStringValue(term)));
        return Value.newBuilder().setListValue(terms).build();
    }

    /** Whether objects and arrays are nested deeper than the server can read. */
    static boolean isTooDeep(String json) {
        int level = 0;
        boolean inString = false;
        for (int i = 0; i < json.length(); i++) {
            char c = json.charAt(i);
            if (inString) {
                if (c == '\\') {
                    i++;
                } else if (c == '"') {
                    inString = false;
                }
            } else if (c == '"') {
                inString = true;
            } else if (c == '{' || c == '[') {
                level++;
                // the outermost object is the payload
                if (level > MAX_LEVELS + 1) {
                    return true;
                }
            } else if (c == '}' || c == ']') {
                level--;
            }
        }
        return false;
    }

    /** The document's fields in a point's payload, as one JSON object. */
    static String fields(Map<String, Value> payload) {
        StringWriter json = new StringWriter();
        try (JsonGenerator generator = JSON.createGenerator(json)) {
            generator.writeStartObject();
            for (Map.Entry<String, Value> field : payload.entrySet()) {
                if (!field.getKey().equals(META) && !field.getKey().equals(TEXT)) {
                    generator.writeFieldName(field.getKey());
                    write(field.getValue(), generator);
                }
            }
            generator.writeEndObject();
        } catch (IOException e) {
            throw new UncheckedIOException("writing to a string cannot fail", e);
        }
        return json.toString();
    }

    private static void write(Value value, JsonGenerator generator) throws IOException {
        switch (value.getKindCase()) {
            case STRUCT_VALUE -> {
                generator.writeStartObject();
                for (Map.Entry<String, Value> field :
                        value.getStructValue().getFieldsMap().entrySet()) {
                    generator.writeFieldName(field.getKey());
                    write(field.getValue(), generator);
                }
                generator.writeEndObject();
            }
            case LIST_VALUE -> {
                generator.writeStartArray();
                for (Value element : value.getListValue().getValuesList()) {
                    write(element, generator);
                }
                generator.writeEndArray();
            }
            case INTEGER_VALUE -> generator.writeNumber(value.getIntegerValue());
            case DOUBLE_VALUE -> generator.writeNumber(value.getDoubleValue());
            case STRING_VALUE -> generator.writeString(value.getStringValue());
            case BOOL_VALUE -> generator.writeBoolean(value.getBoolValue());
            case NULL_VALUE, KIND_NOT_SET -> generator.writeNull();
        }
    }
}

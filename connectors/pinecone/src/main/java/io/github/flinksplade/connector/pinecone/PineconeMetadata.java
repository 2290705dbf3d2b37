package io.github.flinksplade.connector.pinecone;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.cfg.JsonNodeFeature;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.google.protobuf.ListValue;
import com.google.protobuf.Struct;
import com.google.protobuf.Value;
import io.github.flinksplade.connector.ConnectorException;
import io.github.flinksplade.connector.FieldSelection;
import io.github.flinksplade.connector.FieldTerms;
import io.github.flinksplade.connector.VectorRecord;
import java.math.BigDecimal;
import java.util.Map;
import java.util.Set;

/**
 * Converts a document's text and fields to Pinecone's metadata, which is a flat object of strings,
 * numbers (doubles), booleans and lists of strings; and back.
 *
 * <p>A field that Pinecone supports is stored under its own name, so that queries can filter by it.
 * A field that Pinecone does not support (null, an object, other lists) or would not return
 * unchanged (a number that is not a double, or that is formatted differently) is stored in the JSON
 * object {@code _fields}, as text, which takes precedence in {@link #fields}. The values of all
 * fields are in the list {@code _field_values}, so that searches can filter by any of them.
 */
final class PineconeMetadata {

    private static final String TEXT = "text";
    private static final String VERSION = "_version";
    private static final String OTHERS = "_fields";

    /** The values of the fields, see {@link FieldTerms}. */
    static final String FIELD_VALUES = "_field_values";

    private static final Set<String> RESERVED = Set.of(TEXT, VERSION, OTHERS, FIELD_VALUES);

    private static final ObjectMapper JSON =
            JsonMapper.builder()
                    .enable(DeserializationFeature.USE_BIG_DECIMAL_FOR_FLOATS)
                    .disable(JsonNodeFeature.STRIP_TRAILING_BIGDECIMAL_ZEROES)
                    .build();

    private PineconeMetadata() {}

    /** The document's other fields; an empty object for a delete. */
    static JsonNode parse(VectorRecord record) {
        try {
            return record.fields() == null
                    ? JSON.createObjectNode()
                    : JSON.readTree(record.fields());
        } catch (JsonProcessingException e) {
            throw new IllegalStateException("fields of " + record.id() + " are not JSON", e);
        }
    }

    static ObjectNode of(PineconeSettings settings, VectorRecord record, JsonNode fields) {
        ObjectNode metadata = JSON.createObjectNode();
        if (settings.text && record.text() != null) {
            metadata.put(TEXT, record.text());
        }
        metadata.put(VERSION, Long.toString(record.version()));
        ObjectNode others = JSON.createObjectNode();
        ObjectNode selected = JSON.createObjectNode();
        FieldSelection selection = settings.fields.of(record);
        for (Map.Entry<String, JsonNode> field : fields.properties()) {
            String name = field.getKey();
            JsonNode value = field.getValue();
            if (name.equals(settings.dense) || !selection.contains(name)) {
                continue;
            }
            selected.set(name, value);
            boolean isSupported = isSupportedName(name) && isSupported(value);
            if (isSupported) {
                metadata.set(name, value);
            }
            if (!isSupported || !returnsUnchanged(value)) {
                others.set(name, value);
            }
        }
        Set<String> terms = FieldTerms.of(selected.toString());
        if (!terms.isEmpty()) {
            terms.forEach(metadata.putArray(FIELD_VALUES)::add);
        }
        if (!others.isEmpty()) {
            metadata.put(OTHERS, others.toString());
        }
        return metadata;
    }

    private static boolean isSupportedName(String name) {
        return !RESERVED.contains(name) && !name.isEmpty() && !name.startsWith("$");
    }

    private static boolean isSupported(JsonNode value) {
        if (value.isNumber()) {
            return Double.isFinite(value.doubleValue());
        }
        if (value.isArray()) {
            for (JsonNode element : value) {
                if (!element.isTextual()) {
                    return false;
                }
            }
            return !value.isEmpty();
        }
        return value.isTextual() || value.isBoolean();
    }

    private static boolean returnsUnchanged(JsonNode value) {
        return !value.isNumber() || number(value.doubleValue()).toString().equals(value.asText());
    }

    /** A double as JSON: without a decimal point if it is an integer. */
    private static JsonNode number(double value) {
        BigDecimal exact = BigDecimal.valueOf(value).stripTrailingZeros();
        return exact.scale() <= 0 && exact.precision() - exact.scale() <= 16
                ? JSON.getNodeFactory().numberNode(exact.longValueExact())
                : JSON.getNodeFactory().numberNode(exact);
    }

    /** The size of the metadata as JSON, which is compared with Pinecone's limit. */
    static int sizeInBytes(ObjectNode metadata) {
        try {
            return JSON.writeValueAsBytes(metadata).length;
        } catch (JsonProcessingException e) {
            throw new IllegalStateException("serializing a tree cannot fail", e);
        }
    }

    /** The metadata as a protobuf message. */
    static Struct struct(ObjectNode metadata) {
        Struct.Builder struct = Struct.newBuilder();
        for (Map.Entry<String, JsonNode> entry : metadata.properties()) {
            struct.putFields(entry.getKey(), value(entry.getValue()));
        }
        return struct.build();
    }

    private static Value value(JsonNode node) {
        Value.Builder value = Value.newBuilder();
        if (node.isArray()) {
            ListValue.Builder list = ListValue.newBuilder();
            node.forEach(element -> list.addValues(value(element)));
            return value.setListValue(list).build();
        }
        if (node.isNumber()) {
            return value.setNumberValue(node.doubleValue()).build();
        }
        return node.isBoolean()
                ? value.setBoolValue(node.booleanValue()).build()
                : value.setStringValue(node.textValue()).build();
    }

    /** The text of a document, or null if it is not stored. */
    static String text(Struct metadata) {
        Value text = metadata.getFieldsMap().get(TEXT);
        return text == null ? null : text.getStringValue();
    }

    /** The version of a document, or null if flink-splade did not write the record. */
    static String version(Struct metadata) {
        Value version = metadata.getFieldsMap().get(VERSION);
        return version == null ? null : version.getStringValue();
    }

    /** The stored fields of a document, as one JSON object. */
    static String fields(Struct metadata) {
        ObjectNode fields = JSON.createObjectNode();
        metadata.getFieldsMap()
                .forEach(
                        (name, value) -> {
                            if (!RESERVED.contains(name)) {
                                fields.set(name, node(value));
                            }
                        });
        Value others = metadata.getFieldsMap().get(OTHERS);
        if (others != null) {
            try {
                fields.setAll((ObjectNode) JSON.readTree(others.getStringValue()));
            } catch (JsonProcessingException e) {
                throw new ConnectorException(
                        OTHERS + " of a record is not a JSON object: " + e.getOriginalMessage(), e);
            }
        }
        return fields.toString();
    }

    private static JsonNode node(Value value) {
        JsonNodeFactory nodes = JSON.getNodeFactory();
        return switch (value.getKindCase()) {
            case STRING_VALUE -> nodes.textNode(value.getStringValue());
            case BOOL_VALUE -> nodes.booleanNode(value.getBoolValue());
            case NUMBER_VALUE -> number(value.getNumberValue());
            case LIST_VALUE -> {
                var list = nodes.arrayNode();
                value.getListValue().getValuesList().forEach(element -> list.add(node(element)));
                yield list;
            }
            case STRUCT_VALUE, NULL_VALUE, KIND_NOT_SET ->
                    throw new ConnectorException(
                            "the metadata of a record contains a value that Pinecone does not support: "
                                    + value);
        };
    }
}

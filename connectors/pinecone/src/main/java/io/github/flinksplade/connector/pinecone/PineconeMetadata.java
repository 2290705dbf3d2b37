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
import io.github.flinksplade.connector.VectorRecord;
import java.math.BigDecimal;
import java.util.Map;
import java.util.Set;

/**
 * A document's text and fields as Pinecone's metadata: a flat object of strings, numbers (doubles),
 * booleans and lists of strings.
 *
 * <p>A field that Pinecone can take stands under its own name, so that queries can filter by it.
 * One that it would not give back the same (null, an object, other lists, a number that is no
 * double, or that is written in another way than doubles are here) stands in the JSON object {@code
 * _fields}, as text, too or only; there {@link #fields} finds it first.
 */
final class PineconeMetadata {

    private static final String TEXT = "text";
    private static final String VERSION = "_version";
    private static final String REST = "_fields";
    private static final Set<String> OWN = Set.of(TEXT, VERSION, REST);

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
            throw new IllegalStateException("fields of " + record.id() + " are no JSON", e);
        }
    }

    static ObjectNode of(PineconeSettings settings, VectorRecord record, JsonNode fields) {
        ObjectNode metadata = JSON.createObjectNode();
        if (settings.text()) {
            metadata.put(TEXT, record.text());
        }
        metadata.put(VERSION, Long.toString(record.version()));
        ObjectNode rest = JSON.createObjectNode();
        for (Map.Entry<String, JsonNode> field : fields.properties()) {
            String name = field.getKey();
            JsonNode value = field.getValue();
            if (name.equals(settings.dense())
                    || settings.fields() != null && !settings.fields().contains(name)) {
                continue;
            }
            boolean takenByName = takesName(name) && takes(value);
            if (takenByName) {
                metadata.set(name, value);
            }
            if (!takenByName || !returnsSame(value)) {
                rest.set(name, value);
            }
        }
        if (!rest.isEmpty()) {
            metadata.put(REST, rest.toString());
        }
        return metadata;
    }

    private static boolean takesName(String name) {
        return !OWN.contains(name) && !name.isEmpty() && !name.startsWith("$");
    }

    private static boolean takes(JsonNode value) {
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

    private static boolean returnsSame(JsonNode value) {
        return !value.isNumber() || number(value.doubleValue()).toString().equals(value.asText());
    }

    /** A double as JSON: without a point where it is whole. */
    private static JsonNode number(double value) {
        BigDecimal exact = BigDecimal.valueOf(value).stripTrailingZeros();
        return exact.scale() <= 0 && exact.precision() - exact.scale() <= 16
                ? JSON.getNodeFactory().numberNode(exact.longValueExact())
                : JSON.getNodeFactory().numberNode(exact);
    }

    /** Bytes of the metadata as JSON, which is how Pinecone's limit is understood here. */
    static int sizeInBytes(ObjectNode metadata) {
        try {
            return JSON.writeValueAsBytes(metadata).length;
        } catch (JsonProcessingException e) {
            throw new IllegalStateException(e);
        }
    }

    /** The same as a message. */
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

    /** The text of a document, or null where it is not kept. */
    static String text(Struct metadata) {
        Value text = metadata.getFieldsMap().get(TEXT);
        return text == null ? null : text.getStringValue();
    }

    /** The other fields of a document that are kept, as one JSON object. */
    static String fields(Struct metadata) {
        ObjectNode fields = JSON.createObjectNode();
        metadata.getFieldsMap()
                .forEach(
                        (name, value) -> {
                            if (!OWN.contains(name)) {
                                fields.set(name, node(value));
                            }
                        });
        Value rest = metadata.getFieldsMap().get(REST);
        if (rest != null) {
            try {
                fields.setAll((ObjectNode) JSON.readTree(rest.getStringValue()));
            } catch (JsonProcessingException e) {
                throw new ConnectorException(
                        "a record's " + REST + " is no JSON object: " + e.getOriginalMessage(), e);
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
                            "a record's metadata holds what Pinecone does not take: " + value);
        };
    }
}

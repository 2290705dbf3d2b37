package io.github.flinksplade.serve;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.StreamReadFeature;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.json.JsonMapper;
import io.github.flinksplade.connector.ConnectorUri;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/** The JSON object of a request. A field that is null counts as missing. */
final class RequestObject {

    private static final ObjectMapper JSON =
            JsonMapper.builder()
                    .enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS)
                    .enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION)
                    .build();

    private final JsonNode object;

    private RequestObject(JsonNode object) {
        this.object = object;
    }

    /**
     * Parses a body.
     *
     * @throws RequestException if it is not a JSON object
     */
    static RequestObject parse(byte[] body) {
        JsonNode object;
        try {
            object = JSON.readTree(body);
        } catch (JsonProcessingException e) {
            String where =
                    e.getLocation() == null
                            ? ""
                            : " (line "
                                    + e.getLocation().getLineNr()
                                    + ", column "
                                    + e.getLocation().getColumnNr()
                                    + ")";
            throw new RequestException(
                    400,
                    ErrorType.VALIDATION,
                    "the body is not valid JSON: " + e.getOriginalMessage() + where,
                    e);
        } catch (IOException e) {
            throw new RequestException(
                    400, ErrorType.VALIDATION, "the body is not text in UTF-8", e);
        }
        if (object.isMissingNode()) {
            throw new RequestException(
                    400, ErrorType.VALIDATION, "the body is empty. Send a JSON object");
        }
        if (!object.isObject()) {
            throw RequestException.invalid(
                    "the body must be a JSON object, not " + describe(object));
        }
        return new RequestObject(object);
    }

    /**
     * Rejects fields with other names.
     *
     * @throws RequestException if there is one
     */
    void allowOnly(Set<String> known) {
        for (Iterator<String> names = object.fieldNames(); names.hasNext(); ) {
            String name = names.next();
            if (!known.contains(name)) {
                String nearest = ConnectorUri.nearest(name, known);
                throw RequestException.invalid(
                        "unknown field `"
                                + name
                                + "`"
                                + (nearest == null
                                        ? ". Known: " + String.join(", ", known)
                                        : "; did you mean `" + nearest + "`?"));
            }
        }
    }

    /** The field, or null if it is missing. */
    private JsonNode get(String name) {
        JsonNode value = object.get(name);
        return value == null || value.isNull() ? null : value;
    }

    /** A string, or null if it is missing. */
    String string(String name) {
        JsonNode value = get(name);
        if (value != null && !value.isTextual()) {
            throw wrongType(name, "a string", value);
        }
        return value == null ? null : value.textValue();
    }

    boolean flag(String name, boolean defaultValue) {
        JsonNode value = get(name);
        if (value != null && !value.isBoolean()) {
            throw wrongType(name, "true or false", value);
        }
        return value == null ? defaultValue : value.booleanValue();
    }

    /** A whole number from 1 to a limit. */
    int count(String name, int defaultValue, int max) {
        JsonNode value = get(name);
        if (value == null) {
            return defaultValue;
        }
        if (!value.isIntegralNumber()
                || !value.canConvertToInt()
                || value.intValue() < 1
                || value.intValue() > max) {
            throw wrongType(name, "a whole number from 1 to " + max, value);
        }
        return value.intValue();
    }

    /**
     * A text or its token ids.
     *
     * @param text null if there are token ids
     * @param ids null if there is a text
     */
    record Input(String text, int[] ids) {

        boolean isEmpty() {
            return text == null ? ids.length == 0 : text.isEmpty();
        }
    }

    /** One input or an array of them; null if the field is missing. */
    List<Input> inputs(String name) {
        JsonNode value = get(name);
        if (value == null) {
            return null;
        }
        if (!isBatch(name)) {
            return List.of(
                    input(name, value, "a string, an array of token ids, or an array of these"));
        }
        List<Input> inputs = new ArrayList<>(value.size());
        for (JsonNode element : value) {
            inputs.add(
                    input(
                            name + "[" + inputs.size() + "]",
                            element,
                            "a string or an array of token ids"));
        }
        return inputs;
    }

    /** Whether the field is an array of inputs. An array of numbers is one input. */
    boolean isBatch(String name) {
        JsonNode value = get(name);
        return value != null && value.isArray() && !value.path(0).isNumber();
    }

    private static Input input(String name, JsonNode value, String expected) {
        if (value.isTextual()) {
            return new Input(value.textValue(), null);
        }
        if (!value.isArray()) {
            throw wrongType(name, expected, value);
        }
        int[] ids = new int[value.size()];
        for (int i = 0; i < ids.length; i++) {
            JsonNode id = value.get(i);
            if (!id.isIntegralNumber() || !id.canConvertToInt() || id.intValue() < 0) {
                throw wrongType(name + "[" + i + "]", "a token id", id);
            }
            ids[i] = id.intValue();
        }
        return new Input(null, ids);
    }

    /**
     * An object of values or arrays of values, as their texts; empty if it is missing. A value is a
     * string, a number or a boolean.
     */
    Map<String, Set<String>> stringSets(String name) {
        JsonNode value = get(name);
        if (value == null) {
            return Map.of();
        }
        if (!value.isObject()) {
            throw wrongType(name, "an object", value);
        }
        Map<String, Set<String>> sets = new LinkedHashMap<>();
        value.properties()
                .forEach(
                        field -> {
                            String path = name + "." + field.getKey();
                            List<String> values = values(path, field.getValue());
                            if (values.isEmpty()) {
                                throw RequestException.invalid(
                                        "`"
                                                + path
                                                + "` is an empty array. List at least one value,"
                                                + " or omit the field");
                            }
                            sets.put(field.getKey(), new LinkedHashSet<>(values));
                        });
        return sets;
    }

    private static List<String> values(String name, JsonNode value) {
        if (!value.isArray()) {
            return List.of(scalar(name, value));
        }
        List<String> values = new ArrayList<>(value.size());
        for (JsonNode element : value) {
            values.add(scalar(name + "[" + values.size() + "]", element));
        }
        return values;
    }

    private static String scalar(String name, JsonNode value) {
        if (!value.isValueNode() || value.isNull()) {
            throw wrongType(name, "a string, a number, true or false, or an array of them", value);
        }
        return value.asText();
    }

    private static RequestException wrongType(String name, String expected, JsonNode found) {
        return RequestException.invalid(
                "`" + name + "` must be " + expected + ", not " + describe(found));
    }

    private static String describe(JsonNode found) {
        return switch (found.getNodeType()) {
            case OBJECT -> "an object";
            case ARRAY -> "an array";
            case STRING -> "a string";
            default -> found.toString();
        };
    }
}

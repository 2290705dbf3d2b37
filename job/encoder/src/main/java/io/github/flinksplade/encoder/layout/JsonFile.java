package io.github.flinksplade.encoder.layout;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.json.JsonReadFeature;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.json.JsonMapper;
import io.github.flinksplade.encoder.ModelException;
import io.github.flinksplade.encoder.ModelFolder;
import io.github.flinksplade.encoder.platform.FileErrors;
import java.io.IOException;
import java.nio.file.Files;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;

/**
 * A JSON file of a model.
 *
 * @param name in the model's directory
 * @param location for messages
 */
record JsonFile(String name, String location, JsonNode json) {

    private static final ObjectMapper MAPPER =
            JsonMapper.builder()
                    .enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS)
                    // Python writes NaN and Infinity
                    .enable(JsonReadFeature.ALLOW_NON_NUMERIC_NUMBERS)
                    .build();

    /**
     * @throws ModelException if it cannot be read or is not JSON
     */
    static JsonFile read(ModelFolder folder, String name) {
        String location = folder.location(name);
        try {
            return new JsonFile(
                    name, location, MAPPER.readTree(Files.readAllBytes(folder.file(name))));
        } catch (JsonProcessingException e) {
            throw new ModelException(location + " is not valid JSON: " + e.getOriginalMessage(), e);
        } catch (IOException e) {
            throw new ModelException(location + " cannot be read: " + FileErrors.reason(e), e);
        }
    }

    /**
     * Reads a JSON object.
     *
     * @throws ModelException also if it is another value
     */
    static JsonFile readObject(ModelFolder folder, String name) {
        JsonFile file = read(folder, name);
        if (!file.json().isObject()) {
            throw file.invalid("contains " + abbreviate(file.json()) + ", not a JSON object");
        }
        return file;
    }

    /** The value of a field; null if it is missing or null. */
    JsonNode get(String field) {
        JsonNode value = json.get(field);
        return value == null || value.isNull() ? null : value;
    }

    /** A string; the default if the field is missing or null. */
    String text(String field, String defaultValue) {
        JsonNode value = get(field);
        if (value == null) {
            return defaultValue;
        }
        if (!value.isTextual()) {
            throw invalidField(field, value, "a string");
        }
        return value.textValue();
    }

    /** A boolean; false if the field is missing or null. */
    boolean isTrue(String field) {
        JsonNode value = get(field);
        if (value != null && !value.isBoolean()) {
            throw invalidField(field, value, "true or false");
        }
        return value != null && value.booleanValue();
    }

    /** A positive integer; 0 if the field is missing or null. */
    int positive(String field) {
        JsonNode value = get(field);
        if (value == null) {
            return 0;
        }
        if (!value.isIntegralNumber() || !value.canConvertToInt() || value.intValue() < 1) {
            throw invalidField(field, value, "a positive integer");
        }
        return value.intValue();
    }

    /** The fields of an object in a field; empty if it is missing or null. */
    Set<Map.Entry<String, JsonNode>> entries(String field) {
        JsonNode value = get(field);
        if (value != null && !value.isObject()) {
            throw invalidField(field, value, "an object");
        }
        return value == null ? Set.of() : value.properties();
    }

    /**
     * @throws ModelException if there is a field with a value that is neither known nor null,
     *     because it could change the vectors
     */
    void requireKnown(List<String> known) {
        for (Map.Entry<String, JsonNode> field : json.properties()) {
            if (!field.getValue().isNull() && !known.contains(field.getKey())) {
                throw invalid(
                        "has the field '"
                                + field.getKey()
                                + "' ("
                                + abbreviate(field.getValue())
                                + "), which is not supported; supported are "
                                + String.join(", ", new TreeSet<>(known)));
            }
        }
    }

    ModelException invalidField(String field, JsonNode value, String expected) {
        return invalid(
                "has the " + field + " " + abbreviate(value) + "; supported is only " + expected);
    }

    /** A message about this file. */
    ModelException invalid(String problem) {
        return new ModelException(location + " " + problem);
    }

    static String abbreviate(JsonNode value) {
        String text = value.toString();
        return text.length() <= 100 ? text : text.substring(0, 100) + "...";
    }
}

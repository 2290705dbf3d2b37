package io.github.flinksplade.encoder.architecture;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.github.flinksplade.encoder.ModelException;
import io.github.flinksplade.encoder.platform.FileErrors;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/**
 * A {@code config.json} of the transformers library. A key that is absent has the library's default
 * for the architecture; a value that is not understood is an error.
 */
final class ModelConfig {

    private final Path path;
    private final JsonNode json;

    private ModelConfig(Path path, JsonNode json) {
        this.path = path;
        this.json = json;
    }

    /**
     * @throws ModelException if the file cannot be read, or is not a JSON object
     */
    static ModelConfig read(Path path) {
        try {
            JsonNode json = new ObjectMapper().readTree(Files.readAllBytes(path));
            if (!json.isObject()) {
                throw new ModelException(path + " does not contain a JSON object; fetch it again");
            }
            return new ModelConfig(path, json);
        } catch (JsonProcessingException e) {
            throw new ModelException(
                    path + " is not valid JSON: " + e.getOriginalMessage() + "; fetch it again", e);
        } catch (IOException e) {
            throw new ModelException(path + " cannot be read: " + FileErrors.reason(e), e);
        }
    }

    Path path() {
        return path;
    }

    /** A value, or a missing node. */
    JsonNode get(String key) {
        JsonNode value = json.path(key);
        return value.isNull() ? json.path("") : value;
    }

    boolean has(String key) {
        return !get(key).isMissingNode();
    }

    /** Whether the key is present with the value null. */
    boolean isNull(String key) {
        return json.path(key).isNull();
    }

    String text(String key, String defaultValue) {
        JsonNode value = get(key);
        if (value.isMissingNode()) {
            return defaultValue;
        }
        if (!value.isTextual()) {
            throw invalid(key, "a string");
        }
        return value.asText();
    }

    boolean flag(String key, boolean defaultValue) {
        JsonNode value = get(key);
        if (value.isMissingNode()) {
            return defaultValue;
        }
        if (!value.isBoolean()) {
            throw invalid(key, "true or false");
        }
        return value.booleanValue();
    }

    /** A positive integer. */
    int size(String key, int defaultValue) {
        return integer(key, defaultValue, 1);
    }

    /** An integer that is not negative. */
    int count(String key, int defaultValue) {
        return integer(key, defaultValue, 0);
    }

    private int integer(String key, int defaultValue, int min) {
        JsonNode value = get(key);
        if (value.isMissingNode()) {
            return defaultValue;
        }
        if (!value.isIntegralNumber() || !value.canConvertToInt() || value.intValue() < min) {
            throw invalid(key, "an integer of at least " + min);
        }
        return value.intValue();
    }

    double number(String key, double defaultValue) {
        JsonNode value = get(key);
        if (value.isMissingNode()) {
            return defaultValue;
        }
        if (!value.isNumber()) {
            throw invalid(key, "a number");
        }
        return value.doubleValue();
    }

    /** Requires a value that is the default if it is present. */
    void requireText(String key, String required) {
        if (!text(key, required).equals(required)) {
            throw invalid(key, "\"" + required + "\"");
        }
    }

    /** Requires a flag that is the default if it is present. */
    void require(String key, boolean required) {
        if (flag(key, required) != required) {
            throw invalid(key, Boolean.toString(required));
        }
    }

    /** The error for a value that is not understood. */
    ModelException invalid(String key, String understood) {
        return new ModelException(
                path
                        + ": "
                        + key
                        + " is "
                        + json.path(key)
                        + ", but must be "
                        + understood
                        + "; export the model to ONNX to use it");
    }

    ModelException unsupported(String key, List<String> understood) {
        return invalid(key, "one of " + String.join(", ", understood));
    }
}

package io.github.flinksplade.pipeline.mapping;

import io.github.flinksplade.connector.json.JsonValue;
import io.github.flinksplade.connector.json.JsonValue.JsonArray;
import io.github.flinksplade.connector.json.JsonValue.JsonLiteral;
import io.github.flinksplade.connector.json.JsonValue.JsonNumber;
import io.github.flinksplade.connector.json.JsonValue.JsonString;

/** The text of values. */
final class Texts {

    private Texts() {}

    /**
     * The text of a string, number or boolean, or of an array of them.
     *
     * @param separator between the elements of an array
     * @return null for a missing value, null and objects
     */
    static String of(JsonValue value, String separator) {
        if (value instanceof JsonArray array) {
            StringBuilder text = new StringBuilder();
            for (JsonValue element : array.elements()) {
                if (element == JsonLiteral.NULL) {
                    continue;
                }
                String part = element instanceof JsonArray ? null : of(element, separator);
                if (part == null) {
                    return null;
                }
                append(text, separator, part);
            }
            return text.toString();
        }
        if (value instanceof JsonString string) {
            return string.value();
        }
        return value instanceof JsonNumber
                        || value instanceof JsonLiteral && value != JsonLiteral.NULL
                ? value.toJson()
                : null;
    }

    /**
     * Appends a part, after a separator if there is something before it; empty parts are skipped.
     */
    static void append(StringBuilder text, String separator, String part) {
        if (!part.isEmpty()) {
            if (text.length() > 0) {
                text.append(separator);
            }
            text.append(part);
        }
    }
}

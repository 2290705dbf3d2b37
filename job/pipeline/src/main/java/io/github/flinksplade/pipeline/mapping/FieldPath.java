package io.github.flinksplade.pipeline.mapping;

import io.github.flinksplade.connector.json.JsonValue;
import io.github.flinksplade.connector.json.JsonValue.JsonArray;
import io.github.flinksplade.connector.json.JsonValue.JsonObject;
import java.io.Serializable;
import java.util.ArrayList;
import java.util.List;

/**
 * The position of a field in a document: a name ({@code title}), a JSON pointer of RFC 6901 ({@code
 * /product/sku}), or names with dots between them ({@code product.sku}), which is a nested field
 * unless a field has exactly that name.
 *
 * @param text as it was written
 * @param segments the names from the outermost to the field
 */
record FieldPath(String text, List<String> segments) implements Serializable {

    private static final long serialVersionUID = 1L;

    /**
     * Parses a path.
     *
     * @throws IllegalArgumentException if it is empty or an invalid pointer
     */
    static FieldPath parse(String text) {
        if (text.isEmpty() || text.equals("/")) {
            throw new IllegalArgumentException(
                    "the name of a field is missing. Write a name, or a JSON pointer such as"
                            + " /product/name");
        }
        if (text.charAt(0) == '/') {
            List<String> segments = new ArrayList<>();
            for (String segment : text.substring(1).split("/", -1)) {
                if (segment.matches(".*~(?![01]).*")) {
                    throw new IllegalArgumentException(
                            "'"
                                    + text
                                    + "' is not a JSON pointer. Write ~0 for a tilde and ~1 for a"
                                    + " slash in a name");
                }
                segments.add(segment.replace("~1", "/").replace("~0", "~"));
            }
            return new FieldPath(text, List.copyOf(segments));
        }
        return new FieldPath(text, List.of(text));
    }

    /** Whether it is the field of that name, and not a nested one. */
    boolean isField(String name) {
        return segments.size() == 1 && segments.get(0).equals(name);
    }

    /** The value at this position, or null. */
    JsonValue get(JsonObject document) {
        JsonValue value = at(document, segments);
        if (value == null && text.charAt(0) != '/' && text.indexOf('.') > 0) {
            value = at(document, List.of(text.split("\\.", -1)));
        }
        return value;
    }

    private static JsonValue at(JsonObject document, List<String> segments) {
        JsonValue value = document;
        for (String segment : segments) {
            if (value instanceof JsonObject object) {
                value = object.get(segment);
            } else if (value instanceof JsonArray array && segment.matches("0|[1-9]\\d{0,8}")) {
                int index = Integer.parseInt(segment);
                value = index < array.elements().size() ? array.elements().get(index) : null;
            } else {
                return null;
            }
        }
        return value;
    }
}

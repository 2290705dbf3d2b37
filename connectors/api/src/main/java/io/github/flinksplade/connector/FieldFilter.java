package io.github.flinksplade.connector;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import org.apache.flink.annotation.PublicEvolving;

/**
 * Restricts a search by the documents' fields. A document matches if each field named here has one
 * of the values listed for it; a field that is an array has the values of all its elements.
 *
 * @param fields for each field, the values of which a document must have one. A field inside an
 *     object is named by its path, with dots: {@code book.title}. A value is the text of a string,
 *     or of a number or boolean as it is in JSON: {@code 7} matches {@code 7} and {@code "7"}, not
 *     {@code 7.0}.
 */
@PublicEvolving
public record FieldFilter(Map<String, Set<String>> fields) {

    /** Every document matches. */
    public static final FieldFilter NONE = new FieldFilter(Map.of());

    /**
     * @throws IllegalArgumentException if a field has no values
     */
    public FieldFilter {
        Map<String, Set<String>> sorted = new TreeMap<>();
        fields.forEach(
                (field, values) -> {
                    if (values.isEmpty()) {
                        throw new IllegalArgumentException(
                                "the filter lists no values for the field '" + field + "'");
                    }
                    sorted.put(field, Collections.unmodifiableSet(new TreeSet<>(values)));
                });
        fields = Collections.unmodifiableMap(sorted);
    }

    /** Whether every document matches. */
    public boolean isEmpty() {
        return fields.isEmpty();
    }

    /**
     * Whether a document matches.
     *
     * @param document the document's fields, a JSON object; null if it has none
     */
    public boolean matches(JsonNode document) {
        return fields.entrySet().stream()
                .allMatch(
                        field ->
                                document != null
                                        && hasOneOf(
                                                document,
                                                List.of(field.getKey().split("\\.", -1)),
                                                field.getValue()));
    }

    private static boolean hasOneOf(JsonNode node, List<String> path, Set<String> values) {
        if (node.isArray()) {
            for (JsonNode element : node) {
                if (hasOneOf(element, path, values)) {
                    return true;
                }
            }
            return false;
        }
        if (path.isEmpty()) {
            return node.isValueNode() && !node.isNull() && values.contains(node.asText());
        }
        // a name may contain dots itself
        for (int i = 1; i <= path.size(); i++) {
            JsonNode child = node.get(String.join(".", path.subList(0, i)));
            if (child != null && hasOneOf(child, path.subList(i, path.size()), values)) {
                return true;
            }
        }
        return false;
    }
}

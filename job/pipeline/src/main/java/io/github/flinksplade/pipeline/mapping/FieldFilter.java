package io.github.flinksplade.pipeline.mapping;

import io.github.flinksplade.connector.json.JsonValue;
import io.github.flinksplade.connector.json.JsonValue.JsonObject;
import java.io.Serializable;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Predicate;

/**
 * Selects the fields of a document that are stored. A nested field is stored under the objects that
 * contain it.
 *
 * @param all whether all fields are selected that the document's id, text and so on do not use
 * @param included fields to select, also if the document uses them
 * @param excluded fields to remove from all others
 */
record FieldFilter(boolean all, List<FieldPath> included, List<FieldPath> excluded)
        implements Serializable {

    private static final long serialVersionUID = 1L;

    /** Every field that the document does not use. */
    static final FieldFilter ALL = new FieldFilter(true, List.of(), List.of());

    /**
     * Parses {@code *}, {@code none}, {@code a,b,/c/d} or {@code *,-secret}.
     *
     * @throws IllegalArgumentException if the text has another form
     */
    static FieldFilter parse(String text) {
        if (text.equals("none") || text.isEmpty()) {
            return new FieldFilter(false, List.of(), List.of());
        }
        boolean all = false;
        List<FieldPath> included = new ArrayList<>();
        List<FieldPath> excluded = new ArrayList<>();
        for (String part : text.split(",", -1)) {
            String name = part.strip();
            if (name.equals("*")) {
                all = true;
            } else if (name.startsWith("-") && name.length() > 1) {
                excluded.add(FieldPath.parse(name.substring(1)));
            } else {
                included.add(FieldPath.parse(name));
            }
        }
        if (!all && included.isEmpty()) {
            throw new IllegalArgumentException(
                    "'" + text + "' selects no fields. Write *," + text + " for all others");
        }
        return new FieldFilter(all, List.copyOf(included), List.copyOf(excluded));
    }

    /**
     * The selected fields.
     *
     * @param isUsed whether the document uses the field of a name
     */
    JsonObject select(JsonObject document, Predicate<String> isUsed) {
        Map<String, JsonValue> selected = new LinkedHashMap<>();
        if (all) {
            document.members()
                    .forEach(
                            (name, value) -> {
                                if (!isUsed.test(name)) {
                                    selected.put(name, value);
                                }
                            });
        }
        for (FieldPath path : included) {
            JsonValue value = path.get(document);
            if (value != null) {
                put(selected, path.segments(), value);
            }
        }
        for (FieldPath path : excluded) {
            remove(selected, path.segments());
        }
        return new JsonObject(selected);
    }

    private static void put(
            Map<String, JsonValue> members, List<String> segments, JsonValue value) {
        String name = segments.get(0);
        if (segments.size() == 1) {
            members.put(name, value);
            return;
        }
        // a copy, because the object may be part of the document
        Map<String, JsonValue> inner =
                new LinkedHashMap<>(
                        members.get(name) instanceof JsonObject object
                                ? object.members()
                                : Map.of());
        put(inner, segments.subList(1, segments.size()), value);
        members.put(name, new JsonObject(inner));
    }

    private static void remove(Map<String, JsonValue> members, List<String> segments) {
        String name = segments.get(0);
        if (segments.size() == 1) {
            members.remove(name);
        } else if (members.get(name) instanceof JsonObject object) {
            Map<String, JsonValue> inner = new LinkedHashMap<>(object.members());
            remove(inner, segments.subList(1, segments.size()));
            members.put(name, new JsonObject(inner));
        }
    }
}

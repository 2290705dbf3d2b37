package io.github.flinksplade.pipeline.internal;

import io.github.flinksplade.connector.Passages;
import io.github.flinksplade.connector.json.JsonReader;
import io.github.flinksplade.connector.json.JsonSyntaxException;
import io.github.flinksplade.connector.json.JsonValue;
import io.github.flinksplade.connector.json.JsonValue.JsonArray;
import io.github.flinksplade.connector.json.JsonValue.JsonNumber;
import io.github.flinksplade.connector.json.JsonValue.JsonObject;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/**
 * Hashes of the fields of a document. Two values are equal if they are the same JSON up to the
 * order of members and the notation of numbers, which are compared as long integers or doubles.
 *
 * @param names the names of the fields, ascending
 * @param hashes the hash of each field's value
 */
public record FieldHashes(String[] names, long[] hashes) {

    /** Above it, a double may stand for several integers. */
    private static final double MAX_EXACT = 1L << 53;

    /**
     * @param fields a JSON object
     * @param withoutPassage whether to leave out the fields that a passage has in addition to those
     *     of its document
     */
    static FieldHashes of(JsonObject fields, boolean withoutPassage) {
        Map<String, JsonValue> sorted = new TreeMap<>(fields.members());
        if (withoutPassage) {
            sorted.keySet().removeAll(Passages.FIELDS);
        }
        String[] names = sorted.keySet().toArray(new String[0]);
        long[] hashes = new long[names.length];
        for (int i = 0; i < names.length; i++) {
            StringBuilder canonical = new StringBuilder();
            append(sorted.get(names[i]), canonical);
            hashes[i] = Hashes.ofBytes(canonical.toString().getBytes(StandardCharsets.UTF_8));
        }
        return new FieldHashes(names, hashes);
    }

    /** The fields of a document or of an index. */
    static JsonObject parse(String fields) {
        try {
            if (JsonReader.parse(fields) instanceof JsonObject object) {
                return object;
            }
        } catch (JsonSyntaxException e) {
            throw new IllegalStateException("the fields are not JSON: " + fields, e);
        }
        throw new IllegalStateException("the fields are not a JSON object: " + fields);
    }

    /** The names of the fields that differ or are in one of the two only, ascending. */
    List<String> differing(FieldHashes other) {
        List<String> differing = new ArrayList<>();
        int left = 0;
        int right = 0;
        while (left < names.length || right < other.names.length) {
            int order =
                    left == names.length
                            ? 1
                            : right == other.names.length
                                    ? -1
                                    : names[left].compareTo(other.names[right]);
            if (order != 0 || hashes[left] != other.hashes[right]) {
                differing.add(order <= 0 ? names[left] : other.names[right]);
            }
            left += order <= 0 ? 1 : 0;
            right += order >= 0 ? 1 : 0;
        }
        return differing;
    }

    private static void append(JsonValue value, StringBuilder out) {
        if (value instanceof JsonObject object) {
            out.append('{');
            new TreeMap<>(object.members())
                    .forEach(
                            (name, member) -> {
                                out.append(name.length()).append(':').append(name);
                                append(member, out);
                            });
            out.append('}');
        } else if (value instanceof JsonArray array) {
            out.append('[');
            array.elements().forEach(element -> append(element, out.append(',')));
            out.append(']');
        } else if (value instanceof JsonNumber number) {
            out.append(canonical(number));
        } else {
            value.appendTo(out);
        }
    }

    private static String canonical(JsonNumber number) {
        if (number.isInteger() && number.digits().length() <= 19) {
            try {
                return Long.toString(Long.parseLong(number.digits()));
            } catch (NumberFormatException e) {
                // too large for a long: a double
            }
        }
        double value = Double.parseDouble(number.digits());
        return value == Math.rint(value) && Math.abs(value) <= MAX_EXACT
                ? Long.toString((long) value)
                : Double.toString(value);
    }
}

package io.github.flinksplade.connector.json;

import com.fasterxml.jackson.core.io.JsonStringEncoder;
import io.github.flinksplade.vector.Utf16;
import java.math.BigInteger;
import java.util.List;
import java.util.Map;
import org.apache.flink.annotation.PublicEvolving;

/**
 * A JSON value whose numbers keep the digits that were written: {@code 1.50}, {@code 1E400} and
 * integers of any size. Immutable as long as nobody changes the collections it was created with.
 */
@PublicEvolving
public sealed interface JsonValue {

    /**
     * An object.
     *
     * @param members in their order
     */
    record JsonObject(Map<String, JsonValue> members) implements JsonValue {

        /** The member of that name, or null. */
        public JsonValue get(String name) {
            return members.get(name);
        }

        @Override
        public String toString() {
            return toJson();
        }
    }

    /** An array. */
    record JsonArray(List<JsonValue> elements) implements JsonValue {
        @Override
        public String toString() {
            return toJson();
        }
    }

    /** A string; it may contain lone surrogates, which JSON can write as escapes. */
    record JsonString(String value) implements JsonValue {
        @Override
        public String toString() {
            return toJson();
        }
    }

    /**
     * A number.
     *
     * @param digits as it was written, valid in JSON
     */
    record JsonNumber(String digits) implements JsonValue {

        /** Whether it has neither a fraction nor an exponent. */
        public boolean isInteger() {
            for (int i = 0; i < digits.length(); i++) {
                char c = digits.charAt(i);
                if (c != '-' && (c < '0' || c > '9')) {
                    return false;
                }
            }
            return true;
        }

        /** The value of an {@linkplain #isInteger() integer}. */
        public BigInteger integer() {
            return new BigInteger(digits);
        }

        @Override
        public String toString() {
            return toJson();
        }
    }

    /** The values without content. */
    enum JsonLiteral implements JsonValue {
        TRUE,
        FALSE,
        NULL;

        @Override
        public String toString() {
            return toJson();
        }
    }

    /** The kind of value, for messages: {@code a string}, {@code null}. */
    default String kind() {
        if (this instanceof JsonObject) {
            return "an object";
        } else if (this instanceof JsonArray) {
            return "an array";
        } else if (this instanceof JsonString) {
            return "a string";
        } else if (this instanceof JsonNumber) {
            return "a number";
        }
        return this == JsonLiteral.NULL ? "null" : "a boolean";
    }

    /** JSON without white space; lone surrogates are replaced by U+FFFD. */
    default String toJson() {
        StringBuilder json = new StringBuilder();
        appendTo(json);
        return json.toString();
    }

    /** Appends {@link #toJson()}. */
    default void appendTo(StringBuilder json) {
        if (this instanceof JsonObject object) {
            json.append('{');
            boolean first = true;
            for (Map.Entry<String, JsonValue> member : object.members().entrySet()) {
                if (!first) {
                    json.append(',');
                }
                first = false;
                appendString(member.getKey(), json);
                json.append(':');
                member.getValue().appendTo(json);
            }
            json.append('}');
        } else if (this instanceof JsonArray array) {
            json.append('[');
            for (int i = 0; i < array.elements().size(); i++) {
                if (i > 0) {
                    json.append(',');
                }
                array.elements().get(i).appendTo(json);
            }
            json.append(']');
        } else if (this instanceof JsonString string) {
            appendString(string.value(), json);
        } else if (this instanceof JsonNumber number) {
            json.append(number.digits());
        } else if (this instanceof JsonLiteral literal) {
            json.append(
                    switch (literal) {
                        case TRUE -> "true";
                        case FALSE -> "false";
                        case NULL -> "null";
                    });
        }
    }

    private static void appendString(String string, StringBuilder json) {
        json.append('"');
        JsonStringEncoder.getInstance().quoteAsString(Utf16.wellFormed(string), json);
        json.append('"');
    }
}

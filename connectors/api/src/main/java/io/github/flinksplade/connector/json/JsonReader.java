package io.github.flinksplade.connector.json;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonLocation;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.JsonToken;
import com.fasterxml.jackson.core.StreamReadConstraints;
import com.fasterxml.jackson.core.StreamReadFeature;
import com.fasterxml.jackson.core.exc.StreamConstraintsException;
import com.fasterxml.jackson.core.io.JsonEOFException;
import io.github.flinksplade.connector.json.JsonValue.JsonArray;
import io.github.flinksplade.connector.json.JsonValue.JsonLiteral;
import io.github.flinksplade.connector.json.JsonValue.JsonNumber;
import io.github.flinksplade.connector.json.JsonValue.JsonObject;
import io.github.flinksplade.connector.json.JsonValue.JsonString;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.apache.flink.annotation.PublicEvolving;

/** Parses JSON; duplicate names in an object are errors. */
@PublicEvolving
public final class JsonReader {

    /** Max number of characters quoted in a message. */
    private static final int MAX_CONTEXT = 20;

    private static final Pattern DUPLICATE =
            Pattern.compile("^Duplicate field '(.*)'", Pattern.DOTALL);

    private static final JsonFactory JSON =
            JsonFactory.builder()
                    .enable(StreamReadFeature.STRICT_DUPLICATE_DETECTION)
                    // the names of fields are unbounded, so they must not be cached
                    .disable(JsonFactory.Feature.INTERN_FIELD_NAMES)
                    .disable(JsonFactory.Feature.CANONICALIZE_FIELD_NAMES)
                    // the max size of records limits their strings
                    .streamReadConstraints(
                            StreamReadConstraints.builder()
                                    .maxStringLength(Integer.MAX_VALUE)
                                    .maxNameLength(Integer.MAX_VALUE)
                                    .build())
                    .build();

    private JsonReader() {}

    /**
     * Parses a text that contains one value, and white space around it.
     *
     * @throws JsonSyntaxException if it is empty, malformed or has more than one value
     */
    public static JsonValue parse(String text) throws JsonSyntaxException {
        try (JsonParser parser = JSON.createParser(text)) {
            if (parser.nextToken() == null) {
                throw new JsonSyntaxException("it is empty", null);
            }
            JsonValue value = value(parser);
            if (parser.nextToken() != null) {
                throw new JsonSyntaxException("it has trailing characters", null);
            }
            return value;
        } catch (JsonProcessingException e) {
            throw new JsonSyntaxException(problem(e, text), e);
        } catch (IOException e) {
            throw new UncheckedIOException("a string in memory cannot fail to be read", e);
        }
    }

    private static JsonValue value(JsonParser parser) throws IOException {
        return switch (parser.currentToken()) {
            case START_OBJECT -> {
                Map<String, JsonValue> members = new LinkedHashMap<>();
                while (parser.nextToken() != JsonToken.END_OBJECT) {
                    String name = parser.currentName();
                    parser.nextToken();
                    members.put(name, value(parser));
                }
                yield new JsonObject(members);
            }
            case START_ARRAY -> {
                List<JsonValue> elements = new ArrayList<>();
                while (parser.nextToken() != JsonToken.END_ARRAY) {
                    elements.add(value(parser));
                }
                yield new JsonArray(elements);
            }
            case VALUE_STRING -> new JsonString(parser.getText());
            case VALUE_NUMBER_INT, VALUE_NUMBER_FLOAT -> new JsonNumber(parser.getText());
            case VALUE_TRUE -> JsonLiteral.TRUE;
            case VALUE_FALSE -> JsonLiteral.FALSE;
            case VALUE_NULL -> JsonLiteral.NULL;
            default ->
                    throw new IllegalStateException(
                            "a value cannot contain " + parser.currentToken());
        };
    }

    /** What is wrong with the JSON, and where. The messages of Jackson mention its own settings. */
    private static String problem(JsonProcessingException e, String text) {
        String message = e.getOriginalMessage();
        JsonLocation location = e.getLocation();
        String at =
                location == null
                        ? ""
                        : " (line "
                                + location.getLineNr()
                                + ", column "
                                + location.getColumnNr()
                                + ")";
        if (e instanceof JsonEOFException || message.contains("end-of-input")) {
            return "it ends too early" + at;
        }
        Matcher duplicate = DUPLICATE.matcher(message);
        if (duplicate.find()) {
            return "the field " + new JsonString(duplicate.group(1)) + " is duplicated" + at;
        }
        if (e instanceof StreamConstraintsException) {
            return "it is nested too deeply or contains a number that is too long" + at;
        }
        if (location == null || location.getCharOffset() < 0) {
            return "it is malformed" + at;
        }
        return "it is malformed" + at + near(text, location.getCharOffset());
    }

    /** The text before the position at which the record is malformed. */
    private static String near(String text, long offset) {
        int end = (int) Math.min(text.length(), offset);
        String before = text.substring(Math.max(0, end - MAX_CONTEXT), end).strip();
        return before.isEmpty() ? "" : ", after " + new JsonString(before);
    }
}

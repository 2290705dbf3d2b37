package io.github.flinksplade.connector;

import io.github.flinksplade.connector.json.JsonReader;
import io.github.flinksplade.connector.json.JsonSyntaxException;
import io.github.flinksplade.connector.json.JsonValue.JsonNumber;
import io.github.flinksplade.connector.json.JsonValue.JsonObject;
import io.github.flinksplade.connector.json.JsonValue.JsonString;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.apache.flink.annotation.PublicEvolving;

/** Recognizes the records of passages, which have the id {@code ID#N} and fields of their own. */
@PublicEvolving
public final class Passages {

    /** The field with the id of the document that the passage is part of. */
    public static final String PARENT = "parent";

    /** The field with the number of the passage, from 0. */
    public static final String PASSAGE = "passage";

    /** The field with the position of its first character in the document's text. */
    public static final String START = "start";

    /** The field with the position after its last character. */
    public static final String END = "end";

    /** All fields that a passage has in addition to those of its document. */
    public static final List<String> FIELDS = List.of(PARENT, PASSAGE, START, END);

    private static final Pattern ID = Pattern.compile("(?s)(.*)#(\\d+)");

    private Passages() {}

    /** The id of the document that a record of this id may be a passage of; null for other ids. */
    public static String document(String id) {
        Matcher matcher = ID.matcher(id);
        return matcher.matches() ? matcher.group(1) : null;
    }

    /**
     * The id of the document that a record is a passage of; null if it is not a passage, even if it
     * has fields of these names.
     *
     * @param id the id of the record
     * @param fields its fields as a JSON object; may be null
     */
    public static String parent(String id, String fields) {
        Matcher matcher = ID.matcher(id);
        if (fields == null || !matcher.matches() || !fields.contains('"' + PARENT + '"')) {
            return null;
        }
        try {
            return JsonReader.parse(fields) instanceof JsonObject object
                            && object.get(PARENT) instanceof JsonString parent
                            && parent.value().equals(matcher.group(1))
                            && object.get(PASSAGE) instanceof JsonNumber passage
                            && passage.digits().equals(matcher.group(2))
                    ? matcher.group(1)
                    : null;
        } catch (JsonSyntaxException e) {
            throw new IllegalStateException("the fields are not a JSON object: " + fields, e);
        }
    }
}

package io.github.flinksplade.pipeline.internal;

import io.github.flinksplade.connector.VectorRecord;
import io.github.flinksplade.connector.json.JsonReader;
import io.github.flinksplade.connector.json.JsonSyntaxException;
import io.github.flinksplade.connector.json.JsonValue;
import io.github.flinksplade.connector.json.JsonValue.JsonObject;
import io.github.flinksplade.pipeline.Document;
import io.github.flinksplade.pipeline.internal.SequencerState.StoredVector;
import io.github.flinksplade.vector.JsonText;
import io.github.flinksplade.vector.SparseVector;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Set;

/** Creates the records of passages. */
final class PassageRecord {

    private static final String[] OWN_FIELDS = {"parent", "passage", "start", "end"};

    private PassageRecord() {}

    /** The id of a passage: {@code ID#N}, from 0. */
    static String id(String document, int passage) {
        return document + "#" + passage;
    }

    /**
     * The fields of a document without those that have the name of a passage's own field.
     *
     * @return the same text if the document has none of them
     */
    static String withoutOwnFields(String fields) {
        if (Arrays.stream(OWN_FIELDS).noneMatch(name -> fields.contains('"' + name + '"'))) {
            return fields;
        }
        try {
            JsonObject object = (JsonObject) JsonReader.parse(fields);
            Map<String, JsonValue> others = new LinkedHashMap<>(object.members());
            return others.keySet().removeAll(Set.of(OWN_FIELDS))
                    ? new JsonObject(others).toJson()
                    : fields;
        } catch (JsonSyntaxException e) {
            throw new IllegalStateException("the fields are not JSON: " + fields, e);
        }
    }

    /**
     * The record of a passage, with the document's fields and the passage's own.
     *
     * @param otherFields the document's fields, {@linkplain #withoutOwnFields without} the
     *     passage's
     */
    static VectorRecord of(
            Document document,
            String otherFields,
            long version,
            int passage,
            StoredVector stored,
            SparseVector vector) {
        String text = document.text();
        int start = text.codePointCount(0, stored.start());
        int end = start + text.codePointCount(stored.start(), stored.end());
        StringBuilder fields = new StringBuilder(otherFields);
        fields.setLength(fields.length() - 1);
        if (fields.length() > 1) {
            fields.append(',');
        }
        fields.append("\"parent\":");
        JsonText.appendString(fields, document.id());
        fields.append(",\"passage\":")
                .append(passage)
                .append(",\"start\":")
                .append(start)
                .append(",\"end\":")
                .append(end)
                .append('}');
        return new VectorRecord(
                id(document.id(), passage),
                document.operation(),
                version,
                text.substring(stored.start(), stored.end()),
                fields.toString(),
                vector,
                stored.tokens(),
                stored.truncated(),
                document.origin());
    }
}

package io.github.flinksplade.pipeline.internal;

import io.github.flinksplade.connector.Passages;
import io.github.flinksplade.connector.VectorRecord;
import io.github.flinksplade.connector.json.JsonReader;
import io.github.flinksplade.connector.json.JsonSyntaxException;
import io.github.flinksplade.connector.json.JsonValue;
import io.github.flinksplade.connector.json.JsonValue.JsonObject;
import io.github.flinksplade.pipeline.Document;
import io.github.flinksplade.vector.JsonText;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** Creates the records of passages. */
final class PassageRecord {

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
        if (Passages.FIELDS.stream().noneMatch(name -> fields.contains('"' + name + '"'))) {
            return fields;
        }
        try {
            JsonObject object = (JsonObject) JsonReader.parse(fields);
            Map<String, JsonValue> others = new LinkedHashMap<>(object.members());
            return others.keySet().removeAll(Passages.FIELDS)
                    ? new JsonObject(others).toJson()
                    : fields;
        } catch (JsonSyntaxException e) {
            throw new IllegalStateException("the fields are not JSON: " + fields, e);
        }
    }

    /**
     * The records of a document's passages, with the document's fields and their own.
     *
     * @param otherFields the document's fields, {@linkplain #withoutOwnFields without} the
     *     passage's
     */
    static List<VectorRecord> all(
            Document document, String otherFields, long version, DocumentVector[] vectors) {
        List<VectorRecord> records = new ArrayList<>(vectors.length);
        String text = document.text();
        int position = 0; // of the last start, in UTF-16 code units
        int start = 0; // the same in characters
        for (int i = 0; i < vectors.length; i++) {
            DocumentVector passage = vectors[i];
            start += text.codePointCount(position, passage.start());
            position = passage.start();
            int end = start + text.codePointCount(position, passage.end());
            records.add(
                    new VectorRecord(
                            id(document.id(), i),
                            document.operation(),
                            version,
                            text.substring(position, passage.end()),
                            fields(otherFields, document.id(), i, start, end),
                            passage.vector(),
                            passage.tokens(),
                            passage.truncated(),
                            document.origin()));
        }
        return records;
    }

    private static String fields(
            String otherFields, String parent, int passage, int start, int end) {
        StringBuilder fields = new StringBuilder(otherFields);
        fields.setLength(fields.length() - 1);
        if (fields.length() > 1) {
            fields.append(',');
        }
        fields.append("\"parent\":");
        JsonText.appendString(fields, parent);
        return fields.append(",\"passage\":")
                .append(passage)
                .append(",\"start\":")
                .append(start)
                .append(",\"end\":")
                .append(end)
                .append('}')
                .toString();
    }
}

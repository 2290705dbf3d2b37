package io.github.flinksplade.pipeline.internal;

import io.github.flinksplade.connector.VectorRecord;
import io.github.flinksplade.pipeline.Document;
import io.github.flinksplade.pipeline.internal.SequencerState.StoredVector;
import io.github.flinksplade.vector.JsonText;
import io.github.flinksplade.vector.SparseVector;

/** Creates the records of passages. */
final class PassageRecord {

    private PassageRecord() {}

    /** The id of a passage: {@code ID#N}, from 0. */
    static String id(String document, int passage) {
        return document + "#" + passage;
    }

    /** The record of a passage, with the document's fields and the passage's own. */
    static VectorRecord of(
            Document document,
            long version,
            int passage,
            StoredVector stored,
            SparseVector vector) {
        String text = document.text();
        int start = text.codePointCount(0, stored.start());
        int end = start + text.codePointCount(stored.start(), stored.end());
        StringBuilder fields = new StringBuilder(document.fields());
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

package io.github.flinksplade.pipeline.internal;

import io.github.flinksplade.connector.IndexedDocument;
import io.github.flinksplade.connector.Passages;
import io.github.flinksplade.connector.VectorRecord;
import io.github.flinksplade.connector.json.JsonValue;
import io.github.flinksplade.connector.json.JsonValue.JsonNumber;
import io.github.flinksplade.connector.json.JsonValue.JsonObject;

/**
 * A record of an index, as the comparison with its document needs it.
 *
 * @param id the id of the record
 * @param delete whether it is a delete in a log
 * @param version see {@link IndexedDocument#version()}
 * @param order {@link VectorRecord#order()}
 * @param text hash of the text; null if it is not stored
 * @param fields the fields, without those of a passage; null if they are not stored
 * @param encoder fingerprint of the encoder; null for a delete
 * @param passage number of the passage; -1 for a document with one vector
 * @param start the position of the passage's first character in the text, in characters; -1 if it
 *     is not stored
 * @param end the position after the last one; -1 if it is not stored
 */
public record StoredRecord(
        String id,
        boolean delete,
        long version,
        long order,
        byte[] text,
        FieldHashes fields,
        String encoder,
        int passage,
        int start,
        int end) {

    private static final int WHOLE = -1;
    private static final int UNKNOWN = -1;

    /**
     * @param parent the id of the document, if the record is a passage; else null
     */
    static StoredRecord of(IndexedDocument document, String parent) {
        JsonObject fields = document.fields() == null ? null : FieldHashes.parse(document.fields());
        boolean isPassage = parent != null;
        return new StoredRecord(
                document.id(),
                document.isDelete(),
                document.version(),
                VectorRecord.order(document.version(), document.operation()),
                document.text() == null ? null : Hashes.of(document.text()),
                fields == null ? null : FieldHashes.of(fields, isPassage),
                document.encoder(),
                isPassage
                        ? Integer.parseInt(
                                document.id(), parent.length() + 1, document.id().length(), 10)
                        : WHOLE,
                isPassage ? number(fields.get(Passages.START)) : UNKNOWN,
                isPassage ? number(fields.get(Passages.END)) : UNKNOWN);
    }

    private static int number(JsonValue value) {
        return value instanceof JsonNumber number && number.digits().matches("\\d{1,9}")
                ? Integer.parseInt(number.digits())
                : UNKNOWN;
    }

    boolean isPassage() {
        return passage != WHOLE;
    }

    boolean hasPosition() {
        return start >= 0 && end >= start;
    }
}

package io.github.flinksplade.pipeline;

import io.github.flinksplade.connector.Operation;
import io.github.flinksplade.connector.SourceRecord;

/**
 * A parsed record: a document, or the delete of one.
 *
 * @param id the document's id; never empty
 * @param operation whether the document is upserted or deleted
 * @param text the text to encode; null for a delete. Every string is valid Unicode
 * @param fields every other field in its order as one JSON object without white space, numbers as
 *     they were written; {@code "{}"} if there are none; null for a delete
 * @param version the version in the document, from 0, or null if it has none
 * @param replayed whether the record is a replayed dead letter, recognized by Kafka Connect's
 *     {@code __connect.errors.stage} header
 * @param origin the record it was read from
 */
public record Document(
        String id,
        Operation operation,
        String text,
        String fields,
        Long version,
        boolean replayed,
        SourceRecord origin) {

    public boolean isDelete() {
        return operation == Operation.DELETE;
    }
}

package io.github.flinksplade.pipeline;

import io.github.flinksplade.connector.Operation;
import io.github.flinksplade.connector.SourceRecord;

/**
 * What a record says, once it has been read.
 *
 * @param id the document's id; never empty
 * @param operation what is asked for
 * @param text the text to be encoded; null for a delete. Every string is valid Unicode
 * @param fields every other field in its order as one JSON object without white space, numbers as
 *     they were written; {@code "{}"} when there is none; null for a delete
 * @param version the version that the document gives itself, from 0, or null when it gives none
 * @param replayed whether the record is a dead letter being replayed, known by Kafka Connect's
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

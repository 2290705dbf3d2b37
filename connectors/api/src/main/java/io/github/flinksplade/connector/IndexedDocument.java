package io.github.flinksplade.connector;

import org.apache.flink.annotation.PublicEvolving;

/**
 * One document, or one passage of a document, as a target stores it, without its vector.
 *
 * @param id the id of the record; never empty
 * @param operation {@link Operation#UPSERT}, or a delete in a log, which removes the documents of
 *     its id that were read before
 * @param version the version with which it was written; {@link VectorRecord#NO_VERSION} for a
 *     delete without one
 * @param text the text; null for a delete, and if the target does not store it
 * @param fields the stored fields as the text of one JSON object, {@code "{}"} without fields; null
 *     for a delete, and if the target stores no fields
 * @param encoder {@link Provenance#fingerprint()} of its vector; null for a delete
 */
@PublicEvolving
public record IndexedDocument(
        String id, Operation operation, long version, String text, String fields, String encoder) {

    /** Whether it deletes its id. */
    public boolean isDelete() {
        return operation != Operation.UPSERT;
    }
}

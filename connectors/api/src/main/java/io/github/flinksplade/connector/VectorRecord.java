package io.github.flinksplade.connector;

import io.github.flinksplade.vector.SparseVector;

/**
 * One change for a target: a document's sparse vector to be written, or an id to be deleted. All
 * targets may get the same one, so none of them may change its arrays.
 *
 * @param id the document's id; never empty
 * @param operation {@link Operation#DELETE} has neither text, fields nor vector
 * @param version orders the changes of one id, from 0: a target that holds a higher one keeps it. A
 *     delete is newer than an upsert of the same version. {@link #NO_VERSION} for a delete that
 *     came before any version of its id was known: it deletes whatever is there, and any version
 *     above that is newer
 * @param text the text that was encoded; null for a delete, and for a copy of a vector whose place
 *     does not hold the text
 * @param fields every other field of the document as one JSON object in text form, {@code "{}"}
 *     when there is none; null for a delete
 * @param vector the text's vector; null for a delete
 * @param tokens how many tokens the text has before truncation, special tokens counted
 * @param truncated whether the text was longer than the encoder's limit
 * @param origin the record it was read from
 */
public record VectorRecord(
        String id,
        Operation operation,
        long version,
        String text,
        String fields,
        SparseVector vector,
        int tokens,
        boolean truncated,
        SourceRecord origin) {

    /** Version of a delete that has none. */
    public static final long NO_VERSION = -1;

    /** The highest version: {@link #order()} must fit. */
    public static final long MAX_VERSION = (1L << 62) - 2;

    /**
     * One number in the place of version and operation, for targets that compare numbers: the newer
     * change of an id has the higher one. 2 and above; below that for a delete without version,
     * which is not to be compared.
     */
    public long order() {
        return 2 * (version + 1) + (isDelete() ? 1 : 0);
    }

    public boolean isDelete() {
        return operation == Operation.DELETE;
    }
}

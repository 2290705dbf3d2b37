package io.github.flinksplade.connector;

import io.github.flinksplade.vector.SparseVector;
import org.apache.flink.annotation.PublicEvolving;

/**
 * One change to be written: the vector of a document, or the delete of an id. All sinks may get the
 * same instance, so none may change its arrays.
 *
 * @param id the document's id; never empty
 * @param operation deletes have neither text, fields nor vector
 * @param version orders the changes of one id, from 0: a target keeps a change with a higher one. A
 *     {@link Operation#DELETE} is newer than an upsert of the same version; among the others of the
 *     same version, the last one written is kept. {@link #NO_VERSION} for a delete that arrived
 *     before any version of its id was known: it deletes the document whatever its version, and
 *     every upsert is newer
 * @param text the encoded text; null for a delete, and for the copy of a vector whose source does
 *     not store the text
 * @param fields every other field of the document as the text of one JSON object, {@code "{}"} if
 *     there are none; null for a delete
 * @param vector the text's vector; null for a delete
 * @param tokens number of tokens of the text before truncation, including special tokens
 * @param truncated whether the text was longer than the max length of the encoder
 * @param origin the record it was read from
 */
@PublicEvolving
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

    /** The version of a delete without a version. */
    public static final long NO_VERSION = -1;

    /** The max version: {@link #order()} must fit into a long. */
    public static final long MAX_VERSION = (1L << 62) - 2;

    /**
     * A delete.
     *
     * @param version as in the component {@code version}; may be {@link #NO_VERSION}
     */
    public static VectorRecord delete(String id, long version, SourceRecord origin) {
        return new VectorRecord(id, Operation.DELETE, version, null, null, null, 0, false, origin);
    }

    /** A {@link Operation#DELETE_REPLACED}. */
    public static VectorRecord deleteReplaced(String id, long version, SourceRecord origin) {
        return new VectorRecord(
                id, Operation.DELETE_REPLACED, version, null, null, null, 0, false, origin);
    }

    /**
     * Version and operation as one number, for targets that compare numbers: a target keeps a
     * change with a higher one, and replaces a change with an equal one. At least 2; less for a
     * delete without version, which must not be compared.
     */
    public long order() {
        return order(version, operation);
    }

    /** {@link #order()} of a stored change. */
    public static long order(long version, Operation operation) {
        return 2 * (version + 1) + (operation == Operation.DELETE ? 1 : 0);
    }

    /** The version of an {@link #order()}. */
    public static long versionOf(long order) {
        return order / 2 - 1;
    }

    /** Whether it deletes its id, for whatever reason. */
    public boolean isDelete() {
        return operation != Operation.UPSERT;
    }
}

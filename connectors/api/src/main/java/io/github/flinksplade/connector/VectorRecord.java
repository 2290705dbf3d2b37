package io.github.flinksplade.connector;

import io.github.flinksplade.vector.SparseVector;
import org.apache.flink.annotation.PublicEvolving;

/**
 * One change to be written: the vector of a document, or the delete of an id. All sinks may get the
 * same instance, so none may change its arrays.
 *
 * @param id the document's id; never empty
 * @param operation {@link Operation#DELETE} has neither text, fields nor vector
 * @param version orders the changes of one id, from 0: a target keeps a change with a higher one. A
 *     delete is newer than an upsert of the same version. {@link #NO_VERSION} for a delete that
 *     arrived before any version of its id was known: it deletes the document whatever its version,
 *     and every upsert is newer
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

    /**
     * Version and operation as one number, for targets that compare numbers: the newer change of an
     * id has the higher one. At least 2; less for a delete without version, which must not be
     * compared.
     */
    public long order() {
        return order(version, isDelete());
    }

    /** {@link #order()} of a stored change. */
    public static long order(long version, boolean isDelete) {
        return 2 * (version + 1) + (isDelete ? 1 : 0);
    }

    public boolean isDelete() {
        return operation == Operation.DELETE;
    }
}

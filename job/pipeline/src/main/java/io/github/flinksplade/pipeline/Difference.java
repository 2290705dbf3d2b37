package io.github.flinksplade.pipeline;

import java.io.Serializable;

/**
 * A difference between an index and its sources.
 *
 * @param kind what is wrong
 * @param id the id of the document in the index; that of a passage is {@code ID#N}
 * @param detail what differs, as a phrase; may be empty
 */
public record Difference(Kind kind, String id, String detail) implements Serializable {

    private static final long serialVersionUID = 1L;

    /** What is wrong. */
    public enum Kind {
        /** The sources contain the document and the index does not. */
        MISSING,
        /** The index contains the document and the sources do not, or have deleted it. */
        EXTRA,
        /** The index contains an older version, or another text or other fields. */
        STALE,
        /** The index contains a later version than the sources. */
        NEWER,
        /** The vector is of another encoder. */
        ENCODER
    }
}

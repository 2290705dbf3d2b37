package io.github.flinksplade.connector;

import org.apache.flink.annotation.PublicEvolving;

/** The operation of a change. */
@PublicEvolving
public enum Operation {

    /** Creates or replaces a document. */
    UPSERT,

    /** Deletes a document. It is newer than an upsert of the same version. */
    DELETE,

    /**
     * Deletes an id that the same version of its document no longer has, because the document has
     * fewer passages, or {@code long-documents} or the size of passages changed. It replaces an
     * upsert of the same version, and a later upsert of that version replaces it: the setting may
     * be changed back. No source produces it.
     */
    DELETE_REPLACED
}

package io.github.flinksplade.pipeline.internal;

import io.github.flinksplade.connector.SourceRecord;
import io.github.flinksplade.pipeline.Document;

/**
 * A document that is to be written, as the change detector emits it.
 *
 * @param document the document
 * @param version the version of the change
 * @param explicit whether the version is the document's own; if not, it is generated
 * @param repeatsVersion whether a change of this version was emitted before, and is emitted again
 *     on purpose
 * @param work how the vector is obtained
 * @param sequence number of changes emitted for this id, from 1, without gaps
 * @param textHash hash of the text; null for a delete
 */
public record Change(
        Document document,
        long version,
        boolean explicit,
        boolean repeatsVersion,
        Work work,
        long sequence,
        byte[] textHash) {

    /** How the vector of a change is obtained. */
    public enum Work {
        /** By inference. */
        ENCODE,
        /** It is the vector that was emitted last. */
        REUSE,
        /** There is no vector: a delete. */
        NONE
    }

    String id() {
        return document.id();
    }

    boolean isDelete() {
        return document.isDelete();
    }

    SourceRecord origin() {
        return document.origin();
    }
}

package io.github.flinksplade.pipeline.internal;

import io.github.flinksplade.connector.SourceRecord;
import io.github.flinksplade.encoder.PassageSplitter;
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
 * @param passages the passages to write, if each has a vector; null if the document has one, or if
 *     its vectors are reused
 */
public record Change(
        Document document,
        long version,
        boolean explicit,
        boolean repeatsVersion,
        Work work,
        long sequence,
        byte[] textHash,
        PlannedPassage[] passages) {

    /** How the vector of a change is obtained. */
    public enum Work {
        /** By inference. */
        ENCODE,
        /** It is the vector that was emitted last. */
        REUSE,
        /** There is no vector: a delete. */
        NONE
    }

    /**
     * A passage of the document's text.
     *
     * @param start see {@link PassageSplitter.Passage}
     * @param end see {@link PassageSplitter.Passage}
     * @param hash hash of its text, which identifies its vector among those of the document
     * @param encode whether it is encoded; if not, the sequencer has its vector
     */
    public record PlannedPassage(int start, int end, long hash, boolean encode) {

        String text(Document document) {
            return document.text().substring(start, end);
        }
    }

    Change withPassages(PlannedPassage[] newPassages) {
        return new Change(
                document, version, explicit, repeatsVersion, work, sequence, textHash, newPassages);
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

package io.github.flinksplade.pipeline.internal;

import io.github.flinksplade.pipeline.Document;
import java.util.Arrays;

/**
 * The state of the change detector for an id: the last change accepted.
 *
 * @param versioning the source of the versions of this id
 * @param version the last version accepted
 * @param content the content of the last document; null after a delete
 * @param sequence number of changes emitted
 * @param vectorStored whether the sequencer stores the vector of the last change
 * @param fingerprint the encoder of the last change, see {@link Hashes#fingerprint}
 * @param sinks hashes of the names of the sinks that got the last change, ascending
 * @param passages hashes of the passages whose vectors the sequencer stores; null if the document
 *     has one vector
 */
public record ChangeDetectorState(
        Versioning versioning,
        long version,
        Content content,
        long sequence,
        boolean vectorStored,
        long fingerprint,
        long[] sinks,
        long[] passages) {

    /** The source of the versions of an id. */
    public enum Versioning {
        /** Unknown: there were only deletes without a version. */
        UNDECIDED,
        /** The change detector generates them. */
        GENERATED,
        /** The documents contain them. */
        EXPLICIT
    }

    /**
     * Hashes of what a document contains.
     *
     * @param textHash hash of the text
     * @param fieldsHash hash of the other fields
     */
    public record Content(byte[] textHash, byte[] fieldsHash) {

        static Content of(Document document) {
            return new Content(Hashes.of(document.text()), Hashes.of(document.fields()));
        }

        boolean hasSameText(Content other) {
            return other != null && Arrays.equals(textHash, other.textHash);
        }

        boolean isSame(Content other) {
            return hasSameText(other) && Arrays.equals(fieldsHash, other.fieldsHash);
        }
    }

    boolean isDeleted() {
        return content == null;
    }

    ChangeDetectorState withVersion(Versioning newVersioning, long newVersion) {
        return new ChangeDetectorState(
                newVersioning,
                newVersion,
                content,
                sequence,
                vectorStored,
                fingerprint,
                sinks,
                passages);
    }

    ChangeDetectorState withPassages(long[] newPassages) {
        return new ChangeDetectorState(
                versioning,
                version,
                content,
                sequence,
                vectorStored,
                fingerprint,
                sinks,
                newPassages);
    }
}

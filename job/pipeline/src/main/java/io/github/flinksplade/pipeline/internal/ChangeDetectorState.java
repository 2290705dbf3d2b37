package io.github.flinksplade.pipeline.internal;

/**
 * What the gate remembers of an id: the change it accepted last.
 *
 * @param versioning who gives this id its versions
 * @param version the last version accepted
 * @param deleted whether the last change was a delete
 * @param textHash hash of the text, null when deleted
 * @param fieldsHash hash of the fields, null when deleted
 * @param sequence how many changes have been let pass
 * @param kept whether the guard was to keep the vector of that change
 * @param fingerprint the encoder of that change, see {@link Hashes#fingerprint}
 * @param targets hashes of the names of the targets the change went to, ascending
 */
public record ChangeDetectorState(
        Versioning versioning,
        long version,
        boolean deleted,
        byte[] textHash,
        byte[] fieldsHash,
        long sequence,
        boolean kept,
        long fingerprint,
        long[] sinks) {

    /** Who gives an id its versions. */
    public enum Versioning {
        /** Nobody yet: only deletes without a version have been seen. */
        UNDECIDED,
        /** The gate. */
        NUMBERED,
        /** The documents. */
        EXPLICIT
    }
}

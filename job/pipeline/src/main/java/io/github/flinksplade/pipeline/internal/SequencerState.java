package io.github.flinksplade.pipeline.internal;

import java.util.Arrays;

/**
 * The state of the sequencer for an id.
 *
 * @param emitted the last change emitted; null if there is none
 * @param stored the vectors emitted last; null after a delete, and if vectors are not stored
 * @param sequence {@link Change#sequence} of the last change processed, emitted or not
 * @param buffering whether changes are buffered until those before them arrive
 */
public record SequencerState(
        Emitted emitted, StoredVectors stored, long sequence, boolean buffering) {

    static final SequencerState INITIAL = new SequencerState(null, null, 0, false);

    /**
     * The order of an emitted change.
     *
     * @param explicit whether the version was the document's own
     * @param version its version
     * @param deleted whether it was a delete
     * @param passages how many passages are in the sinks; {@link #WHOLE} if the document has one
     *     vector
     */
    public record Emitted(boolean explicit, long version, boolean deleted, int passages) {

        static final int WHOLE = -1;
    }

    /**
     * The vectors of a document.
     *
     * @param textHash hash of its text
     * @param fingerprint the encoder that made them, see {@link Hashes#fingerprint}
     * @param vectors one, or one per passage
     */
    public record StoredVectors(byte[] textHash, long fingerprint, StoredVector[] vectors) {

        boolean isOf(byte[] otherTextHash, long otherFingerprint) {
            return fingerprint == otherFingerprint && Arrays.equals(textHash, otherTextHash);
        }
    }

    /**
     * The vector of a document or passage.
     *
     * @param start where the passage starts in the text; 0 for a document
     * @param end where the passage ends; 0 for a document
     * @param hash hash of the passage's text; 0 for a document
     * @param bytes the vector, see {@link io.github.flinksplade.vector.VectorCodec}
     * @param tokens number of tokens of the text
     * @param truncated whether the text was truncated
     */
    public record StoredVector(
            int start, int end, long hash, byte[] bytes, int tokens, boolean truncated) {}

    SequencerState withStored(StoredVectors newStored) {
        return new SequencerState(emitted, newStored, sequence, buffering);
    }

    SequencerState withSequence(long newSequence) {
        return new SequencerState(emitted, stored, newSequence, buffering);
    }

    SequencerState withBuffering(boolean isBuffering) {
        return new SequencerState(emitted, stored, sequence, isBuffering);
    }
}

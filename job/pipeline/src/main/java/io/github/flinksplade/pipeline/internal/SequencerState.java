package io.github.flinksplade.pipeline.internal;

import java.util.Arrays;

/**
 * The state of the sequencer for an id.
 *
 * @param emitted the last change emitted; null if there is none
 * @param vector the vector emitted last; null after a delete, and if vectors are not stored
 * @param sequence {@link Change#sequence} of the last change processed, emitted or not
 * @param buffering whether changes are buffered until those before them arrive
 */
public record SequencerState(
        Emitted emitted, StoredVector vector, long sequence, boolean buffering) {

    static final SequencerState INITIAL = new SequencerState(null, null, 0, false);

    /**
     * The order of an emitted change.
     *
     * @param explicit whether the version was the document's own
     * @param version its version
     * @param deleted whether it was a delete
     */
    public record Emitted(boolean explicit, long version, boolean deleted) {}

    /**
     * A vector, for changes of fields only.
     *
     * @param textHash hash of its text
     * @param fingerprint the encoder that produced it, see {@link Hashes#fingerprint}
     * @param bytes the vector, see {@link io.github.flinksplade.vector.VectorCodec}
     * @param tokens number of tokens of the text
     * @param truncated whether the text was truncated
     */
    public record StoredVector(
            byte[] textHash, long fingerprint, byte[] bytes, int tokens, boolean truncated) {

        boolean isOf(byte[] otherTextHash, long otherFingerprint) {
            return fingerprint == otherFingerprint && Arrays.equals(textHash, otherTextHash);
        }
    }

    SequencerState withSequence(long newSequence) {
        return new SequencerState(emitted, vector, newSequence, buffering);
    }

    SequencerState withBuffering(boolean isBuffering) {
        return new SequencerState(emitted, vector, sequence, isBuffering);
    }
}

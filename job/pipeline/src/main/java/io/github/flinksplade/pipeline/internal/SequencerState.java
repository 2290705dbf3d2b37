package io.github.flinksplade.pipeline.internal;

/**
 * What the guard remembers of an id: the change it sent last, and its vector.
 *
 * @param sent whether anything has been sent; if not, the next six parts mean nothing
 * @param explicit whether the version sent last was the document's own
 * @param version the version sent last
 * @param deleted whether what was sent last was a delete
 * @param textHash hash of the text the vector is of; null when there is no vector
 * @param fingerprint what made the vector
 * @param vector the vector sent last, see {@link CompactVector}; null after a delete and when
 *     vectors are not kept
 * @param tokens tokens of that text
 * @param truncated whether it was truncated
 * @param sequence {@link Change#sequence} of the last change that was settled, sent or not
 * @param holding whether changes are held until those before them arrive
 */
public record SequencerState(
        boolean sent,
        boolean explicit,
        long version,
        boolean deleted,
        byte[] textHash,
        long fingerprint,
        byte[] vector,
        int tokens,
        boolean truncated,
        long sequence,
        boolean holding) {

    static final SequencerState NEW =
            new SequencerState(false, false, -1, false, null, 0, null, 0, false, 0, false);

    SequencerState withSequence(long settled) {
        return new SequencerState(
                sent,
                explicit,
                version,
                deleted,
                textHash,
                fingerprint,
                vector,
                tokens,
                truncated,
                settled,
                holding);
    }

    SequencerState withHolding(boolean any) {
        return new SequencerState(
                sent,
                explicit,
                version,
                deleted,
                textHash,
                fingerprint,
                vector,
                tokens,
                truncated,
                sequence,
                any);
    }
}

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
 * @param encodedVersion the highest version whose encoding has been tried, whether it worked or
 *     not; -1 when there is none
 * @param holding whether changes are held until the text they refer to arrives
 */
public record GuardState(
        boolean sent,
        boolean explicit,
        long version,
        boolean deleted,
        byte[] textHash,
        long fingerprint,
        byte[] vector,
        int tokens,
        boolean truncated,
        long encodedVersion,
        boolean holding) {

    static final GuardState NEW =
            new GuardState(false, false, -1, false, null, 0, null, 0, false, -1, false);

    GuardState withEncodedVersion(long tried) {
        return new GuardState(
                sent,
                explicit,
                version,
                deleted,
                textHash,
                fingerprint,
                vector,
                tokens,
                truncated,
                Math.max(encodedVersion, tried),
                holding);
    }

    GuardState withHolding(boolean any) {
        return new GuardState(
                sent,
                explicit,
                version,
                deleted,
                textHash,
                fingerprint,
                vector,
                tokens,
                truncated,
                encodedVersion,
                any);
    }
}

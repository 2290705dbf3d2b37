package io.github.flinksplade.pipeline.internal;

import io.github.flinksplade.pipeline.internal.EncodedChange.Encoded;
import io.github.flinksplade.pipeline.internal.SequencerState.StoredVector;
import io.github.flinksplade.vector.SparseVector;
import io.github.flinksplade.vector.VectorCodec;

/**
 * A vector that is written: of a document, or of one of its passages.
 *
 * @param start see {@link StoredVector#start}
 * @param end see {@link StoredVector#end}
 * @param hash see {@link StoredVector#hash}
 * @param bytes the vector as it is stored; null if it was not stored before
 */
record DocumentVector(
        int start,
        int end,
        long hash,
        SparseVector vector,
        byte[] bytes,
        int tokens,
        boolean truncated) {

    static DocumentVector encoded(Encoded text, int start, int end, long hash) {
        return new DocumentVector(
                start, end, hash, text.vector(), null, text.tokens(), text.truncated());
    }

    static DocumentVector stored(StoredVector stored, int start, int end) {
        return new DocumentVector(
                start,
                end,
                stored.hash(),
                VectorCodec.decode(stored.bytes()),
                stored.bytes(),
                stored.tokens(),
                stored.truncated());
    }

    StoredVector toStored() {
        return new StoredVector(
                start,
                end,
                hash,
                bytes == null ? VectorCodec.encode(vector) : bytes,
                tokens,
                truncated);
    }
}

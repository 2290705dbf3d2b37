package io.github.flinksplade.encoder.engine;

import io.github.flinksplade.encoder.TokenSequence;
import io.github.flinksplade.vector.SparseVector;
import java.util.List;

/**
 * Runs the model on one device. The only thing the batching knows of inference.
 *
 * <p>A document's vector does not depend on the batch it is run in: on a CPU to the bit.
 */
public interface Engine extends AutoCloseable {

    /** What a batch may be. */
    Limits limits();

    /**
     * The vectors of a batch that keeps the limits, in its order. May be called by {@link
     * Limits#workers()} threads at once.
     *
     * @throws DeviceMemoryException when the device has not enough memory for the batch
     * @throws RuntimeException when the batch fails otherwise; the caller finds the one to blame by
     *     halving
     */
    List<SparseVector> run(List<TokenSequence> batch);

    /**
     * Time spent in the model itself since the engine was made, in nanoseconds, summed over
     * threads: what {@link #run} takes without reading its inputs in and its vectors out. 0 where
     * it is not known.
     */
    default long modelNanos() {
        return 0;
    }

    @Override
    void close();

    /**
     * What a batch may be.
     *
     * @param workers how many batches the device runs best at once, at least 1
     * @param maxDocuments the most documents in a batch, at least 1
     * @param maxTokens the most tokens in a batch, padding included (documents times the longest);
     *     a single document may exceed it
     * @param equalLengths whether all documents of a batch must have the same number of tokens, so
     *     that nothing is padded
     * @param lengthStep the engine pads each length to a multiple of this, at least 1: 1 where
     *     lengths must be equal
     */
    record Limits(
            int workers, int maxDocuments, int maxTokens, boolean equalLengths, int lengthStep) {
        public Limits {
            if (workers < 1 || maxDocuments < 1 || maxTokens < 1 || lengthStep < 1) {
                throw new IllegalArgumentException(
                        "workers, documents, tokens and length step must be at least 1: "
                                + workers
                                + ", "
                                + maxDocuments
                                + ", "
                                + maxTokens
                                + ", "
                                + lengthStep);
            }
            if (equalLengths && lengthStep > 1) {
                throw new IllegalArgumentException(
                        "where lengths must be equal nothing is padded, not even to a multiple of "
                                + lengthStep);
            }
        }

        /** Limits of an engine that pads no further than to the longest of a batch. */
        public Limits(int workers, int maxDocuments, int maxTokens, boolean equalLengths) {
            this(workers, maxDocuments, maxTokens, equalLengths, 1);
        }

        /** A number of tokens as the engine pads it. */
        public int padded(int tokens) {
            return (tokens + lengthStep - 1) / lengthStep * lengthStep;
        }
    }
}

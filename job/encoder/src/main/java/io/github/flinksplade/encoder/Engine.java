package io.github.flinksplade.encoder;

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
     * @throws RuntimeException when the batch fails; the caller finds the one to blame by halving
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
     */
    record Limits(int workers, int maxDocuments, int maxTokens, boolean equalLengths) {
        public Limits {
            if (workers < 1 || maxDocuments < 1 || maxTokens < 1) {
                throw new IllegalArgumentException(
                        "workers, documents and tokens must be at least 1: "
                                + workers
                                + ", "
                                + maxDocuments
                                + ", "
                                + maxTokens);
            }
        }
    }
}

package io.github.flinksplade.encoder.engine;

import io.github.flinksplade.encoder.TokenSequence;
import io.github.flinksplade.vector.SparseVector;
import java.util.List;

/**
 * Runs a model on one device.
 *
 * <p>A vector does not depend on the other texts of its batch: on a CPU it is bit-identical.
 */
public interface Engine extends AutoCloseable {

    /** The limits of a batch. */
    Limits limits();

    /**
     * Returns the vectors of a batch that respects the limits, in order. May be called by {@link
     * Limits#workers()} threads at once.
     *
     * @throws DeviceMemoryException if the device does not have enough memory for the batch
     * @throws RuntimeException if the batch fails for another reason; the caller finds the text
     *     that causes it by halving the batch
     */
    List<SparseVector> run(List<TokenSequence> batch);

    /**
     * Time spent in the model since the engine was created, in nanoseconds, summed over threads:
     * {@link #run} without preparing its inputs and reading its outputs. 0 if unknown.
     */
    default long modelNanos() {
        return 0;
    }

    @Override
    void close();

    /**
     * The limits of a batch.
     *
     * @param workers number of batches that the device runs best at once, at least 1
     * @param maxDocuments max documents of a batch, at least 1
     * @param maxTokens max tokens of a batch, padding included (documents times the longest); a
     *     single document may exceed it
     * @param equalLengths whether all documents of a batch must have the same number of tokens, so
     *     that nothing is padded
     * @param lengthStep the engine pads sequences to a multiple of this, at least 1; 1 if lengths
     *     must be equal
     */
    record Limits(
            int workers, int maxDocuments, int maxTokens, boolean equalLengths, int lengthStep) {
        public Limits {
            if (workers < 1 || maxDocuments < 1 || maxTokens < 1 || lengthStep < 1) {
                throw new IllegalArgumentException(
                        "workers, max documents, max tokens and length step must be at least 1: "
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
                        "equal lengths exclude padding to a multiple of " + lengthStep);
            }
        }

        /** Limits of an engine that pads only to the longest sequence of a batch. */
        public Limits(int workers, int maxDocuments, int maxTokens, boolean equalLengths) {
            this(workers, maxDocuments, maxTokens, equalLengths, 1);
        }

        /** The length to which the engine pads a sequence. */
        public int padded(int tokens) {
            return (tokens + lengthStep - 1) / lengthStep * lengthStep;
        }
    }
}

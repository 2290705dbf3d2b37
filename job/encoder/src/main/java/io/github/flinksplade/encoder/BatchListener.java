package io.github.flinksplade.encoder;

/** Is notified of the batches of a {@link MicroBatcher}, by its threads: calls must be short. */
public interface BatchListener {

    /** Ignores everything. */
    BatchListener NONE =
            new BatchListener() {
                @Override
                public void started(long waitedNanos) {}

                @Override
                public void finished(int texts, long tokens, long paddedTokens, long nanos) {}
            };

    /**
     * A text is part of a batch that starts now.
     *
     * @param waitedNanos time since it was submitted, tokenization included
     */
    void started(long waitedNanos);

    /**
     * A batch has left the engine, also if it failed; its parts are then batches of their own.
     *
     * @param texts number of texts
     * @param tokens their tokens, without padding
     * @param paddedTokens their tokens, padding included
     * @param nanos time in the engine
     */
    void finished(int texts, long tokens, long paddedTokens, long nanos);
}

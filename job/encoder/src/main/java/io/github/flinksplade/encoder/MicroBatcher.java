package io.github.flinksplade.encoder;

import java.util.concurrent.CompletableFuture;

/**
 * Gathers texts that arrive one at a time into batches for the engine: batch while busy. A worker
 * that becomes free takes what is waiting and fits one batch; there is no waiting for a batch to
 * fill.
 */
public final class MicroBatcher implements AutoCloseable {

    public MicroBatcher(SpladeEncoder encoder) {}

    /**
     * Encodes a text. The future fails with an {@link EncodingException} when this text cannot be
     * encoded, with anything else when the engine is broken. It is completed on a thread of the
     * batcher's: what hangs on it must be short.
     */
    public CompletableFuture<EncodedText> submit(String text, Role role) {
        throw new IllegalStateException("not yet");
    }

    /** Finishes what runs, fails what waits, ends the threads. Does not close the encoder. */
    @Override
    public void close() {}
}

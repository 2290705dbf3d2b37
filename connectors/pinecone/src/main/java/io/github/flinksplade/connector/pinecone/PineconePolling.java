package io.github.flinksplade.connector.pinecone;

import io.github.flinksplade.connector.ConnectorException;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;

/** Waits for operations that Pinecone completes after it has acknowledged them. */
final class PineconePolling {

    private static final int INTERVAL_MILLIS = 500;

    private PineconePolling() {}

    /**
     * Polls until there is a result.
     *
     * @param poll returns null until there is a result
     * @param timeout the exception after the deadline
     */
    static <T> T await(int timeoutSeconds, Supplier<T> poll, Supplier<ConnectorException> timeout) {
        long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(timeoutSeconds);
        T result = poll.get();
        while (result == null) {
            if (System.nanoTime() - deadline > 0) {
                throw timeout.get();
            }
            try {
                TimeUnit.MILLISECONDS.sleep(INTERVAL_MILLIS);
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
                throw timeout.get();
            }
            result = poll.get();
        }
        return result;
    }
}

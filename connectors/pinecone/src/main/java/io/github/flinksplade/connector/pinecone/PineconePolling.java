package io.github.flinksplade.connector.pinecone;

import io.github.flinksplade.connector.ConnectorException;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;

/** Waits for what Pinecone does later than it says so. */
final class Waiting {

    private Waiting() {}

    /** Asks every half second until the answer is not null. */
    static <T> T until(int seconds, Supplier<T> answer, Supplier<ConnectorException> inVain) {
        long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(seconds);
        T found = answer.get();
        while (found == null) {
            if (System.nanoTime() - deadline > 0) {
                throw inVain.get();
            }
            try {
                TimeUnit.MILLISECONDS.sleep(500);
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
                throw inVain.get();
            }
            found = answer.get();
        }
        return found;
    }
}

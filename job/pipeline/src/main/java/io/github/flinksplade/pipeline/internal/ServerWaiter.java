package io.github.flinksplade.pipeline.internal;

import io.github.flinksplade.connector.InvalidRecordException;
import io.github.flinksplade.connector.UnreachableException;
import java.time.Duration;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Repeats an operation on a record while a server that it needs is unavailable, and logs it. Blocks
 * the task, so checkpoints wait, too.
 */
final class ServerWaiter {

    private static final Logger LOG = LoggerFactory.getLogger(ServerWaiter.class);

    private static final Duration FIRST_PAUSE = Duration.ofSeconds(1);
    private static final Duration MAX_PAUSE = Duration.ofSeconds(30);
    private static final Duration LOG_INTERVAL = Duration.ofMinutes(1);

    /** An operation on a record. */
    @FunctionalInterface
    interface Operation<T> {

        /**
         * @throws UnreachableException if a server is unavailable
         */
        T run() throws InvalidRecordException;
    }

    private ServerWaiter() {}

    /**
     * The result of the first attempt for which the server is available.
     *
     * @throws InterruptedException if the task is canceled
     */
    static <T> T await(Operation<T> operation) throws InvalidRecordException, InterruptedException {
        try {
            return operation.run();
        } catch (UnreachableException e) {
            return retry(operation, e);
        }
    }

    private static <T> T retry(Operation<T> operation, UnreachableException first)
            throws InvalidRecordException, InterruptedException {
        long start = System.nanoTime();
        long lastLoggedAt = start;
        log(first);
        Duration pause = FIRST_PAUSE;
        while (true) {
            Thread.sleep(pause.toMillis());
            boolean isAvailable = true;
            try {
                return operation.run();
            } catch (UnreachableException e) {
                isAvailable = false;
                if (System.nanoTime() - lastLoggedAt >= LOG_INTERVAL.toNanos()) {
                    lastLoggedAt = System.nanoTime();
                    log(e);
                }
            } finally {
                if (isAvailable) {
                    LOG.warn(
                            "Available again after {} s; the job continues.",
                            (System.nanoTime() - start) / 1_000_000_000L);
                }
            }
            Duration doubled = pause.multipliedBy(2);
            pause = doubled.compareTo(MAX_PAUSE) > 0 ? MAX_PAUSE : doubled;
        }
    }

    private static void log(UnreachableException e) throws InterruptedException {
        if (Thread.currentThread().isInterrupted()) {
            // the request failed because the task was canceled
            throw new InterruptedException();
        }
        LOG.warn("Waiting: {}", e.getMessage());
    }
}

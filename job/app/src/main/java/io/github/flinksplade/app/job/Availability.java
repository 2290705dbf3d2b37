package io.github.flinksplade.app.job;

import io.github.flinksplade.app.console.Failure;
import io.github.flinksplade.app.console.UserException;
import io.github.flinksplade.connector.UnreachableException;
import io.github.flinksplade.encoder.ModelException;
import java.net.ConnectException;
import java.net.SocketTimeoutException;
import java.net.UnknownHostException;
import java.net.http.HttpTimeoutException;
import java.time.Duration;
import java.util.function.Consumer;
import java.util.function.Supplier;

/**
 * Waits for servers that are unavailable when a job starts. On a cluster, a job that failed to
 * start for this reason would lose its checkpoints.
 */
public final class Availability {

    private static final Duration FIRST_PAUSE = Duration.ofSeconds(1);
    private static final Duration MAX_PAUSE = Duration.ofSeconds(15);
    private static final Duration REPORT_INTERVAL = Duration.ofMinutes(1);

    private final Consumer<String> report;

    /**
     * @param report notified of what the job waits for: immediately, when the reason changes, and
     *     every minute
     */
    public Availability(Consumer<String> report) {
        this.report = report;
    }

    /**
     * The result of the first attempt that does not fail because a server is unavailable.
     *
     * @throws UserException when the thread is interrupted
     */
    public <T> T await(Supplier<T> attempt) {
        Duration pause = FIRST_PAUSE;
        String lastReason = null;
        long lastReport = 0;
        while (true) {
            try {
                T result = attempt.get();
                if (lastReason != null) {
                    report.accept("Available again; starting the job.");
                }
                return result;
            } catch (UnreachableException | ModelException e) {
                if (!isTransient(e)) {
                    throw e;
                }
                long now = System.nanoTime();
                if (!e.getMessage().equals(lastReason)
                        || now - lastReport > REPORT_INTERVAL.toNanos()) {
                    lastReason = e.getMessage();
                    lastReport = now;
                    report.accept("Waiting: " + Failure.of(e).message());
                }
            }
            try {
                Thread.sleep(pause.toMillis());
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
                throw new UserException("interrupted while waiting: " + lastReason, e);
            }
            Duration doubled = pause.multipliedBy(2);
            pause = doubled.compareTo(MAX_PAUSE) > 0 ? MAX_PAUSE : doubled;
        }
    }

    private static boolean isTransient(Throwable failure) {
        for (Throwable cause = failure; cause != null; cause = cause.getCause()) {
            if (cause instanceof UnreachableException
                    || cause instanceof ConnectException
                    || cause instanceof UnknownHostException
                    || cause instanceof SocketTimeoutException
                    || cause instanceof HttpTimeoutException) {
                return true;
            }
        }
        return false;
    }
}

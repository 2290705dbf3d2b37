package io.github.flinksplade.connector;

import java.io.IOException;
import java.time.Duration;

/**
 * A server has no time for a request and states when to send it again, as HTTP's {@code
 * Retry-After} does.
 */
public class RetryLaterException extends IOException {

    private static final long serialVersionUID = 1L;

    private final Duration delay;

    /**
     * @param delay how long to wait at least
     */
    public RetryLaterException(String message, Duration delay) {
        super(message);
        this.delay = delay;
    }

    /** How long to wait at least. */
    public Duration delay() {
        return delay;
    }
}

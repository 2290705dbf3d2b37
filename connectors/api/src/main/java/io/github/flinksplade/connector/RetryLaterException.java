package io.github.flinksplade.connector;

import java.io.IOException;
import java.time.Duration;
import org.apache.flink.annotation.PublicEvolving;

/** A server is overloaded and states when to retry, as with HTTP's {@code Retry-After}. */
@PublicEvolving
public class RetryLaterException extends IOException {

    private static final long serialVersionUID = 1L;

    private final Duration delay;

    /**
     * @param delay the min time to wait
     */
    public RetryLaterException(String message, Duration delay) {
        super(message);
        this.delay = delay;
    }

    /** The min time to wait. */
    public Duration delay() {
        return delay;
    }
}

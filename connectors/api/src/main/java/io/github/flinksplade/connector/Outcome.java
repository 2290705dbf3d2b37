package io.github.flinksplade.connector;

import java.util.Objects;
import org.apache.flink.annotation.PublicEvolving;

/**
 * The outcome of one change of a batch.
 *
 * @param message the reason of the server; null if the change is written or superseded
 */
@PublicEvolving
public record Outcome(Kind kind, String message) {

    /** The kinds of outcomes. */
    public enum Kind {
        /** The target contains this change, from this write or an earlier one. */
        WRITTEN,
        /** The target contains a newer change of the id: this one is dropped and counted. */
        SUPERSEDED,
        /** The server is overloaded or partly unavailable: the change is retried. */
        RETRY,
        /** The server will never accept this change: it becomes a dead letter. */
        REJECTED
    }

    private static final Outcome WRITTEN = new Outcome(Kind.WRITTEN, null);
    private static final Outcome SUPERSEDED = new Outcome(Kind.SUPERSEDED, null);

    public static Outcome written() {
        return WRITTEN;
    }

    public static Outcome superseded() {
        return SUPERSEDED;
    }

    public static Outcome retry(String message) {
        return new Outcome(Kind.RETRY, Objects.requireNonNull(message));
    }

    public static Outcome rejected(String message) {
        return new Outcome(Kind.REJECTED, Objects.requireNonNull(message));
    }
}

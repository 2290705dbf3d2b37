package io.github.flinksplade.connector;

import java.util.Objects;

/**
 * What became of one change that was sent in a batch.
 *
 * @param message the server's reason; null where it is written or superseded
 */
public record Outcome(Kind kind, String message) {

    /** The kinds of outcomes. */
    public enum Kind {
        /** The target holds this change now, or held it before. */
        WRITTEN,
        /** The target holds a newer change of the id: nothing to do, counted. */
        SUPERSEDED,
        /** The server is too busy, or a part of it away: the change is sent again later. */
        RETRY,
        /** The server will never take this change: it becomes a dead letter. */
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

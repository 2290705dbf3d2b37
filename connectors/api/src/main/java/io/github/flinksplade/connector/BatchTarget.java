package io.github.flinksplade.connector;

/**
 * A target that is a server, to which changes go in batches. Writing a change twice must leave the
 * same as writing it once: after a failure everything since the last checkpoint is sent again.
 *
 * <p>The job sees to the rest, the same for every such target: it sends what waits as soon as fewer
 * than {@link BatchOptions#inFlight} batches are under way, never two changes of one id at once,
 * tries again what may succeed later, halves a batch that is refused as a whole, makes a dead
 * letter of what is refused by itself, and lets no checkpoint complete before everything ahead of
 * it is written.
 */
public non-sealed interface BatchTarget extends Target {

    /** How much goes at once, and what is to happen when the server is away. */
    BatchOptions batching();

    /** A new client; called in each subtask that writes. */
    BatchClient<?> client(TargetContext context);
}

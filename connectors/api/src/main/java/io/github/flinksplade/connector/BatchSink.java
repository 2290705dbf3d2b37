package io.github.flinksplade.connector;

/**
 * Writes changes to a server in batches. Writing a change twice must have the same effect as
 * writing it once: after a failure everything since the last checkpoint is written again.
 *
 * <p>The job does the rest, the same for every such sink: it sends what waits as soon as fewer than
 * {@link BatchOptions#inFlight} batches are in flight, never two changes of one id at once, retries
 * what may succeed later, splits a batch that is rejected as a whole, sends a single rejected
 * change to the dead-letter queue, and lets no checkpoint complete before everything ahead of it is
 * written.
 */
public non-sealed interface BatchSink extends PreparedSink {

    /** The size of batches, and what happens while the server is unavailable. */
    BatchOptions batching();

    /** A new client; called in each subtask that writes. */
    BatchClient<?> client();
}

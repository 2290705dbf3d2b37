package io.github.flinksplade.connector;

import org.apache.flink.annotation.PublicEvolving;

/**
 * Writes changes to a server in batches. Writing a change twice must have the same effect as
 * writing it once: after a failure everything since the last checkpoint is written again.
 *
 * <p>The job does the rest in the same way for all of them. It sends a batch as soon as fewer than
 * {@link BatchOptions#inFlight} are in flight, never two changes of one id at once. It retries
 * failures that may pass, halves a batch that is rejected as a whole, and sends a single rejected
 * change to the dead-letter queue. A checkpoint completes only after everything before it is
 * written.
 */
@PublicEvolving
public non-sealed interface BatchSink extends PreparedSink {

    /** The size of batches, and what happens while the server is unavailable. */
    BatchOptions batching();

    /** A new client; called in each subtask that writes. */
    BatchClient<?> client();
}

package io.github.flinksplade.connector;

import org.apache.flink.annotation.PublicEvolving;

/** A queue of records that could not be parsed, encoded or written. */
@PublicEvolving
public interface DeadLetterQueue {

    /**
     * Checks that dead letters can be written, and creates what is missing.
     *
     * @param jobId distinguishes the job from others that write to the same queue
     * @throws UnreachableException when the server is unavailable, which may pass
     * @throws ConnectorException when the configuration is wrong
     */
    PreparedDeadLetterQueue prepare(String jobId);
}

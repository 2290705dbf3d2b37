package io.github.flinksplade.connector;

/** A place for records that could not be parsed, encoded or accepted. */
public interface DeadLetterQueue {

    /**
     * Checks that dead letters can be written, and creates what is missing.
     *
     * @param jobId distinguishes the job from others that write to the same place
     * @throws UnreachableException when the server is unavailable, which may pass
     * @throws ConnectorException when the configuration is wrong
     */
    PreparedDeadLetterQueue prepare(String jobId);
}

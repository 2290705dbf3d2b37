package io.github.flinksplade.connector;

import org.apache.flink.annotation.PublicEvolving;

/** A server rejected a whole batch because of one of its changes; see {@link BatchClient#send}. */
@PublicEvolving
public class BatchRejectedException extends RuntimeException {

    /**
     * @param message the reason of the server, for the dead letter of the rejected change
     */
    public BatchRejectedException(String message) {
        super(message);
    }
}

package io.github.flinksplade.connector;

/** A server refused a whole batch because of something in it; see {@link BatchClient#send}. */
public class BatchRejectedException extends RuntimeException {

    /**
     * @param message the server's reason, as it would stand in the dead letter of the one change
     *     that it applies to
     */
    public BatchRejectedException(String message) {
        super(message);
    }
}

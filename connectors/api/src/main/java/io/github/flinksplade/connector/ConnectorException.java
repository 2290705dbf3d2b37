package io.github.flinksplade.connector;

/**
 * A connector cannot do what was asked. The message is one sentence for the user: what was wrong,
 * where, and what to do; the command line prints it as it is.
 */
public class ConnectorException extends RuntimeException {

    public ConnectorException(String message) {
        super(message);
    }

    public ConnectorException(String message, Throwable cause) {
        super(message, cause);
    }
}

package io.github.flinksplade.connector;

import org.apache.flink.annotation.PublicEvolving;

/**
 * A connector cannot do what was requested. The message is for the user: what is wrong, where, and
 * what to do. The command line prints it unchanged.
 */
@PublicEvolving
public class ConnectorException extends RuntimeException {

    public ConnectorException(String message) {
        super(message);
    }

    public ConnectorException(String message, Throwable cause) {
        super(message, cause);
    }
}

package io.github.flinksplade.connector;

import org.apache.flink.annotation.PublicEvolving;

/** A server is unavailable, which may pass: the caller may retry. */
@PublicEvolving
public class UnreachableException extends ConnectorException {

    public UnreachableException(String message, Throwable cause) {
        super(message, cause);
    }
}

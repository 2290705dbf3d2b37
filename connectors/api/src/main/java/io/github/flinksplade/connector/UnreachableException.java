package io.github.flinksplade.connector;

/** A server is unavailable, which may pass: the caller may retry. */
public class UnreachableException extends ConnectorException {

    public UnreachableException(String message, Throwable cause) {
        super(message, cause);
    }
}

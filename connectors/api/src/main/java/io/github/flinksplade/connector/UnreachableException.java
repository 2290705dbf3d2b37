package io.github.flinksplade.connector;

/** Nothing answers where a target should be: it may be away for a while. */
public class UnreachableException extends ConnectorException {

    public UnreachableException(String message, Throwable cause) {
        super(message, cause);
    }
}

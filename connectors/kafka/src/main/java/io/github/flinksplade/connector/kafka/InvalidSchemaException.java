package io.github.flinksplade.connector.kafka;

/** A schema cannot be used; the message is a clause that states why. */
final class InvalidSchemaException extends Exception {

    private static final long serialVersionUID = 1L;

    InvalidSchemaException(String message, Throwable cause) {
        super(message, cause);
    }
}

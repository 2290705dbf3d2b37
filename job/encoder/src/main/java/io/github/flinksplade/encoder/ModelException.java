package io.github.flinksplade.encoder;

/**
 * A model cannot be used. The message is one sentence for the user: what is wrong, where, and what
 * to do.
 */
public class ModelException extends RuntimeException {

    public ModelException(String message) {
        super(message);
    }

    public ModelException(String message, Throwable cause) {
        super(message, cause);
    }
}

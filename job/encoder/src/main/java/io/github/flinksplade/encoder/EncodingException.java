package io.github.flinksplade.encoder;

/** A text cannot be encoded, however often it is tried; others can. The message states why. */
public class EncodingException extends RuntimeException {

    public EncodingException(String message) {
        super(message);
    }

    public EncodingException(String message, Throwable cause) {
        super(message, cause);
    }
}

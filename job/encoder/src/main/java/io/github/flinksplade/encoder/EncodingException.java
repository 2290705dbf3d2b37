package io.github.flinksplade.encoder;

/** One text cannot be encoded, now or ever; others can. The message says why. */
public class EncodingException extends RuntimeException {

    public EncodingException(String message) {
        super(message);
    }

    public EncodingException(String message, Throwable cause) {
        super(message, cause);
    }
}

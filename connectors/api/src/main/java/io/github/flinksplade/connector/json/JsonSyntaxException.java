package io.github.flinksplade.connector.json;

import org.apache.flink.annotation.PublicEvolving;

/**
 * A text is not one JSON value. The message is a clause: {@code it ends too early (line 1, ...)}.
 */
@PublicEvolving
public final class JsonSyntaxException extends Exception {

    private static final long serialVersionUID = 1L;

    JsonSyntaxException(String message, Throwable cause) {
        super(message, cause);
    }
}

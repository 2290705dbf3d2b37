package io.github.flinksplade.connector.files;

import java.io.IOException;

/** A file whose bytes are not what its name promises; reading it again gives the same. */
final class CorruptFileException extends IOException {

    private static final long serialVersionUID = 1L;

    CorruptFileException(String message) {
        super(message);
    }

    CorruptFileException(String message, Throwable cause) {
        super(message, cause);
    }
}

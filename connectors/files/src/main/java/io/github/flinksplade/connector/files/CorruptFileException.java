package io.github.flinksplade.connector.files;

import java.io.IOException;

/** The content of a compressed file is invalid, so reading it again fails again. */
final class CorruptFileException extends IOException {

    private static final long serialVersionUID = 1L;

    CorruptFileException(String message) {
        super(message);
    }

    CorruptFileException(String message, Throwable cause) {
        super(message, cause);
    }
}

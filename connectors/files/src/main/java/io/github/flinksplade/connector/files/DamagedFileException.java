package io.github.flinksplade.connector.files;

import java.io.IOException;

/** A file whose bytes are not what its name promises; reading it again gives the same. */
final class DamagedFileException extends IOException {

    private static final long serialVersionUID = 1L;

    DamagedFileException(String message) {
        super(message);
    }

    DamagedFileException(String message, Throwable cause) {
        super(message, cause);
    }
}

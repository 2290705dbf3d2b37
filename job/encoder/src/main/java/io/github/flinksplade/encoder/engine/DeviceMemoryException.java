package io.github.flinksplade.encoder.engine;

/** A batch needs more memory than its device has at the moment; a smaller batch may succeed. */
public final class DeviceMemoryException extends RuntimeException {

    private static final long serialVersionUID = 1L;

    public DeviceMemoryException(String message, Throwable cause) {
        super(message, cause);
    }
}

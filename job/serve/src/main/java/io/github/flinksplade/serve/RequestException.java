package io.github.flinksplade.serve;

/** A request that is answered with an error. The message is for the client. */
final class RequestException extends RuntimeException {

    private static final long serialVersionUID = 1L;

    private final int status;
    private final ErrorType type;

    RequestException(int status, ErrorType type, String message) {
        this(status, type, message, null);
    }

    RequestException(int status, ErrorType type, String message, Throwable cause) {
        super(message, cause);
        this.status = status;
        this.type = type;
    }

    /** A field of the request has a value that is not supported. */
    static RequestException invalid(String message) {
        return new RequestException(422, ErrorType.VALIDATION, message);
    }

    int status() {
        return status;
    }

    ErrorType type() {
        return type;
    }
}

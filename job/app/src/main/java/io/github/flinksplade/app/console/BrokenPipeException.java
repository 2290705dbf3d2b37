package io.github.flinksplade.app.console;

/** The reader of the results closed the pipe, as {@code head} does; the command ends quietly. */
public final class BrokenPipeException extends RuntimeException {

    private static final long serialVersionUID = 1L;

    BrokenPipeException(Throwable cause) {
        super("the reader closed the pipe", cause);
    }
}

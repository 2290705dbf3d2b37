package io.github.flinksplade.app;

/**
 * Something that the user can put right. The message is one sentence: what was wrong, where, and
 * what to do; the command line prints it as it is.
 */
final class UserException extends RuntimeException {

    private static final long serialVersionUID = 1L;

    /** The place of what stands on the command line itself. */
    static final String COMMAND_LINE = "on the command line";

    private final int exitCode;

    UserException(String message) {
        this(message, null);
    }

    UserException(String message, Throwable cause) {
        this(ExitCode.INPUT, message, cause);
    }

    private UserException(int exitCode, String message, Throwable cause) {
        super(message, cause);
        this.exitCode = exitCode;
    }

    /** A fault of the command line or of a file, as the place says. */
    static UserException at(String where, String message, Throwable cause) {
        return new UserException(
                where.equals(COMMAND_LINE) ? ExitCode.USAGE : ExitCode.INPUT, message, cause);
    }

    /** {@link ExitCode#USAGE} or {@link ExitCode#INPUT}. */
    int exitCode() {
        return exitCode;
    }
}

package io.github.flinksplade.app.console;

/**
 * Something that the user can put right. The message is one sentence: what was wrong, where, and
 * what to do; the command line prints it as it is.
 */
public final class UserException extends RuntimeException {

    private static final long serialVersionUID = 1L;

    /** The place of what stands on the command line itself. */
    public static final String COMMAND_LINE = "on the command line";

    private final int exitCode;

    public UserException(String message) {
        this(message, null);
    }

    public UserException(String message, Throwable cause) {
        this(ExitCode.INPUT, message, cause);
    }

    private UserException(int exitCode, String message, Throwable cause) {
        super(message, cause);
        this.exitCode = exitCode;
    }

    /** A fault of the command line or of a file, as the place says. */
    public static UserException at(String where, String message, Throwable cause) {
        return new UserException(
                where.equals(COMMAND_LINE) ? ExitCode.USAGE : ExitCode.INPUT, message, cause);
    }

    /** {@link ExitCode#USAGE} or {@link ExitCode#INPUT}. */
    public int exitCode() {
        return exitCode;
    }
}

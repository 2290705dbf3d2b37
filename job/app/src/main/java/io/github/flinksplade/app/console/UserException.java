package io.github.flinksplade.app.console;

/**
 * An error that the user can correct. The message states what was wrong, the value found and what
 * to do; the command line prints it unchanged.
 */
public final class UserException extends RuntimeException {

    private static final long serialVersionUID = 1L;

    /** The location of a value on the command line, for {@link #at}. */
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

    /**
     * An invalid value on the command line ({@link ExitCode#USAGE}) or in a file ({@link
     * ExitCode#INPUT}).
     *
     * @param where its location, such as {@link #COMMAND_LINE}
     */
    public static UserException at(String where, String message, Throwable cause) {
        return new UserException(
                where.equals(COMMAND_LINE) ? ExitCode.USAGE : ExitCode.INPUT, message, cause);
    }

    /** The end of a command that has {@link ExitCode#FINDINGS}. */
    public static UserException finding(String message) {
        return new UserException(ExitCode.FINDINGS, message, null);
    }

    /** {@link ExitCode#USAGE}, {@link ExitCode#INPUT} or {@link ExitCode#FINDINGS}. */
    public int exitCode() {
        return exitCode;
    }
}

package io.github.flinksplade.app.console;

/** The exit codes of the process. */
public final class ExitCode {

    public static final int OK = 0;

    /**
     * Invalid input or configuration, or an unavailable resource; the message states what to do.
     */
    public static final int INPUT = 1;

    /** {@code verify} has found differences; 1, as with {@code diff} and {@code cmp}. */
    public static final int DIFFERENT = 1;

    /** Invalid command line. */
    public static final int USAGE = 2;

    /** An error in this program. */
    public static final int INTERNAL = 70;

    /** Ended by a signal: this plus the signal number, as in shells. */
    public static final int SIGNAL = 128;

    private ExitCode() {}
}

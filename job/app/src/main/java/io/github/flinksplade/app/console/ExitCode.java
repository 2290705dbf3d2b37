package io.github.flinksplade.app.console;

/** The exit codes of the process. */
public final class ExitCode {

    public static final int OK = 0;

    /** Invalid input or configuration; the message states what to do. */
    public static final int INPUT = 1;

    /** Invalid command line. */
    public static final int USAGE = 2;

    /**
     * The command ran to its end, but found what needs attention: {@code verify} has found
     * differences, {@code encode} could not encode a text, no record of a {@code run} was accepted.
     */
    public static final int FINDINGS = 3;

    /** A server is unavailable: the same command may succeed later. */
    public static final int UNAVAILABLE = 4;

    /** An error in this program. */
    public static final int INTERNAL = 70;

    /** Ended by a signal: this plus the signal number, as in shells. */
    public static final int SIGNAL = 128;

    private ExitCode() {}
}

package io.github.flinksplade.app.console;

/** What the process tells the shell. */
public final class ExitCode {

    public static final int OK = 0;

    /** Input, configuration or surroundings: the message says what to put right. */
    public static final int INPUT = 1;

    /** The command line itself. */
    public static final int USAGE = 2;

    /** A fault of this program. */
    public static final int INTERNAL = 70;

    /** Ended by a signal: this plus its number, as shells count. */
    public static final int SIGNAL = 128;

    private ExitCode() {}
}

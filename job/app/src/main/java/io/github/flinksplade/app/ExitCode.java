package io.github.flinksplade.app;

/** What the process tells the shell. */
final class ExitCode {

    static final int OK = 0;

    /** Input, configuration or surroundings: the message says what to put right. */
    static final int INPUT = 1;

    /** The command line itself. */
    static final int USAGE = 2;

    /** A fault of this program. */
    static final int INTERNAL = 70;

    /** Ended by a signal: this plus its number, as shells count. */
    static final int SIGNAL = 128;

    private ExitCode() {}
}

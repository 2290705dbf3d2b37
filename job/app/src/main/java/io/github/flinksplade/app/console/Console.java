package io.github.flinksplade.app.console;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.PrintStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;

/**
 * The streams of a command. Results go to {@code out}, messages to {@code err}.
 *
 * @param inTerminal whether the input is a terminal, so that a prompt makes sense
 * @param errTerminal whether messages go to a terminal, where a line can be rewritten in place
 * @param styled whether results are shown in colors
 * @param quiet whether only errors, warnings and results are printed
 */
public record Console(
        InputStream in,
        OutputStream out,
        PrintStream err,
        boolean inTerminal,
        boolean errTerminal,
        boolean styled,
        boolean quiet) {

    /** Neither styled nor quiet. */
    public Console(
            InputStream in,
            OutputStream out,
            PrintStream err,
            boolean inTerminal,
            boolean errTerminal) {
        this(in, out, err, inTerminal, errTerminal, false, false);
    }

    /** The streams of the process. */
    public static Console ofProcess(OutputStream out, PrintStream err) {
        return new Console(
                System.in,
                out,
                err,
                terminal(0),
                terminal(2),
                isStyled(terminal(1), System.getenv()),
                false);
    }

    /**
     * Whether results are shown in colors: on a terminal, unless NO_COLOR is set (see
     * https://no-color.org) or the terminal is dumb; anywhere if CLICOLOR_FORCE is set.
     */
    static boolean isStyled(boolean outTerminal, Map<String, String> environment) {
        if (!environment.getOrDefault("NO_COLOR", "").isEmpty()) {
            return false;
        }
        String forced = environment.getOrDefault("CLICOLOR_FORCE", "");
        return !forced.isEmpty() && !forced.equals("0")
                || outTerminal && !"dumb".equals(environment.get("TERM"));
    }

    /** The same streams, quiet. */
    public Console asQuiet() {
        return new Console(in, out, err, inTerminal, errTerminal, styled, true);
    }

    /** Prints a message that is neither an error nor a warning, unless quiet. */
    public void info(String message) {
        if (!quiet) {
            err.println(message);
        }
    }

    /** Whether progress is shown in a line that is rewritten. */
    public boolean showsProgressLine() {
        return errTerminal && !quiet;
    }

    private static boolean terminal(int descriptor) {
        try {
            String file = Files.readSymbolicLink(Path.of("/proc/self/fd/" + descriptor)).toString();
            return file.startsWith("/dev/pts/")
                    || file.startsWith("/dev/tty")
                    || file.equals("/dev/console");
        } catch (IOException | UnsupportedOperationException e) {
            // Without /proc, Java only reports whether both input and output are a terminal.
            return System.console() != null;
        }
    }
}

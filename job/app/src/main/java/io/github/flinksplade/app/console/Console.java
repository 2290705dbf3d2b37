package io.github.flinksplade.app.console;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.PrintStream;
import java.nio.file.Files;
import java.nio.file.Path;

/**
 * The streams of a command. Results go to {@code out}, messages to {@code err}.
 *
 * @param inTerminal whether the input is a terminal, so that a prompt makes sense
 * @param errTerminal whether messages go to a terminal, where a line can be rewritten in place
 */
public record Console(
        InputStream in,
        OutputStream out,
        PrintStream err,
        boolean inTerminal,
        boolean errTerminal) {

    /** The streams of the process. */
    public static Console ofProcess(OutputStream out, PrintStream err) {
        return new Console(System.in, out, err, terminal(0), terminal(2));
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

package io.github.flinksplade.app.console;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.PrintStream;
import java.nio.file.Files;
import java.nio.file.Path;

/**
 * Where a command reads and writes. Results go to {@code out}; everything said to a person goes to
 * {@code err}.
 *
 * @param inTerminal whether somebody types the input
 * @param errTerminal whether somebody reads along, so that a line may be rewritten in place
 */
public record Console(
        InputStream in,
        OutputStream out,
        PrintStream err,
        boolean inTerminal,
        boolean errTerminal) {

    /** The process's own streams. */
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
            // No /proc here: Java knows only whether input and output both are a terminal.
            return System.console() != null;
        }
    }
}

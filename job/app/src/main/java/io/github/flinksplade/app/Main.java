package io.github.flinksplade.app;

import io.github.flinksplade.app.cli.RootCommand;
import io.github.flinksplade.app.console.Console;
import java.io.FileDescriptor;
import java.io.FileOutputStream;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;

/** The main class of the command line {@code flink-splade}. */
public final class Main {

    private Main() {}

    /** Runs a command line in this process and ends it with the command's exit code. */
    public static void main(String[] args) {
        OutputStream out = new FileOutputStream(FileDescriptor.out);
        PrintStream err =
                new PrintStream(
                        new FileOutputStream(FileDescriptor.err), true, StandardCharsets.UTF_8);
        // Only results go to standard output; whatever a library prints goes to standard error.
        System.setOut(err);
        int code = run(args, Console.ofProcess(out, err));
        // Flink leaves threads behind that would keep the process alive.
        System.exit(code);
    }

    /**
     * Runs a command line with the given streams; for tests and programs.
     *
     * @return the exit code
     */
    public static int run(String[] args, InputStream in, OutputStream out, PrintStream err) {
        return run(args, new Console(in, out, err, false, false));
    }

    private static int run(String[] args, Console console) {
        ProcessDefaults.apply();
        return RootCommand.run(args, console);
    }
}

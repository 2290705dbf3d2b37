package io.github.flinksplade.app;

import io.github.flinksplade.app.cli.RootCommand;
import io.github.flinksplade.app.console.Console;
import io.github.flinksplade.app.io.FlinkFileSystems;
import java.io.FileDescriptor;
import java.io.FileOutputStream;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;

/** The main class of the command line {@code flink-splade}. */
public final class Main {

    private Main() {}

    /** Runs a command line in this process and ends it with the command's exit code. */
    public static void main(String[] args) {
        main(args, List.of());
    }

    /**
     * Like {@link #main(String[])}, for programs with more benchmarks.
     *
     * @param benchmarks picocli commands that become subcommands of {@code bench}
     */
    public static void main(String[] args, List<?> benchmarks) {
        OutputStream out = new FileOutputStream(FileDescriptor.out);
        PrintStream err =
                new PrintStream(
                        new FileOutputStream(FileDescriptor.err), true, StandardCharsets.UTF_8);
        // Only results go to standard output; whatever a library prints goes to standard error.
        System.setOut(err);
        int code = run(args, Console.ofProcess(out, err), benchmarks);
        // Flink leaves threads behind that would keep the process alive.
        System.exit(code);
    }

    /**
     * Runs a command line with the given streams; for tests and programs.
     *
     * @return the exit code
     */
    public static int run(String[] args, InputStream in, OutputStream out, PrintStream err) {
        return run(args, in, out, err, List.of());
    }

    /**
     * Like {@link #run(String[], InputStream, OutputStream, PrintStream)}, with more benchmarks.
     */
    public static int run(
            String[] args, InputStream in, OutputStream out, PrintStream err, List<?> benchmarks) {
        return run(args, new Console(in, out, err, false, false), benchmarks);
    }

    private static int run(String[] args, Console console, List<?> benchmarks) {
        ProcessDefaults.apply();
        FlinkFileSystems.initialize(Map.of()); // for models; a job adds its own keys
        return RootCommand.run(args, console, benchmarks);
    }
}

package io.github.flinksplade.app.cli;

import io.github.flinksplade.app.config.JobSettings;
import io.github.flinksplade.app.console.BrokenPipeException;
import io.github.flinksplade.app.console.Console;
import io.github.flinksplade.app.console.ExitCode;
import io.github.flinksplade.app.console.Failure;
import io.github.flinksplade.app.evaluation.Variant;
import io.github.flinksplade.connector.ConnectorUri;
import java.io.OutputStream;
import java.io.PrintWriter;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.logging.Level;
import java.util.logging.Logger;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Help.Ansi;
import picocli.CommandLine.HelpCommand;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.ScopeType;
import picocli.CommandLine.Spec;
import picocli.CommandLine.UnmatchedArgumentException;

/**
 * The command line. Nothing of Flink or of the model is loaded before a command needs it, so that
 * help is quick.
 */
@Command(
        name = "flink-splade",
        mixinStandardHelpOptions = true,
        versionProvider = Version.class,
        description =
                "Turns documents into SPLADE sparse vectors with Apache Flink and keeps search"
                        + " indexes in sync with them.",
        synopsisSubcommandLabel = "COMMAND",
        subcommands = {
            DemoCommand.class,
            RunCommand.class,
            CopyCommand.class,
            VerifyCommand.class,
            FinishCommand.class,
            EncodeCommand.class,
            SearchCommand.class,
            ServeCommand.class,
            EvalCommand.class,
            ConnectorsCommand.class,
            ModelCommand.class,
            BenchCommand.class,
            CompletionCommand.class,
            HelpCommand.class
        },
        exitCodeListHeading = "%nExit codes:%n",
        exitCodeList = {
            " 0:success",
            " 1:invalid input or configuration; the message states which",
            " 2:invalid command line",
            " 3:ended, but with findings: verify has found differences, a text could not be encoded,"
                    + " no record was accepted, transactions are lost",
            " 4:a server is unavailable; the same command may succeed later",
            "70:internal error in flink-splade; --verbose prints the details",
            "130:stopped by SIGINT (Ctrl-C); 143: by SIGTERM"
        },
        footer = {
            "",
            "Example (requires no setup):",
            "  flink-splade demo",
            "Help for one command:",
            "  flink-splade help run",
            "Environment:",
            "  FLINK_SPLADE_JAVA_OPTS   JVM options, such as -Xmx4g",
            "  NO_COLOR                 no colors on a terminal"
        })
public final class RootCommand implements Runnable {

    /** A field, because the log manager keeps only weak references. */
    private static final Logger ONNX_RUNTIME_LOG = Logger.getLogger("ai.onnxruntime.OnnxRuntime");

    @Spec private CommandSpec spec;

    @Option(
            names = {"-v", "--verbose"},
            scope = ScopeType.INHERIT,
            description = "Log more, and print the stack trace of an error.")
    private boolean verbose;

    @Option(
            names = {"-q", "--quiet"},
            scope = ScopeType.INHERIT,
            description = "Print only results, warnings and errors.")
    private boolean quiet;

    private final Console console;

    private RootCommand(Console console) {
        this.console = console;
    }

    boolean isVerbose() {
        return verbose;
    }

    public Console console() {
        return quiet ? console.asQuiet() : console;
    }

    /**
     * Runs a command line.
     *
     * @param benchmarks more subcommands of {@code bench}
     * @return the exit code
     */
    public static int run(String[] args, Console console, List<?> benchmarks) {
        boolean verbose = isVerbose(args);
        // its warnings repeat what the exception states
        ONNX_RUNTIME_LOG.setLevel(verbose ? Level.WARNING : Level.OFF);
        if (verbose) {
            System.setProperty("flinksplade.log.level", "INFO");
            System.setProperty("flinksplade.own.log.level", "INFO");
        }
        CommandLine commands = new CommandLine(new RootCommand(console));
        CommandLine bench = commands.getSubcommands().get("bench");
        benchmarks.forEach(bench::addSubcommand);
        commands.setOut(writer(console.out()));
        SettingOptions.add(commands.getSubcommands().get("run").getCommandSpec(), JobSettings.ALL);
        SettingOptions.add(
                commands.getSubcommands().get("copy").getCommandSpec(), CopyCommand.SETTINGS);
        SettingOptions.add(
                commands.getSubcommands().get("verify").getCommandSpec(), VerifyCommand.SETTINGS);
        SettingOptions.add(
                commands.getSubcommands().get("eval").getCommandSpec(), Variant.SETTINGS);
        SettingOptions.add(
                commands.getSubcommands().get("finish").getCommandSpec(), FinishCommand.SETTINGS);
        commands.setErr(writer(console.err()));
        commands.setCaseInsensitiveEnumValuesAllowed(true);
        commands.setAbbreviatedOptionsAllowed(false);
        commands.setUsageHelpWidth(96);
        commands.setUsageHelpAutoWidth(false);
        commands.setColorScheme(
                CommandLine.Help.defaultColorScheme(console.styled() ? Ansi.ON : Ansi.OFF));
        commands.setExpandAtFiles(false);
        commands.setParameterExceptionHandler((e, a) -> usageError(e, console));
        commands.setExecutionExceptionHandler((e, c, p) -> failed(e, verbose, console));
        try {
            return commands.execute(args);
        } catch (Throwable e) { // errors too are reported in one sentence
            return failed(e, verbose, console);
        }
    }

    /** Needed before the arguments are parsed, because logging is configured once. */
    private static boolean isVerbose(String[] args) {
        List<String> all = Arrays.asList(args);
        int end = all.indexOf("--");
        List<String> options = end < 0 ? all : all.subList(0, end);
        return options.contains("--verbose") || options.contains("-v");
    }

    private static int failed(Throwable e, boolean verbose, Console console) {
        if (e instanceof BrokenPipeException) {
            return ExitCode.OK; // the reader of the results closed the pipe
        }
        Failure failure = Failure.of(e);
        console.err().println("flink-splade: " + failure.message());
        if (verbose) {
            e.printStackTrace(console.err());
        }
        console.err().flush();
        return failure.exitCode();
    }

    private static int usageError(ParameterException e, Console console) {
        CommandSpec command = e.getCommandLine().getCommandSpec();
        String message = e.getMessage();
        if (e instanceof UnmatchedArgumentException unmatched) {
            String word = unmatched.getUnmatched().get(0);
            boolean option = word.startsWith("-") && word.length() > 1;
            List<String> known = new ArrayList<>();
            if (option) {
                command.options().forEach(o -> known.addAll(List.of(o.names())));
            } else {
                known.addAll(command.subcommands().keySet());
            }
            String bare =
                    option && word.contains("=") ? word.substring(0, word.indexOf('=')) : word;
            String nearest = nearest(bare, known);
            String what =
                    option ? "option" : command.subcommands().isEmpty() ? "argument" : "command";
            message =
                    (known.isEmpty() ? "unexpected " : "unknown ")
                            + what
                            + " '"
                            + bare
                            + "'"
                            + (nearest == null ? "" : "; did you mean '" + nearest + "'?");
        }
        console.err().println("flink-splade: " + message.replaceAll("\\s*\\R\\s*", " "));
        console.err().println("See: " + command.qualifiedName() + " --help");
        console.err().flush();
        return ExitCode.USAGE;
    }

    /** Prefers a candidate with the same letters in another order. */
    private static String nearest(String word, List<String> known) {
        return known.stream()
                .filter(candidate -> Arrays.equals(letters(candidate), letters(word)))
                .findFirst()
                .orElseGet(() -> ConnectorUri.nearest(word, known));
    }

    private static int[] letters(String word) {
        return word.chars().sorted().toArray();
    }

    /** Without a subcommand: prints the help and fails. */
    @Override
    public void run() {
        spec.commandLine().usage(spec.commandLine().getErr());
        throw new ParameterException(spec.commandLine(), "a command is missing");
    }

    private static PrintWriter writer(OutputStream stream) {
        return new PrintWriter(stream, true, StandardCharsets.UTF_8);
    }
}

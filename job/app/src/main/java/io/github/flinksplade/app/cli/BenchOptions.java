package io.github.flinksplade.app.cli;

import io.github.flinksplade.app.console.Console;
import io.github.flinksplade.app.console.Failure;
import io.github.flinksplade.app.console.Results;
import io.github.flinksplade.app.console.UserException;
import io.github.flinksplade.app.demo.Dictionary;
import io.github.flinksplade.bench.BenchmarkReport;
import io.github.flinksplade.bench.EncodeBenchmark;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** The options that all benchmarks share. */
public final class BenchOptions {

    @Spec(Spec.Target.MIXEE)
    private CommandSpec command;

    @Option(
            names = "--corpus",
            paramLabel = "FILE",
            description =
                    "Texts: *.jsonl with a \"text\" each, or one text per line. Default: definitions"
                            + " of WordNet 3.1.")
    private Path corpus;

    @Option(
            names = "--documents",
            paramLabel = "N",
            description = "Documents per round. Default: ${DEFAULT-VALUE}.")
    private int documents;

    @Option(
            names = "--rounds",
            paramLabel = "N",
            description = "Measured rounds, after one warm-up round. Default: ${DEFAULT-VALUE}.")
    private int rounds;

    @Option(
            names = "--json",
            paramLabel = "FILE",
            description = "Also write the report as JSON to this file.")
    private Path json;

    @Option(
            names = "--chart",
            paramLabel = "FILE",
            description = "Also write a chart of the report to this file, in SVG.")
    private Path chart;

    /** The arguments are the defaults of {@code --documents} and {@code --rounds}. */
    public BenchOptions(int documents, int rounds) {
        this.documents = documents;
        this.rounds = rounds;
    }

    /**
     * Rejects numbers that measure nothing.
     *
     * @throws UserException when one of them is less than 1
     */
    public void check() {
        if (documents < 1 || rounds < 1) {
            throw UserException.at(
                    UserException.COMMAND_LINE,
                    "--documents and --rounds must be at least 1",
                    null);
        }
    }

    public int documents() {
        return documents;
    }

    public int rounds() {
        return rounds;
    }

    public Console console() {
        return ((RootCommand) command.root().userObject()).console();
    }

    /** Whether the texts are not those of WordNet. */
    public boolean hasCorpus() {
        return corpus != null;
    }

    /** One text per document, or fewer if the corpus has fewer. */
    public List<String> texts() {
        return texts(documents);
    }

    /** Like {@link #texts()}, but at most {@code max}. */
    public List<String> texts(int max) {
        return read(corpus, Math.min(documents, max));
    }

    /** The first texts of a file, or of WordNet if it is null. */
    public static List<String> read(Path corpus, int max) {
        try {
            return corpus == null
                    ? Dictionary.entries().stream().map(Dictionary.Entry::text).limit(max).toList()
                    : EncodeBenchmark.read(corpus, max);
        } catch (IOException e) {
            throw new UserException("cannot read texts: " + Failure.of(e).message(), e);
        }
    }

    /** Prints a report, and writes it as JSON and as a chart if requested. */
    public void print(BenchmarkReport report) {
        write(json, report.toJson());
        write(chart, report.toChart().toSvg());
        Results results = new Results(console());
        report.toText().lines().forEach(results::line);
        results.flush();
    }

    private static void write(Path file, String content) {
        if (file == null) {
            return;
        }
        try {
            Files.writeString(file, content);
        } catch (IOException e) {
            throw new UserException("cannot write " + file + ": " + Failure.of(e).message(), e);
        }
    }
}

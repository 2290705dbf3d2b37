package io.github.flinksplade.app.cli;

import io.github.flinksplade.app.console.Console;
import io.github.flinksplade.app.console.Failure;
import io.github.flinksplade.app.console.Results;
import io.github.flinksplade.app.console.UserException;
import io.github.flinksplade.app.demo.WordNet;
import io.github.flinksplade.bench.EncodeBenchmark;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** The options that benchmarks share: what is measured, how often, and where it is told. */
final class BenchOptions {

    @Spec(Spec.Target.MIXEE)
    private CommandSpec command;

    @Option(
            names = "--corpus",
            paramLabel = "FILE",
            description =
                    "Texts: *.jsonl with a \"text\" each, or one text a line. By default definitions"
                            + " of WordNet 3.1.")
    private Path corpus;

    @Option(
            names = "--documents",
            paramLabel = "N",
            description = "Documents of each round; by default ${DEFAULT-VALUE}.")
    private int documents;

    @Option(
            names = "--rounds",
            paramLabel = "N",
            description =
                    "Rounds that count, after one that does not; by default ${DEFAULT-VALUE}.")
    private int rounds;

    @Option(names = "--json", paramLabel = "FILE", description = "Also writes JSON.")
    private Path json;

    /** With these defaults. */
    BenchOptions(int documents, int rounds) {
        this.documents = documents;
        this.rounds = rounds;
    }

    /** Refuses numbers that measure nothing. */
    void check() {
        if (documents < 1 || rounds < 1) {
            throw UserException.at(
                    UserException.COMMAND_LINE,
                    "--documents and --rounds must be at least 1",
                    null);
        }
    }

    int documents() {
        return documents;
    }

    int rounds() {
        return rounds;
    }

    Console console() {
        return ((RootCommand) command.root().userObject()).console();
    }

    /** As many texts as documents, or fewer where there are no more. */
    List<String> texts() {
        return texts(documents);
    }

    /** As {@link #texts()}, but no more than so many. */
    List<String> texts(int most) {
        return read(corpus, Math.min(documents, most));
    }

    /** The first texts of a file, or where none is given, of WordNet. */
    static List<String> read(Path corpus, int most) {
        try {
            return corpus == null
                    ? WordNet.things().stream().map(WordNet.Thing::definition).limit(most).toList()
                    : EncodeBenchmark.read(corpus, most);
        } catch (IOException e) {
            throw new UserException("cannot read texts: " + Failure.of(e).message(), e);
        }
    }

    /** Prints a report, and writes it as JSON where that is wanted. */
    void print(String text, String asJson) {
        if (json != null) {
            try {
                Files.writeString(json, asJson);
            } catch (IOException e) {
                throw new UserException("cannot write " + json + ": " + Failure.of(e).message(), e);
            }
        }
        Results results = new Results(console());
        text.lines().forEach(results::line);
        results.flush();
    }
}

package io.github.flinksplade.app;

import io.github.flinksplade.app.JobSettings.Given;
import io.github.flinksplade.bench.SinkBenchmark;
import io.github.flinksplade.connector.Connectors;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** {@code bench sinks}: targets alone, with vectors that are ready. */
@Command(
        name = "sinks",
        mixinStandardHelpOptions = true,
        sortOptions = false,
        description = {
            "Measures targets alone: vectors of some 120 terms, made beforehand, to each target by"
                    + " itself and then to all at once, in turns.",
            "The targets must be new: what is written stays there."
        },
        footer = {
            "",
            "Example:",
            "  flink-splade bench sinks --to lucene:bench-idx --to file:bench-vectors?append=true \\",
            "    --folder bench-idx --documents 500 --rounds 1"
        })
final class BenchSinksCommand implements Callable<Integer> {

    @Spec private CommandSpec spec;

    @Option(
            names = "--to",
            required = true,
            paramLabel = "URI",
            description = "A target; several are measured one by one and all at once.")
    private List<String> to = new ArrayList<>();

    @Option(
            names = "--folder",
            paramLabel = "DIR",
            description =
                    "A folder in which a target keeps what it holds, whose size is told at the end.")
    private List<Path> folders = new ArrayList<>();

    @Option(
            names = "--config",
            paramLabel = "FILE",
            description = "A job.yaml with the connectors' properties.")
    private Path config;

    @Option(
            names = "--corpus",
            paramLabel = "FILE",
            description =
                    "Texts to go with the vectors: *.jsonl with a \"text\" each, or one text a"
                            + " line. By default definitions of WordNet 3.1.")
    private Path corpus;

    @Option(
            names = "--documents",
            paramLabel = "N",
            description = "Vectors of each round; by default 5000.")
    private int documents = 5000;

    @Option(
            names = "--rounds",
            paramLabel = "N",
            description = "Rounds that count, after one that does not; by default 3.")
    private int rounds = 3;

    @Option(names = "--json", paramLabel = "FILE", description = "Also writes JSON.")
    private Path json;

    @Override
    public Integer call() throws Exception {
        BenchCommand.requirePositive(documents, rounds);
        Console console = ((Main) spec.root().userObject()).console();
        Map<String, Given> given = new LinkedHashMap<>();
        if (config != null) {
            given.putAll(JobFile.read(config, System::getenv));
        }
        given.put(JobSettings.FROM.key(), Given.of(UserException.COMMAND_LINE, "file:none"));
        given.put(JobSettings.TO.key(), new Given(UserException.COMMAND_LINE, to, Map.of()));
        JobSettings settings = JobSettings.of(given, Connectors.all().keySet());
        for (Path folder : folders) {
            if (Files.exists(folder) && !Files.isDirectory(folder)) {
                throw new UserException("--folder " + folder + " is no folder");
            }
        }
        SinkBenchmark.Report report;
        try (StateDirectory state = StateDirectory.temporary()) {
            report =
                    new SinkBenchmark(
                                    settings.model(),
                                    settings.to(),
                                    folders,
                                    BenchCommand.texts(corpus, documents),
                                    documents,
                                    rounds,
                                    LocalConfiguration.of(
                                            settings, state.newRun().toUri(), state.work()),
                                    state.work(),
                                    console.err()::println)
                            .run();
        }
        BenchCommand.print(console, report.toText(), json, report.toJson());
        return ExitCode.OK;
    }
}

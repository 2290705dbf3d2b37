package io.github.flinksplade.benchmarks;

import io.github.flinksplade.app.cli.BenchOptions;
import io.github.flinksplade.app.config.JobFile;
import io.github.flinksplade.app.config.JobSettings;
import io.github.flinksplade.app.config.JobSettings.Given;
import io.github.flinksplade.app.console.Console;
import io.github.flinksplade.app.console.ExitCode;
import io.github.flinksplade.app.console.UserException;
import io.github.flinksplade.app.local.LocalConfiguration;
import io.github.flinksplade.app.local.StateDirectory;
import io.github.flinksplade.connector.Connectors;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** {@code bench sinks}: the sinks alone, with precomputed vectors. */
@Command(
        name = "sinks",
        mixinStandardHelpOptions = true,
        sortOptions = false,
        description = {
            "Measures the sinks alone: writes precomputed vectors of about 120 terms through each sink"
                    + " separately and then through all of them at once, interleaved.",
            "The indexes must be new; the benchmark does not delete what it writes."
        },
        footer = {
            "",
            "Example:",
            "  flink-splade bench sinks --to lucene:bench-idx --to file:bench-vectors?append=true \\",
            "    --folder bench-idx --documents 500 --rounds 1"
        })
final class SinksCommand implements Callable<Integer> {

    @Mixin private BenchOptions bench = new BenchOptions(5000, 3);

    @Option(
            names = "--to",
            required = true,
            paramLabel = "URI",
            description = "Where to write to. Repeat it to measure several sinks.")
    private List<String> to = new ArrayList<>();

    @Option(
            names = "--folder",
            paramLabel = "DIR",
            description = "A directory of an index, whose size is reported at the end.")
    private List<Path> folders = new ArrayList<>();

    @Option(
            names = "--config",
            paramLabel = "FILE",
            description = "A job file with the connectors' properties.")
    private Path config;

    @Override
    public Integer call() throws Exception {
        bench.check();
        Console console = bench.console();
        Map<String, Given> given = new LinkedHashMap<>();
        if (config != null) {
            given.putAll(JobFile.read(config, System::getenv));
        }
        given.put(JobSettings.FROM.key(), Given.of(UserException.COMMAND_LINE, "file:unused"));
        given.put(JobSettings.TO.key(), new Given(UserException.COMMAND_LINE, to, Map.of()));
        JobSettings settings = JobSettings.of(given, Connectors.all().keySet());
        for (Path folder : folders) {
            if (Files.exists(folder) && !Files.isDirectory(folder)) {
                throw new UserException("--folder " + folder + " is not a directory");
            }
        }
        SinkBenchmark.Report report;
        try (StateDirectory state = StateDirectory.temporary()) {
            report =
                    new SinkBenchmark(
                                    settings.get(JobSettings.MODEL),
                                    settings.get(JobSettings.TO),
                                    folders,
                                    bench.texts(),
                                    bench.documents(),
                                    bench.rounds(),
                                    LocalConfiguration.of(
                                            settings, state.newRun().toUri(), state.work()),
                                    state.work(),
                                    console.err()::println)
                            .run();
        }
        bench.print(report);
        return ExitCode.OK;
    }
}

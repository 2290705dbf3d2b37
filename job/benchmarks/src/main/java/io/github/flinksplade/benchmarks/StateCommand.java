package io.github.flinksplade.benchmarks;

import io.github.flinksplade.app.cli.BenchOptions;
import io.github.flinksplade.app.config.JobSettings;
import io.github.flinksplade.app.config.JobSettings.Given;
import io.github.flinksplade.app.console.Console;
import io.github.flinksplade.app.console.DownloadProgress;
import io.github.flinksplade.app.console.ExitCode;
import io.github.flinksplade.app.console.UserException;
import io.github.flinksplade.app.local.LocalConfiguration;
import io.github.flinksplade.app.local.StateDirectory;
import io.github.flinksplade.bench.NoInferenceModel;
import io.github.flinksplade.bench.StateBenchmark;
import io.github.flinksplade.connector.Connectors;
import io.github.flinksplade.encoder.Device;
import io.github.flinksplade.encoder.EncoderOptions;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.concurrent.Callable;
import org.apache.flink.configuration.Configuration;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** {@code bench state}. */
@Command(
        name = "state",
        mixinStandardHelpOptions = true,
        sortOptions = false,
        description = {
            "Measures the job's state: bytes per document, documents per second of one slot as the"
                    + " state grows, checkpoints, and a restart from the last checkpoint.",
            "The state is written to the temporary directory (TMPDIR), about twice its size. Source"
                    + " and sink are in memory."
        },
        footer = {
            "",
            "Examples:",
            "  flink-splade bench state --documents 10000000 --changes 1000000",
            "  flink-splade bench state --documents 5000 --model builtin:minilm --corpus corpus.jsonl",
            "  flink-splade bench state -D state.backend.type=hashmap"
        })
final class StateCommand implements Callable<Integer> {

    private static final int MAX_TEXTS = 100_000;

    @Mixin private BenchOptions bench = new BenchOptions(1_000_000, 1);

    @Option(
            names = "--changes",
            paramLabel = "N",
            description =
                    "Documents that are changed in each phase after the first. Default: a tenth of"
                            + " --documents.")
    private int changes;

    @Option(
            names = "--keep-vectors",
            paramLabel = "BOOLEAN",
            arity = "1",
            description = "Whether the state contains vectors, as in a job. Default: true.")
    private boolean keepVectors = true;

    @Option(
            names = "--model",
            paramLabel = "MODEL",
            description =
                    "Default: a model that needs almost no time and computes 120 terms for each"
                            + " text.")
    private String model = NoInferenceModel.REFERENCE;

    @Option(
            names = "--model-cache",
            paramLabel = "DIR",
            description = "Directory of downloaded and prepared models.")
    private String cache;

    @Option(
            names = "-D",
            paramLabel = "KEY=VALUE",
            description = "A key of Flink, such as -D state.backend.type=hashmap.")
    private Map<String, String> flink = new LinkedHashMap<>();

    @Override
    public Integer call() throws Exception {
        bench.check();
        int changed = changes == 0 ? Math.max(1, bench.documents() / 10) : changes;
        if (bench.documents() < 10 || changed < 1 || changed > bench.documents()) {
            throw UserException.at(
                    UserException.COMMAND_LINE,
                    "--documents must be at least 10, and --changes from 1 to --documents",
                    null);
        }
        Console console = bench.console();
        StateBenchmark.Report report;
        StateDirectory state = StateDirectory.temporary();
        // deletes it also when a signal ends the process
        Thread hook = new Thread(state::close, "flink-splade-bench-state-end");
        Runtime.getRuntime().addShutdownHook(hook);
        try (state) {
            report =
                    new StateBenchmark(
                                    model,
                                    EncoderOptions.builder()
                                            .cacheDirectory(cache)
                                            .device(Device.CPU)
                                            .build(),
                                    bench.texts(MAX_TEXTS),
                                    bench.documents(),
                                    changed,
                                    keepVectors,
                                    configuration(state),
                                    new DownloadProgress(console),
                                    console.err()::println)
                            .run();
        } finally {
            Runtime.getRuntime().removeShutdownHook(hook);
        }
        bench.print(report);
        return ExitCode.OK;
    }

    /** Flink's configuration of a {@code run}; its source and sink are never opened. */
    private Configuration configuration(StateDirectory state) throws Exception {
        String where = UserException.COMMAND_LINE;
        Map<String, Given> given = new LinkedHashMap<>();
        given.put(JobSettings.FROM.key(), Given.of(where, "file:unused"));
        given.put(JobSettings.TO.key(), Given.of(where, "file:unused"));
        if (!flink.isEmpty()) {
            given.put(JobSettings.FLINK, Given.of(where, flink));
        }
        JobSettings settings = JobSettings.of(given, Connectors.all().keySet());
        return LocalConfiguration.of(settings, state.newRun().toUri(), state.work());
    }
}

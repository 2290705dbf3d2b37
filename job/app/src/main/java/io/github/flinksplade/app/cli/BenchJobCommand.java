package io.github.flinksplade.app.cli;

import io.github.flinksplade.app.config.JobSettings;
import io.github.flinksplade.app.config.JobSettings.Given;
import io.github.flinksplade.app.config.Setting;
import io.github.flinksplade.app.console.Console;
import io.github.flinksplade.app.console.DownloadProgress;
import io.github.flinksplade.app.console.ExitCode;
import io.github.flinksplade.app.console.UserException;
import io.github.flinksplade.app.local.LocalConfiguration;
import io.github.flinksplade.app.local.StateDirectory;
import io.github.flinksplade.bench.JobBenchmark;
import io.github.flinksplade.connector.Connectors;
import io.github.flinksplade.encoder.EncoderOptions;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** {@code bench job}. */
@Command(
        name = "job",
        mixinStandardHelpOptions = true,
        sortOptions = false,
        description = {
            "Measures the job of a local run and the encoder alone, interleaved in one process, then"
                    + " the latency from source to sink at 10, 50 and 90 %% of the job's throughput.",
            "Source and sink are in memory. Each latency takes at least 20 s to measure unless"
                    + " --latency-documents is lower."
        },
        footer = {
            "",
            "Examples:",
            "  flink-splade bench job --documents 64 --rounds 1",
            "  flink-splade bench job --corpus corpus.jsonl --precision int8"
        })
final class BenchJobCommand implements Callable<Integer> {

    @Mixin private BenchOptions bench = new BenchOptions(256, 3);

    @Option(
            names = "--model",
            paramLabel = "MODEL",
            description =
                    "builtin:minilm (default), any other model, or random weights of a known shape,"
                            + " as for bench encode.")
    private String model = JobSettings.MODEL.defaultText();

    @Option(
            names = "--precision",
            paramLabel = "PRECISION",
            description = "fp32 (default) or int8.")
    private String precision = JobSettings.PRECISION.defaultText();

    @Option(
            names = "--latency-documents",
            paramLabel = "N",
            description =
                    "Documents whose latency is measured at each load. Default: those of 20 s, but"
                            + " at least 100.")
    private int latencyDocuments;

    @Option(names = "--threads", paramLabel = "N", description = "Threads. Default: one per core.")
    private String threads = JobSettings.THREADS.defaultText();

    @Option(
            names = "--model-cache",
            paramLabel = "DIR",
            description = "Directory of downloaded and prepared models.")
    private String cache;

    @Override
    public Integer call() throws Exception {
        bench.check();
        Console console = bench.console();
        JobSettings settings = settings();
        EncoderOptions options =
                EncoderOptions.builder()
                        .precision(settings.get(JobSettings.PRECISION))
                        .threads(settings.get(JobSettings.THREADS))
                        .cacheDirectory(settings.get(JobSettings.MODEL_CACHE))
                        .build();
        List<String> texts = bench.texts();
        JobBenchmark.Report report;
        try (StateDirectory state = StateDirectory.temporary()) {
            report =
                    new JobBenchmark(
                                    settings.get(JobSettings.MODEL),
                                    options,
                                    texts,
                                    bench.rounds(),
                                    Math.max(0, latencyDocuments),
                                    LocalConfiguration.of(
                                            settings, state.newRun().toUri(), state.work()),
                                    new DownloadProgress(console),
                                    console.err()::println)
                            .run();
        }
        bench.print(report);
        return ExitCode.OK;
    }

    /** The settings of a local run; its source and sink are required but never opened. */
    private JobSettings settings() {
        Map<String, Given> given = new LinkedHashMap<>();
        put(given, JobSettings.FROM, "file:unused");
        put(given, JobSettings.TO, "file:unused");
        put(given, JobSettings.MODEL, model);
        put(given, JobSettings.PRECISION, precision);
        put(given, JobSettings.THREADS, threads);
        if (cache != null) {
            put(given, JobSettings.MODEL_CACHE, cache);
        }
        return JobSettings.of(given, Connectors.all().keySet());
    }

    private static void put(Map<String, Given> given, Setting<?> setting, String value) {
        given.put(setting.key(), Given.of(UserException.COMMAND_LINE, value));
    }
}

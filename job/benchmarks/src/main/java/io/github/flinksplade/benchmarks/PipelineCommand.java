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
import io.github.flinksplade.connector.Connectors;
import io.github.flinksplade.encoder.EncoderOptions;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import org.apache.flink.configuration.Configuration;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** {@code bench pipeline}. */
@Command(
        name = "pipeline",
        mixinStandardHelpOptions = true,
        sortOptions = false,
        description = {
            "Measures everything but inference: the job from Kafka to Kafka, with a model that needs"
                    + " almost no time.",
            "Prints documents per second of CPU time and the share of each stage. Texts are repeated"
                    + " if there are fewer than documents."
        },
        footer = {
            "",
            "Examples:",
            "  flink-splade bench pipeline --documents 2000 --rounds 1",
            "  flink-splade bench pipeline --kafka localhost:9092 --corpus corpus.jsonl"
        })
final class PipelineCommand implements Callable<Integer> {

    /** Max distinct texts; rounds with more documents repeat them. */
    private static final int MAX_TEXTS = 100_000;

    /** Limited because all documents of a run are on the broker at once. */
    private static final int MAX_DOCUMENTS = 10_000_000;

    @Mixin private BenchOptions bench = new BenchOptions(20_000, 5);

    @Option(
            names = "--kafka",
            paramLabel = "HOST:PORT",
            description =
                    "The broker, on which two topics are created and deleted again. Default: a broker"
                            + " in a separate process.")
    private String kafka;

    @Option(
            names = "--model-cache",
            paramLabel = "DIR",
            description = "Directory of downloaded and prepared models.")
    private String cache;

    @Override
    public Integer call() throws Exception {
        bench.check();
        if ((bench.rounds() + 2L) * bench.documents() > MAX_DOCUMENTS) {
            throw UserException.at(
                    UserException.COMMAND_LINE,
                    "(--rounds + 2) * --documents must be at most " + MAX_DOCUMENTS,
                    null);
        }
        if (kafka != null && !kafka.matches("[^\\s/?:]+:\\d{1,5}")) {
            throw UserException.at(
                    UserException.COMMAND_LINE, "--kafka " + kafka + " is not HOST:PORT", null);
        }
        List<String> texts = bench.texts(MAX_TEXTS);
        if (kafka != null) {
            return measure(kafka, texts);
        }
        bench.console().err().println("Starting a Kafka broker ...");
        try (BrokerProcess broker = broker()) {
            return measure(broker.servers(), texts);
        }
    }

    private static BrokerProcess broker() throws InterruptedException {
        try {
            return BrokerProcess.start(Files.readString(brokerClassPath()).strip());
        } catch (IOException e) {
            throw new UserException(
                    e.getMessage() + ". Specify a broker with --kafka HOST:PORT", e);
        }
    }

    private static Path brokerClassPath() {
        String file = System.getProperty("flinksplade.broker");
        if (file == null || !Files.exists(Path.of(file))) {
            throw new UserException(
                    "the file with the class path of a broker, -Dflinksplade.broker="
                            + file
                            + ", does not exist. Specify a broker with --kafka HOST:PORT");
        }
        return Path.of(file);
    }

    private int measure(String servers, List<String> texts) throws Exception {
        Console console = bench.console();
        PipelineBenchmark.Report report;
        StateDirectory state = StateDirectory.temporary();
        // deletes it also when a signal ends the process
        Thread hook = new Thread(state::close, "flink-splade-bench-work-end");
        Runtime.getRuntime().addShutdownHook(hook);
        try (state) {
            report =
                    new PipelineBenchmark(
                                    servers,
                                    texts,
                                    bench.documents(),
                                    bench.rounds(),
                                    state.work(),
                                    configuration(servers, state),
                                    EncoderOptions.builder().cacheDirectory(cache).build(),
                                    new DownloadProgress(console),
                                    console.err()::println)
                            .run();
        } finally {
            Runtime.getRuntime().removeShutdownHook(hook);
        }
        bench.print(report);
        return ExitCode.OK;
    }

    /** Flink's configuration of a {@code run} with default settings. */
    private static Configuration configuration(String servers, StateDirectory state)
            throws IOException {
        String where = UserException.COMMAND_LINE;
        JobSettings settings =
                JobSettings.of(
                        Map.of(
                                JobSettings.FROM.key(),
                                Given.of(where, "kafka://" + servers + "/documents"),
                                JobSettings.TO.key(),
                                Given.of(where, "kafka://" + servers + "/vectors")),
                        Connectors.all().keySet());
        return LocalConfiguration.of(settings, state.newRun().toUri(), state.work());
    }
}

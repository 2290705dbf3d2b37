package io.github.flinksplade.app;

import io.github.flinksplade.bench.EncodeBenchmark;
import io.github.flinksplade.encoder.Device;
import io.github.flinksplade.encoder.EncoderOptions;
import io.github.flinksplade.encoder.Precision;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.ParentCommand;
import picocli.CommandLine.Spec;

/** {@code bench}: measures on this machine. */
@Command(
        name = "bench",
        mixinStandardHelpOptions = true,
        description = "Measures speed on this machine.",
        synopsisSubcommandLabel = "COMMAND",
        subcommands = {
            BenchCommand.Encode.class,
            BenchJobCommand.class,
            BenchPipelineCommand.class,
            BenchSinksCommand.class,
            BenchDeviceCommand.class
        },
        footer = {"", "Example:", "  flink-splade bench encode --documents 64 --rounds 1"})
final class BenchCommand implements Runnable {

    @Spec private CommandSpec spec;
    @ParentCommand private Main main;

    @Override
    public void run() {
        spec.commandLine().usage(spec.commandLine().getErr());
        throw new ParameterException(spec.commandLine(), "a command is missing");
    }

    /** {@code bench encode}. */
    @Command(
            name = "encode",
            mixinStandardHelpOptions = true,
            sortOptions = false,
            description = {
                "Measures the encoder beside the recipe of the models' cards, in turns, in one run.",
                "Prints medians with the least and the greatest of the rounds."
            },
            footer = {
                "",
                "Examples:",
                "  flink-splade bench encode --documents 64 --rounds 1",
                "  flink-splade bench encode --model synthetic:bert-base --corpus corpus.jsonl"
            })
    static final class Encode implements Callable<Integer> {

        @ParentCommand private BenchCommand parent;

        @Option(
                names = "--model",
                paramLabel = "MODEL",
                description =
                        "builtin:minilm (default), another model, or random weights of a known"
                                + " shape: synthetic:bert-base, synthetic:distilbert,"
                                + " synthetic:xlm-r, synthetic:minilm.")
        private String model = JobSettings.MODEL.fallback();

        @Option(
                names = "--corpus",
                paramLabel = "FILE",
                description =
                        "Texts to encode: *.jsonl with a \"text\" each, or one text a line. By"
                                + " default definitions of WordNet 3.1.")
        private Path corpus;

        @Option(
                names = "--precision",
                split = ",",
                paramLabel = "PRECISION",
                description = "What to measure; by default fp32,int8, and on a GPU fp32,fp16.")
        private List<String> precisions;

        @Option(
                names = "--device",
                paramLabel = "DEVICE",
                description = "Where all of it runs, the recipe too: cpu (default), cuda[:N].")
        private String device = "cpu";

        @Option(
                names = "--document-tokens",
                paramLabel = "N",
                description = "Tokens of a text that are read; by default as the model has it.")
        private String documentTokens = JobSettings.DOCUMENT_TOKENS.fallback();

        @Option(
                names = "--batch-tokens",
                paramLabel = "N",
                description = "Tokens of a batch on a GPU; by default 16384.")
        private String batchTokens = JobSettings.BATCH_TOKENS.fallback();

        @Option(
                names = "--memory-documents",
                paramLabel = "N",
                description =
                        "Documents that a process of its own encodes to show its memory; by default"
                                + " three times the texts.")
        private int memoryDocuments;

        @Option(
                names = "--documents",
                paramLabel = "N",
                description = "Texts in each round; by default 128.")
        private int documents = 128;

        @Option(
                names = "--rounds",
                paramLabel = "N",
                description = "Rounds that count, after one that does not; by default 3.")
        private int rounds = 3;

        @Option(
                names = "--threads",
                paramLabel = "N",
                description = "Threads; by default one for each core.")
        private String threads = "0";

        @Option(
                names = "--model-cache",
                paramLabel = "DIR",
                description = "Where fetched and prepared models are kept.")
        private String cache;

        @Option(names = "--json", paramLabel = "FILE", description = "Also writes JSON.")
        private Path json;

        @Override
        public Integer call() throws Exception {
            String where = UserException.COMMAND_LINE;
            requirePositive(documents, rounds);
            Device on = JobSettings.DEVICE.parse(device, where);
            boolean isGpu = on.kind() == Device.Kind.CUDA || on.kind() == Device.Kind.TENSORRT;
            Console console = parent.main.console();
            List<String> texts = texts(corpus, documents);
            EncodeBenchmark benchmark =
                    new EncodeBenchmark(
                            model,
                            EncoderOptions.defaults()
                                    .withThreads(JobSettings.THREADS.parse(threads, where))
                                    .withDevice(on)
                                    .withDocumentTokens(
                                            JobSettings.DOCUMENT_TOKENS.parse(
                                                    documentTokens, where))
                                    .withBatchTokens(
                                            JobSettings.BATCH_TOKENS.parse(batchTokens, where))
                                    .withCacheDirectory(cache),
                            (precisions != null
                                            ? precisions
                                            : isGpu
                                                    ? List.of("fp32", "fp16")
                                                    : List.of("fp32", "int8"))
                                    .stream()
                                            .map(name -> JobSettings.PRECISION.parse(name, where))
                                            .toList()
                                            .toArray(new Precision[0]),
                            texts,
                            rounds,
                            memoryDocuments > 0 ? memoryDocuments : 3 * texts.size(),
                            ModelOptions.progress(console),
                            console.err()::println);
            EncodeBenchmark.Report report = benchmark.run();
            print(console, report.toText(), json, report.toJson());
            return ExitCode.OK;
        }
    }

    static void requirePositive(int documents, int rounds) {
        if (documents < 1 || rounds < 1) {
            throw UserException.at(
                    UserException.COMMAND_LINE,
                    "--documents and --rounds must be at least 1",
                    null);
        }
    }

    /** The first texts of a file, or where none is given, of WordNet. */
    static List<String> texts(Path corpus, int most) {
        try {
            return corpus == null
                    ? WordNet.things().stream().map(WordNet.Thing::definition).limit(most).toList()
                    : EncodeBenchmark.read(corpus, most);
        } catch (IOException e) {
            throw new UserException("cannot read texts: " + e.getMessage(), e);
        }
    }

    /**
     * Prints a report, and writes it as JSON.
     *
     * @param file where to, or null for nowhere
     */
    static void print(Console console, String text, Path file, String json) {
        if (file != null) {
            try {
                Files.writeString(file, json);
            } catch (IOException e) {
                throw new UserException("cannot write " + file + ": " + e.getMessage(), e);
            }
        }
        Results results = new Results(console);
        text.lines().forEach(results::line);
        results.flush();
    }

    Main main() {
        return main;
    }
}

package io.github.flinksplade.app.cli;

import io.github.flinksplade.app.config.JobSettings;
import io.github.flinksplade.app.console.Console;
import io.github.flinksplade.app.console.DownloadProgress;
import io.github.flinksplade.app.console.ExitCode;
import io.github.flinksplade.app.console.UserException;
import io.github.flinksplade.bench.EncodeBenchmark;
import io.github.flinksplade.encoder.Device;
import io.github.flinksplade.encoder.EncoderOptions;
import io.github.flinksplade.encoder.Precision;
import java.util.List;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** {@code bench encode}. */
@Command(
        name = "encode",
        mixinStandardHelpOptions = true,
        sortOptions = false,
        description = {
            "Measures the encoder and the reference implementation, interleaved in one process.",
            "Prints the median, minimum and maximum of the rounds."
        },
        footer = {
            "",
            "Examples:",
            "  flink-splade bench encode --documents 64 --rounds 1",
            "  flink-splade bench encode --model synthetic:bert-base --corpus corpus.jsonl"
        })
final class BenchEncodeCommand implements Callable<Integer> {

    @Mixin private BenchOptions bench = new BenchOptions(128, 3);

    @Option(
            names = "--model",
            paramLabel = "MODEL",
            description =
                    "builtin:minilm (default), any other model, or random weights of a known"
                            + " shape: synthetic:bert-base, synthetic:distilbert,"
                            + " synthetic:xlm-r, synthetic:minilm.")
    private String model = JobSettings.MODEL.defaultText();

    @Option(
            names = "--precision",
            split = ",",
            paramLabel = "PRECISION",
            description = "What to measure. Default: fp32,int8; on a GPU fp32,fp16.")
    private List<String> precisions;

    @Option(
            names = "--device",
            paramLabel = "DEVICE",
            description = "Where both of them run: cpu (default) or cuda[:N].")
    private String device = "cpu";

    @Option(
            names = "--document-tokens",
            paramLabel = "N",
            description = "Max tokens of a text. Default: the model's own limit.")
    private String documentTokens = JobSettings.DOCUMENT_TOKENS.defaultText();

    @Option(
            names = "--batch-tokens",
            paramLabel = "N",
            description = "Max tokens of a batch on a GPU. Default: 16384.")
    private String batchTokens = JobSettings.BATCH_TOKENS.defaultText();

    @Option(
            names = "--memory-documents",
            paramLabel = "N",
            description =
                    "Documents that a separate process encodes to measure its memory. Default:"
                            + " three times the texts.")
    private int memoryDocuments;

    @Option(names = "--threads", paramLabel = "N", description = "Threads. Default: one per core.")
    private String threads = "0";

    @Option(
            names = "--model-cache",
            paramLabel = "DIR",
            description = "Directory of downloaded and prepared models.")
    private String cache;

    @Override
    public Integer call() throws Exception {
        String where = UserException.COMMAND_LINE;
        bench.check();
        Device parsed = JobSettings.DEVICE.parse(device, where);
        boolean isGpu = parsed.kind() == Device.Kind.CUDA || parsed.kind() == Device.Kind.TENSORRT;
        Console console = bench.console();
        List<String> texts = bench.texts();
        EncodeBenchmark benchmark =
                new EncodeBenchmark(
                        model,
                        EncoderOptions.builder()
                                .threads(JobSettings.THREADS.parse(threads, where))
                                .device(parsed)
                                .documentTokens(
                                        JobSettings.DOCUMENT_TOKENS.parse(documentTokens, where))
                                .batchTokens(JobSettings.BATCH_TOKENS.parse(batchTokens, where))
                                .cacheDirectory(cache)
                                .build(),
                        (precisions != null
                                        ? precisions
                                        : isGpu ? List.of("fp32", "fp16") : List.of("fp32", "int8"))
                                .stream()
                                        .map(name -> JobSettings.PRECISION.parse(name, where))
                                        .toList()
                                        .toArray(new Precision[0]),
                        texts,
                        bench.rounds(),
                        memoryDocuments > 0 ? memoryDocuments : 3 * texts.size(),
                        new DownloadProgress(console),
                        console.err()::println);
        EncodeBenchmark.Report report = benchmark.run();
        bench.print(report);
        return ExitCode.OK;
    }
}

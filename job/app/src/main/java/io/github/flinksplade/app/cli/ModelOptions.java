package io.github.flinksplade.app.cli;

import io.github.flinksplade.app.config.JobSettings;
import io.github.flinksplade.app.console.UserException;
import io.github.flinksplade.encoder.EncoderOptions;
import picocli.CommandLine.Option;

/** The options of the commands that encode without a job. */
final class ModelOptions {

    @Option(
            names = {"--sha256", "--model-sha256"},
            paramLabel = "SHA256",
            description = "The required SHA-256 of the model; any other model is rejected.")
    private String sha256;

    @Option(
            names = "--model-cache",
            paramLabel = "DIR",
            description = "Directory of downloaded and prepared models.")
    private String cache;

    @Option(
            names = "--precision",
            paramLabel = "PRECISION",
            description =
                    "fp32 (default); int8: two to three times as fast on a CPU with VNNI, weights"
                            + " differ by about .01; fp16: for GPUs.")
    private String precision = JobSettings.PRECISION.defaultText();

    @Option(
            names = "--threads",
            paramLabel = "N",
            description = "Threads that run the model. Default: one per core.")
    private String threads = "0";

    @Option(
            names = "--device",
            paramLabel = "DEVICE",
            description = "Where the model runs: auto (default), cpu, cuda[:N] or tensorrt[:N].")
    private String device = JobSettings.DEVICE.defaultText();

    @Option(
            names = "--query-tokens",
            paramLabel = "N",
            description = "Max tokens of a query. Default: the model's own limit, or 24.")
    private String queryTokens = "0";

    @Option(
            names = "--query-model",
            paramLabel = "MODEL",
            description =
                    "The model that encodes queries, if it is not the one that encodes documents;"
                            + " both have the same vocabulary. Default of search: the one stored in"
                            + " the index, if any.")
    private String queryModel;

    EncoderOptions toEncoderOptions() {
        String where = UserException.COMMAND_LINE;
        return EncoderOptions.builder()
                .sha256(sha256 == null ? null : JobSettings.MODEL_SHA256.parse(sha256, where))
                .queryModel(queryModel)
                .cacheDirectory(cache)
                .precision(JobSettings.PRECISION.parse(precision, where))
                .threads(JobSettings.THREADS.parse(threads, where))
                .device(JobSettings.DEVICE.parse(device, where))
                .queryTokens(JobSettings.DOCUMENT_TOKENS.parse(queryTokens, where))
                .build();
    }
}

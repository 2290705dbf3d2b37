package io.github.flinksplade.app.cli;

import io.github.flinksplade.app.config.JobSettings;
import io.github.flinksplade.app.console.UserException;
import io.github.flinksplade.encoder.EncoderOptions;
import picocli.CommandLine.Option;

/** The options of every command that uses a model by itself. */
final class ModelOptions {

    @Option(
            names = {"--sha256", "--model-sha256"},
            paramLabel = "SHA256",
            description = "The SHA-256 that the model must have; another one is refused.")
    private String sha256;

    @Option(
            names = "--model-cache",
            paramLabel = "DIR",
            description = "Where fetched and prepared models are kept.")
    private String cache;

    @Option(
            names = "--precision",
            paramLabel = "PRECISION",
            description =
                    "fp32 (default); int8: two to three times as fast on a CPU, weights some"
                            + " hundredths off; fp16: for GPUs.")
    private String precision = JobSettings.PRECISION.fallback();

    @Option(
            names = "--threads",
            paramLabel = "N",
            description = "Threads that run the model; by default one for each core.")
    private String threads = "0";

    @Option(
            names = "--device",
            paramLabel = "DEVICE",
            description = "Where the model runs: auto (default), cpu, cuda[:N], tensorrt[:N].")
    private String device = JobSettings.DEVICE.fallback();

    @Option(
            names = "--query-tokens",
            paramLabel = "N",
            description =
                    "Tokens of a query that are read; by default the model's own limit, or 24.")
    private String queryTokens = "0";

    EncoderOptions toEncoderOptions() {
        String where = UserException.COMMAND_LINE;
        return EncoderOptions.defaults()
                .withSha256(sha256 == null ? null : JobSettings.MODEL_SHA256.parse(sha256, where))
                .withCacheDirectory(cache)
                .withPrecision(JobSettings.PRECISION.parse(precision, where))
                .withThreads(JobSettings.THREADS.parse(threads, where))
                .withDevice(JobSettings.DEVICE.parse(device, where))
                .withQueryTokens(JobSettings.DOCUMENT_TOKENS.parse(queryTokens, where));
    }
}

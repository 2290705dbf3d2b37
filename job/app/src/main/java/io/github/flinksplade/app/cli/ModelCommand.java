package io.github.flinksplade.app.cli;

import io.github.flinksplade.app.config.JobSettings;
import io.github.flinksplade.app.console.Console;
import io.github.flinksplade.app.console.DownloadProgress;
import io.github.flinksplade.app.console.ExitCode;
import io.github.flinksplade.app.console.Results;
import io.github.flinksplade.app.console.UserException;
import io.github.flinksplade.app.model.CachedModels;
import io.github.flinksplade.encoder.EncoderOptions;
import io.github.flinksplade.encoder.ModelFiles;
import io.github.flinksplade.encoder.ModelInfo;
import io.github.flinksplade.encoder.ModelStore;
import io.github.flinksplade.encoder.Role;
import io.github.flinksplade.encoder.SpladeEncoder;
import io.github.flinksplade.pipeline.SpladeJob;
import java.nio.file.Path;
import java.util.EnumSet;
import java.util.Locale;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.ParentCommand;
import picocli.CommandLine.Spec;

/** {@code model}: manages models. */
@Command(
        name = "model",
        mixinStandardHelpOptions = true,
        description = "Lists, downloads, verifies, describes and quantizes models.",
        synopsisSubcommandLabel = "COMMAND",
        subcommands = {
            ModelCommand.ListModels.class,
            ModelCommand.Pull.class,
            ModelCommand.Verify.class,
            ModelCommand.Info.class,
            ModelCommand.Quantize.class
        },
        footer = {"", "Example:", "  flink-splade model info builtin:minilm"})
final class ModelCommand implements Runnable {

    @Spec private CommandSpec spec;
    @ParentCommand private RootCommand root;

    @Override
    public void run() {
        spec.commandLine().usage(spec.commandLine().getErr());
        throw new ParameterException(spec.commandLine(), "a command is missing");
    }

    /** What the commands for one model share. */
    abstract static class OnModel implements Callable<Integer> {

        @ParentCommand ModelCommand parent;

        @Parameters(
                paramLabel = "MODEL",
                description =
                        "builtin:minilm, a directory, hf:owner/name[@revision], or a path on any"
                                + " Flink file system.")
        String model;

        @Option(
                names = "--model-cache",
                paramLabel = "DIR",
                description = "Directory of downloaded and prepared models.")
        String cache;

        @Option(
                names = {"--sha256", "--model-sha256"},
                paramLabel = "SHA256",
                description = "The required SHA-256 of the model; any other model is rejected.")
        String sha256;

        EncoderOptions options() {
            return EncoderOptions.builder()
                    .sha256(
                            sha256 == null
                                    ? null
                                    : JobSettings.MODEL_SHA256.parse(
                                            sha256, UserException.COMMAND_LINE))
                    .cacheDirectory(cache)
                    .build();
        }

        Console console() {
            return parent.root.console();
        }
    }

    /** What the commands that run a model share. */
    abstract static class OnOpenModel extends OnModel {

        @Option(
                names = "--precision",
                paramLabel = "PRECISION",
                description = "fp32 (default), int8 or fp16.")
        private String precision = JobSettings.PRECISION.defaultText();

        @Option(
                names = "--device",
                paramLabel = "DEVICE",
                description = "Where to run it: auto (default), cpu, cuda[:N] or tensorrt[:N].")
        private String device = JobSettings.DEVICE.defaultText();

        @Override
        EncoderOptions options() {
            String where = UserException.COMMAND_LINE;
            return super.options().toBuilder()
                    .precision(JobSettings.PRECISION.parse(precision, where))
                    .device(JobSettings.DEVICE.parse(device, where))
                    .build();
        }
    }

    /** {@code model list}. */
    @Command(
            name = "list",
            mixinStandardHelpOptions = true,
            description = "Lists the models that need no download: built in or cached.",
            footer = {"", "Example:", "  flink-splade model list"})
    static final class ListModels implements Callable<Integer> {

        @ParentCommand private ModelCommand parent;

        @Option(
                names = "--model-cache",
                paramLabel = "DIR",
                description = "Directory of downloaded and prepared models.")
        private String cache;

        @Override
        public Integer call() {
            Results results = new Results(parent.root.console());
            CachedModels.list(System.getenv()).forEach(results::line);
            results.flush();
            return ExitCode.OK;
        }
    }

    /** {@code model pull}. */
    @Command(
            name = "pull",
            mixinStandardHelpOptions = true,
            description =
                    "Downloads the missing, changed or damaged files of a model, so that it is"
                            + " available offline, and prints its SHA-256 and the paths of its"
                            + " files.",
            footer = {"", "Example:", "  flink-splade model pull builtin:minilm"})
    static final class Pull extends OnModel {

        @Override
        public Integer call() {
            ModelFiles files = ModelStore.pull(model, options(), new DownloadProgress(console()));
            Results results = new Results(console());
            results.line("sha256:    " + files.sha256());
            results.line("graph:     " + files.graph());
            results.line("tokenizer: " + files.tokenizer());
            results.flush();
            return ExitCode.OK;
        }
    }

    /** {@code model verify}. */
    @Command(
            name = "verify",
            mixinStandardHelpOptions = true,
            description =
                    "Compares a model's files in the Hugging Face cache with their digests, opens"
                            + " the model and runs it once; with --sha256 also checks its SHA-256."
                            + " Exits with 1 if a check fails.",
            footer = {"", "Example:", "  flink-splade model verify builtin:minilm"})
    static final class Verify extends OnOpenModel {

        @Override
        public Integer call() {
            ModelStore.verify(model, options(), new DownloadProgress(console()));
            try (SpladeEncoder encoder =
                    SpladeEncoder.open(
                            model,
                            options(),
                            EnumSet.allOf(Role.class),
                            new DownloadProgress(console()))) {
                Results results = new Results(console());
                results.line("ok: " + model + " has SHA-256 " + encoder.info().sha256());
                results.flush();
                return ExitCode.OK;
            }
        }
    }

    /** {@code model quantize}. */
    @Command(
            name = "quantize",
            mixinStandardHelpOptions = true,
            description = {
                "Writes a model with its matrix multiplications quantized to int8 to a directory, which"
                        + " can be used as a model.",
                "--precision int8 does the same automatically and caches the result."
            },
            footer = {
                "",
                "Example:",
                "  flink-splade model quantize builtin:minilm --to minilm-int8"
            })
    static final class Quantize extends OnModel {

        @Option(
                names = "--to",
                required = true,
                paramLabel = "DIR",
                description = "The directory; created if it does not exist.")
        private Path directory;

        @Override
        public Integer call() {
            ModelFiles files =
                    ModelStore.resolve(model, options(), new DownloadProgress(console()));
            ModelStore.quantize(files, options(), directory, new DownloadProgress(console()));
            Results results = new Results(console());
            results.line("written: " + directory);
            results.flush();
            return ExitCode.OK;
        }
    }

    /** {@code model info}. */
    @Command(
            name = "info",
            mixinStandardHelpOptions = true,
            description =
                    "Describes a model: SHA-256 and fingerprint, architecture, vocabulary, how documents"
                            + " and queries are encoded, token limits, precision and graph, and"
                            + " what its files state.",
            footer = {"", "Example:", "  flink-splade model info builtin:minilm"})
    static final class Info extends OnOpenModel {

        @Override
        public Integer call() {
            try (SpladeEncoder encoder =
                    SpladeEncoder.open(
                            model,
                            options(),
                            EnumSet.allOf(Role.class),
                            new DownloadProgress(console()))) {
                ModelInfo info = encoder.info();
                Results results = new Results(console());
                results.line("name:             " + info.name());
                results.line("sha256:           " + info.sha256());
                results.line("tokenizer sha256: " + info.tokenizerSha256());
                results.line("fingerprint:      " + SpladeJob.provenance(encoder).fingerprint());
                results.line("architecture:     " + orUnknown(info.architecture()));
                results.line("vocabulary:       " + info.vocabularySize() + " terms");
                results.line("pooling:          " + label(info.formula().pooling()));
                results.line("activation:       " + label(info.formula().activation()));
                results.line("formula:          " + info.formula());
                results.line("queries:          " + queries(info));
                results.line("document tokens:  " + info.documentTokens());
                results.line("query tokens:     " + info.queryTokens());
                results.line("precision:        " + info.precision());
                results.line("device:           " + info.device());
                results.line("graph:            " + info.graph());
                if (!info.notes().isEmpty()) {
                    results.line("stated by its files:");
                    info.notes().forEach(note -> results.line("  " + note));
                }
                results.flush();
                return ExitCode.OK;
            }
        }

        private static String label(Enum<?> constant) {
            return constant.name().toLowerCase(Locale.ROOT);
        }

        private static String orUnknown(String architecture) {
            return architecture.isEmpty() ? "unknown (no config.json)" : architecture;
        }

        private static String queries(ModelInfo info) {
            return info.querySide().isEmpty() ? "as documents" : info.querySide();
        }
    }
}

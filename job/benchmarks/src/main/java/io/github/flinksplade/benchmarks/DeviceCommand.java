package io.github.flinksplade.benchmarks;

import io.github.flinksplade.app.cli.BenchOptions;
import io.github.flinksplade.app.cli.RootCommand;
import io.github.flinksplade.app.config.JobSettings;
import io.github.flinksplade.app.console.Console;
import io.github.flinksplade.app.console.DownloadProgress;
import io.github.flinksplade.app.console.ExitCode;
import io.github.flinksplade.app.console.Results;
import io.github.flinksplade.app.console.UserException;
import io.github.flinksplade.encoder.Device;
import io.github.flinksplade.encoder.EncoderOptions;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** {@code bench device}. */
@Command(
        name = "device",
        mixinStandardHelpOptions = true,
        sortOptions = false,
        description = {
            "Checks that a GPU computes the same vectors as the CPU, for every batch size and with"
                    + " little memory, and measures its speed. Exits with 3 if a check fails."
        },
        footer = {"", "Example:", "  flink-splade bench device --device cuda:0"})
final class DeviceCommand implements Callable<Integer> {

    @Spec private CommandSpec spec;

    @Option(
            names = "--device",
            paramLabel = "DEVICE",
            description =
                    "The device: cuda[:N] (default: cuda) or tensorrt[:N]; cpu-emulation runs every check"
                            + " on the CPU.")
    private String device = "cuda";

    @Option(
            names = "--model",
            paramLabel = "MODEL",
            description = "The model. Default: builtin:minilm.")
    private String model = JobSettings.MODEL.defaultText();

    @Option(
            names = "--corpus",
            paramLabel = "FILE",
            description =
                    "Texts: *.jsonl with a \"text\" each, or one text per line. Default: definitions"
                            + " of WordNet 3.1.")
    private Path corpus;

    @Option(names = "--documents", paramLabel = "N", description = "Number of texts. Default: 256.")
    private int documents = 256;

    @Option(
            names = "--model-cache",
            paramLabel = "DIR",
            description = "Directory of downloaded and prepared models.")
    private String cache;

    @Override
    public Integer call() {
        String where = UserException.COMMAND_LINE;
        if (documents < 1) {
            throw UserException.at(where, "--documents must be at least 1", null);
        }
        Device parsed = JobSettings.DEVICE.parse(device, where);
        if (parsed.kind() == Device.Kind.AUTO || parsed.kind() == Device.Kind.CPU) {
            throw UserException.at(where, "--device must be a GPU, or cpu-emulation", null);
        }
        List<String> texts = BenchOptions.read(corpus, documents);
        Console console = ((RootCommand) spec.root().userObject()).console();
        DeviceCheck check =
                new DeviceCheck(
                        model,
                        EncoderOptions.builder().device(parsed).cacheDirectory(cache).build(),
                        texts,
                        new DownloadProgress(console),
                        console.err()::println);
        List<DeviceCheck.Item> items = check.run();
        Results results = new Results(console);
        DeviceCheck.table(items).forEach(results::line);
        results.flush();
        return items.stream().allMatch(DeviceCheck.Item::passed) ? ExitCode.OK : ExitCode.FINDINGS;
    }
}

package io.github.flinksplade.app.cli;

import io.github.flinksplade.app.config.JobSettings;
import io.github.flinksplade.app.config.JobSettings.Given;
import io.github.flinksplade.app.config.Setting;
import io.github.flinksplade.app.console.UserException;
import io.github.flinksplade.app.local.VerifyRun;
import io.github.flinksplade.connector.Connectors;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParentCommand;
import picocli.CommandLine.Spec;

/** {@code verify}: compares an index with its sources. */
@Command(
        name = "verify",
        mixinStandardHelpOptions = true,
        sortOptions = false,
        description = {
            "Compares an index with its sources, without encoding, and prints one line for each"
                    + " difference: missing, extra and stale documents, and vectors of another"
                    + " encoder.",
            "Give the URIs and settings of the job that writes the index. Exit code 0: equal; 3:"
                    + " there are differences."
        },
        footer = {
            "",
            "Examples:",
            "  flink-splade verify --from file:docs.jsonl --to lucene:idx",
            "  flink-splade verify --config job.yaml --to qdrant://localhost:6334/docs --json"
        })
final class VerifyCommand implements Callable<Integer> {

    /** The settings of a job that also apply to a comparison. */
    static final List<Setting<?>> SETTINGS =
            List.of(
                    JobSettings.FROM,
                    JobSettings.TO,
                    JobSettings.STATE,
                    JobSettings.DEAD_LETTERS,
                    JobSettings.MODEL,
                    JobSettings.MODEL_CACHE,
                    JobSettings.DOCUMENT_TOKENS,
                    JobSettings.PRUNE,
                    JobSettings.PRECISION,
                    JobSettings.MAX_RECORD_SIZE);

    private static final int LIMIT = 1_000_000;

    @Spec private CommandSpec spec;
    @ParentCommand private RootCommand root;

    @Option(
            names = "--config",
            paramLabel = "FILE",
            order = 1,
            description = "The job file; docs/configuration.md lists its settings.")
    private Path config;

    @Option(
            names = "--json",
            order = 900,
            description = "Print each difference as one JSON object on one line.")
    private boolean json;

    @Option(
            names = "--max-differences",
            paramLabel = "N",
            order = 901,
            description = "Max differences to print; all are counted. Default: 10000.")
    private String maxDifferences = "10000";

    @Option(
            names = "-D",
            paramLabel = "KEY=VALUE",
            order = 1000,
            description = "An option of Flink, such as -Dparallelism.default=2.")
    private Map<String, String> flink = new LinkedHashMap<>();

    @Override
    public Integer call() throws Exception {
        if (!maxDifferences.matches("\\d{1,7}") || Integer.parseInt(maxDifferences) > LIMIT) {
            throw UserException.at(
                    UserException.COMMAND_LINE,
                    "--max-differences '"
                            + maxDifferences
                            + "' is not a whole number from 0 to "
                            + LIMIT,
                    null);
        }
        Map<String, Given> given = SettingOptions.given(spec, SETTINGS, config, flink);
        JobSettings settings = JobSettings.of(given, Connectors.all().keySet());
        if (settings.get(JobSettings.TO).size() != 1) {
            throw new UserException(
                    "verify takes one --to, not "
                            + settings.get(JobSettings.TO).size()
                            + ". Verify them one after another.");
        }
        return new VerifyRun(
                        settings,
                        Integer.parseInt(maxDifferences),
                        json,
                        root.console(),
                        root.isVerbose())
                .run();
    }
}

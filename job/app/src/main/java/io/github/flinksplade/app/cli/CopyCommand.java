package io.github.flinksplade.app.cli;

import io.github.flinksplade.app.config.JobSettings;
import io.github.flinksplade.app.config.JobSettings.Given;
import io.github.flinksplade.app.config.Setting;
import io.github.flinksplade.app.console.UserException;
import io.github.flinksplade.app.job.JobPlan;
import io.github.flinksplade.app.local.LocalRun;
import io.github.flinksplade.connector.ConnectorUri;
import io.github.flinksplade.connector.Connectors;
import io.github.flinksplade.connector.VectorSource;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParentCommand;
import picocli.CommandLine.Spec;

/** {@code copy}: writes the vectors of one index to others, without encoding. */
@Command(
        name = "copy",
        mixinStandardHelpOptions = true,
        sortOptions = false,
        description = {
            "Copies the vectors of one index to others without encoding. Weights and versions are"
                    + " identical, so that a job can continue to write to both.",
            "Later changes of the source are not copied; use 'run' for them, or copy again."
        },
        footer = {
            "",
            "Example, after 'flink-splade run --from file:docs.jsonl --to lucene:idx':",
            "  flink-splade copy --from lucene:idx --to file:copied"
        })
final class CopyCommand implements Callable<Integer> {

    /** The settings of a job that also apply to a copy. */
    static final List<Setting<?>> SETTINGS =
            List.of(
                    JobSettings.FROM,
                    JobSettings.TO,
                    JobSettings.DEAD_LETTERS,
                    JobSettings.MODEL,
                    JobSettings.MODEL_CACHE,
                    JobSettings.CHECKPOINT_INTERVAL,
                    JobSettings.ALLOW_MIXED_MODELS,
                    JobSettings.MAX_DEAD_LETTERS);

    @Spec private CommandSpec spec;
    @ParentCommand private RootCommand root;

    @Option(
            names = "--config",
            paramLabel = "FILE",
            order = 1,
            description =
                    "A job file with these settings and the connectors' properties;"
                            + " docs/configuration.md lists them.")
    private Path config;

    @Option(
            names = "--json",
            order = 1001,
            description = "Print the summary as one JSON object on standard output, too.")
    private boolean json;

    @Override
    public Integer call() throws Exception {
        Map<String, Given> given = SettingOptions.given(spec, SETTINGS, config, Map.of());
        JobSettings settings = JobSettings.of(given, Connectors.all().keySet());
        if (settings.get(JobSettings.FROM).size() != 1) {
            throw new UserException(
                    "copy takes one --from, not "
                            + settings.get(JobSettings.FROM).size()
                            + ". Copy them one after another.");
        }
        ConnectorUri from = settings.get(JobSettings.FROM).get(0);
        VectorSource vectors = Connectors.of(from).vectors(from);
        String model =
                settings.isGiven(JobSettings.MODEL)
                        ? settings.get(JobSettings.MODEL)
                        : vectors.provenance().model();
        return new LocalRun(
                        settings,
                        checked -> JobPlan.copying(checked, vectors, model),
                        root.console(),
                        root.isVerbose(),
                        json)
                .run();
    }
}

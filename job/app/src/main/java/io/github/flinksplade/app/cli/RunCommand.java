package io.github.flinksplade.app.cli;

import io.github.flinksplade.app.config.JobSettings;
import io.github.flinksplade.app.config.JobSettings.Given;
import io.github.flinksplade.app.job.JobPlan;
import io.github.flinksplade.app.local.DryRun;
import io.github.flinksplade.app.local.LocalRun;
import io.github.flinksplade.connector.Connectors;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParentCommand;
import picocli.CommandLine.Spec;

/** {@code run}: runs a job on this machine. Its options are {@link JobSettings#ALL}. */
@Command(
        name = "run",
        mixinStandardHelpOptions = true,
        sortOptions = false,
        description = {
            "Runs a job on this machine: reads documents and writes their vectors until the sources"
                    + " end or you stop it.",
            "Options override the job file of --config; a repeated option replaces the file's list."
        },
        footer = {
            "",
            "Examples:",
            "  flink-splade run --from file:docs.jsonl --to lucene:idx",
            "  zcat docs.jsonl.gz | flink-splade run --from - --to lucene:idx",
            "  flink-splade run --from 'kafka://localhost:9092/documents?group=splade' \\",
            "    --to kafka://localhost:9092/vectors --state state"
        })
final class RunCommand implements Callable<Integer> {

    @Spec private CommandSpec spec;
    @ParentCommand private RootCommand root;

    @Option(
            names = "--config",
            paramLabel = "FILE",
            order = 1,
            description = "A job file with these settings; docs/configuration.md lists them.")
    private Path config;

    @Option(
            names = "-D",
            paramLabel = "KEY=VALUE",
            order = 1000,
            description = "An option of Flink, such as -Dparallelism.default=2.")
    private Map<String, String> flink = new LinkedHashMap<>();

    @Option(
            names = "--dry-run",
            order = 1001,
            description =
                    "Check everything and write nothing: opens the model, parses the records of all"
                            + " files, and checks the sinks and whether they contain vectors of"
                            + " another encoder.")
    private boolean dryRun;

    @Option(
            names = "--json",
            order = 1002,
            description = "Print the summary as one JSON object on standard output, too.")
    private boolean json;

    @Override
    public Integer call() throws Exception {
        Map<String, Given> given = SettingOptions.given(spec, JobSettings.ALL, config, flink);
        JobSettings settings = JobSettings.of(given, Connectors.all().keySet());
        return dryRun
                ? new DryRun(settings, root.console(), root.isVerbose(), json).run()
                : new LocalRun(settings, JobPlan::of, root.console(), root.isVerbose(), json).run();
    }
}

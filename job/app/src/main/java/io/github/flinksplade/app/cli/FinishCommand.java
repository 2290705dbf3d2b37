package io.github.flinksplade.app.cli;

import io.github.flinksplade.app.config.JobSettings;
import io.github.flinksplade.app.config.JobSettings.Given;
import io.github.flinksplade.app.config.Setting;
import io.github.flinksplade.app.console.ExitCode;
import io.github.flinksplade.app.console.Failure;
import io.github.flinksplade.app.console.UserException;
import io.github.flinksplade.app.finish.CheckpointDirectory;
import io.github.flinksplade.app.finish.JobFinish;
import io.github.flinksplade.app.io.FlinkFileSystems;
import io.github.flinksplade.app.local.StateDirectory;
import io.github.flinksplade.connector.Connectors;
import io.github.flinksplade.pipeline.SinkStates;
import java.io.IOException;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import org.apache.flink.core.fs.Path;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParentCommand;
import picocli.CommandLine.Spec;

/** {@code finish}: commits what a job that is down wrote before its newest checkpoint. */
@Command(
        name = "finish",
        mixinStandardHelpOptions = true,
        sortOptions = false,
        description = {
            "Commits the Kafka transactions that the newest checkpoint of a job contains and that are"
                    + " still open, while the job is down: until then consumers with"
                    + " isolation.level=read_committed wait, and the broker aborts the transactions"
                    + " after their timeout. Reports the transactions that are lost, and aborts those"
                    + " that the job opened after the checkpoint.",
            "The job must be down. Afterwards it resumes from this checkpoint as usual; do not"
                    + " resume it from an older one."
        },
        footer = {
            "",
            "Examples:",
            "  flink-splade finish --state state --to kafka://localhost:9092/vectors",
            "  flink-splade finish --checkpoint s3://bucket/checkpoints --config job.yaml"
        })
final class FinishCommand implements Callable<Integer> {

    /** The settings of a job that name what is committed. */
    static final List<Setting<?>> SETTINGS =
            List.of(JobSettings.STATE, JobSettings.TO, JobSettings.DEAD_LETTERS);

    @Spec private CommandSpec spec;
    @ParentCommand private RootCommand root;

    @Option(
            names = "--config",
            paramLabel = "FILE",
            order = 1,
            description =
                    "The job file, with these settings and kafka.properties;"
                            + " docs/configuration.md lists them.")
    private java.nio.file.Path config;

    @Option(
            names = "--checkpoint",
            paramLabel = "PATH",
            order = 100,
            description =
                    "Instead of --state, for a job on a cluster: a checkpoint or savepoint, or a"
                            + " directory that contains chk-*, on any Flink file system.")
    private String checkpoint;

    @Option(
            names = "-D",
            paramLabel = "KEY=VALUE",
            order = 1000,
            description = "A key of Flink's file systems, such as -Ds3.endpoint=URL.")
    private Map<String, String> flink = new LinkedHashMap<>();

    @Override
    public Integer call() {
        Map<String, Given> given = SettingOptions.given(spec, SETTINGS, config, flink);
        JobSettings settings = JobSettings.withoutSources(given, Connectors.all().keySet());
        FlinkFileSystems.initialize(settings.flink());
        java.nio.file.Path state = settings.get(JobSettings.STATE);
        if ((checkpoint == null) == (state == null)) {
            throw UserException.at(
                    UserException.COMMAND_LINE,
                    (state == null
                                    ? "neither --state nor --checkpoint is"
                                    : "both --state and --checkpoint are")
                            + " given. Specify --state DIR for a local run, or --checkpoint PATH"
                            + " for a job on a cluster",
                    null);
        }
        if (state != null) {
            try (StateDirectory directory = StateDirectory.openExisting(state)) {
                java.nio.file.Path newest = directory.requireCheckpoint();
                root.console().info("State in " + state + ": " + directory.describe(newest) + ".");
                finish(settings, CheckpointDirectory.of(newest), false);
            }
            return ExitCode.OK;
        }
        Path newest = CheckpointDirectory.newest(checkpoint);
        root.console().info("Checkpoint " + newest + ".");
        finish(settings, newest, true);
        return ExitCode.OK;
    }

    /**
     * @param mayRun whether the job may be running
     */
    private void finish(JobSettings settings, Path path, boolean mayRun) {
        try (JobFinish finish = JobFinish.open(settings, SinkStates.load(path), root.console())) {
            if (mayRun) {
                finish.requireDown();
            }
            finish.commit();
        } catch (IOException e) {
            throw new UserException(
                    "cannot read the checkpoint " + path + ": " + Failure.of(e).message(), e);
        }
    }
}

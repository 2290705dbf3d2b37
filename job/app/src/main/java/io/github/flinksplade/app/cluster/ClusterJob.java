package io.github.flinksplade.app.cluster;

import io.github.flinksplade.app.config.JobFile;
import io.github.flinksplade.app.config.JobSettings;
import io.github.flinksplade.app.config.JobSettings.Given;
import io.github.flinksplade.app.console.UserException;
import io.github.flinksplade.app.io.FlinkFileSystems;
import io.github.flinksplade.app.job.Availability;
import io.github.flinksplade.app.job.JobPlan;
import io.github.flinksplade.connector.Connectors;
import io.github.flinksplade.connector.DeadLetterQueue;
import io.github.flinksplade.connector.Provenance;
import io.github.flinksplade.connector.StartMode;
import io.github.flinksplade.encoder.Progress;
import io.github.flinksplade.pipeline.JobDefinition;
import io.github.flinksplade.pipeline.SpladeJob;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.function.UnaryOperator;
import org.apache.flink.client.deployment.application.executors.EmbeddedExecutor;
import org.apache.flink.configuration.CheckpointingOptions;
import org.apache.flink.configuration.Configuration;
import org.apache.flink.configuration.DeploymentOptions;
import org.apache.flink.configuration.ExternalizedCheckpointRetention;
import org.apache.flink.configuration.HighAvailabilityOptions;
import org.apache.flink.configuration.ReadableConfig;
import org.apache.flink.configuration.StateRecoveryOptions;
import org.apache.flink.core.execution.RecoveryClaimMode;
import org.apache.flink.streaming.api.environment.StreamExecutionEnvironment;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Defines and submits a job on a Flink cluster. Checkpoint storage, state backend, restart strategy
 * and parallelism are the cluster's, unless the job file sets them under {@code flink:}.
 */
public final class ClusterJob {

    private static final Logger LOG = LoggerFactory.getLogger(ClusterJob.class);

    /**
     * Environment variable of the image's start script: {@code true} when it resumes from a
     * retained checkpoint, which Flink may then delete once newer ones replace it. Flink's
     * standalone entry point ignores {@code execution.state-recovery.claim-mode}, so retained
     * checkpoints would pile up.
     */
    static final String CLAIM_CHECKPOINT = "FLINK_SPLADE_CLAIM_CHECKPOINT";

    /**
     * Environment variable of the image's start script: the directory that it searches for
     * checkpoints to resume from, which may be empty.
     */
    static final String SEARCHED_CHECKPOINTS = "FLINK_SPLADE_CHECKPOINTS";

    private ClusterJob() {}

    /**
     * Submits the job of a configuration file to the cluster whose client or entry point runs this.
     *
     * @param environment returns the value of an environment variable, or null
     */
    public static void execute(Path file, UnaryOperator<String> environment) throws Exception {
        Map<String, Given> given = JobFile.read(file, environment);
        JobSettings settings = JobSettings.of(given, Connectors.all().keySet());
        reportIgnoredKeys(settings.flink());
        StreamExecutionEnvironment env =
                StreamExecutionEnvironment.getExecutionEnvironment(
                        configuration(settings, environment));
        if (!settings.isGiven(JobSettings.CHECKPOINT_INTERVAL)
                && env.getCheckpointInterval() <= 0) {
            env.enableCheckpointing(settings.get(JobSettings.CHECKPOINT_INTERVAL).toMillis());
        }
        retainCheckpoints(env);
        SpladeJob.define(env, definition(settings, env, environment));
        env.execute(settings.get(JobSettings.NAME));
    }

    /** The processes of a cluster initialize their file systems before they know the job. */
    private static void reportIgnoredKeys(Map<String, String> flink) {
        List<String> ignored = flink.keySet().stream().filter(FlinkFileSystems::isKey).toList();
        if (!ignored.isEmpty()) {
            report(
                    "Ignoring "
                            + String.join(", ", ignored)
                            + " under 'flink:': on a cluster, file systems are configured in Flink's"
                            + " own configuration. Set the keys there.");
        }
    }

    /** A job that fails or is canceled retains its checkpoints, unless configured otherwise. */
    private static void retainCheckpoints(StreamExecutionEnvironment env) {
        if (env.getConfiguration()
                .getOptional(CheckpointingOptions.EXTERNALIZED_CHECKPOINT_RETENTION)
                .isEmpty()) {
            env.getCheckpointConfig()
                    .setExternalizedCheckpointRetention(
                            ExternalizedCheckpointRetention.RETAIN_ON_CANCELLATION);
        }
    }

    /** Flink's options in the job file, which override the cluster's. */
    static Configuration configuration(JobSettings settings, UnaryOperator<String> environment) {
        Configuration configuration = new Configuration();
        if ("true".equals(environment.apply(CLAIM_CHECKPOINT))) {
            configuration.set(StateRecoveryOptions.RESTORE_MODE, RecoveryClaimMode.CLAIM);
        }
        configuration.addAll(Configuration.fromMap(new LinkedHashMap<>(settings.flink())));
        checkDirectory(
                configuration.get(CheckpointingOptions.CHECKPOINTS_DIRECTORY),
                environment.apply(SEARCHED_CHECKPOINTS));
        if (settings.isGiven(JobSettings.CHECKPOINT_INTERVAL)) {
            configuration.set(
                    CheckpointingOptions.CHECKPOINTING_INTERVAL,
                    settings.get(JobSettings.CHECKPOINT_INTERVAL));
        }
        return configuration;
    }

    /** A restarted container would not find the checkpoints that this job writes. */
    private static void checkDirectory(String configured, String searched) {
        if (configured == null || searched == null || configured.equals(searched)) {
            return;
        }
        throw new UserException(
                "execution.checkpointing.dir under 'flink:' ("
                        + configured
                        + ") is not the directory where the image looks for checkpoints to resume"
                        + " from ("
                        + (searched.isEmpty() ? "none" : searched)
                        + "). Set it in Flink's configuration instead, for instance with"
                        + " FLINK_PROPERTIES.");
    }

    /**
     * The definition of the job. Its sinks are named after the job, since there is no state
     * directory to store a random name.
     */
    private static JobDefinition definition(
            JobSettings settings,
            StreamExecutionEnvironment env,
            UnaryOperator<String> environment) {
        if (settings.get(JobSettings.STATE) != null) {
            throw new UserException(
                    "'state' applies only to local runs. On a cluster set"
                            + " execution.checkpointing.dir in Flink's configuration");
        }
        if (settings.get(JobSettings.DEAD_LETTERS) == null) {
            throw new UserException(
                    "'dead-letters' is missing. On a cluster it is required: the URI to which"
                            + " records are written that cannot be read, encoded or indexed");
        }
        JobPlan plan = JobPlan.of(settings);
        DeadLetterQueue deadLetters =
                Connectors.of(settings.get(JobSettings.DEAD_LETTERS))
                        .deadLetters(settings.get(JobSettings.DEAD_LETTERS));
        String savepoint =
                env.getConfiguration()
                        .getOptional(StateRecoveryOptions.SAVEPOINT_PATH)
                        .orElse(null);
        Availability availability = new Availability(ClusterJob::report);
        SourceGeneration generation =
                availability.await(
                        () -> {
                            plan.checkSources();
                            return SourceGeneration.of(
                                    settings.get(JobSettings.REINDEX),
                                    savepoint,
                                    environment.apply(SEARCHED_CHECKPOINTS) != null,
                                    plan.sourceIdentities(),
                                    plan.sinkIdentities());
                        });
        if (generation.dropsPositionsOnly()) {
            env.configure(
                    new Configuration()
                            .set(StateRecoveryOptions.SAVEPOINT_IGNORE_UNCLAIMED_STATE, true));
        }
        if (savepoint != null && generation.rereads()) {
            report("Reading the sources from the beginning (reindex: true).");
        }
        StartMode start = startMode(savepoint != null, generation, env.getConfiguration());
        // separately, so that the model is not opened again for each attempt to reach a server
        Provenance provenance = availability.await(() -> plan.provenance(Progress.SILENT));
        return availability.await(
                () ->
                        plan.define(
                                settings.get(JobSettings.NAME),
                                generation.name(),
                                identity -> start,
                                settings.get(JobSettings.REINDEX),
                                deadLetters,
                                provenance,
                                ClusterJob::report));
    }

    /**
     * Whether the job resumes is known here only if a savepoint was given at submission. A
     * JobManager with high availability that runs this method may recover the job afterwards; then
     * only the tasks know.
     */
    private static StartMode startMode(
            boolean restored, SourceGeneration generation, ReadableConfig flink) {
        boolean recoverable =
                !flink.get(HighAvailabilityOptions.HA_MODE).equalsIgnoreCase("NONE")
                        && EmbeddedExecutor.NAME.equals(flink.get(DeploymentOptions.TARGET));
        if (generation.rereads() && (restored || recoverable)) {
            return StartMode.REINDEX;
        }
        return restored ? StartMode.RESUME : recoverable ? StartMode.UNKNOWN : StartMode.NEW;
    }

    /** Reports to the client's terminal or the JobManager's log, whichever runs this. */
    private static void report(String sentence) {
        LOG.warn(sentence);
        System.err.println(sentence);
    }
}

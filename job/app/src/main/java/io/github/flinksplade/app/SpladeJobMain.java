package io.github.flinksplade.app;

import io.github.flinksplade.app.JobSettings.Given;
import io.github.flinksplade.connector.Connectors;
import io.github.flinksplade.connector.DeadLetterTarget;
import io.github.flinksplade.connector.Provenance;
import io.github.flinksplade.connector.StartMode;
import io.github.flinksplade.encoder.Progress;
import io.github.flinksplade.pipeline.JobDefinition;
import io.github.flinksplade.pipeline.SpladeJob;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Set;
import org.apache.flink.configuration.CheckpointingOptions;
import org.apache.flink.configuration.Configuration;
import org.apache.flink.configuration.StateRecoveryOptions;
import org.apache.flink.streaming.api.environment.StreamExecutionEnvironment;

/**
 * The main class for a Flink cluster: {@code flink run -c io.github.flinksplade.app.SpladeJobMain
 * flink-splade-job.jar job.yaml}. Checkpoint storage, state backend, restart strategy and
 * parallelism are the cluster's, unless the file sets them under {@code flink:}.
 */
public final class SpladeJobMain {

    private SpladeJobMain() {}

    /**
     * Submits the job of a configuration file.
     *
     * @param args the file
     */
    public static void main(String[] args) throws Exception {
        Main.quietLibraries();
        if (args.length != 1) {
            throw new UserException(
                    "give one argument, the job's configuration file, such as job.yaml");
        }
        Map<String, Given> given = JobFile.read(Path.of(args[0]), System::getenv);
        JobSettings settings = JobSettings.of(given, Connectors.all().keySet());
        StreamExecutionEnvironment env =
                StreamExecutionEnvironment.getExecutionEnvironment(
                        configuration(settings, given.keySet()));
        if (!given.containsKey(JobSettings.CHECKPOINT_INTERVAL.key())
                && env.getCheckpointInterval() <= 0) {
            env.enableCheckpointing(settings.checkpointInterval().toMillis());
        }
        boolean restored =
                env.getConfiguration().getOptional(StateRecoveryOptions.SAVEPOINT_PATH).isPresent();
        SpladeJob.define(env, definition(settings, restored));
        env.execute(settings.name());
    }

    /** What the file says to Flink, over what the cluster says. */
    private static Configuration configuration(JobSettings settings, Set<String> given) {
        Map<String, String> keys = new LinkedHashMap<>(settings.flink());
        Configuration configuration = Configuration.fromMap(keys);
        if (given.contains(JobSettings.CHECKPOINT_INTERVAL.key())) {
            configuration.set(
                    CheckpointingOptions.CHECKPOINTING_INTERVAL, settings.checkpointInterval());
        }
        return configuration;
    }

    /**
     * The job as a cluster runs it: its targets are named after the job, since there is no state
     * directory to remember a name of their own.
     */
    private static JobDefinition definition(JobSettings settings, boolean restored) {
        if (settings.state() != null) {
            throw new UserException(
                    "'state' is for runs on one machine; on a cluster set"
                            + " execution.checkpointing.dir in Flink's configuration");
        }
        if (settings.deadLetters() == null) {
            throw new UserException(
                    "'dead-letters' is missing; on a cluster it must say where records go that"
                            + " cannot be read, encoded or written");
        }
        JobPlan plan = JobPlan.of(settings);
        DeadLetterTarget deadLetters =
                Connectors.of(settings.deadLetters()).deadLetters(settings.deadLetters());
        Provenance provenance = plan.provenance(Progress.SILENT);
        JobDefinition job =
                plan.define(
                        JobPlan.digest(settings.name()),
                        1,
                        settings.resend(),
                        deadLetters,
                        provenance);
        StartMode start =
                !restored ? StartMode.NEW : settings.resend() ? StartMode.REFILL : StartMode.RESUME;
        return SpladeJob.check(job, target -> start, System.err::println);
    }
}

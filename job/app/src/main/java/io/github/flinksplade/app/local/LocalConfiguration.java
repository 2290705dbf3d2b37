package io.github.flinksplade.app.local;

import io.github.flinksplade.app.config.JobSettings;
import io.github.flinksplade.app.console.UserException;
import java.net.URI;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Map;
import org.apache.flink.configuration.BlobServerOptions;
import org.apache.flink.configuration.CheckpointingOptions;
import org.apache.flink.configuration.Configuration;
import org.apache.flink.configuration.CoreOptions;
import org.apache.flink.configuration.ExternalizedCheckpointRetention;
import org.apache.flink.configuration.HeartbeatManagerOptions;
import org.apache.flink.configuration.JobManagerOptions;
import org.apache.flink.configuration.PipelineOptions;
import org.apache.flink.configuration.RestOptions;
import org.apache.flink.configuration.RestartStrategyOptions;
import org.apache.flink.configuration.StateBackendOptions;
import org.apache.flink.configuration.StateRecoveryOptions;
import org.apache.flink.configuration.TaskManagerOptions;
import org.apache.flink.state.rocksdb.RocksDBConfigurableOptions;

/** Flink's configuration for a run in this JVM. */
public final class LocalConfiguration {

    private static final String LOOPBACK = "127.0.0.1";

    /** Keys that would take the state from under a local run, and what to use in their place. */
    private static final Map<String, String> OURS =
            Map.of(
                    CheckpointingOptions.CHECKPOINTS_DIRECTORY.key(),
                    "state",
                    "state.checkpoints.dir",
                    "state",
                    StateRecoveryOptions.SAVEPOINT_PATH.key(),
                    "state",
                    "execution.savepoint.path",
                    "state",
                    PipelineOptions.NAME.key(),
                    "name");

    private LocalConfiguration() {}

    /** Refuses the keys that this program must set itself. */
    static void refuseOurKeys(Map<String, String> flink) {
        for (String key : flink.keySet()) {
            if (OURS.containsKey(key)) {
                throw new UserException(
                        "the Flink key '"
                                + key
                                + "' is not set by hand in a local run; use '"
                                + OURS.get(key)
                                + "'");
            }
        }
    }

    /**
     * The configuration.
     *
     * @param checkpoints where this run's checkpoints go
     * @param work scratch space
     */
    public static Configuration of(JobSettings settings, URI checkpoints, Path work) {
        Configuration flink = new Configuration();
        flink.set(PipelineOptions.NAME, settings.name());
        flink.set(CoreOptions.DEFAULT_PARALLELISM, 1); // the encoder uses all cores by itself

        flink.set(CheckpointingOptions.CHECKPOINTING_INTERVAL, settings.checkpointInterval());
        flink.set(CheckpointingOptions.CHECKPOINT_STORAGE, "filesystem");
        flink.set(CheckpointingOptions.CHECKPOINTS_DIRECTORY, checkpoints.toString());
        flink.set(
                CheckpointingOptions.EXTERNALIZED_CHECKPOINT_RETENTION,
                ExternalizedCheckpointRetention.RETAIN_ON_CANCELLATION);
        flink.set(
                CheckpointingOptions.MAX_RETAINED_CHECKPOINTS, RetainingHighAvailability.RETAINED);
        flink.set(CheckpointingOptions.INCREMENTAL_CHECKPOINTS, true);
        flink.set(StateBackendOptions.STATE_BACKEND, "rocksdb");
        // most ids are new: their absence is to be known without a search
        flink.set(RocksDBConfigurableOptions.USE_BLOOM_FILTER, true);

        // Every checkpoint waits for the encoder to take what is buffered ahead of it, which is
        // minutes where 1,000 documents are buffered for a slow model. This buffers one second.
        flink.set(TaskManagerOptions.BUFFER_DEBLOAT_ENABLED, true);

        // A failure that does not go away ends the run after three more attempts; one that does
        // (a broker that restarts) is forgotten after five quiet minutes. A target that is away for
        // longer than a checkpoint may take is such a one each time.
        flink.set(RestartStrategyOptions.RESTART_STRATEGY, "exponential-delay");
        flink.set(
                RestartStrategyOptions.RESTART_STRATEGY_EXPONENTIAL_DELAY_INITIAL_BACKOFF,
                Duration.ofSeconds(1));
        flink.set(
                RestartStrategyOptions.RESTART_STRATEGY_EXPONENTIAL_DELAY_MAX_BACKOFF,
                Duration.ofSeconds(10));
        flink.set(
                RestartStrategyOptions.RESTART_STRATEGY_EXPONENTIAL_DELAY_RESET_BACKOFF_THRESHOLD,
                Duration.ofMinutes(5));
        flink.set(RestartStrategyOptions.RESTART_STRATEGY_EXPONENTIAL_DELAY_JITTER_FACTOR, 0.0);
        flink.set(RestartStrategyOptions.RESTART_STRATEGY_EXPONENTIAL_DELAY_ATTEMPTS, 3);

        // Nothing listens outside this machine, and on no fixed port.
        flink.set(RestOptions.PORT, 0);
        flink.set(RestOptions.BIND_PORT, "0");
        flink.set(RestOptions.ADDRESS, LOOPBACK);
        flink.set(RestOptions.BIND_ADDRESS, LOOPBACK);
        flink.set(JobManagerOptions.ADDRESS, LOOPBACK);
        flink.set(JobManagerOptions.BIND_HOST, LOOPBACK);
        flink.set(TaskManagerOptions.HOST, LOOPBACK);
        flink.set(TaskManagerOptions.BIND_HOST, LOOPBACK);
        // All parts share this JVM: nothing has to be fetched over a socket.
        flink.set(BlobServerOptions.OFFLOAD_MINSIZE, Integer.MAX_VALUE);

        // Accumulators, which tell the progress, travel with the heartbeat. A laptop that was
        // asleep is no reason to start again.
        flink.set(HeartbeatManagerOptions.HEARTBEAT_INTERVAL, Duration.ofMillis(250));
        flink.set(HeartbeatManagerOptions.HEARTBEAT_TIMEOUT, Duration.ofHours(12));

        flink.set(CoreOptions.TMP_DIRS, work.toString());
        settings.flink().forEach(flink::setString);
        flink.set(TaskManagerOptions.NUM_TASK_SLOTS, slots(flink));
        return flink;
    }

    /** One slot holds a subtask of each operator. */
    static int slots(Configuration flink) {
        return Math.max(
                flink.get(CoreOptions.DEFAULT_PARALLELISM),
                flink.get(TaskManagerOptions.NUM_TASK_SLOTS));
    }
}

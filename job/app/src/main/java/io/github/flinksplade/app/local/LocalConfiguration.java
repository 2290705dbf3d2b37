package io.github.flinksplade.app.local;

import io.github.flinksplade.app.config.JobSettings;
import io.github.flinksplade.app.console.Console;
import io.github.flinksplade.app.console.UserException;
import io.github.flinksplade.app.io.FlinkFileSystems;
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
import org.apache.flink.runtime.minicluster.MiniClusterConfiguration;
import org.apache.flink.state.rocksdb.RocksDBConfigurableOptions;

/** Flink's configuration of a local run. */
public final class LocalConfiguration {

    private static final String LOOPBACK = "127.0.0.1";

    /** Keys that a local run sets itself, and the setting to use instead. */
    private static final Map<String, String> RESERVED_KEYS =
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

    /**
     * What every local run does first: checks the keys of Flink, and makes its file systems known.
     *
     * @param verbose whether the settings are printed
     * @throws UserException for a key that a local run sets itself
     */
    static void initialize(JobSettings settings, Console console, boolean verbose) {
        if (verbose) {
            console.err().print(settings.describe());
        }
        rejectReservedKeys(settings.flink());
        FlinkFileSystems.initialize(settings.flink());
    }

    /**
     * Rejects keys that a local run sets itself.
     *
     * @throws UserException for the first of them
     */
    private static void rejectReservedKeys(Map<String, String> flink) {
        for (String key : flink.keySet()) {
            if (RESERVED_KEYS.containsKey(key)) {
                throw new UserException(
                        "the Flink key '"
                                + key
                                + "' cannot be set in a local run. Use the setting '"
                                + RESERVED_KEYS.get(key)
                                + "'");
            }
        }
    }

    /**
     * Creates the configuration.
     *
     * @param checkpoints the checkpoint directory of this run
     * @param work the directory for temporary files
     */
    public static Configuration of(JobSettings settings, URI checkpoints, Path work) {
        Configuration flink = new Configuration();
        flink.set(PipelineOptions.NAME, settings.get(JobSettings.NAME));
        flink.set(CoreOptions.DEFAULT_PARALLELISM, 1); // one encoder uses all cores

        flink.set(
                CheckpointingOptions.CHECKPOINTING_INTERVAL,
                settings.get(JobSettings.CHECKPOINT_INTERVAL));
        flink.set(CheckpointingOptions.CHECKPOINT_STORAGE, "filesystem");
        flink.set(CheckpointingOptions.CHECKPOINTS_DIRECTORY, checkpoints.toString());
        flink.set(
                CheckpointingOptions.EXTERNALIZED_CHECKPOINT_RETENTION,
                ExternalizedCheckpointRetention.RETAIN_ON_CANCELLATION);
        flink.set(
                CheckpointingOptions.MAX_RETAINED_CHECKPOINTS,
                RetainingHighAvailability.RETAINED_CHECKPOINTS);
        flink.set(CheckpointingOptions.INCREMENTAL_CHECKPOINTS, true);
        flink.set(StateBackendOptions.STATE_BACKEND, "rocksdb");
        // most ids are new, and a Bloom filter finds that without reading the disk
        flink.set(RocksDBConfigurableOptions.USE_BLOOM_FILTER, true);

        // A checkpoint barrier waits behind the documents that are buffered for the encoder, which
        // takes minutes for 1,000 documents and a slow model. Debloating buffers about one second.
        flink.set(TaskManagerOptions.BUFFER_DEBLOAT_ENABLED, true);

        // A permanent failure ends the run after three more attempts. The count is reset after five
        // minutes without a failure, so that transient ones (a broker that restarts, or a sink
        // that is unavailable for longer than the checkpoint timeout) do not add up.
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

        // Listen only on the loopback interface, on ephemeral ports.
        flink.set(RestOptions.PORT, 0);
        flink.set(RestOptions.BIND_PORT, "0");
        flink.set(RestOptions.ADDRESS, LOOPBACK);
        flink.set(RestOptions.BIND_ADDRESS, LOOPBACK);
        flink.set(JobManagerOptions.ADDRESS, LOOPBACK);
        flink.set(JobManagerOptions.BIND_HOST, LOOPBACK);
        flink.set(TaskManagerOptions.HOST, LOOPBACK);
        flink.set(TaskManagerOptions.BIND_HOST, LOOPBACK);
        // All components run in this JVM; nothing needs to be fetched from the blob server.
        flink.set(BlobServerOptions.OFFLOAD_MINSIZE, Integer.MAX_VALUE);

        // Heartbeats carry the accumulators from which progress is reported. The timeout is long
        // because a laptop may sleep.
        flink.set(HeartbeatManagerOptions.HEARTBEAT_INTERVAL, Duration.ofMillis(250));
        flink.set(HeartbeatManagerOptions.HEARTBEAT_TIMEOUT, Duration.ofHours(12));

        flink.set(CoreOptions.TMP_DIRS, work.toString());
        settings.flink().forEach(flink::setString);
        flink.set(TaskManagerOptions.NUM_TASK_SLOTS, slots(flink));
        return flink;
    }

    /** The cluster of a run: one TaskManager. */
    static MiniClusterConfiguration cluster(Configuration flink) {
        return new MiniClusterConfiguration.Builder()
                .setConfiguration(flink)
                .setNumTaskManagers(1)
                .setNumSlotsPerTaskManager(slots(flink))
                .build();
    }

    /** The number of slots; one slot runs a subtask of each operator. */
    static int slots(Configuration flink) {
        return Math.max(
                flink.get(CoreOptions.DEFAULT_PARALLELISM),
                flink.get(TaskManagerOptions.NUM_TASK_SLOTS));
    }
}

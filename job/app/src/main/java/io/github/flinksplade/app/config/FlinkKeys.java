package io.github.flinksplade.app.config;

import io.github.flinksplade.app.console.UserException;
import io.github.flinksplade.connector.ConnectorUri;
import java.lang.reflect.Field;
import java.lang.reflect.Modifier;
import java.util.List;
import java.util.Map;
import java.util.TreeSet;
import org.apache.flink.configuration.BlobServerOptions;
import org.apache.flink.configuration.CheckpointingOptions;
import org.apache.flink.configuration.ClusterOptions;
import org.apache.flink.configuration.ConfigOption;
import org.apache.flink.configuration.CoreOptions;
import org.apache.flink.configuration.ExecutionOptions;
import org.apache.flink.configuration.HeartbeatManagerOptions;
import org.apache.flink.configuration.JobManagerOptions;
import org.apache.flink.configuration.MetricOptions;
import org.apache.flink.configuration.PipelineOptions;
import org.apache.flink.configuration.RestOptions;
import org.apache.flink.configuration.RestartStrategyOptions;
import org.apache.flink.configuration.StateBackendOptions;
import org.apache.flink.configuration.StateRecoveryOptions;
import org.apache.flink.configuration.TaskManagerOptions;

/**
 * Checks keys of Flink's configuration. Flink silently ignores unknown keys; one that is similar to
 * a known key is treated as a typo. Keys that resemble no known key, such as those of plugins and
 * metric reporters, are accepted.
 */
final class FlinkKeys {

    private static final List<String> PREFIXES =
            List.of(
                    "akka",
                    "blob",
                    "classloader",
                    "cluster",
                    "env",
                    "execution",
                    "fs",
                    "heartbeat",
                    "high-availability",
                    "io",
                    "jobmanager",
                    "kubernetes",
                    "metrics",
                    "parallelism",
                    "pekko",
                    "pipeline",
                    "process",
                    "rest",
                    "restart-strategy",
                    "s3",
                    "security",
                    "slot",
                    "slotmanager",
                    "table",
                    "task",
                    "taskmanager",
                    "traces",
                    "web");

    private FlinkKeys() {}

    /** Whether a key of a job file looks like one of Flink. */
    static boolean isFlinkKey(String key) {
        int dot = key.indexOf('.');
        return dot > 0 && (PREFIXES.contains(key.substring(0, dot)) || key.startsWith("state."));
    }

    /**
     * Returns the keys.
     *
     * @throws UserException for a key that is a typo of a known one
     */
    static Map<String, String> checked(Map<String, String> keys, String where) {
        TreeSet<String> known = new TreeSet<>();
        for (Class<?> options :
                List.of(
                        BlobServerOptions.class,
                        CheckpointingOptions.class,
                        ClusterOptions.class,
                        CoreOptions.class,
                        ExecutionOptions.class,
                        HeartbeatManagerOptions.class,
                        JobManagerOptions.class,
                        MetricOptions.class,
                        PipelineOptions.class,
                        RestOptions.class,
                        RestartStrategyOptions.class,
                        StateBackendOptions.class,
                        StateRecoveryOptions.class,
                        TaskManagerOptions.class)) {
            addKeys(options, known);
        }
        for (String key : keys.keySet()) {
            if (key.equals(CheckpointingOptions.CHECKPOINTING_INTERVAL.key())) {
                throw UserException.at(
                        where,
                        "'" + key + "' " + where + ": use checkpoint-interval instead",
                        null);
            }
            if (known.contains(key)) {
                continue;
            }
            for (String candidate : known) {
                if (differsInOneWord(key.split("\\."), candidate.split("\\."))) {
                    throw UserException.at(
                            where,
                            "unknown Flink key '"
                                    + key
                                    + "' "
                                    + where
                                    + "; did you mean '"
                                    + candidate
                                    + "'?",
                            null);
                }
            }
        }
        return keys;
    }

    private static boolean differsInOneWord(String[] key, String[] known) {
        if (key.length != known.length) {
            return false;
        }
        int differing = 0;
        for (int i = 0; i < key.length; i++) {
            if (!key[i].equals(known[i])) {
                if (++differing > 1 || ConnectorUri.nearest(key[i], List.of(known[i])) == null) {
                    return false;
                }
            }
        }
        return differing == 1;
    }

    private static void addKeys(Class<?> options, TreeSet<String> keys) {
        for (Field field : options.getFields()) {
            if (Modifier.isStatic(field.getModifiers()) && field.getType() == ConfigOption.class) {
                try {
                    keys.add(((ConfigOption<?>) field.get(null)).key());
                } catch (IllegalAccessException e) {
                    throw new IllegalStateException("a public field cannot be read", e);
                }
            }
        }
    }
}

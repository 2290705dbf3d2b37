package io.github.flinksplade.app.io;

import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.apache.flink.configuration.Configuration;
import org.apache.flink.core.fs.FileSystem;
import org.apache.flink.core.plugin.PluginUtils;

/**
 * Flink's file systems in a process that does not belong to a Flink cluster. Their plugins are in
 * the directory of the environment variable {@code FLINK_PLUGINS_DIR}, which the launcher sets to
 * {@code plugins/} of the distribution.
 */
public final class FlinkFileSystems {

    private static final List<String> PREFIXES = List.of("s3.", "s3a.", "fs.", "gs.", "hdfs.");

    /**
     * Keys of the plugin for S3 that limit its retries: with Hadoop's defaults, a process waits for
     * many minutes for an unreachable server, without a message.
     */
    private static final Map<String, String> S3_RETRIES =
            Map.of("attempts.maximum", "5", "retry.limit", "3");

    private FlinkFileSystems() {}

    /**
     * Loads the plugins.
     *
     * @param flink the keys of Flink's configuration, such as {@code s3.endpoint}
     */
    public static void initialize(Map<String, String> flink) {
        Configuration configuration = Configuration.fromMap(new LinkedHashMap<>(flink));
        S3_RETRIES.forEach(
                (key, value) -> {
                    boolean isSet =
                            Stream.of("s3.", "s3a.", "fs.s3a.")
                                    .anyMatch(prefix -> flink.containsKey(prefix + key));
                    if (!isSet) {
                        configuration.setString("s3." + key, value);
                    }
                });
        FileSystem.initialize(
                configuration, PluginUtils.createPluginManagerFromRootFolder(configuration));
    }

    /** Whether a key configures file systems, which a cluster reads only from its own file. */
    public static boolean isKey(String key) {
        return PREFIXES.stream().anyMatch(key::startsWith);
    }
}

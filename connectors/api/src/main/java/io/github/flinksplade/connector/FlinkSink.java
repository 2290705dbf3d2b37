package io.github.flinksplade.connector;

import java.time.Duration;
import org.apache.flink.api.connector.sink2.Sink;

/** A sink that commits with Flink's checkpoints: Kafka transactions, files, an embedded index. */
public non-sealed interface FlinkSink extends PreparedSink {

    /**
     * Rejects a job whose checkpoints may take so long that something written is lost before it is
     * committed. Called when the job is defined.
     *
     * @param longest the max time from a write to its commit that the job's checkpoints allow
     * @throws ConnectorException when that is too long
     */
    default void checkCommits(Duration longest) {}

    /** The Flink sink. */
    Sink<VectorRecord> sink();

    /** The max number of subtasks that may write at once; 1 when the target is one directory. */
    default int maxParallelism() {
        return Integer.MAX_VALUE;
    }
}

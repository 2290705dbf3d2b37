package io.github.flinksplade.connector;

import java.time.Duration;
import org.apache.flink.annotation.PublicEvolving;
import org.apache.flink.api.connector.sink2.Sink;

/** A sink that commits with Flink's checkpoints: Kafka transactions, files, an embedded index. */
@PublicEvolving
public non-sealed interface FlinkSink extends PreparedSink {

    /**
     * Rejects a job whose checkpoints may take so long that writes are lost before they are
     * committed. Called when the job is defined.
     *
     * @param maxDelay the max time from a write to its commit, as the job's checkpoints allow it
     * @throws ConnectorException if that is too long
     */
    default void checkCommits(Duration maxDelay) {}

    /** The Flink sink. */
    Sink<VectorRecord> sink();

    /** The max number of subtasks that may write at once; 1 if the target is one directory. */
    default int maxParallelism() {
        return Integer.MAX_VALUE;
    }
}

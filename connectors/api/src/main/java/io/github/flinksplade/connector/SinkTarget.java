package io.github.flinksplade.connector;

import java.time.Duration;
import org.apache.flink.api.connector.sink2.Sink;

/** A target with a Flink sink, which knows of checkpoints: transactions, files, a local index. */
public non-sealed interface SinkTarget extends Target {

    /**
     * Refuses a job in which something written is lost before it is committed, with a {@link
     * ConnectorException}. Called when the job is laid out.
     *
     * @param longest the most time from a write to its commit that the job's checkpoints allow
     */
    default void checkCommits(Duration longest) {}

    /** The Flink sink. */
    Sink<VectorRecord> sink(TargetContext context);
}

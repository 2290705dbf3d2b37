package io.github.flinksplade.connector;

import java.time.Duration;
import org.apache.flink.annotation.PublicEvolving;
import org.apache.flink.api.connector.sink2.Sink;

/** Writes dead letters to a queue that was prepared. */
@PublicEvolving
public interface PreparedDeadLetterQueue {

    /** See {@link FlinkSink#checkCommits}. */
    default void checkCommits(Duration maxDelay) {}

    /** The Flink sink. */
    Sink<DeadLetter> sink();
}

package io.github.flinksplade.connector;

import java.time.Duration;
import org.apache.flink.api.connector.sink2.Sink;

/** A place for records that could not be parsed, encoded or accepted. */
public interface DeadLetterTarget {

    /** As {@link Target#check}. */
    void check();

    /** As {@link SinkTarget#checkCommits}. */
    default void checkCommits(Duration longest) {}

    /**
     * The Flink sink.
     *
     * @param name as {@link TargetContext#name()}
     */
    Sink<DeadLetter> sink(String name);
}

package io.github.flinksplade.connector;

import java.io.Serializable;
import org.apache.flink.api.connector.sink2.Sink;

/** A place that vectors are written to. What it must promise stands in the package description. */
public interface Target extends Serializable {

    /**
     * Fails with a {@link ConnectorException} when the target cannot be written: unreachable,
     * settings that contradict each other, vectors of another encoder already there. Creates what
     * is missing. Called once before the job starts, on the machine that submits it.
     *
     * @param restored whether the job goes on from a checkpoint of its own
     */
    void check(TargetContext context, boolean restored);

    /**
     * Why the target could never accept this record (an id too long, a record too large), or null
     * when nothing is known against it. Called for every record before the sink.
     */
    default String rejection(VectorRecord record) {
        return null;
    }

    /** The Flink sink. */
    Sink<VectorRecord> sink(TargetContext context);

    /** The most subtasks that may write at once; 1 where the target is one directory. */
    default int maxParallelism() {
        return Integer.MAX_VALUE;
    }
}

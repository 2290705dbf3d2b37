package io.github.flinksplade.connector;

import java.io.Serializable;

/**
 * A place that vectors are written to: a {@link SinkTarget}, which brings a Flink sink of its own,
 * or a {@link BatchTarget}, which sends batches to a server and leaves order, repetition and
 * refusals to the job. What it must promise stands in the package description.
 */
public sealed interface Target extends Serializable permits SinkTarget, BatchTarget {

    /**
     * Fails with a {@link ConnectorException} when the target cannot be written: unreachable,
     * settings that contradict each other, vectors of another encoder already there. Creates what
     * is missing, unless {@link StartMode#beginEmpty} refuses. Called once before the job starts,
     * on the machine that submits it.
     *
     * @throws UnreachableException when nothing answers there. Where the job goes on, it then
     *     starts all the same, and a {@link BatchTarget} is checked by the task that writes it.
     */
    void check(TargetContext context, StartMode start);

    /**
     * Why the target could never accept this record (an id too long, a record too large), or null
     * when nothing is known against it. Called for every record before it is written.
     */
    default String rejection(VectorRecord record) {
        return null;
    }

    /** The most subtasks that may write at once; 1 where the target is one directory. */
    default int maxParallelism() {
        return Integer.MAX_VALUE;
    }
}

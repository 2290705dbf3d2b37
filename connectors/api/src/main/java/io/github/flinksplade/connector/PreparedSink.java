package io.github.flinksplade.connector;

import java.io.Serializable;
import org.apache.flink.annotation.PublicEvolving;

/**
 * Writes to a target that was prepared: a {@link FlinkSink} or a {@link BatchSink}. Immutable; it
 * is serialized into the job.
 */
@PublicEvolving
public sealed interface PreparedSink extends Serializable permits FlinkSink, BatchSink {

    /**
     * Why the target can never accept this record (its id is too long, it is too large), or null if
     * it may be written. Called for every record before it is written.
     */
    default String rejection(VectorRecord record) {
        return null;
    }
}

package io.github.flinksplade.connector;

import java.io.Serializable;
import org.apache.flink.annotation.PublicEvolving;

/**
 * The vectors of a target, to be copied to another one without encoding. They have numbered
 * positions, some of which may be empty, so that a job can read any part of them again.
 */
@PublicEvolving
public interface VectorSource extends Serializable {

    /** The provenance of the vectors. */
    Provenance provenance();

    /** The number of positions. */
    long positions();

    /**
     * Opens a reader, in the task that reads. All readers of one source return the same vectors.
     */
    Reader open();

    /** Reads vectors. Not thread-safe. */
    interface Reader extends AutoCloseable {

        /** The vector at a position, with exact weights; null if the position is empty. */
        VectorRecord read(long position);

        @Override
        void close();
    }
}

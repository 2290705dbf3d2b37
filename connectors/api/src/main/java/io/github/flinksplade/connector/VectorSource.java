package io.github.flinksplade.connector;

import java.io.Serializable;

/**
 * Vectors that a target holds, to be written to another one without encoding them again. They stand
 * at numbered positions, some of which may be empty, so that a job can read any part of them again.
 */
public interface VectorSource extends Serializable {

    /** What made the vectors. */
    Provenance provenance();

    /** The positions are 0 to this, exclusively. */
    long positions();

    /** Opens it where it is read; all that readers of one source see is the same. */
    Reader open();

    /** Reads it, by one thread. */
    interface Reader extends AutoCloseable {

        /** The vector at a position with its exact weights, or null where there is none. */
        VectorRecord read(long position);

        @Override
        void close();
    }
}

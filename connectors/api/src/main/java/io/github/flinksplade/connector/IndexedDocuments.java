package io.github.flinksplade.connector;

import java.io.Serializable;
import org.apache.flink.annotation.PublicEvolving;

/**
 * The documents of a target, to be compared with their source. They are read once, in any order,
 * without their vectors.
 */
@PublicEvolving
public interface IndexedDocuments extends Serializable {

    /** The provenance of the vectors, as the target as a whole stores it. */
    Provenance provenance();

    /**
     * Whether the target stores the encoder of each document. If not, {@link
     * IndexedDocument#encoder()} is the one of {@link #provenance()}.
     */
    boolean storesEncoders();

    /** Whether the target stores documents whose vector has no terms. */
    default boolean storesEmptyVectors() {
        return true;
    }

    /**
     * The fields of a document as this target stores them: only those that the URI selects, with
     * the values that are read back.
     *
     * @param fields the fields of a document as one JSON object
     */
    default String stored(String fields) {
        return fields;
    }

    /**
     * Starts to read, in the task that reads. Everything that was written before is visible.
     *
     * @throws UnreachableException if the server is unavailable
     */
    Reader open();

    /** Reads all documents. Not thread-safe. */
    interface Reader extends AutoCloseable {

        /**
         * The next document, or null after the last one. In a log, a later one of the same id
         * replaces an earlier one whose version is not higher.
         *
         * @throws ConnectorException if the target contains something that flink-splade did not
         *     write
         * @throws UnreachableException if the server is unavailable
         */
        IndexedDocument next();

        @Override
        void close();
    }
}

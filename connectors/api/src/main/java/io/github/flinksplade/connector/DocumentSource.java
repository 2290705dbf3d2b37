package io.github.flinksplade.connector;

import java.io.InputStream;
import java.nio.file.Path;
import org.apache.flink.annotation.PublicEvolving;
import org.apache.flink.api.connector.source.Source;

/** A source of documents. */
@PublicEvolving
public interface DocumentSource {

    /**
     * The scheme and the normalized location, such as {@code kafka://CLUSTER-ID/documents}. It
     * names the state that contains the positions, so a run with the same identity continues from
     * them however the URI is spelled and whatever its other options are.
     *
     * @throws UnreachableException when only the server knows its identity and it is unavailable
     */
    String identity();

    /**
     * A short and readable form of the location, for operators' names and metrics: the URI without
     * options. It need not be unique. Contacts no server.
     */
    default String displayName() {
        return identity();
    }

    /**
     * Copies what can be read only once, which is standard input, because a job that restarts after
     * a failure reads its sources again. Local runs call it before all other methods except {@link
     * #source()}; jobs on a cluster do not.
     *
     * @param standardInput the standard input of the process
     * @param directory where temporary files remain until the run has ended; it may not exist yet
     */
    default void copyInput(InputStream standardInput, Path directory) {}

    /**
     * Checks that the source can be read. Called before the job starts.
     *
     * @throws UnreachableException when the server is unavailable, which may pass
     * @throws ConnectorException when the source is missing or the configuration is wrong
     */
    void check();

    /**
     * The same source, read from its beginning to what it contains when a job starts; itself if it
     * is always read so.
     */
    default DocumentSource bounded() {
        return this;
    }

    /** The format of the records. */
    RecordFormat format();

    /** The Flink source, bounded or unbounded. */
    Source<SourceRecord, ?, ?> source();
}

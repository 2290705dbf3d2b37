package io.github.flinksplade.connector;

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
     * Checks that the source can be read. Called before the job starts.
     *
     * @throws UnreachableException when the server is unavailable, which may pass
     * @throws ConnectorException when the source is missing or the configuration is wrong
     */
    void check();

    /** The format of the records. */
    RecordFormat format();

    /** The Flink source, bounded or unbounded. */
    Source<SourceRecord, ?, ?> source();
}

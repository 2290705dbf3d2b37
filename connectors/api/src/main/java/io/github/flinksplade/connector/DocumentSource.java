package io.github.flinksplade.connector;

import org.apache.flink.api.connector.source.Source;

/** Documents coming in. */
public interface DocumentSource {

    /**
     * Fails with a {@link ConnectorException} when the source cannot be read: a missing file, an
     * unreachable broker, an unknown topic. Called once before the job starts.
     */
    void check();

    /** How the job is to read the values. */
    RecordFormat format();

    /** The Flink source; bounded or not as its {@link Source#getBoundedness()} says. */
    Source<SourceRecord, ?, ?> source();
}

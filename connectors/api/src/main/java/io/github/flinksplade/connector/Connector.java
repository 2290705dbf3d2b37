package io.github.flinksplade.connector;

import java.util.List;
import org.apache.flink.annotation.PublicEvolving;

/**
 * The entry point of a connector module, loaded by {@link java.util.ServiceLoader}. The default
 * methods reject what a connector does not support.
 */
@PublicEvolving
public interface Connector {

    /** The scheme of the connector's URIs, such as {@code kafka}. */
    String scheme();

    /** One line for help texts: an example URI and what it can be used for. */
    String usage();

    default DocumentSource source(ConnectorUri uri) {
        throw new ConnectorException(uri + " cannot be read from: " + usage());
    }

    default VectorSink sink(ConnectorUri uri) {
        throw new ConnectorException(uri + " cannot be written to: " + usage());
    }

    default DeadLetterQueue deadLetters(ConnectorUri uri) {
        throw new ConnectorException(uri + " cannot be used for dead letters: " + usage());
    }

    /** The vectors of a target, to be copied to another one. */
    default VectorSource vectors(ConnectorUri uri) {
        throw new ConnectorException(uri + " cannot be copied from: " + usage());
    }

    /** The documents of a target, to be compared with their source. */
    default IndexedDocuments documents(ConnectorUri uri) {
        throw new ConnectorException(uri + " cannot be verified: " + usage());
    }

    default SearchIndex index(ConnectorUri uri) {
        throw new ConnectorException(uri + " cannot be searched: " + usage());
    }

    /**
     * Whether what a sink or a dead-letter queue wrote before a checkpoint and did not commit is
     * lost if the job is down for too long. Then {@link #pendingCommits} commits it.
     */
    default boolean commitsExpire() {
        return false;
    }

    /**
     * Whether a sink or a dead-letter queue of this connector wrote a state, which may be another
     * connector's. Only if {@link #commitsExpire}.
     */
    default boolean wrote(SinkState state) {
        return false;
    }

    /**
     * Commits what a sink or a dead-letter queue wrote before a checkpoint. Only if {@link
     * #commitsExpire}.
     *
     * @param uri the URI of the sink or the dead-letter queue
     * @throws UnreachableException if the server is unavailable
     */
    default PendingCommits pendingCommits(ConnectorUri uri) {
        throw new ConnectorException(uri + " has no commits that expire: " + usage());
    }

    /** The options of a URI that documents are read from. */
    default List<ConnectorOption<?>> sourceOptions() {
        return List.of();
    }

    /** The options of a URI that vectors are written to. */
    default List<ConnectorOption<?>> sinkOptions() {
        return List.of();
    }

    /** The options of a URI that dead letters are written to. */
    default List<ConnectorOption<?>> deadLetterOptions() {
        return List.of();
    }

    /** The metrics of this connector only, for the documentation. */
    default List<JobMetric> metrics() {
        return List.of();
    }

    /**
     * Explains a failure of this connector's client library, for one that reaches the job without a
     * {@link ConnectorException}.
     *
     * @param failure one link of a chain of causes
     * @return a sentence: what failed and what to do; null for any other failure
     */
    default String explain(Throwable failure) {
        return null;
    }
}

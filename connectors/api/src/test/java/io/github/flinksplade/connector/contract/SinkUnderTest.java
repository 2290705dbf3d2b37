package io.github.flinksplade.connector.contract;

import io.github.flinksplade.connector.ConnectorUri;
import java.time.Duration;
import java.util.Map;

/** How the contract reaches a sink's targets, and what the sink guarantees. */
public interface SinkUnderTest {

    /**
     * The URI of a target that does not exist yet.
     *
     * @param name unique in this run: lower-case letters, digits and dashes
     */
    ConnectorUri fresh(String name) throws Exception;

    /**
     * The documents that a target contains, by id, once everything written so far can be read. They
     * are not read with the connector's own client. A log (a topic, a folder of files) is read to
     * its end; a later change of an id replaces an earlier one.
     */
    Map<String, StoredDocument> stored(ConnectorUri uri) throws Exception;

    /** Injects faults into the server; null if that is not possible. */
    default FaultInjector faults() {
        return null;
    }

    /** Whether an older change that arrives later has no effect. */
    boolean comparesVersions();

    /** Whether an older upsert that arrives after a delete has no effect. */
    boolean remembersDeletes();

    /** Makes the target forget what it may forget of deleted documents. */
    default void forgetDeletes(ConnectorUri uri) throws Exception {}

    /** Whether a document without terms is stored. */
    default boolean storesEmptyVectors() {
        return true;
    }

    /** The max number of terms in a vector; of more, those with the largest weights are stored. */
    default int maxTerms() {
        return Corpus.TERMS;
    }

    /** The form in which a weight is stored. */
    default float stored(float weight) {
        return weight;
    }

    /** The same target with invalid credentials, or null if it needs no credentials. */
    default ConnectorUri withWrongCredentials(ConnectorUri uri) {
        return null;
    }

    /** Whether the target can be searched. */
    default boolean isSearchable() {
        return true;
    }

    /** Whether the target's documents can be read back, to be compared with their source. */
    default boolean canBeReadBack() {
        return true;
    }

    /** As {@link #fresh}, for a target that supports searches by idf; null if none does. */
    default ConnectorUri freshWithIdf(String name) throws Exception {
        return fresh(name);
    }

    /** As {@link #fresh}, for a target whose texts can be searched; null if none can be. */
    default ConnectorUri freshWithText(String name) throws Exception {
        return null;
    }

    /** The max duration of a test with a stalled server. */
    default Duration stallLimit() {
        return Duration.ofSeconds(60);
    }

    /** The max difference of a score from the dot product, relative to the score. */
    default double scoreTolerance() {
        return 1e-6;
    }
}

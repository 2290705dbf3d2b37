package io.github.flinksplade.connector.opensearch;

import io.github.flinksplade.connector.ConnectorUri;
import io.github.flinksplade.connector.contract.FaultInjector;

/** The contract with a real OpenSearch. */
abstract class OpenSearchContract extends RestContract {

    /** The server of the test; null with another server. */
    abstract FaultyServer server();

    @Override
    String scheme() {
        return "opensearch";
    }

    @Override
    String local() {
        return server().authority();
    }

    /** OpenSearch's sparse_vector does not support counting documents by term. */
    @Override
    public ConnectorUri freshWithIdf(String name) {
        ConnectorUri uri = fresh(name);
        return "sparse_vector".equals(uri.option("type")) ? null : uri;
    }

    @Override
    public FaultInjector faults() {
        return server();
    }
}

package io.github.flinksplade.connector.opensearch;

import io.github.flinksplade.connector.ConnectorUri;
import io.github.flinksplade.connector.contract.FaultInjector;
import java.nio.file.Path;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.io.TempDir;

/**
 * With a real OpenSearch 2.19 in this process, or with the one given: {@code
 * -Dflinksplade.opensearch.url=opensearch://HOST:9200?tls=true}.
 */
class OpenSearchContractITCase extends RestContract {

    @TempDir private static Path folder;

    private static OpenSearchNode node;
    private static FaultyServer server;

    @BeforeAll
    static void start() throws Exception {
        if (System.getProperty("flinksplade.opensearch.url") == null) {
            node = new OpenSearchNode(folder);
            server = new FaultyServer(node, node::refuse);
        }
    }

    @AfterAll
    static void stop() throws Exception {
        if (node != null) {
            server.close();
            node.close();
        }
    }

    @Override
    String scheme() {
        return "opensearch";
    }

    @Override
    String local() {
        return server.authority();
    }

    /** OpenSearch's sparse_vector counts no documents by term. */
    @Override
    public ConnectorUri freshWithIdf(String name) {
        ConnectorUri uri = fresh(name);
        return "sparse_vector".equals(uri.option("type")) ? null : uri;
    }

    @Override
    public FaultInjector faults() {
        return server;
    }
}

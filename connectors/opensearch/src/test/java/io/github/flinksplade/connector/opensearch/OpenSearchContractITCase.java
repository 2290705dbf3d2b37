package io.github.flinksplade.connector.opensearch;

import io.github.flinksplade.connector.ConnectorUri;
import io.github.flinksplade.connector.contract.Faults;
import java.nio.file.Path;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.io.TempDir;

/**
 * Runs with a real OpenSearch 2.19 in this process, or with another server: {@code
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
            server = new FaultyServer(node, node::reject);
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

    /** OpenSearch's sparse_vector does not support counting documents by term. */
    @Override
    protected ConnectorUri freshWithIdf(String name) {
        ConnectorUri uri = fresh(name);
        return "sparse_vector".equals(uri.option("type")) ? null : uri;
    }

    @Override
    protected Faults faults() {
        return server;
    }
}

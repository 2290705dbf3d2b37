package io.github.flinksplade.connector.opensearch;

import java.nio.file.Path;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.io.TempDir;

/**
 * Runs with a real OpenSearch 2.19 in this process, or with another server: {@code
 * -Dflinksplade.opensearch.url=opensearch://HOST:9200?tls=true}.
 */
class OpenSearchContractITCase extends OpenSearchContract {

    @TempDir private static Path folder;

    private static OpenSearchNode node;
    private static FaultyServer server;

    @BeforeAll
    static void start() throws Exception {
        if (System.getProperty("flinksplade.opensearch.url") == null) {
            node = new OpenSearchNode(folder);
            OpenSearchBackend backend = new OpenSearchBackend(node.url());
            server = new FaultyServer(backend, backend::reject);
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
    FaultyServer server() {
        return server;
    }
}

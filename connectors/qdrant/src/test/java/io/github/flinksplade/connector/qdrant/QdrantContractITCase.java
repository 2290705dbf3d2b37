package io.github.flinksplade.connector.qdrant;

import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.github.flinksplade.connector.ConnectorUri;
import io.github.flinksplade.connector.contract.FaultInjector;
import io.github.flinksplade.connector.contract.SinkContract;
import io.github.flinksplade.connector.contract.StoredDocument;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;

/**
 * Runs with the stand-in, or with a real server: {@code -Dflinksplade.qdrant.url=HOST:6334}, the
 * API key in {@code QDRANT_API_KEY}, and {@code -Dflinksplade.qdrant.tls=true} for TLS. Faults
 * cannot be injected into a real server.
 */
class QdrantContractITCase extends SinkContract {

    private QdrantTestCollection collections;

    /** The options of all URIs of this class. */
    String options() {
        return "";
    }

    @BeforeEach
    void open() {
        collections = QdrantTestCollection.open();
    }

    @AfterEach
    void close() {
        collections.close();
    }

    @Override
    public ConnectorUri fresh(String name) {
        return collections.fresh(name, options());
    }

    @Override
    public Map<String, StoredDocument> stored(ConnectorUri uri) {
        return collections.held(uri);
    }

    @Override
    public FaultInjector faults() {
        return collections.standIn();
    }

    @Override
    public boolean comparesVersions() {
        return true;
    }

    @Override
    public boolean remembersDeletes() {
        return false;
    }

    @Override
    public ConnectorUri withWrongCredentials(ConnectorUri uri) {
        assumeTrue(
                collections.standIn() != null || collections.apiKey() != null,
                "the server has no API key");
        return uri.withProperties(Map.of("api-key", "wrong"));
    }

    @Override
    public ConnectorUri freshWithIdf(String name) {
        return collections.fresh(name, "modifier=idf&" + options());
    }
}

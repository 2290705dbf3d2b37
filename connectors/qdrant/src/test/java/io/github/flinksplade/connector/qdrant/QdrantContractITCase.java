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
 * Against the stand-in, or against a server of one's own: {@code
 * -Dflinksplade.qdrant.url=HOST:6334}, its key in {@code QDRANT_API_KEY}, and {@code
 * -Dflinksplade.qdrant.tls=true} where it wants that. On a server there is no way to make faults.
 */
class QdrantContractITCase extends SinkContract {

    private QdrantTestCollection place;

    /** Options that every address of this class has. */
    String options() {
        return "";
    }

    @BeforeEach
    void open() {
        place = QdrantTestCollection.open();
    }

    @AfterEach
    void close() {
        place.close();
    }

    @Override
    public ConnectorUri fresh(String name) {
        return place.fresh(name, options());
    }

    @Override
    public Map<String, StoredDocument> stored(ConnectorUri uri) {
        return place.held(uri);
    }

    @Override
    public FaultInjector faults() {
        return place.standIn();
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
        assumeTrue(place.standIn() != null || place.apiKey() != null, "the server has no API key");
        return uri.withProperties(Map.of("api-key", "wrong"));
    }

    @Override
    public ConnectorUri freshWithIdf(String name) {
        return place.fresh(name, "modifier=idf&" + options());
    }
}

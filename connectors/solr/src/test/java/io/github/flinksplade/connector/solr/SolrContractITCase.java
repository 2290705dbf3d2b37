package io.github.flinksplade.connector.solr;

import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.github.flinksplade.connector.ConnectorUri;
import io.github.flinksplade.connector.contract.FaultInjector;
import io.github.flinksplade.connector.contract.SinkContract;
import io.github.flinksplade.connector.contract.StoredDocument;
import java.nio.file.Path;
import java.util.Map;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.io.TempDir;

/**
 * Runs with a real Solr in this JVM, or with another server: {@code -Dflinksplade.solr.url=
 * http://host:8983/solr}, {@code -Dflinksplade.solr.user}, and the password in {@code
 * SOLR_PASSWORD}.
 */
class SolrContractITCase extends SinkContract {

    private static final String URL = System.getProperty("flinksplade.solr.url");

    private static Path home;
    private static SolrServer solr;
    private static SolrReader reader;

    @BeforeAll
    static void start(@TempDir Path folder) throws Exception {
        home = folder;
        if (URL == null) {
            solr = SolrServer.start(home);
            reader = new SolrReader(solr.url(), SolrServer.USER, SolrServer.PASSWORD);
        } else {
            reader =
                    new SolrReader(
                            URL,
                            System.getProperty("flinksplade.solr.user"),
                            System.getenv("SOLR_PASSWORD"));
        }
    }

    @AfterAll
    static void stop() throws Exception {
        if (solr != null) {
            solr.stop();
        }
    }

    @Override
    public ConnectorUri fresh(String name) throws Exception {
        if (URL == null) {
            reader.request(SolrServer.coreFolder(home, name), null);
            return reader.uri(name, "");
        }
        assumeTrue(
                reader.isInCloudMode(),
                "a Solr that is not in cloud mode cannot create cores on request");
        // unique, because an earlier run may have left a collection of that name
        return reader.uri("contract-" + System.nanoTime() + "-" + name, "");
    }

    @Override
    public ConnectorUri freshWithText(String name) throws Exception {
        return fresh(name);
    }

    @Override
    public Map<String, StoredDocument> stored(ConnectorUri uri) throws Exception {
        return reader.held(uri.location().substring(uri.location().lastIndexOf('/') + 1));
    }

    /** Faults can be injected only into the server of this JVM. */
    @Override
    public FaultInjector faults() {
        return solr;
    }

    @Override
    public ConnectorUri withWrongCredentials(ConnectorUri uri) {
        return uri.properties().isEmpty() ? null : uri.withProperties(Map.of("password", "wrong"));
    }

    @Override
    public boolean comparesVersions() {
        return true;
    }

    @Override
    public boolean remembersDeletes() {
        return true;
    }
}

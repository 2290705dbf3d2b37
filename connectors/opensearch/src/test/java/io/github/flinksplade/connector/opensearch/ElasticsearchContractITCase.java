package io.github.flinksplade.connector.opensearch;

import io.github.flinksplade.connector.contract.FaultInjector;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;

/**
 * Runs with a stand-in for Elasticsearch 9, or with a real server: {@code
 * -Dflinksplade.elasticsearch.url=elasticsearch://HOST:9200?tls=true}.
 */
class ElasticsearchContractITCase extends RestContract {

    private static FaultyServer server;

    @BeforeAll
    static void start() {
        if (System.getProperty("flinksplade.elasticsearch.url") == null) {
            StandInServer standIn = new StandInServer(false);
            server = new FaultyServer(standIn, standIn::reject);
        }
    }

    @AfterAll
    static void stop() {
        if (server != null) {
            server.close();
        }
    }

    @Override
    String scheme() {
        return "elasticsearch";
    }

    @Override
    String local() {
        return server.authority();
    }

    @Override
    public FaultInjector faults() {
        return server;
    }
}

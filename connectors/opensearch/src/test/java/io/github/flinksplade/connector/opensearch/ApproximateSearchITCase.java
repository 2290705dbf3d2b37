package io.github.flinksplade.connector.opensearch;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.github.flinksplade.connector.ConnectorException;
import io.github.flinksplade.connector.ConnectorUri;
import io.github.flinksplade.connector.Connectors;
import io.github.flinksplade.connector.SearchIndex;
import io.github.flinksplade.connector.SearchIndex.Query;
import io.github.flinksplade.connector.contract.Corpus;
import io.github.flinksplade.connector.contract.SinkTestHarness;
import io.github.flinksplade.vector.SparseVector;
import java.util.Map;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;

/** OpenSearch's {@code sparse_vector}, with a stand-in, because it requires a plugin. */
class ApproximateSearchITCase {

    @Test
    void scoresTheServersHitsExactly() throws Exception {
        StandInServer standIn = new StandInServer(true);
        try (FaultyServer server = new FaultyServer(standIn, standIn::reject)) {
            ConnectorUri uri =
                    ConnectorUri.parse(
                                    "opensearch://"
                                            + server.authority()
                                            + "/approximate?type=sparse_vector")
                            .withProperties(
                                    Map.of(
                                            "username", FaultyServer.USERNAME,
                                            "password", FaultyServer.PASSWORD));
            try (SinkTestHarness harness =
                    SinkTestHarness.start(
                            Connectors.of(uri).sink(uri),
                            Corpus.context(Corpus.PROVENANCE, false))) {
                for (int i = 1; i <= 5; i++) {
                    TreeMap<Integer, Float> terms = new TreeMap<>(Map.of(1, i / 3f, 2, 1f));
                    harness.write(Corpus.upsert("doc " + i, 1, "{}", terms));
                }
                harness.finish();
                assertThat(harness.rejected()).isEmpty();
            }
            try (SearchIndex index = Connectors.of(uri).index(uri)) {
                int[] indices = {1};
                float[] values = {2f};
                assertThat(index.search(new Query(new SparseVector(indices, values), 2, false)))
                        .extracting(SearchIndex.Hit::score)
                        .containsExactly(2.0 * (5 / 3f), 2.0 * (4 / 3f));
                assertThatThrownBy(
                                () ->
                                        index.search(
                                                new Query(
                                                        new SparseVector(indices, values),
                                                        2,
                                                        true)))
                        .isInstanceOf(ConnectorException.class)
                        .hasMessageContaining("does not support idf");
            }
        }
    }
}

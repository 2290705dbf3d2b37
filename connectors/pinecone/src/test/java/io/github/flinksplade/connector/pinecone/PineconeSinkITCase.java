package io.github.flinksplade.connector.pinecone;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.sun.net.httpserver.HttpServer;
import io.github.flinksplade.connector.ConnectorException;
import io.github.flinksplade.connector.ConnectorUri;
import io.github.flinksplade.connector.Connectors;
import io.github.flinksplade.connector.Provenance;
import io.github.flinksplade.connector.SearchIndex;
import io.github.flinksplade.connector.SinkContext;
import io.github.flinksplade.connector.StartMode;
import io.github.flinksplade.connector.VectorRecord;
import io.github.flinksplade.connector.VectorSink;
import io.github.flinksplade.connector.contract.Corpus;
import io.github.flinksplade.connector.contract.SinkTestHarness;
import io.github.flinksplade.vector.SparseVector;
import io.pinecone.proto.Vector;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.util.HashMap;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/** Behavior beyond the contract. */
@Timeout(value = 2, unit = TimeUnit.MINUTES)
class PineconeSinkITCase {

    private static final SinkContext CONTEXT = Corpus.context(Corpus.PROVENANCE, false);

    private PineconeStandIn standIn;

    @BeforeEach
    void start() {
        standIn = PineconeStandIn.start();
    }

    @AfterEach
    void stop() {
        standIn.close();
    }

    private ConnectorUri uri(String location) {
        return uri(location, standIn.url());
    }

    private static ConnectorUri uri(String location, String host) {
        return ConnectorUri.parse("pinecone:" + location)
                .withProperties(Map.of("host", host, "api-key", PineconeStandIn.API_KEY));
    }

    private static VectorSink sink(ConnectorUri uri) {
        return Connectors.of(uri).sink(uri);
    }

    private static SinkTestHarness write(ConnectorUri uri, VectorRecord... records)
            throws Exception {
        try (SinkTestHarness harness = SinkTestHarness.start(sink(uri), CONTEXT)) {
            harness.write(records);
            harness.finish();
            return harness;
        }
    }

    private static void assertRejected(ConnectorUri uri, String... parts) {
        assertThatThrownBy(() -> sink(uri).prepare(CONTEXT, StartMode.NEW))
                .isInstanceOf(ConnectorException.class)
                .hasMessageContainingAll(parts)
                .satisfies(
                        failure ->
                                assertThat(failure.getMessage())
                                        .doesNotContain(
                                                "Exception", "\n", PineconeStandIn.API_KEY));
    }

    @Test
    void createsASparseIndexWithItsProvenance() {
        standIn.emptyFetches(3);
        sink(uri("docs?namespace=n")).prepare(CONTEXT, StartMode.NEW);
        assertThat(standIn.creation("docs").path("vector_type").asText()).isEqualTo("sparse");
        assertThat(standIn.creation("docs").path("metric").asText()).isEqualTo("dotproduct");
        Map<String, String> parts = new HashMap<>();
        standIn.records("docs", "flink-splade")
                .get("n")
                .getMetadata()
                .getFieldsMap()
                .forEach((name, value) -> parts.put(name, value.getStringValue()));
        assertThat(Provenance.fromMap(parts)).isEqualTo(Corpus.PROVENANCE);
    }

    @Test
    void acceptsOneModelPerNamespace() {
        sink(uri("docs?namespace=n")).prepare(CONTEXT, StartMode.NEW);
        SinkContext other = Corpus.context(Corpus.OTHER, false);
        sink(uri("docs?namespace=m")).prepare(other, StartMode.NEW);
        sink(uri("docs")).prepare(other, StartMode.NEW);
        sink(uri("docs?namespace=n")).prepare(CONTEXT, StartMode.NEW);
        assertThatThrownBy(() -> sink(uri("docs?namespace=n")).prepare(other, StartMode.NEW))
                .hasMessageContaining("the namespace 'n' of the index 'docs' at " + standIn.url());
    }

    @Test
    void writesToDenseIndexesOnlyWithAField() throws Exception {
        assertRejected(uri("docs?dense=emb"), "does not exist", "dimension=NUMBER");
        ConnectorUri uri = uri("docs?dense=emb&dimension=3");
        String fields = "{\"emb\":[0.1,0,-2.5],\"n\":1}";
        TreeMap<Integer, Float> terms = new TreeMap<>(Map.of(3, 0.7f, 9, 1.1f));
        SinkTestHarness harness =
                write(
                        uri,
                        Corpus.upsert("a", 1, fields, terms),
                        Corpus.upsert("no terms", 1, fields, new TreeMap<>()),
                        Corpus.upsert("no vector", 1, "{}", terms),
                        Corpus.upsert("too long", 1, "{\"emb\":[1,2,3,4]}", terms),
                        Corpus.upsert("b", 1, "{\"emb\":[1,2,3]}", new TreeMap<>(Map.of(9, 2f))));
        assertThat(harness.rejected())
                .extracting(letter -> new String(letter.origin().key()))
                .containsExactlyInAnyOrder("no vector", "too long");
        assertThat(standIn.creation("docs").path("dimension").asInt()).isEqualTo(3);
        Map<String, Vector> stored = standIn.records("docs", "");
        assertThat(stored).containsOnlyKeys("a", "b", "no terms");
        assertThat(stored.get("a").getValuesList()).containsExactly(0.1f, 0f, -2.5f);
        assertThat(stored.get("a").getSparseValues().getValuesList()).containsExactly(0.7f, 1.1f);
        try (SearchIndex index = Connectors.of(uri).index(uri)) {
            SearchIndex.Query query =
                    new SearchIndex.Query(
                            new SparseVector(new int[] {3, 9}, new float[] {2, 1}), 5, false);
            assertThat(index.search(query))
                    .extracting(SearchIndex.Hit::id)
                    .containsExactly("a", "b");
            assertThat(index.search(query).get(0).score()).isEqualTo(2.0 * 0.7f + (double) 1.1f);
            assertThat(index.search(query).get(0).fields()).isEqualTo("{\"n\":1}");
            assertThat(index.search(new SearchIndex.Query(SparseVector.EMPTY, 5, false))).isEmpty();
        }
        assertRejected(uri("docs"), "is a dense index", "dense=FIELD");
        assertRejected(uri("docs?dense=emb&dimension=4"), "vectors of dimension 3, not 4");
        sink(uri("sparse")).prepare(CONTEXT, StartMode.NEW);
        assertRejected(uri("sparse?dense=emb"), "sparse vectors only", "Omit dense=emb");
    }

    @Test
    void rejectsForeignNamespaces() {
        sink(uri("docs?namespace=mine")).prepare(CONTEXT, StartMode.NEW);
        standIn.records("docs", "theirs").put("x", Vector.newBuilder().setId("x").build());
        assertRejected(
                uri("docs?namespace=theirs"),
                "contains 1 records that flink-splade did not write",
                "namespace=NAME");
        assertThatThrownBy(
                        () -> {
                            ConnectorUri theirs = uri("docs?namespace=theirs");
                            Connectors.of(theirs).index(theirs);
                        })
                .isInstanceOf(ConnectorException.class)
                .hasMessageContaining("was not written by flink-splade");
    }

    @Test
    void reportsUnavailableAndOtherServersInOneSentence() throws Exception {
        assertRejected(uri("docs?region=nowhere"), "region: nowhere not found", "another");
        standIn.down();
        assertRejected(uri("docs"), "is unavailable", "Check host and network");
        standIn.up();
        HttpServer other =
                HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
        other.createContext(
                "/",
                exchange -> {
                    exchange.sendResponseHeaders(200, 2);
                    exchange.getResponseBody().write("hi".getBytes());
                    exchange.close();
                });
        other.start();
        try {
            assertRejected(
                    uri("docs", "http://127.0.0.1:" + other.getAddress().getPort()),
                    "does not respond like Pinecone");
        } finally {
            other.stop(0);
        }
    }

    @Test
    void limitsBatchesToPineconesMaxSize() throws Exception {
        ConnectorUri uri = uri("docs?batch-records=1000");
        VectorRecord[] records = new VectorRecord[1_500];
        for (int i = 0; i < records.length; i++) {
            TreeMap<Integer, Float> terms = new TreeMap<>();
            for (int term = 0; term < 300; term++) {
                terms.put(term * 100, 1f + i);
            }
            records[i] =
                    Corpus.upsert("doc " + i, 1, "{\"f\":\"" + "x".repeat(9_000) + "\"}", terms);
        }
        assertThat(write(uri, records).rejected()).isEmpty();
        assertThat(standIn.records("docs", "")).hasSize(records.length);
        // 17 MB in total, and no request was rejected because of its size
        assertThat(standIn.failures()).isEmpty();
    }

    @Test
    void waitsForPineconeWhenItResumes() throws Exception {
        ConnectorUri uri = uri("docs");
        write(uri, Corpus.upsert("before", 1));
        standIn.down();
        Thread recovery =
                new Thread(
                        () -> {
                            try {
                                TimeUnit.SECONDS.sleep(2);
                            } catch (InterruptedException e) {
                                Thread.currentThread().interrupt();
                            }
                            standIn.up();
                        });
        recovery.start();
        try (SinkTestHarness harness = SinkTestHarness.restore(sink(uri), CONTEXT, null)) {
            harness.write(Corpus.upsert("after", 1));
            harness.finish();
            assertThat(harness.rejected()).isEmpty();
        }
        recovery.join();
        assertThat(standIn.records("docs", "")).containsOnlyKeys("before", "after");
    }

    @Test
    void rejectsSearchesByIdf() {
        ConnectorUri uri = uri("docs");
        sink(uri).prepare(CONTEXT, StartMode.NEW);
        try (SearchIndex index = Connectors.of(uri).index(uri)) {
            SearchIndex.Query query =
                    new SearchIndex.Query(
                            new SparseVector(new int[] {3}, new float[] {1}), 5, true);
            assertThatThrownBy(() -> index.search(query))
                    .isInstanceOf(ConnectorException.class)
                    .hasMessageContaining("does not support idf");
        }
    }

    /** A server that searches resumes as soon as Pinecone is available, without a backoff. */
    @Test
    void searchesAgainAfterAnOutage() throws Exception {
        ConnectorUri uri = uri("docs");
        write(uri, Corpus.upsert("a", 1, "{}", new TreeMap<>(Map.of(3, 1f))));
        SearchIndex.Query query =
                new SearchIndex.Query(new SparseVector(new int[] {3}, new float[] {1}), 5, false);
        try (SearchIndex index = Connectors.of(uri).index(uri)) {
            assertThat(index.search(query)).hasSize(1);
            standIn.down();
            assertThatThrownBy(() -> index.search(query))
                    .isInstanceOf(ConnectorException.class)
                    .hasMessageContaining("is unavailable");
            for (int i = 0; i < 5; i++) {
                // each failure increases gRPC's own backoff
                assertThatThrownBy(() -> index.search(query))
                        .isInstanceOf(ConnectorException.class);
            }
            standIn.up();
            assertThat(index.search(query)).hasSize(1);
        }
    }
}

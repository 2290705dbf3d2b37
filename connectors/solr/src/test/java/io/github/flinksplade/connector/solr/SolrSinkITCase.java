package io.github.flinksplade.connector.solr;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import com.sun.net.httpserver.HttpServer;
import io.github.flinksplade.connector.BatchClient;
import io.github.flinksplade.connector.ConnectorException;
import io.github.flinksplade.connector.ConnectorUri;
import io.github.flinksplade.connector.Outcome;
import io.github.flinksplade.connector.SearchIndex;
import io.github.flinksplade.connector.SearchIndex.Hit;
import io.github.flinksplade.connector.SearchIndex.Query;
import io.github.flinksplade.connector.SinkContext;
import io.github.flinksplade.connector.StartMode;
import io.github.flinksplade.connector.UnreachableException;
import io.github.flinksplade.connector.VectorRecord;
import io.github.flinksplade.connector.contract.Corpus;
import io.github.flinksplade.vector.SparseVector;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.apache.flink.util.InstantiationUtil;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** Behavior beyond the contract, with a real Solr in this JVM. */
@Timeout(value = 3, unit = TimeUnit.MINUTES)
class SolrSinkITCase {

    private static final SinkContext CONTEXT = Corpus.context(Corpus.PROVENANCE, false);

    private static SolrServer solr;
    private static SolrReader reader;
    private static Path home;

    @BeforeAll
    static void start(@TempDir Path folder) throws Exception {
        home = folder;
        solr = SolrServer.start(home);
        reader = new SolrReader(solr.url(), SolrServer.USER, SolrServer.PASSWORD);
    }

    @AfterAll
    static void stop() throws Exception {
        solr.stop();
    }

    private static ConnectorUri fresh(String name, String options) throws Exception {
        reader.request(SolrServer.coreFolder(home, name), null);
        return reader.uri(name, options);
    }

    private static void check(ConnectorUri uri) {
        new SolrConnector().sink(uri).prepare(CONTEXT, StartMode.NEW);
    }

    private static void assertRejected(ConnectorUri uri, String... parts) {
        assertThatThrownBy(() -> check(uri))
                .isInstanceOf(ConnectorException.class)
                .hasMessageContainingAll(parts)
                .satisfies(
                        failure ->
                                assertThat(failure.getMessage())
                                        .doesNotContain("Exception")
                                        .doesNotContain(SolrServer.PASSWORD)
                                        .doesNotContain("\n"));
    }

    /** Prepares the sink and opens a client. */
    @SuppressWarnings("unchecked")
    private static BatchClient<Object> client(ConnectorUri uri) throws Exception {
        // serialized, like on its way to the tasks
        SolrSink sink = InstantiationUtil.clone((SolrSink) new SolrConnector().sink(uri));
        return (BatchClient<Object>) sink.prepare(CONTEXT, StartMode.NEW).client();
    }

    private static List<Outcome.Kind> send(BatchClient<Object> client, VectorRecord... records)
            throws Exception {
        return client.send(Stream.of(records).map(client::request).toList()).get().stream()
                .map(Outcome::kind)
                .toList();
    }

    // ---- the collection

    @Test
    void explainsHowToCreateAMissingCore() {
        assertRejected(
                reader.uri("absent", ""),
                "the collection 'absent' at " + solr.url(),
                "bin/solr create -c absent");
    }

    @Test
    void rejectsCoresWithForeignDocuments() throws Exception {
        ConnectorUri uri = fresh("others", "");
        reader.request("/others/update?commit=true", "[{\"id\":\"theirs\"}]");
        assertRejected(uri, "'others'", "1 documents that flink-splade did not write");
    }

    @Test
    void rejectsFieldsOfAnotherType() throws Exception {
        ConnectorUri uri = fresh("field", "");
        reader.request("/field/schema", "{\"add-field\":{\"name\":\"text\",\"type\":\"string\"}}");
        assertRejected(uri, "a field 'text' whose type is string and not splade_text");
    }

    @Test
    void rejectsOtherRequiredFields() throws Exception {
        ConnectorUri uri = fresh("required", "");
        reader.request(
                "/required/schema",
                "{\"add-field\":{\"name\":\"price\",\"type\":\"plong\",\"required\":true}}");
        assertRejected(uri, "it requires the fields [price]");
    }

    @Test
    void rejectsSchemasThatSolrMayNotEdit() throws Exception {
        String create = SolrServer.coreFolder(home, "fixed");
        Path configuration = home.resolve("fixed/conf");
        Files.move(
                configuration.resolve("managed-schema.xml"), configuration.resolve("schema.xml"));
        Path settings = configuration.resolve("solrconfig.xml");
        Files.writeString(
                settings,
                Files.readString(settings)
                        .replace("ManagedIndexSchemaFactory", "ClassicIndexSchemaFactory"));
        reader.request(create, null);
        assertRejected(
                reader.uri("fixed", ""),
                "cannot change the schema of the collection 'fixed'",
                "not editable");
    }

    @Test
    void rejectsAProcessorWithOtherSettings() throws Exception {
        ConnectorUri uri = fresh("processor", "");
        check(uri);
        reader.request(
                "/processor/config",
                "{\"update-updateprocessor\":{\"name\":\"flink-splade-order\",\"class\":"
                        + "\"solr.DocBasedVersionConstraintsProcessorFactory\",\"versionField\":"
                        + "\"order\",\"ignoreOldUpdates\":false}}");
        assertRejected(uri, "an update processor 'flink-splade-order' whose ignoreOldUpdates");
    }

    @Test
    void reportsMissingAndWrongCredentials() throws Exception {
        ConnectorUri uri = fresh("users", "");
        assertRejected(
                ConnectorUri.parse(uri.toString()), "requires credentials", "solr.properties");
        assertRejected(uri.withProperties(Map.of("password", "wrong")), "rejects the credentials");
        assertRejected(
                uri.withProperties(Map.of("username", SolrServer.READER)),
                "the user lacks a permission",
                "schema-edit");
        check(uri);
        assertRejected(
                uri.withProperties(Map.of("username", SolrServer.READER)),
                "cannot write to the collection 'users'");
    }

    @Test
    void rejectsUnavailableAndOtherServers() throws Exception {
        assertRejected(
                ConnectorUri.parse("solr://127.0.0.1:1/solr/x"),
                "Solr at http://127.0.0.1:1/solr is unavailable: connection refused");
        assertRejected(reader.uri("x", "?tls=true"), "no TLS connection");
        assertRejected(ConnectorUri.parse("solr://no.such.host.invalid/solr/x"), "unknown host");
        HttpServer other =
                HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
        other.createContext(
                "/",
                exchange -> {
                    exchange.sendResponseHeaders(200, 5);
                    exchange.getResponseBody().write("hello".getBytes());
                    exchange.close();
                });
        other.start();
        try {
            String location = "//127.0.0.1:" + other.getAddress().getPort() + "/solr/x";
            assertRejected(ConnectorUri.parse("solr:" + location), "not a response of Solr");
        } finally {
            other.stop(0);
        }
    }

    // ---- writing

    @Test
    void reportsTheOutcomeOfEachChange() throws Exception {
        try (BatchClient<Object> client = client(fresh("outcomes", ""))) {
            assertThat(send(client, Corpus.upsert("a", 5), Corpus.upsert("b", 5)))
                    .containsOnly(Outcome.Kind.WRITTEN);
            assertThat(
                            send(
                                    client,
                                    Corpus.upsert("a", 4),
                                    Corpus.upsert("b", 5),
                                    Corpus.upsert("c", 1)))
                    .containsExactly(
                            Outcome.Kind.SUPERSEDED, Outcome.Kind.WRITTEN, Outcome.Kind.WRITTEN);
            assertThat(send(client, Corpus.delete("a", 5))).containsExactly(Outcome.Kind.WRITTEN);
            assertThat(send(client, Corpus.upsert("a", 5)))
                    .containsExactly(Outcome.Kind.SUPERSEDED);
            assertThat(send(client, Corpus.delete("b", VectorRecord.NO_VERSION)))
                    .containsExactly(Outcome.Kind.WRITTEN);
            assertThat(send(client, Corpus.upsert("b", 0))).containsExactly(Outcome.Kind.WRITTEN);
        }
        Map<String, Long> orders = new TreeMap<>();
        for (JsonNode document : reader.documents("outcomes")) {
            orders.put(document.get("id").asText(), document.get("order").asLong());
        }
        assertThat(orders)
                .containsEntry("a", Corpus.delete("a", 5).order())
                .containsEntry("b", Corpus.upsert("b", 0).order())
                .containsEntry("c", Corpus.upsert("c", 1).order());
    }

    @Test
    void commitsWithinTheConfiguredTime() throws Exception {
        ConnectorUri uri = fresh("visible", "");
        VectorRecord record = Corpus.upsert("a", 1);
        try (BatchClient<Object> client = client(uri)) {
            send(client, record);
        }
        Query query = new Query(record.vector(), 1, false);
        try (SearchIndex index = new SolrConnector().index(uri)) {
            long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(60);
            while (index.search(query).isEmpty()) {
                assertThat(System.nanoTime()).as("timed out").isLessThan(deadline);
                Thread.onSpinWait();
            }
        }
    }

    @Test
    void storesSelectedTextAndFields() throws Exception {
        String fields = "{\"a\":1.50,\"b\":{\"c\":[12345678901234567890,null]},\"d\":\"x\"}";
        VectorRecord record = Corpus.upsert("a", 1, fields, new TreeMap<>(Map.of(3, 1.5f)));
        try (BatchClient<Object> client = client(fresh("chosen", "?text=false&fields=b,d,e"))) {
            send(client, record);
        }
        assertThat(reader.held("chosen").get("a").text()).isNull();
        assertThat(reader.held("chosen").get("a").fields())
                .isEqualTo("{\"b\":{\"c\":[12345678901234567890,null]},\"d\":\"x\"}");
        String own = "\"parent\":\"long\",\"passage\":7,\"start\":0,\"end\":9}";
        VectorRecord passage =
                Corpus.upsert("long#7", 1, "{\"d\":1," + own, new TreeMap<>(Map.of(3, 1.5f)));
        try (BatchClient<Object> client = client(fresh("no-fields", "?fields="))) {
            send(client, record, passage);
        }
        assertThat(reader.held("no-fields").get("a").fields()).isEqualTo("{}");
        assertThat(reader.held("no-fields").get("long#7").fields()).isEqualTo("{" + own);
        for (JsonNode document : reader.documents("no-fields")) {
            boolean isPassage = document.get("id").asText().equals("long#7");
            assertThat(document.path("parent").asText()).isEqualTo(isPassage ? "long" : "");
            assertThat(document.path("passage").asInt(-1)).isEqualTo(isPassage ? 7 : -1);
        }
    }

    @Test
    void failsForADeletedCollection() throws Exception {
        ConnectorUri uri = fresh("gone", "");
        try (BatchClient<Object> client = client(uri)) {
            reader.request("/admin/cores?action=UNLOAD&core=gone&deleteInstanceDir=true", null);
            assertThatThrownBy(() -> send(client, Corpus.upsert("a", 1)))
                    .cause()
                    .isInstanceOf(ConnectorException.class)
                    .hasMessageContaining("it does not exist");
        }
    }

    @Test
    void failsForADeletedProcessor() throws Exception {
        ConnectorUri uri = fresh("processor-gone", "");
        try (BatchClient<Object> client = client(uri)) {
            reader.request(
                    "/processor-gone/config",
                    "{\"delete-updateprocessor\":\"flink-splade-order\"}");
            assertThatThrownBy(() -> send(client, Corpus.upsert("a", 1)))
                    .cause()
                    .isInstanceOf(ConnectorException.class)
                    .hasMessageContaining("No such processor flink-splade-order");
        }
    }

    /** A server that starts or shuts down responds to everything with 404. */
    @Test
    void retriesWhileTheServerShutsDown() throws Exception {
        HttpServer starting =
                HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
        starting.createContext(
                "/",
                exchange -> {
                    exchange.sendResponseHeaders(404, -1);
                    exchange.close();
                });
        starting.start();
        ConnectorUri uri =
                ConnectorUri.parse(
                        "solr://127.0.0.1:" + starting.getAddress().getPort() + "/solr/x");
        try (SolrClient client = new SolrClient(SolrSettings.of(uri))) {
            assertThatThrownBy(
                            () -> client.send(List.of(client.request(Corpus.upsert("a", 1)))).get())
                    .cause()
                    .isInstanceOf(IOException.class);
            // and at the start
            assertThatThrownBy(
                            () -> new SolrConnector().sink(uri).prepare(CONTEXT, StartMode.RESUME))
                    .isInstanceOf(UnreachableException.class)
                    .hasMessageContaining("starting or shutting down");
        } finally {
            starting.stop(0);
        }
    }

    @Test
    void storesIdsWithSpecialCharacters() throws Exception {
        VectorRecord[] records =
                Stream.of("a,b", "a", "b", "back\\,slash", "shard!document", "*", "[1 TO 2]")
                        .map(id -> Corpus.upsert(id, 1))
                        .toArray(VectorRecord[]::new);
        try (BatchClient<Object> client = client(fresh("special", ""))) {
            assertThat(send(client, records)).containsOnly(Outcome.Kind.WRITTEN);
            // skipped now, so their versions are read by id
            assertThat(send(client, records)).containsOnly(Outcome.Kind.WRITTEN);
        }
        assertThat(reader.held("special"))
                .containsOnlyKeys(Stream.of(records).map(VectorRecord::id).toArray(String[]::new));
    }

    @Test
    void storesCopiesWithoutTextAndFields() throws Exception {
        VectorRecord from = Corpus.upsert("a", 1);
        VectorRecord bare =
                new VectorRecord(
                        "a",
                        from.operation(),
                        1,
                        null,
                        null,
                        from.vector(),
                        9,
                        false,
                        from.origin());
        try (BatchClient<Object> client = client(fresh("bare", ""))) {
            assertThat(send(client, bare)).containsExactly(Outcome.Kind.WRITTEN);
        }
        assertThat(reader.held("bare").get("a").text()).isNull();
        assertThat(reader.held("bare").get("a").values()).isEqualTo(from.vector().values());
    }

    @Test
    void rejectsRecordsThatSolrRejects() {
        assertThat(SolrRequestFactory.rejection(Corpus.upsert("x".repeat(32_766), 1))).isNull();
        assertThat(SolrRequestFactory.rejection(Corpus.upsert("x".repeat(32_767), 1)))
                .contains("32767 bytes");
        assertThat(SolrRequestFactory.rejection(Corpus.upsert("\ud83d", 1))).contains("surrogate");
        assertThat(SolrRequestFactory.rejection(Corpus.upsert("flink-splade/provenance", 1)))
                .contains("reserved");
    }

    @Test
    void storesTheLongestId() throws Exception {
        String id = "x".repeat(32_766);
        try (BatchClient<Object> client = client(fresh("long-id", ""))) {
            assertThat(send(client, Corpus.upsert(id, 1))).containsExactly(Outcome.Kind.WRITTEN);
        }
        assertThat(reader.held("long-id")).containsOnlyKeys(id);
    }

    // ---- searching

    @Test
    void searchesWithManyTermsTiesAndTombstones() throws Exception {
        ConnectorUri uri = fresh("many", "");
        TreeMap<Integer, Float> terms = new TreeMap<>();
        for (int term = 0; term < 5_000; term++) {
            terms.put(term, 1f + term);
        }
        try (BatchClient<Object> client = client(uri)) {
            List<VectorRecord> records = new ArrayList<>();
            records.add(Corpus.upsert("large", 1, "{}", terms));
            for (int i = 0; i < 40; i++) {
                records.add(
                        Corpus.upsert(
                                "tie %02d".formatted(i), 1, "{}", new TreeMap<>(Map.of(7, 2f))));
            }
            records.add(Corpus.delete("deleted", 3));
            send(client, records.toArray(VectorRecord[]::new));
        }
        reader.held("many");
        int[] ids = terms.keySet().stream().mapToInt(Integer::intValue).toArray();
        float[] ones = new float[ids.length];
        Arrays.fill(ones, 1f);
        try (SearchIndex index = new SolrConnector().index(uri)) {
            List<Hit> hits = index.search(new Query(new SparseVector(ids, ones), 100, false));
            assertThat(hits).hasSize(41);
            assertThat(hits.get(0).id()).isEqualTo("large");
            assertThat(hits.get(0).score()).isEqualTo(5_000.0 * 5_001 / 2);
            assertThat(
                            index.search(
                                    new Query(
                                            new SparseVector(new int[] {7}, new float[] {1}),
                                            5,
                                            false)))
                    .extracting(Hit::id)
                    .containsExactly("large", "tie 00", "tie 01", "tie 02", "tie 03");
            assertThat(index.search(new Query(SparseVector.EMPTY, 5, true))).isEmpty();
            assertThat(
                            index.search(
                                    new Query(
                                            new SparseVector(new int[] {9_999}, new float[] {1}),
                                            5,
                                            true)))
                    .isEmpty();
        }
    }

    @Test
    void rejectsSearchesOfForeignCores() throws Exception {
        ConnectorUri uri = fresh("never", "");
        assertThatThrownBy(() -> new SolrConnector().index(uri))
                .isInstanceOf(ConnectorException.class)
                .hasMessageContaining("contains no vectors of flink-splade");
    }
}

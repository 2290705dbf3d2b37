package io.github.flinksplade.connector.opensearch;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import com.fasterxml.jackson.databind.JsonNode;
import io.github.flinksplade.connector.ConnectorException;
import io.github.flinksplade.connector.ConnectorUri;
import io.github.flinksplade.connector.Connectors;
import io.github.flinksplade.connector.DeadLetter;
import io.github.flinksplade.connector.SearchIndex;
import io.github.flinksplade.connector.SearchIndex.Query;
import io.github.flinksplade.connector.SinkContext;
import io.github.flinksplade.connector.StartMode;
import io.github.flinksplade.connector.VectorRecord;
import io.github.flinksplade.connector.VectorSink;
import io.github.flinksplade.connector.Vocabulary;
import io.github.flinksplade.connector.contract.Corpus;
import io.github.flinksplade.connector.contract.SinkTestHarness;
import io.github.flinksplade.connector.http.JsonHttpClient;
import io.github.flinksplade.connector.opensearch.FaultyServer.Reply;
import io.github.flinksplade.vector.SparseVector;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;
import java.util.regex.Pattern;
import org.apache.flink.util.ExceptionUtils;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Behavior beyond the contract, with a real OpenSearch node. */
class OpenSearchITCase {

    private static final SinkContext CONTEXT = Corpus.context(Corpus.PROVENANCE, false);

    @TempDir private static Path folder;

    private static OpenSearchNode node;
    private static FaultyServer server;

    @BeforeAll
    static void start() throws Exception {
        node = new OpenSearchNode(folder);
        OpenSearchBackend backend = new OpenSearchBackend(node.url());
        server = new FaultyServer(backend, backend::reject);
    }

    @AfterAll
    static void stop() throws Exception {
        server.close();
        node.close();
    }

    private static ConnectorUri uri(String index, String options) {
        return ConnectorUri.parse(
                        "opensearch://" + server.authority() + "/" + index + "?" + options)
                .withProperties(
                        Map.of(
                                "username", FaultyServer.USERNAME,
                                "password", FaultyServer.PASSWORD));
    }

    private static VectorSink sink(ConnectorUri uri) {
        return Connectors.of(uri).sink(uri);
    }

    private static List<DeadLetter> write(ConnectorUri uri, VectorRecord... records)
            throws Exception {
        try (SinkTestHarness harness = SinkTestHarness.start(sink(uri), CONTEXT)) {
            harness.write(records);
            harness.finish();
            return harness.rejected();
        }
    }

    private static JsonNode document(ConnectorUri uri, String id) throws Exception {
        return RestContract.send(uri, "/_mget", "{\"ids\":[\"" + id + "\"]}").at("/docs/0");
    }

    private static void assertRejected(ConnectorUri uri, String message) {
        assertThatThrownBy(() -> sink(uri).prepare(CONTEXT, StartMode.NEW))
                .isInstanceOf(ConnectorException.class)
                .hasMessageContaining(message)
                .hasMessageNotContaining("Exception")
                .hasMessageNotContaining(FaultyServer.PASSWORD);
    }

    @Test
    void rejectsServersAndIndexesThatDoNotMatch() throws Exception {
        ConnectorUri foreign = uri("foreign", "");
        RestContract.send("PUT", foreign, "", "{}");
        assertRejected(foreign, "was not created by flink-splade");
        sink(uri("by-token", "")).prepare(CONTEXT, StartMode.NEW);
        assertRejected(uri("by-token", "terms=id"), "Add terms=token");
        assertRejected(uri("new", "type=sparse_vector"), "requires 3.3 or later");
        assertRejected(uri("new", "pipeline=none"), "no ingest pipeline 'none'");
        assertRejected(
                ConnectorUri.parse("elasticsearch://" + server.authority() + "/new")
                        .withProperties(uri("new", "").properties()),
                "Write opensearch://");
        assertRejected(
                ConnectorUri.parse("opensearch://" + server.authority() + "/new"),
                "requires credentials, and none are set");
        assertRejected(ConnectorUri.parse("opensearch://127.0.0.1:1/new"), "connection refused");
        assertRejected(ConnectorUri.parse("opensearch://nowhere.invalid/new"), "unknown host");
        ConnectorUri missing = uri("new", "");
        assertThatThrownBy(() -> Connectors.of(missing).index(missing))
                .isInstanceOf(ConnectorException.class)
                .hasMessageContaining("does not exist");
    }

    @Test
    void setsGcDeletesOfTheUri() throws Exception {
        ConnectorUri byDefault = uri("remembers", "");
        sink(byDefault).prepare(CONTEXT, StartMode.NEW);
        assertThat(gcDeletes(byDefault)).isEqualTo("7d");
        sink(uri("remembers", "gc-deletes=30d")).prepare(CONTEXT, StartMode.NEW);
        assertThat(gcDeletes(byDefault)).isEqualTo("30d");
        sink(byDefault).prepare(CONTEXT, StartMode.NEW);
        assertThat(gcDeletes(byDefault)).isEqualTo("30d");
    }

    private static String gcDeletes(ConnectorUri uri) throws Exception {
        return RestContract.send("GET", uri, "/_settings", "")
                .at("/remembers/settings/index/gc_deletes")
                .asText();
    }

    @Test
    void replaysDeletesWithoutVersion() throws Exception {
        ConnectorUri uri = uri("no-version", "");
        VectorRecord delete = Corpus.delete("a", VectorRecord.NO_VERSION);
        VectorRecord absent = Corpus.delete("absent", VectorRecord.NO_VERSION);
        write(uri, Corpus.upsert("a", 7));
        for (int i = 0; i < 5; i++) {
            write(uri, delete, absent);
            assertThat(document(uri, "a").path("found").asBoolean()).isFalse();
        }
        write(uri, Corpus.upsert("a", 7)); // a replay of the deleted document
        assertThat(document(uri, "a").path("found").asBoolean()).isFalse();
        write(uri, Corpus.upsert("a", 8), Corpus.upsert("absent", 0));
        assertThat(document(uri, "a").path("_version").asLong()).isEqualTo(18);
        assertThat(document(uri, "absent").path("_version").asLong()).isEqualTo(2);
    }

    /** Six shards; each tenant uses one of them. */
    @Test
    void routesDocumentsByThePrefixOfTheirIds() throws Exception {
        RestContract.send(
                "PUT",
                uri("_index_template/routed", ""),
                "",
                "{\"index_patterns\":[\"routed\"],"
                        + "\"template\":{\"settings\":{\"number_of_shards\":6}}}");
        ConnectorUri uri = uri("routed", "routing=::&refresh=true");
        List<VectorRecord> records = new ArrayList<>();
        for (int i = 0; i < 30; i++) {
            records.add(Corpus.upsert("tenant " + i % 5 + "::doc/" + i, 3));
        }
        records.add(Corpus.upsert("no tenant", 3));
        records.add(Corpus.upsert("::", 3));
        assertThat(write(uri, records.toArray(VectorRecord[]::new))).isEmpty();
        for (int tenant = 0; tenant < 5; tenant++) {
            String own = "/_count?routing=tenant%20" + tenant + "&q=id:tenant*" + tenant + "%5C:*";
            assertThat(RestContract.send(uri, own, "").path("count").asInt()).isEqualTo(6);
        }
        // replays, late changes and both kinds of deletes are routed to the same shard
        assertThat(
                        write(
                                uri,
                                records.get(0),
                                Corpus.upsert("tenant 1::doc/1", 2),
                                Corpus.delete("tenant 2::doc/2", 4),
                                Corpus.delete("tenant 3::doc/3", VectorRecord.NO_VERSION),
                                Corpus.delete("no tenant", VectorRecord.NO_VERSION),
                                Corpus.delete("::", 3)))
                .isEmpty();
        write(uri, Corpus.upsert("tenant 2::doc/2", 3), Corpus.upsert("tenant 3::doc/3", 3));
        JsonNode all =
                RestContract.send(uri, "/_search", "{\"size\":99,\"version\":true}").at("/hits");
        assertThat(all.at("/total/value").asInt()).isEqualTo(28);
        for (JsonNode hit : all.path("hits")) {
            assertThat(hit.path("_version").asLong()).as(hit.path("_id").asText()).isEqualTo(8);
            assertThat(hit.path("_id").asText()).startsWith(hit.path("_routing").asText() + "::");
        }
        assertRejected(uri("routed", ""), "Write routing=::, or name another index");
        assertRejected(uri("routed", "routing=/"), "Write routing=::, or name another index");
        sink(uri("not-routed", "")).prepare(CONTEXT, StartMode.NEW);
        assertRejected(uri("not-routed", "routing=/"), "Omit routing");
        assertThatThrownBy(() -> sink(uri("new", "routing=")))
                .hasMessageContaining("such as routing=/");
    }

    @Test
    void failsForADeletedIndexWithoutCreatingIt() throws Exception {
        ConnectorUri uri = uri("goes-away", "");
        try (SinkTestHarness harness = SinkTestHarness.start(sink(uri), CONTEXT)) {
            harness.write(Corpus.upsert("a", 1));
            harness.checkpoint();
            RestContract.send("DELETE", uri, "", "");
            assertFails(harness);
        }
        assertThatThrownBy(() -> RestContract.send("GET", uri, "", ""))
                .hasMessageContaining("no such index");
        try (SinkTestHarness harness = SinkTestHarness.start(sink(uri), CONTEXT)) {
            harness.write(Corpus.upsert("a", 1));
            harness.checkpoint();
            RestContract.send("DELETE", uri, "", "");
            sink(uri).prepare(CONTEXT, StartMode.NEW); // another job creates it
            assertFails(harness);
        }
        assertThat(document(uri, "b").path("found").asBoolean()).isFalse();
    }

    private static void assertFails(SinkTestHarness harness) {
        assertThatThrownBy(
                        () -> {
                            harness.write(Corpus.upsert("b", 1));
                            harness.checkpoint();
                        })
                .satisfies(
                        failure ->
                                assertThat(
                                                ExceptionUtils.findThrowable(
                                                                failure, ConnectorException.class)
                                                        .orElseThrow())
                                        .hasMessageContaining(
                                                "was deleted or replaced by another index"));
    }

    @Test
    void splitsABatchThatIsTooLarge() throws Exception {
        ConnectorUri uri = uri("too-large", "in-flight=1");
        server.bulkRequests();
        server.respondToNext(Reply.of(413, "<html>too large</html>"));
        VectorRecord[] records = new VectorRecord[8];
        for (int i = 0; i < records.length; i++) {
            records[i] = Corpus.upsert("doc " + i, 1);
        }
        assertThat(write(uri, records)).hasSizeLessThanOrEqualTo(1);
        assertThat(server.bulkRequests().size()).isGreaterThan(1);
    }

    @Test
    void rejectsOnlyTheDocumentsThatTheServerRejects() throws Exception {
        ConnectorUri uri = uri("odd-fields", "");
        List<DeadLetter> rejected =
                write(
                        uri,
                        Corpus.upsert("good", 1),
                        Corpus.upsert("empty name", 1, "{\"\":1}", new TreeMap<>()),
                        Corpus.upsert("dots", 1, "{\"a..b\":1}", new TreeMap<>()),
                        Corpus.upsert(
                                "fine", 1, "{\"a.b\":1,\"a\":{\"b\":[{}]}}", new TreeMap<>()));
        assertThat(rejected).hasSize(2);
        assertThat(rejected.get(0).message()).contains("field name cannot be an empty string");
        assertThat(document(uri, "good").path("found").asBoolean()).isTrue();
        assertThat(document(uri, "fine").path("found").asBoolean()).isTrue();
    }

    @Test
    void writesThroughTheIngestPipeline() throws Exception {
        ConnectorUri server = uri("x", "");
        ConnectorUri root = ConnectorUri.parse("opensearch:" + server.location().replace("/x", ""));
        RestContract.send(
                "PUT",
                root.withProperties(server.properties()),
                "/_ingest/pipeline/adds",
                "{\"processors\":[{\"set\":{\"field\":\"fields.added\",\"value\":1}}]}");
        ConnectorUri uri = uri("piped", "pipeline=adds&text=false&fields=kept");
        write(uri, Corpus.upsert("a", 1, "{\"kept\":2,\"not\":3}", new TreeMap<>()));
        JsonNode source = document(uri, "a").path("_source");
        assertThat(source.path("fields"))
                .isEqualTo(JsonHttpClient.JSON.readTree("{\"added\":1,\"kept\":2}"));
        assertThat(source.has("text")).isFalse();
    }

    /** Lucene stores 9 significant bits, so these weights are equal on the server. */
    @Test
    void ordersHitsByExactScoresAndIds() throws Exception {
        ConnectorUri uri = uri("ties", "refresh=wait_for");
        List<VectorRecord> records = new ArrayList<>();
        for (int i = 0; i < 400; i++) {
            float weight = Float.intBitsToFloat(Float.floatToIntBits(1f) + (i * 37 % 400) / 2);
            records.add(Corpus.upsert("doc " + i, 1, "{}", new TreeMap<>(Map.of(30, weight))));
        }
        write(uri, records.toArray(VectorRecord[]::new));
        assertFinds(uri, new int[] {30}, new float[] {100.5f}, 5, records);
        assertFinds(uri, new int[] {30}, new float[] {1e-3f}, 399, records);
    }

    @Test
    void searchesExactlyWithMoreTermsThanTheServerAccepts() throws Exception {
        ConnectorUri uri = uri("many-terms", "refresh=true");
        Random random = new Random(5);
        List<VectorRecord> records = new ArrayList<>();
        for (int i = 0; i < 300; i++) {
            TreeMap<Integer, Float> terms = new TreeMap<>();
            for (int t = 0; t < 100; t++) {
                terms.put(random.nextInt(1_500), 0.1f + random.nextFloat());
            }
            records.add(Corpus.upsert("doc " + i, 1, "{}", terms));
        }
        write(uri, records.toArray(VectorRecord[]::new));
        int[] indices = new int[1_500];
        float[] values = new float[indices.length];
        for (int i = 0; i < indices.length; i++) {
            indices[i] = i;
            values[i] = 0.1f + random.nextFloat();
        }
        assertFinds(uri, indices, values, 10, records);
        try (SearchIndex index = Connectors.of(uri).index(uri)) {
            Query query = new Query(new SparseVector(indices, values), 10, true);
            long[] frequencies = new long[indices.length];
            for (VectorRecord record : records) {
                for (int term : record.vector().indices()) {
                    frequencies[term]++;
                }
            }
            assertThat(index.search(query))
                    .usingRecursiveComparison()
                    .isEqualTo(index.search(query.weighted(records.size(), frequencies)));
        }
    }

    /** The first terms of the contract's vocabulary: dots, quotation marks, emoji and so on. */
    @Test
    void findsUnusualTerms() throws Exception {
        ConnectorUri uri = uri("odd-terms", "refresh=true");
        List<VectorRecord> records = new ArrayList<>();
        for (int term = 0; term < 30; term++) {
            TreeMap<Integer, Float> terms = new TreeMap<>(Map.of(term, 1f, 100, 1f));
            records.add(Corpus.upsert("doc " + term, 1, "{}", terms));
        }
        assertThat(write(uri, records.toArray(VectorRecord[]::new))).isEmpty();
        try (SearchIndex index = Connectors.of(uri).index(uri)) {
            for (int term = 0; term < 30; term++) {
                Query query =
                        new Query(new SparseVector(new int[] {term}, new float[] {1}), 10, false);
                assertThat(index.search(query).stream().map(SearchIndex.Hit::id))
                        .containsExactly("doc " + term);
            }
        }
    }

    @Test
    void namesTermsByTheirIds() throws Exception {
        ConnectorUri uri = uri("by-id", "terms=id&refresh=true");
        List<VectorRecord> records =
                List.of(Corpus.upsert("a", 1), Corpus.upsert("b", 1), Corpus.upsert("none", 1));
        write(uri, records.toArray(VectorRecord[]::new));
        int term = records.get(0).vector().indices()[0];
        assertThat(document(uri, "a").at("/_source/vector").has("" + term)).isTrue();
        assertFinds(uri, new int[] {term}, new float[] {1}, 1, records.subList(0, 1));
    }

    /** A limitation of the server that docs/sinks/opensearch.md documents. */
    @Test
    void forgetsDeletesOfAReopenedShard() throws Exception {
        ConnectorUri uri = uri("reopened", "");
        write(uri, Corpus.upsert("a", 1), Corpus.delete("a", 2));
        RestContract.send(uri, "/_flush", "");
        write(uri, Corpus.upsert("a", 1));
        assertThat(document(uri, "a").path("found").asBoolean()).isFalse();
        RestContract.send(uri, "/_close", "");
        RestContract.send(uri, "/_open?wait_for_active_shards=1", "");
        write(uri, Corpus.upsert("a", 1));
        assertThat(document(uri, "a").path("found").asBoolean()).isTrue();
    }

    private static void assertFinds(
            ConnectorUri uri, int[] indices, float[] values, int k, List<VectorRecord> records) {
        Query query = new Query(new SparseVector(indices, values), k, false);
        List<String> best =
                records.stream()
                        .sorted(
                                Comparator.comparingDouble(
                                                (VectorRecord record) ->
                                                        -query.vector().dot(record.vector()))
                                        .thenComparing(VectorRecord::id))
                        .limit(k)
                        .map(VectorRecord::id)
                        .toList();
        try (SearchIndex index = Connectors.of(uri).index(uri)) {
            assertThat(index.search(query).stream().map(SearchIndex.Hit::id))
                    .containsExactlyElementsOf(best);
        }
    }

    // ---- the snippets of docs/sinks/opensearch.md

    @Test
    void acceptsTheUrisOfThePage() throws Exception {
        List<String> blocks = blocks("yaml");
        assertThat(blocks).hasSize(2);
        for (String block : blocks) {
            String uri = block.replaceFirst("(?s).*\nto: (\\S+)\n.*", "$1");
            sink(ConnectorUri.parse(uri));
        }
    }

    @Test
    void runsTheQueriesOfThePageForOpenSearch() throws Exception {
        ConnectorUri uri = uri("documents", "refresh=true");
        assertThat(run("curl", "sh", 0, server, uri)).contains("\"_id\":\"a/b\"");
        assertThat(run("python3", "python", 0, server, uri)).startsWith("a/b 3.5");
    }

    /** With the mapping in a template before the first run, and added afterwards. */
    @Test
    void collapsesPassagesWithTheMappingOfThePage() throws Exception {
        String mapping =
                blocks("json").stream()
                        .filter(b -> b.startsWith("{\"mappings\""))
                        .findFirst()
                        .get();
        String template = "{\"index_patterns\":[\"early*\"],\"template\":" + mapping + "}";
        RestContract.send(uri("_index_template/early", ""), "", template);
        ConnectorUri early = uri("early", "refresh=true&fields=");
        ConnectorUri late = uri("late", "refresh=true&fields=title");
        for (ConnectorUri uri : List.of(early, late)) {
            try (SinkTestHarness harness =
                    SinkTestHarness.start(
                            sink(uri),
                            new SinkContext(
                                    "page", "page", Corpus.PROVENANCE, new FastCar(), false))) {
                harness.write(
                        passage("whale", 0, 1f), passage("whale", 1, 3f), passage("emma", 0, 2f));
                harness.finish();
                assertThat(harness.rejected()).isEmpty();
            }
        }
        JsonNode properties = JsonHttpClient.JSON.readTree(mapping).path("mappings");
        RestContract.send(late, "/_mapping", properties.toString());
        RestContract.send(late, "/_update_by_query?refresh=true", "");
        for (ConnectorUri uri : List.of(early, late)) {
            JsonNode hits =
                    RestContract.send(
                                    uri,
                                    "/_search",
                                    """
                                    {"query": {"rank_feature":
                                        {"field": "vector.fast", "linear": {}}},
                                     "collapse": {"field": "fields.parent",
                                                  "inner_hits": {"name": "passages"}}}
                                    """)
                            .at("/hits/hits");
            assertThat(hits)
                    .extracting(hit -> hit.get("_id").asText())
                    .as(uri.toString())
                    .containsExactly("whale#1", "emma#0");
            assertThat(hits.get(0).at("/inner_hits/passages/hits/hits")).hasSize(2);
        }
    }

    private static VectorRecord passage(String parent, int number, float weight) {
        String fields = "{\"parent\":\"%s\",\"passage\":%d}".formatted(parent, number);
        return Corpus.upsert(parent + "#" + number, 1, fields, new TreeMap<>(Map.of(0, weight)));
    }

    @Test
    void runsTheQueryOfThePageForElasticsearch() throws Exception {
        StandInServer standIn = new StandInServer(false);
        try (FaultyServer front = new FaultyServer(standIn, standIn::reject)) {
            ConnectorUri uri =
                    ConnectorUri.parse("elasticsearch://" + front.authority() + "/documents")
                            .withProperties(uri("documents", "").properties());
            assertThat(run("curl", "sh", 1, front, uri)).contains("\"_id\":\"a/b\"");
        }
    }

    /** Runs a snippet of the page against an index where a/b has the terms fast and car. */
    private static String run(
            String program, String language, int number, FaultyServer front, ConnectorUri uri)
            throws Exception {
        assumeTrue(isInstalled(program), program + " is not installed");
        SinkContext context =
                new SinkContext("page", "page", Corpus.PROVENANCE, new FastCar(), false);
        try (SinkTestHarness harness = SinkTestHarness.start(sink(uri), context)) {
            TreeMap<Integer, Float> terms = new TreeMap<>(Map.of(0, 1.5f, 1, 0.5f));
            harness.write(Corpus.upsert("a/b", 1, "{}", terms));
            harness.write(Corpus.upsert("other", 1, "{}", new TreeMap<>(Map.of(2, 1f))));
            harness.finish();
        }
        ProcessBuilder builder =
                new ProcessBuilder(
                        language.equals("sh") ? "bash" : "python3",
                        "-c",
                        blocks(language).get(number));
        for (String product : List.of("OPENSEARCH", "ELASTICSEARCH")) {
            builder.environment().put(product, "http://" + front.authority());
            builder.environment().put(product + "_USERNAME", FaultyServer.USERNAME);
            builder.environment().put(product + "_PASSWORD", FaultyServer.PASSWORD);
        }
        Process process = builder.redirectErrorStream(true).start();
        String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        assertThat(process.waitFor()).as(output).isZero();
        assertThat(output).doesNotContain("other");
        return output;
    }

    private static boolean isInstalled(String program) throws Exception {
        return new ProcessBuilder("bash", "-c", "command -v " + program).start().waitFor() == 0;
    }

    private static List<String> blocks(String language) throws Exception {
        String page = Files.readString(Path.of("../../docs/sinks/opensearch.md"));
        return Pattern.compile("(?s)```" + language + "\\n(.*?)```")
                .matcher(page)
                .results()
                .map(match -> match.group(1))
                .toList();
    }

    private static final class FastCar implements Vocabulary {

        private static final long serialVersionUID = 1L;

        @Override
        public int size() {
            return 3;
        }

        @Override
        public String term(int index) {
            return List.of("fast", "car", "other").get(index);
        }
    }
}

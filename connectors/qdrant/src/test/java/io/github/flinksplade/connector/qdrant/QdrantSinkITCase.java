package io.github.flinksplade.connector.qdrant;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import com.fasterxml.jackson.databind.ObjectMapper;
import io.github.flinksplade.connector.BatchSink;
import io.github.flinksplade.connector.BatchVectorSink;
import io.github.flinksplade.connector.ConnectorException;
import io.github.flinksplade.connector.ConnectorUri;
import io.github.flinksplade.connector.SearchIndex;
import io.github.flinksplade.connector.SinkContext;
import io.github.flinksplade.connector.StartMode;
import io.github.flinksplade.connector.VectorRecord;
import io.github.flinksplade.connector.contract.Corpus;
import io.github.flinksplade.connector.contract.SinkTestHarness;
import io.github.flinksplade.connector.contract.StoredDocument;
import io.github.flinksplade.vector.SparseVector;
import io.grpc.ServerCredentials;
import io.grpc.TlsServerCredentials;
import io.qdrant.client.ConditionFactory;
import io.qdrant.client.PointIdFactory;
import io.qdrant.client.ValueFactory;
import io.qdrant.client.VectorFactory;
import io.qdrant.client.grpc.Collections.CollectionInfo;
import io.qdrant.client.grpc.Collections.CreateCollection;
import io.qdrant.client.grpc.Collections.Datatype;
import io.qdrant.client.grpc.Collections.Modifier;
import io.qdrant.client.grpc.Collections.SparseVectorParams;
import io.qdrant.client.grpc.Common.Filter;
import io.qdrant.client.grpc.JsonWithInt.Value;
import io.qdrant.client.grpc.Points.PointStruct;
import io.qdrant.client.grpc.Points.RetrievedPoint;
import io.qdrant.client.grpc.Points.UpsertPoints;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.KeyStore;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Base64;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import javax.net.ssl.KeyManagerFactory;
import org.apache.flink.util.InstantiationUtil;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Behavior beyond the contract, with a stand-in or with the server of the contract test. */
class QdrantSinkITCase {

    private static final SinkContext CONTEXT = Corpus.context(Corpus.PROVENANCE, false);
    private static final ObjectMapper JSON = new ObjectMapper();
    private static final String PASSWORD = "password-of-the-test";

    private QdrantTestCollection collections;

    @BeforeEach
    void open() {
        collections = QdrantTestCollection.open();
    }

    @AfterEach
    void close() {
        collections.close();
    }

    private static BatchVectorSink sink(ConnectorUri uri) {
        return (BatchVectorSink) new QdrantConnector().sink(uri);
    }

    private static void check(ConnectorUri uri) {
        sink(uri).prepare(CONTEXT, StartMode.NEW);
    }

    private static void write(ConnectorUri uri, VectorRecord... records) throws Exception {
        try (SinkTestHarness harness = SinkTestHarness.start(sink(uri), CONTEXT)) {
            harness.write(records);
            harness.finish();
            assertThat(harness.rejected()).isEmpty();
        }
    }

    private static VectorRecord upsert(String id, long version, String fields, int... terms) {
        TreeMap<Integer, Float> weights = new TreeMap<>();
        for (int term : terms) {
            weights.put(term, 1f);
        }
        return Corpus.upsert(id, version, fields, weights);
    }

    private static void assertRejected(ConnectorUri uri, String... parts) {
        assertThatThrownBy(() -> check(uri))
                .isInstanceOf(ConnectorException.class)
                .hasMessageContainingAll(parts);
    }

    // ---- conditional writes

    /**
     * Documented for UpsertPoints.update_filter: "New points will be inserted regardless of the
     * filter". In lib/shard/src/update.rs, {@code conditional_upsert} removes only existing points
     * that do not match.
     */
    @Test
    void insertsMissingPointsRegardlessOfTheFilter() {
        ConnectorUri uri = collections.fresh("absent", "");
        check(uri);
        Filter never =
                Filter.newBuilder()
                        .addMust(ConditionFactory.match("flink_splade.order_high", -1))
                        .build();
        collections.points().upsert(upsertOf(uri, 1, "first", never));
        assertThat(texts(uri)).containsExactly("first");
        collections.points().upsert(upsertOf(uri, 1, "second", never));
        collections.points().upsert(upsertOf(uri, 2, "another", never));
        assertThat(texts(uri)).containsExactlyInAnyOrder("first", "another");
    }

    private static UpsertPoints upsertOf(ConnectorUri uri, long id, String text, Filter filter) {
        PointStruct.Builder point =
                PointStruct.newBuilder()
                        .setId(PointIdFactory.id(id))
                        .putPayload("text", ValueFactory.value(text));
        point.getVectorsBuilder().getVectorsBuilder();
        return UpsertPoints.newBuilder()
                .setCollectionName(QdrantTestCollection.collection(uri))
                .setWait(true)
                .setUpdateFilter(filter)
                .addPoints(point)
                .build();
    }

    private List<String> texts(ConnectorUri uri) {
        return collections.points(uri).stream()
                .map(point -> point.getPayloadOrThrow("text").getStringValue())
                .toList();
    }

    /** These orders are equal as doubles. */
    @Test
    void comparesHighVersionsExactly() throws Exception {
        ConnectorUri uri = collections.fresh("high", "");
        long version = VectorRecord.MAX_VERSION - 1;
        Corpus corpus = new Corpus();
        write(
                uri,
                corpus.change(Corpus.upsert("a", version)),
                corpus.change(Corpus.upsert("b", version - 1)),
                corpus.change(Corpus.upsert("c", version)),
                corpus.change(Corpus.upsert("e", 1L << 31)));
        write(
                uri,
                Corpus.upsert("a", version - 1),
                corpus.change(Corpus.upsert("b", version)),
                Corpus.delete("c", version - 1),
                Corpus.upsert("e", (1L << 31) - 1));
        Map<String, StoredDocument> held = collections.held(uri);
        corpus.documents()
                .forEach((id, record) -> assertThat(held.get(id).text()).isEqualTo(record.text()));
    }

    // ---- the collection

    @Test
    void createsTheCollectionOnceWithItsProvenance() {
        ConnectorUri uri = collections.fresh("created", "vector=mine&modifier=idf&on-disk=true");
        check(uri);
        check(uri);
        CollectionInfo info = collections.info(uri);
        SparseVectorParams vector =
                info.getConfig().getParams().getSparseVectorsConfig().getMapOrThrow("mine");
        assertThat(vector.getModifier()).isEqualTo(Modifier.Idf);
        assertThat(vector.getIndex().getOnDisk()).isTrue();
        Map<String, Value> parts =
                info.getConfig().getMetadataOrThrow("flink_splade").getStructValue().getFieldsMap();
        assertThat(parts.get("fingerprint").getStringValue())
                .isEqualTo(Corpus.PROVENANCE.fingerprint());
        assertThat(info.getPayloadSchemaMap())
                .containsOnlyKeys(
                        "flink_splade.order_high",
                        "flink_splade.order_low",
                        "flink_splade.field_values");
    }

    @Test
    void acceptsAnEmptyForeignCollection() throws Exception {
        ConnectorUri uri = collections.fresh("taken", "vector=v");
        collections
                .collections()
                .create(collectionOf(uri, SparseVectorParams.getDefaultInstance()));
        write(uri, Corpus.upsert("a", 1));
        assertThat(collections.held(uri)).containsOnlyKeys("a");
        try (SearchIndex index = new QdrantConnector().index(uri)) {
            assertThat(index.provenance()).isEqualTo(Corpus.PROVENANCE);
        }
    }

    @Test
    void rejectsACollectionWithForeignPoints() {
        ConnectorUri uri = collections.fresh("foreign", "vector=v");
        collections
                .collections()
                .create(collectionOf(uri, SparseVectorParams.getDefaultInstance()));
        collections.points().upsert(upsertOf(uri, 1, "theirs", Filter.getDefaultInstance()));
        assertRejected(uri, "contains points that flink-splade did not write", "another");
        assertThatThrownBy(() -> new QdrantConnector().index(uri))
                .isInstanceOf(ConnectorException.class)
                .hasMessageContaining("did not write");
    }

    @Test
    void rejectsAnotherSchema() {
        ConnectorUri uri = collections.fresh("schema", "vector=v");
        collections
                .collections()
                .create(collectionOf(uri, SparseVectorParams.getDefaultInstance()));
        assertRejected(with(uri, "vector=w"), "no sparse vector 'w'", "[v]");
        assertRejected(with(uri, "vector=v&modifier=idf"), "the modifier none", "not idf");
        ConnectorUri rounded = collections.fresh("rounded", "vector=v");
        SparseVectorParams.Builder half = SparseVectorParams.newBuilder();
        half.getIndexBuilder().setDatatype(Datatype.Float16);
        collections.collections().create(collectionOf(rounded, half.build()));
        assertRejected(rounded, "rounds", "Float16");
    }

    private static CreateCollection collectionOf(ConnectorUri uri, SparseVectorParams vector) {
        CreateCollection.Builder request =
                CreateCollection.newBuilder()
                        .setCollectionName(QdrantTestCollection.collection(uri));
        request.getSparseVectorsConfigBuilder().putMap("v", vector);
        return request.build();
    }

    private static ConnectorUri with(ConnectorUri uri, String options) {
        return ConnectorUri.parse("qdrant:" + uri.location() + "?" + options)
                .withProperties(uri.properties());
    }

    // ---- the server

    @Test
    void rejectsServersWithoutConditionalWrites() {
        try (QdrantStandIn old = new QdrantStandIn("1.15.4", null);
                QdrantStandIn snapshot = new QdrantStandIn("1.16.0-dev", null)) {
            assertRejected(
                    ConnectorUri.parse("qdrant://localhost:" + old.port() + "/c"),
                    "1.15.4",
                    "Upgrade it to 1.16");
            check(ConnectorUri.parse("qdrant://localhost:" + snapshot.port() + "/c"));
        }
    }

    @Test
    void reportsAnUnavailableServer() {
        assumeTrue(collections.standIn() != null, "the test cannot stop a real server");
        ConnectorUri uri = collections.fresh("unavailable", "");
        collections.standIn().down();
        assertRejected(uri, "is unavailable", "Connection refused", "6334");
    }

    /** Like port 6333 of a server, the REST port. */
    @Test
    void rejectsPortsOfAnotherProtocol() throws Exception {
        assumeTrue(collections.standIn() != null, "the REST port of the server is not known");
        try (StandInRest rest = new StandInRest(collections.standIn(), "key")) {
            String port = rest.url().substring(rest.url().lastIndexOf(':') + 1);
            assertRejected(
                    ConnectorUri.parse("qdrant://localhost:" + port + "/c"), "6334, not 6333");
        }
    }

    @Test
    void encryptsTheConnectionAndVerifiesTheCertificate(@TempDir Path folder) throws Exception {
        Path store = folder.resolve("certificate.p12");
        try (QdrantStandIn encrypted = new QdrantStandIn("1.18.3", "key", certificate(store))) {
            ConnectorUri uri =
                    ConnectorUri.parse("qdrant://localhost:" + encrypted.port() + "/c?tls=true")
                            .withProperties(Map.of("api-key", "key"));
            assertRejected(uri, "is unavailable");
            Path authority = folder.resolve("ca.pem");
            Files.writeString(
                    authority,
                    "-----BEGIN CERTIFICATE-----\n"
                            + Base64.getMimeEncoder()
                                    .encodeToString(
                                            KeyStore.getInstance(
                                                            store.toFile(), PASSWORD.toCharArray())
                                                    .getCertificate("mykey")
                                                    .getEncoded())
                            + "\n-----END CERTIFICATE-----\n");
            check(uri.withProperties(Map.of("api-key", "key", "ca", authority.toString())));
            System.setProperty("javax.net.ssl.trustStore", store.toString());
            System.setProperty("javax.net.ssl.trustStorePassword", PASSWORD);
            try {
                write(uri, Corpus.upsert("a", 1));
                assertThat(encrypted.collection("c").size()).isEqualTo(1);
            } finally {
                System.clearProperty("javax.net.ssl.trustStore");
                System.clearProperty("javax.net.ssl.trustStorePassword");
            }
        }
    }

    /** A new self-signed certificate for localhost. */
    private static ServerCredentials certificate(Path store) throws Exception {
        Process keytool =
                new ProcessBuilder(
                                Path.of(System.getProperty("java.home"), "bin", "keytool")
                                        .toString(),
                                "-genkeypair",
                                "-keyalg",
                                "EC",
                                "-dname",
                                "CN=localhost",
                                "-ext",
                                "san=dns:localhost",
                                "-storepass",
                                PASSWORD,
                                "-keystore",
                                store.toString())
                        .redirectErrorStream(true)
                        .redirectOutput(ProcessBuilder.Redirect.DISCARD)
                        .start();
        assertThat(keytool.waitFor()).isZero();
        KeyStore keys = KeyStore.getInstance(store.toFile(), PASSWORD.toCharArray());
        KeyManagerFactory managers =
                KeyManagerFactory.getInstance(KeyManagerFactory.getDefaultAlgorithm());
        managers.init(keys, PASSWORD.toCharArray());
        return TlsServerCredentials.newBuilder().keyManager(managers.getKeyManagers()).build();
    }

    @Test
    void neverPrintsTheApiKey() {
        ConnectorUri uri =
                collections.fresh("secret", "").withProperties(Map.of("api-key", "h1dden"));
        assumeTrue(collections.apiKey() != null, "the server has no API key");
        assertThatThrownBy(() -> check(uri))
                .hasMessageContainingAll("rejects the credentials", "qdrant.properties")
                .satisfies(
                        failure -> {
                            for (Throwable t = failure; t != null; t = t.getCause()) {
                                assertThat(t.toString()).doesNotContain("h1dden");
                            }
                        });
        assertThat(uri.toString() + sink(uri)).doesNotContain("h1dden");
    }

    @Test
    void rejectsInvalidUrisAndProperties() {
        for (String text :
                new String[] {
                    "qdrant://host:6334",
                    "qdrant:host/c",
                    "qdrant://host:99999/c",
                    "qdrant://host/a/b",
                    "qdrant://host/c?vectors=v",
                    "qdrant://host/c?modifier=tfidf",
                    "qdrant://host/c?batch-records=1001"
                }) {
            assertThatThrownBy(() -> sink(ConnectorUri.parse(text)))
                    .as(text)
                    .isInstanceOf(ConnectorException.class);
        }
        ConnectorUri misspelled =
                ConnectorUri.parse("qdrant://host/c").withProperties(Map.of("apikey", "secret"));
        assertThatThrownBy(() -> sink(misspelled))
                .isInstanceOf(ConnectorException.class)
                .hasMessageContainingAll("apikey", "api-key")
                .hasMessageNotContaining("secret");
    }

    @Test
    void isSerializable() throws Exception {
        ConnectorUri uri = collections.fresh("serialized", "");
        BatchVectorSink copy = InstantiationUtil.clone(sink(uri));
        copy.prepare(CONTEXT, StartMode.NEW);
    }

    @Test
    void failsForADeletedCollection() throws Exception {
        ConnectorUri uri = collections.fresh("dropped", "");
        try (SinkTestHarness harness = SinkTestHarness.start(sink(uri), CONTEXT)) {
            collections.drop(uri);
            assertThatThrownBy(
                            () -> {
                                harness.write(Corpus.upsert("a", 1));
                                harness.flush();
                            })
                    .hasStackTraceContaining("does not exist");
        }
    }

    // ---- points

    @Test
    void storesTheDocumentWithItsMetadata() throws Exception {
        ConnectorUri uri = collections.fresh("point", "");
        write(uri, upsert("42", 7, "{\"price\":1.5}", 3));
        RetrievedPoint point = collections.points(uri).get(0);
        assertThat(point.getId().getNum()).isEqualTo(42);
        assertThat(point.getPayloadMap()).containsOnlyKeys("price", "text", "flink_splade");
        Map<String, Value> metadata =
                point.getPayloadOrThrow("flink_splade").getStructValue().getFieldsMap();
        assertThat(metadata)
                .containsOnlyKeys(
                        "id",
                        "version",
                        "order_high",
                        "order_low",
                        "field_values",
                        "tokens",
                        "truncated");
        assertThat(metadata.get("field_values").getListValue().getValuesList())
                .extracting(Value::getStringValue)
                .containsExactly("price=1.5");
        assertThat(metadata.get("version").getIntegerValue()).isEqualTo(7);
    }

    @Test
    void storesSelectedTextAndFields() throws Exception {
        ConnectorUri uri = collections.fresh("chosen", "text=false&fields=a,c");
        write(uri, upsert("x", 1, "{\"a\":1,\"b\":{\"a\":2},\"c\":[3]}", 3));
        assertThat(collections.points(uri).get(0).getPayloadMap())
                .containsOnlyKeys("a", "c", "flink_splade");
        ConnectorUri none = collections.fresh("none", "fields=");
        write(none, upsert("x", 1, "{\"a\":1}", 3));
        assertThat(collections.points(none).get(0).getPayloadMap())
                .containsOnlyKeys("text", "flink_splade");
    }

    @Test
    void rejectsRecordsThatQdrantRejects() throws Exception {
        ConnectorUri uri = collections.fresh("beforehand", "");
        BatchSink sink = sink(uri).prepare(CONTEXT, StartMode.NEW);
        assertThat(sink.rejection(upsert("half \uD83D pair", 1, "{}"))).contains("surrogate");
        assertThat(sink.rejection(Corpus.delete("\uDE00", 1))).contains("surrogate");
        assertThat(sink.rejection(upsert("a", 1, "{\"flink_splade\":1}"))).contains("Rename");
        assertThat(sink.rejection(upsert("a", 1, "{\"b\":\"flink_splade\"}"))).isNull();
        assertThat(sink.rejection(upsert("a", 1, "{\"b\":{\"flink_splade\":1}}"))).isNull();
        String brackets = "{\"b\":\"" + "[".repeat(100) + "\\\"[\"}";
        assertThat(sink.rejection(upsert("a", 1, brackets))).isNull();
        assertThat(sink.rejection(upsert("a", 1, nested(31)))).contains("30 levels");
        assertThat(sink.rejection(upsert("a", 1, nested(30)))).isNull();
        write(uri, upsert("a", 1, nested(30)), upsert("b", 1, brackets));
        assertThat(collections.points(uri)).hasSize(2);
    }

    private static String nested(int levels) {
        return "{\"a\":" + "{\"a\":".repeat(levels) + "1" + "}".repeat(levels) + "}";
    }

    @Test
    void storesTombstonesThatNoSearchFinds() throws Exception {
        ConnectorUri uri = collections.fresh("tombstone", "tombstones=true");
        write(uri, upsert("a", 1, "{}", 3), upsert("b", 1, "{}", 3), upsert("c", 1, "{}"));
        write(uri, Corpus.delete("a", 2), Corpus.delete("never there", 5));
        assertThat(collections.held(uri)).containsOnlyKeys("b", "c");
        assertThat(collections.points(uri)).hasSize(4);
        try (SearchIndex index = new QdrantConnector().index(uri)) {
            assertThat(index.search(query(10, 3)).stream().map(SearchIndex.Hit::id))
                    .containsExactly("b");
        }
        write(uri, Corpus.delete("a", VectorRecord.NO_VERSION));
        assertThat(collections.points(uri)).hasSize(3);
    }

    // ---- search

    private static SearchIndex.Query query(int k, int... terms) {
        float[] weights = new float[terms.length];
        Arrays.fill(weights, 1f);
        return new SearchIndex.Query(new SparseVector(terms, weights), k, false);
    }

    /** More documents share the last score than the first query returns. */
    @Test
    void ordersEqualScoresById() throws Exception {
        ConnectorUri uri = collections.fresh("equal", "");
        List<VectorRecord> records = new ArrayList<>();
        for (int i = 0; i < 200; i++) {
            records.add(upsert("doc " + (100 + i), 1, "{}", 3, 5));
        }
        records.add(upsert("best", 1, "{}", 3, 4, 5));
        write(uri, records.toArray(VectorRecord[]::new));
        try (SearchIndex index = new QdrantConnector().index(uri)) {
            assertThat(index.search(query(4, 3, 4)).stream().map(SearchIndex.Hit::id))
                    .containsExactly("best", "doc 100", "doc 101", "doc 102");
        }
    }

    @Test
    void returnsTextAndFieldsOfHits() throws Exception {
        ConnectorUri uri = collections.fresh("hits", "");
        String fields =
                "{\"a\":[1,2.5,\"x\\\"\\n\",null,true],\"b\":{\"c\":9007199254740993},\"d\":-0.1}";
        write(uri, upsert("x", 1, fields, 3));
        try (SearchIndex index = new QdrantConnector().index(uri)) {
            SearchIndex.Hit hit = index.search(query(1, 3)).get(0);
            assertThat(hit.text()).isEqualTo("text 1 of x");
            assertThat(JSON.readTree(hit.fields())).isEqualTo(JSON.readTree(fields));
            assertThat(index.search(query(1, 4))).isEmpty();
            assertThat(index.search(query(1))).isEmpty();
        }
    }

    @Test
    void searchesByIdfOnlyWithTheModifier() throws Exception {
        ConnectorUri plain = collections.fresh("plain", "");
        ConnectorUri idf = collections.fresh("idf", "modifier=idf");
        write(plain, upsert("x", 1, "{}", 3));
        write(idf, upsert("x", 1, "{}", 3));
        try (SearchIndex index = new QdrantConnector().index(plain)) {
            assertThatThrownBy(
                            () ->
                                    index.search(
                                            new SearchIndex.Query(
                                                    new SparseVector(
                                                            new int[] {3}, new float[] {1}),
                                                    1,
                                                    true)))
                    .isInstanceOf(ConnectorException.class)
                    .hasMessageContaining("modifier=idf");
        }
        try (SearchIndex index = new QdrantConnector().index(idf)) {
            assertThatThrownBy(() -> index.search(query(1, 3)))
                    .isInstanceOf(ConnectorException.class)
                    .hasMessageContaining("Search with idf");
        }
    }

    @Test
    void reportsForeignPoints() throws Exception {
        ConnectorUri uri = collections.fresh("mixed", "");
        write(uri, upsert("x", 1, "{}", 3));
        UpsertPoints.Builder theirs =
                upsertOf(uri, 99, "theirs", Filter.getDefaultInstance()).toBuilder();
        theirs.getPointsBuilder(0)
                .getVectorsBuilder()
                .getVectorsBuilder()
                .putVectors("splade", VectorFactory.vector(List.of(1f), List.of(3)));
        collections.points().upsert(theirs.build());
        try (SearchIndex index = new QdrantConnector().index(uri)) {
            assertThatThrownBy(() -> index.search(query(5, 3)))
                    .isInstanceOf(ConnectorException.class)
                    .hasMessageContainingAll("did not write", "99");
        }
    }

    @Test
    void reportsAMissingCollection() {
        ConnectorUri uri = collections.fresh("missing", "");
        assertThatThrownBy(() -> new QdrantConnector().index(uri))
                .isInstanceOf(ConnectorException.class)
                .hasMessageContaining("does not exist");
    }

    @Test
    void estimatesSizesOnTheWire() {
        QdrantRequestFactory factory =
                new QdrantRequestFactory(QdrantSettings.of(ConnectorUri.parse("qdrant://host/c")));
        UpsertPoints.Builder batch = UpsertPoints.newBuilder();
        long sum = 0;
        for (int i = 0; i < 100; i++) {
            QdrantChange change = factory.change(Corpus.upsert("doc " + i, i));
            sum += change.sizeInBytes();
            batch.addPoints(change.point());
            batch.getUpdateFilterBuilder().addShould(change.condition());
        }
        long size = batch.build().getSerializedSize();
        assertThat(sum).isBetween(size, size + size / 10);
    }
}

package io.github.flinksplade.serve;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import io.github.flinksplade.connector.ConnectorException;
import io.github.flinksplade.connector.ConnectorUri;
import io.github.flinksplade.connector.Provenance;
import io.github.flinksplade.encoder.FakeEncoder;
import io.github.flinksplade.encoder.ModelException;
import io.github.flinksplade.vector.SparseVector;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.IntStream;
import org.assertj.core.data.Offset;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** {@code /search} and {@code /indexes} of a server with two indexes in memory. */
class SearchTest {

    private static final String MARKUP = "<script>alert(1)</script> car";

    private final AtomicInteger opened = new AtomicInteger();
    private MemoryConnector.Contents cars;
    private MemoryConnector.Contents animals;
    private SpladeServer server;
    private TestClient client;

    @BeforeEach
    void start() throws IOException {
        cars =
                new MemoryConnector.Contents()
                        .add("1", "a fast red car", "{\"color\":\"red\",\"doors\":5}")
                        .add("2", "a slow blue car car", "{\"color\":\"blue\",\"price\":1.50}")
                        .add("3", MARKUP, null);
        animals = new MemoryConnector.Contents().add("cat", "a fast cat", null);
        MemoryConnector.INDEXES.put("cars", cars);
        MemoryConnector.INDEXES.put("animals", animals);
        server = start(uris("cars", "animals"), ServeOptions.builder().port(0).build());
        client = new TestClient(server);
    }

    private SpladeServer start(Map<String, ConnectorUri> uris, ServeOptions options)
            throws IOException {
        return SpladeServer.start(
                uris,
                (uri, provenance) -> {
                    if (provenance.model().equals("missing")) {
                        throw new ModelException("the model 'missing' does not exist");
                    }
                    opened.incrementAndGet();
                    return FakeEncoder.create();
                },
                options);
    }

    private static Map<String, ConnectorUri> uris(String... names) {
        Map<String, ConnectorUri> uris = new LinkedHashMap<>();
        for (String name : names) {
            uris.put(name, ConnectorUri.parse("memory:" + name));
        }
        return uris;
    }

    @AfterEach
    void stop() {
        server.close();
        assertThat(cars.open).as("open indexes").hasValue(0);
        assertThat(animals.open).as("open indexes").hasValue(0);
    }

    private static List<String> ids(TestClient.Response response) {
        assertThat(response.status()).as(response.http().body()).isEqualTo(200);
        List<String> ids = new ArrayList<>();
        response.json().get("hits").forEach(hit -> ids.add(hit.get("id").asText()));
        return ids;
    }

    @Test
    void returnsHitsWithScoresTextFieldsAndTerms() {
        TestClient.Response response = client.post("/search", Map.of("query", "fast car", "k", 2));
        JsonNode answer = response.json();
        SparseVector query = FakeEncoder.vector("fast car");
        SparseVector document = FakeEncoder.vector("a fast red car");
        assertThat(answer.get("index").asText()).isEqualTo("cars");
        assertThat(answer.get("truncated").booleanValue()).isFalse();
        assertThat(answer.get("took_ms").doubleValue()).isPositive();
        assertThat(answer.has("query")).isFalse();
        assertThat(answer.get("hits")).hasSize(2);
        JsonNode hit = answer.get("hits").get(0);
        assertThat(hit.get("rank").asInt()).isEqualTo(1);
        assertThat(hit.get("id").asText()).isEqualTo("1");
        assertThat(hit.get("score").doubleValue()).isEqualTo(query.dot(document));
        assertThat(hit.get("text").asText()).isEqualTo("a fast red car");
        assertThat(hit.get("terms")).hasSize(2);
        double sum = 0;
        for (int i = 0; i < query.size(); i++) {
            JsonNode part = hit.get("terms").get("t" + query.indices()[i]);
            assertThat((float) part.doubleValue()).isEqualTo(query.values()[i] * query.values()[i]);
            sum += part.doubleValue();
        }
        assertThat(sum).isCloseTo(hit.get("score").doubleValue(), within());
        assertThat(response.http().body()).contains("\"fields\":{\"color\":\"red\",\"doors\":5}");
        assertThat(answer.get("hits").get(1).has("fields"))
                .isEqualTo(answer.get("hits").get(1).get("id").asText().equals("2"));
    }

    private static Offset<Double> within() {
        return Offset.offset(1e-5);
    }

    @Test
    void keepsTheDigitsOfNumbersInFields() {
        assertThat(client.post("/search", Map.of("query", "blue")).http().body())
                .contains("{\"color\":\"blue\",\"price\":1.50}");
    }

    @Test
    void returnsTextsUnchangedAndAsJson() {
        TestClient.Response response = client.post("/search", Map.of("query", "car"));
        assertThat(response.header("Content-Type")).isEqualTo("application/json");
        assertThat(response.header("X-Content-Type-Options")).isEqualTo("nosniff");
        assertThat(response.json().get("hits").findValuesAsText("text")).contains(MARKUP);
    }

    @Test
    void explainsTheQueryAndTheDocuments() {
        JsonNode answer =
                client.post("/search", Map.of("query", "fast car car", "explain", true)).json();
        SparseVector query = FakeEncoder.vector("fast car car");
        assertThat(answer.at("/query/tokens")).hasSize(3);
        assertThat(answer.at("/query/terms")).hasSize(2);
        List<Double> weights = new ArrayList<>();
        answer.at("/query/terms").forEach(weight -> weights.add(weight.doubleValue()));
        assertThat(weights).isSortedAccordingTo(Comparator.reverseOrder());
        assertThat((float) answer.at("/query/terms/t" + query.indices()[0]).doubleValue())
                .isEqualTo(query.values()[0]);
        assertThat(answer.at("/hits/0/document_terms"))
                .hasSize(FakeEncoder.vector("a fast red car").size());
    }

    @Test
    void searchesTheIndexThatTheRequestNames() {
        assertThat(ids(client.post("/search", Map.of("query", "fast")))).containsExactly("1");
        assertThat(ids(client.post("/search", Map.of("query", "fast", "index", "animals"))))
                .containsExactly("cat");
        assertThat(client.post("/search", Map.of("query", "a", "index", "animal")).error())
                .isEqualTo("422 Validation: unknown index 'animal'; did you mean 'animals'?");
    }

    @Test
    void indexesOfOneModelShareItsEncoder() {
        client.post("/search", Map.of("query", "fast"));
        client.post("/search", Map.of("query", "fast", "index", "animals"));
        assertThat(opened).hasValue(1);
    }

    @Test
    void filtersByFields() {
        assertThat(
                        ids(
                                client.post(
                                        "/search",
                                        "{\"query\":\"car\",\"filter\":{\"color\":\"blue\"}}")))
                .containsExactly("2");
        assertThat(
                        ids(
                                client.post(
                                        "/search",
                                        "{\"query\":\"car\",\"filter\":{\"color\":[\"blue\",\"red\"],"
                                                + "\"doors\":\"5\"}}")))
                .containsExactly("1");
        assertThat(client.post("/search", "{\"query\":\"car\",\"filter\":{\"color\":[]}}").error())
                .startsWith("422 Validation: `filter.color` is an empty array");
        assertThat(
                        ids(
                                client.post(
                                        "/search",
                                        "{\"query\":\"car\",\"filter\":{\"doors\":[5,true]}}")))
                .containsExactly("1");
        assertThat(client.post("/search", "{\"query\":\"car\",\"filter\":{\"doors\":{}}}").error())
                .startsWith("422 Validation: `filter.doors` must be a string, a number,");
    }

    @Test
    void fusesWithBm25WhereTheIndexSupportsIt() {
        assertThat(client.post("/search", Map.of("query", "slow", "hybrid", true)).error())
                .startsWith("422 Validation: this index does not support BM25");
        cars.supportsText = true;
        JsonNode hit =
                client.post("/search", Map.of("query", "slow", "hybrid", true))
                        .json()
                        .at("/hits/0");
        assertThat(hit.get("id").asText()).isEqualTo("2");
        assertThat(hit.get("score").doubleValue()).isCloseTo(2.0 / 61, within());
    }

    @Test
    void whatTheIndexDoesNotSupportIsAnInvalidRequest() {
        assertThat(client.post("/search", Map.of("query", "slow", "idf", true)).error())
                .isEqualTo("422 Validation: memory does not support idf. Search without it");
        assertThat(ids(client.post("/search", Map.of("query", "slow")))).containsExactly("2");
    }

    @Test
    void rejectsInvalidRequests() {
        assertThat(client.post("/search", Map.of("k", 1)).error())
                .startsWith("422 Validation: `query` is missing");
        assertThat(client.post("/search", Map.of("query", " ")).error())
                .isEqualTo("400 Empty: `query` cannot be empty");
        assertThat(client.post("/search", Map.of("query", "a", "k", 101)).error())
                .isEqualTo("422 Validation: `k` must be a whole number from 1 to 100, not 101");
        assertThat(client.post("/search", Map.of("query", "a", "k", 0)).error())
                .isEqualTo("422 Validation: `k` must be a whole number from 1 to 100, not 0");
        assertThat(client.post("/search", "{\"query\":\"a\",\"k\":1.5}").error())
                .isEqualTo("422 Validation: `k` must be a whole number from 1 to 100, not 1.5");
        assertThat(client.post("/search", "{\"query\":\"a\",\"k\":99999999999}").status())
                .isEqualTo(422);
        assertThat(client.post("/search", Map.of("query", "a", "hybird", true)).error())
                .isEqualTo("422 Validation: unknown field `hybird`; did you mean `hybrid`?");
        assertThat(client.post("/search", Map.of("query", List.of("a"))).error())
                .isEqualTo("422 Validation: `query` must be a string, not an array");
        assertThat(client.post("/search", "{\"query\":").error())
                .startsWith("400 Validation: the body is not valid JSON");
    }

    @Test
    void reportsATruncatedQuery() {
        String query = String.join(" ", IntStream.range(0, 30).mapToObj(i -> "w" + i).toList());
        assertThat(
                        client.post("/search", Map.of("query", query))
                                .json()
                                .get("truncated")
                                .booleanValue())
                .isTrue();
    }

    @Test
    void anIndexThatWasUnavailableIsOpenedAgain() {
        assertThat(ids(client.post("/search", Map.of("query", "fast")))).containsExactly("1");
        cars.reachable = false;
        TestClient.Response response = client.post("/search", Map.of("query", "fast"));
        assertThat(response.error())
                .isEqualTo("503 Unhealthy: the index cars is unavailable: memory is unreachable");
        assertThat(response.header("Retry-After")).isEqualTo("1");
        assertThat(client.post("/search", Map.of("query", "fast")).status()).isEqualTo(503);
        JsonNode index = client.get("/indexes").json().at("/indexes/0");
        assertThat(index.get("available").booleanValue()).isFalse();
        assertThat(index.get("error").asText()).isEqualTo("memory is unreachable");
        assertThat(client.get("/metrics").http().body())
                .contains("splade_index_available{index=\"cars\"} 0\n")
                .contains("splade_index_available{index=\"animals\"} 1\n");
        assertThat(client.get("/health").status()).isEqualTo(200);
        assertThat(ids(client.post("/search", Map.of("query", "fast", "index", "animals"))))
                .containsExactly("cat");
        cars.reachable = true;
        TestClient.await(
                "the index", () -> client.post("/search", Map.of("query", "fast")).status() == 200);
        assertThat(client.get("/indexes").json().at("/indexes/0/available").booleanValue())
                .isTrue();
    }

    @Test
    void aServerThatIsUnreachableAtTheStartIsContactedLater() throws IOException {
        animals.reachable = false;
        try (SpladeServer other = start(uris("animals"), ServeOptions.builder().port(0).build())) {
            TestClient its = new TestClient(other);
            assertThat(its.post("/search", Map.of("query", "fast")).status()).isEqualTo(503);
            animals.reachable = true;
            TestClient.await(
                    "the index",
                    () -> its.post("/search", Map.of("query", "fast")).status() == 200);
        }
    }

    @Test
    void anIndexThatCannotBeSearchedFailsTheStart() {
        assertThatThrownBy(
                        () -> start(uris("cars", "boats"), ServeOptions.builder().port(0).build()))
                .isInstanceOf(ConnectorException.class)
                .hasMessage("memory:boats does not exist");
    }

    @Test
    void anIndexWithAnotherModelIsOpenedWithThatModel() {
        client.post("/search", Map.of("query", "fast"));
        cars.provenance = MemoryConnector.provenance("missing", '5');
        cars.failure = new ConnectorException("the index was replaced. Open it again");
        assertThat(client.post("/search", Map.of("query", "fast")).error())
                .isEqualTo(
                        "503 Unhealthy: the index cars is unavailable: the model 'missing' does not"
                                + " exist");
        // the model that the encoder has, but the index states another digest
        cars.provenance = MemoryConnector.provenance("other", '6');
        TestClient.await(
                "the message",
                () ->
                        client.post("/search", Map.of("query", "fast"))
                                .error()
                                .startsWith(
                                        "503 Unhealthy: the index cars is unavailable: memory:cars"
                                                + " contains vectors of the model other"));
        cars.provenance = MemoryConnector.provenance("fake", '0');
        cars.failure = null;
        TestClient.await(
                "the index", () -> client.post("/search", Map.of("query", "fast")).status() == 200);
    }

    @Test
    void theCheckNoticesWhatNoSearchReports() {
        client.post("/search", Map.of("query", "fast"));
        cars.provenance = MemoryConnector.provenance("missing", '5');
        animals.reachable = false;
        assertThat(client.post("/search", Map.of("query", "fast")).status()).isEqualTo(200);
        server.checkIndexes();
        assertThat(client.get("/indexes").json().findValuesAsText("error"))
                .containsExactly("the model 'missing' does not exist", "memory is unreachable");
        cars.provenance = MemoryConnector.provenance("fake", '0');
        animals.reachable = true;
        server.checkIndexes();
        assertThat(client.get("/indexes").json().findValuesAsText("available"))
                .containsExactly("true", "true");
    }

    @Test
    void anIndexThatWasReplacedIsSearchedAgain() {
        client.post("/search", Map.of("query", "fast"));
        // as Lucene's index reports it: the old one cannot be searched, the new one can
        cars.failure = new ConnectorException("the index was replaced. Open it again");
        cars.provenance =
                new Provenance("fake", "0".repeat(64), "1".repeat(64), "fp32", "none", 256);
        CompletableFuture<TestClient.Response> answer =
                client.postAsync("/search", "{\"query\":\"fast\"}");
        assertThat(answer.join().error()).contains("the index was replaced");
        cars.failure = null;
        assertThat(ids(client.post("/search", Map.of("query", "fast")))).containsExactly("1");
        assertThat(client.get("/indexes").json().at("/indexes/0/provenance/max_tokens").asText())
                .isEqualTo("256");
    }

    @Test
    void listsTheIndexesWithTheirModels() {
        JsonNode indexes = client.get("/indexes").json().get("indexes");
        assertThat(indexes.findValuesAsText("name")).containsExactly("cars", "animals");
        assertThat(indexes.get(0).get("uri").asText()).isEqualTo("memory:cars");
        assertThat(indexes.get(0).get("available").booleanValue()).isTrue();
        assertThat(indexes.get(0).get("hybrid").booleanValue()).isFalse();
        assertThat(indexes.get(0).at("/provenance/model_sha256").asText())
                .isEqualTo("0".repeat(64));
    }

    @Test
    void encodesQueriesWithTheModelOfTheFirstIndex() {
        JsonNode vector = client.post("/embed_sparse", Map.of("inputs", "fast")).json().get(0);
        assertThat(vector.get(0).get("index").asInt())
                .isEqualTo(FakeEncoder.vector("fast").indices()[0]);
        assertThat(client.get("/info").json().get("model_id").asText()).isEqualTo("fake");
    }

    @Test
    void internalErrorsAreAnsweredWithoutDetails() {
        cars.failure = new IllegalStateException("secret detail");
        TestClient.Response response = client.post("/search", Map.of("query", "fast"));
        assertThat(response.error())
                .isEqualTo("500 Backend: internal error; the log of the server has the details");
        assertThat(response.http().body()).doesNotContain("secret", "Exception", "at io.");
    }

    @Test
    void theSameVectorsAreFoundUnderLoad() {
        List<CompletableFuture<TestClient.Response>> responses =
                IntStream.range(0, 60)
                        .mapToObj(
                                i ->
                                        client.postAsync(
                                                "/search",
                                                i % 2 == 0
                                                        ? "{\"query\":\"slow\"}"
                                                        : "{\"query\":\"fast\",\"index\":\"animals\"}"))
                        .toList();
        for (int i = 0; i < responses.size(); i++) {
            assertThat(ids(responses.get(i).join())).containsExactly(i % 2 == 0 ? "2" : "cat");
        }
    }
}

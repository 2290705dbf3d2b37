package io.github.flinksplade.serve;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import io.github.flinksplade.encoder.EncoderOptions;
import io.github.flinksplade.encoder.FakeEncoder;
import io.github.flinksplade.encoder.RandomMaskedLanguageModel;
import io.github.flinksplade.encoder.Role;
import io.github.flinksplade.encoder.SpladeEncoder;
import io.github.flinksplade.encoder.TokenSequence;
import io.github.flinksplade.vector.SparseVector;
import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.atomic.AtomicLong;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** {@code /embed_sparse} of a server with a small random model. */
class EmbedSparseTest {

    private static final ServeOptions ANY_PORT = ServeOptions.builder().port(0).build();
    private static final EncoderOptions ENCODING =
            EncoderOptions.builder().documentTokens(32).queryTokens(12).build();
    private static final String LONG =
            "one two three four five six seven eight nine ten eleven twelve";

    @TempDir static Path directory;
    private static SpladeEncoder expected;
    private static SpladeServer server;
    private static TestClient client;

    @BeforeAll
    static void start() throws IOException {
        String model = new RandomMaskedLanguageModel().write(directory.resolve("model")).toString();
        expected = SpladeEncoder.open(model, ENCODING);
        server = SpladeServer.start(SpladeEncoder.open(model, ENCODING), ANY_PORT);
        client = new TestClient(server);
    }

    @AfterAll
    static void stop() {
        server.close();
        expected.close();
    }

    /** The vectors of a response, to the bit. */
    private static List<SparseVector> vectors(TestClient.Response response) {
        assertThat(response.status()).as(response.http().body()).isEqualTo(200);
        List<SparseVector> vectors = new ArrayList<>();
        for (JsonNode terms : response.json()) {
            int[] indices = new int[terms.size()];
            float[] values = new float[terms.size()];
            for (int i = 0; i < indices.length; i++) {
                assertThat(terms.get(i)).hasSize(2);
                indices[i] = terms.get(i).get("index").intValue();
                values[i] = Float.parseFloat(terms.get(i).get("value").asText());
            }
            vectors.add(new SparseVector(indices, values));
        }
        return vectors;
    }

    private static void assertSame(List<SparseVector> actual, List<String> texts, Role role) {
        assertThat(actual).hasSameSizeAs(texts);
        for (int i = 0; i < texts.size(); i++) {
            SparseVector vector = expected.encode(texts.get(i), role).vector();
            assertThat(actual.get(i).indices()).isEqualTo(vector.indices());
            assertThat(actual.get(i).values()).isEqualTo(vector.values());
        }
    }

    @Test
    void returnsTheVectorsOfTheEncoderToTheBit() {
        List<String> texts = List.of("hello world", "the house", "caf\u00e9 \ud83d\ude00 \u4e2d");
        assertSame(
                vectors(client.post("/embed_sparse", Map.of("inputs", texts))), texts, Role.QUERY);
    }

    @Test
    void aStringIsABatchOfOne() {
        assertSame(
                vectors(client.post("/embed_sparse", Map.of("inputs", "hello world"))),
                List.of("hello world"),
                Role.QUERY);
    }

    @Test
    void rootIsTheSameAsEmbedSparse() {
        assertSame(
                vectors(client.post("/", Map.of("inputs", "hello"))), List.of("hello"), Role.QUERY);
    }

    @Test
    void promptNameSelectsTheRole() {
        Map<String, Object> request =
                Map.of("inputs", LONG, "truncate", true, "prompt_name", "document");
        assertSame(vectors(client.post("/embed_sparse", request)), List.of(LONG), Role.DOCUMENT);
        request = Map.of("inputs", LONG, "truncate", true, "prompt_name", "query");
        assertSame(vectors(client.post("/embed_sparse", request)), List.of(LONG), Role.QUERY);
        assertThat(expected.encode(LONG, Role.QUERY).vector().values())
                .isNotEqualTo(expected.encode(LONG, Role.DOCUMENT).vector().values());
        assertThat(
                        client.post(
                                        "/embed_sparse",
                                        Map.of("inputs", "a", "prompt_name", "passage"))
                                .error())
                .isEqualTo(
                        "422 Validation: `prompt_name` must be query or document, not 'passage'");
    }

    @Test
    void textBeyondTheTokenLimitIsAnErrorUnlessTruncated() {
        assertThat(client.post("/embed_sparse", Map.of("inputs", LONG)).error())
                .matches("413 Validation: `inputs` must have at most 12 tokens\\. Given: \\d+.*");
        assertSame(
                vectors(
                        client.post(
                                "/embed_sparse",
                                Map.of(
                                        "inputs",
                                        LONG,
                                        "truncate",
                                        true,
                                        "truncation_direction",
                                        "right"))),
                List.of(LONG),
                Role.QUERY);
    }

    @Test
    void truncatesOnTheLeft() {
        String text = "one two three four five";
        int[] whole = expected.tokenizer().tokenize(text, Role.DOCUMENT).ids();
        assertThat(whole).hasSizeBetween(13, 31);
        int[] end = Arrays.copyOfRange(whole, whole.length - 12, whole.length);
        end[0] = whole[0];
        List<SparseVector> left =
                vectors(
                        client.post(
                                "/embed_sparse",
                                Map.of(
                                        "inputs",
                                        List.of(text, "hello"),
                                        "truncate",
                                        true,
                                        "truncation_direction",
                                        "Left")));
        assertThat(left.get(0)).isEqualTo(ofIds(end)).isNotEqualTo(ofTexts(text).get(0));
        assertThat(left.get(1)).isEqualTo(ofTexts("hello").get(0));
    }

    private static SparseVector ofIds(int... ids) {
        return expected.engine(Role.QUERY)
                .run(List.of(new TokenSequence(ids, ids.length, false)))
                .get(0);
    }

    private static List<SparseVector> ofTexts(String... texts) {
        return Stream.of(texts).map(text -> expected.encode(text, Role.QUERY).vector()).toList();
    }

    @Test
    void encodesTokenIdsAsTheyAre() {
        int[] hello = expected.tokenizer().tokenize("hello world", Role.QUERY).ids();
        assertThat(vectors(client.post("/embed_sparse", Map.of("inputs", hello))))
                .isEqualTo(ofTexts("hello world"));
        assertThat(
                        vectors(
                                client.post(
                                        "/embed_sparse",
                                        Map.of("inputs", List.of(hello, "the house", hello)))))
                .isEqualTo(ofTexts("hello world", "the house", "hello world"));
        int[] some = Arrays.copyOfRange(hello, 1, 3);
        assertThat(vectors(client.post("/embed_sparse", Map.of("inputs", some))))
                .containsExactly(ofIds(some));
    }

    @Test
    void limitsTokenIds() {
        int[] ids = IntStream.range(5, 25).toArray();
        assertThat(client.post("/embed_sparse", Map.of("inputs", ids)).error())
                .startsWith("413 Validation: `inputs` must have at most 12 tokens. Given: 20");
        Map<String, Object> right = Map.of("inputs", ids, "truncate", true);
        assertThat(vectors(client.post("/embed_sparse", right)))
                .containsExactly(ofIds(Arrays.copyOf(ids, 12)));
        Map<String, Object> left =
                Map.of("inputs", ids, "truncate", true, "truncation_direction", "left");
        assertThat(vectors(client.post("/embed_sparse", left)))
                .containsExactly(ofIds(Arrays.copyOfRange(ids, 8, 20)));
        int terms = expected.tokenizer().vocabularySize();
        assertThat(
                        client.post(
                                        "/embed_sparse",
                                        Map.of("inputs", List.of("a", new int[] {5, terms})))
                                .error())
                .isEqualTo(
                        "422 Validation: input 2 has the token id "
                                + terms
                                + ", but the highest of the model is "
                                + (terms - 1));
        assertThat(client.post("/embed_sparse", "{\"inputs\":[[5,-1]]}").error())
                .isEqualTo("422 Validation: `inputs[0][1]` must be a token id, not -1");
        assertThat(client.post("/embed_sparse", "{\"inputs\":[5,\"a\"]}").error())
                .isEqualTo("422 Validation: `inputs[1]` must be a token id, not a string");
        assertThat(client.post("/embed_sparse", "{\"inputs\":[5,1.5]}").error())
                .isEqualTo("422 Validation: `inputs[1]` must be a token id, not 1.5");
        assertThat(client.post("/embed_sparse", "{\"inputs\":[[5],[]]}").error())
                .isEqualTo("400 Empty: `inputs` cannot be empty");
    }

    @Test
    void autoTruncateIsTheDefaultOfTruncate() throws IOException {
        ServeOptions options = ServeOptions.builder().port(0).autoTruncate(true).build();
        EncoderOptions limits = EncoderOptions.builder().queryTokens(6).build();
        SpladeEncoder fake = FakeEncoder.create(limits, new AtomicLong());
        try (SpladeServer truncating = SpladeServer.start(fake, options)) {
            TestClient other = new TestClient(truncating);
            assertThat(other.post("/embed_sparse", Map.of("inputs", LONG)).status()).isEqualTo(200);
            assertThat(
                            other.post("/embed_sparse", Map.of("inputs", LONG, "truncate", false))
                                    .status())
                    .isEqualTo(413);
            assertThat(other.get("/info").json().get("auto_truncate").booleanValue()).isTrue();
        }
    }

    @Test
    void ignoresFieldsThatItDoesNotKnowAndNulls() {
        assertSame(
                vectors(
                        client.post(
                                "/embed_sparse",
                                "{\"inputs\": \"hello\", \"normalize\": true, \"dimensions\": 5,"
                                        + " \"prompt_name\": null, \"truncate\": null,"
                                        + " \"truncation_direction\": null}")),
                List.of("hello"),
                Role.QUERY);
    }

    @Test
    void rejectsInvalidRequests() {
        assertThat(client.post("/embed_sparse", "{\"inputs\": \"a\"").error())
                .startsWith("400 Validation: the body is not valid JSON: ");
        assertThat(client.post("/embed_sparse", "").error())
                .isEqualTo("400 Validation: the body is empty. Send a JSON object");
        assertThat(client.post("/embed_sparse", "{\"inputs\":\"a\"} x").error())
                .startsWith("400 Validation: the body is not valid JSON");
        assertThat(client.post("/embed_sparse", "{\"inputs\":\"a\",\"inputs\":\"b\"}").error())
                .startsWith("400 Validation: the body is not valid JSON: Duplicate");
        assertThat(client.post("/embed_sparse", "[\"a\"]").error())
                .isEqualTo("422 Validation: the body must be a JSON object, not an array");
        assertThat(client.post("/embed_sparse", "{}").error())
                .startsWith("422 Validation: `inputs` is missing");
        assertThat(client.post("/embed_sparse", "{\"inputs\":[\"a\",7]}").error())
                .isEqualTo(
                        "422 Validation: `inputs[1]` must be a string or an array of token ids, not 7");
        assertThat(client.post("/embed_sparse", "{\"inputs\":{}}").error())
                .isEqualTo(
                        "422 Validation: `inputs` must be a string, an array of token ids, or an"
                                + " array of these, not an object");
        assertThat(client.post("/embed_sparse", "{\"inputs\":\"a\",\"truncate\":\"yes\"}").error())
                .isEqualTo("422 Validation: `truncate` must be true or false, not a string");
        assertThat(client.post("/embed_sparse", "{\"inputs\":[]}").error())
                .isEqualTo("400 Empty: `inputs` cannot be empty");
        assertThat(client.post("/embed_sparse", "{\"inputs\":[\"a\",\"\"]}").error())
                .isEqualTo("400 Empty: `inputs` cannot be empty");
        String deep = "[".repeat(5000);
        assertThat(client.post("/embed_sparse", deep).status()).isEqualTo(400);
    }

    @Test
    void rejectsBatchesBeyondTheLimit() {
        List<String> texts = IntStream.range(0, 33).mapToObj(i -> "text " + i).toList();
        assertThat(client.post("/embed_sparse", Map.of("inputs", texts)).error())
                .isEqualTo("413 Validation: batch size 33 > maximum allowed batch size 32");
        assertThat(vectors(client.post("/embed_sparse", Map.of("inputs", texts.subList(0, 32)))))
                .hasSize(32);
    }

    @Test
    void aTextThatCannotBeEncodedFailsItsRequestOnly() throws IOException {
        try (SpladeServer fake = SpladeServer.start(FakeEncoder.create(), ANY_PORT)) {
            TestClient other = new TestClient(fake);
            CompletableFuture<TestClient.Response> poisoned =
                    other.postAsync(
                            "/embed_sparse",
                            "{\"inputs\":[\"good\",\"" + FakeEncoder.POISON + "\"]}");
            CompletableFuture<TestClient.Response> good =
                    other.postAsync("/embed_sparse", "{\"inputs\":\"good\"}");
            assertThat(poisoned.join().error()).startsWith("422 Tokenizer: ");
            assertThat(vectors(good.join()).get(0).indices())
                    .isEqualTo(FakeEncoder.vector("good").indices());
            assertThat(other.get("/metrics").http().body())
                    .contains("te_request_failure{err=\"tokenizer\"} 1\n")
                    .contains("te_request_success{method=\"single\"} 1\n")
                    .contains("te_request_count{method=\"batch\"} 1\n");
        }
    }

    @Test
    void concurrentRequestsShareBatches() {
        int before = metric("te_batch_next_size_count");
        int textsBefore = metric("te_batch_next_size_sum");
        List<String> texts = IntStream.range(0, 100).mapToObj(i -> "hello " + i).toList();
        List<CompletableFuture<TestClient.Response>> responses =
                texts.stream()
                        .map(
                                text ->
                                        client.postAsync(
                                                "/embed_sparse", "{\"inputs\":\"" + text + "\"}"))
                        .toList();
        for (int i = 0; i < texts.size(); i++) {
            assertSame(vectors(responses.get(i).join()), List.of(texts.get(i)), Role.QUERY);
        }
        assertThat(metric("te_batch_next_size_sum") - textsBefore).isEqualTo(100);
        assertThat(metric("te_batch_next_size_count") - before).isLessThan(100);
    }

    private static int metric(String name) {
        Matcher line =
                Pattern.compile("(?m)^" + name + " (\\d+)$")
                        .matcher(client.get("/metrics").http().body());
        assertThat(line.find()).as(name).isTrue();
        return Integer.parseInt(line.group(1));
    }

    @Test
    void infoHasTheFieldsOfTextEmbeddingsInference() {
        JsonNode info = client.get("/info").json();
        assertThat(info.get("model_id").asText()).isEqualTo(expected.info().name());
        assertThat(info.get("model_sha").asText()).isEqualTo(expected.info().sha256());
        assertThat(info.get("model_dtype").asText()).isEqualTo("float32");
        assertThat(info.at("/model_type/embedding/pooling").asText()).isEqualTo("splade");
        assertThat(info.get("max_input_length").asInt()).isEqualTo(12);
        assertThat(info.get("max_concurrent_requests").asInt()).isEqualTo(128);
        assertThat(info.get("max_client_batch_size").asInt()).isEqualTo(32);
        assertThat(info.get("max_batch_tokens").asInt())
                .isEqualTo(expected.maxBatchTokens(Role.QUERY));
        assertThat(info.get("tokenization_workers").asInt()).isPositive();
        assertThat(info.get("version").asText()).isNotEmpty();
        assertThat(info.has("max_batch_requests")).isTrue();
        assertThat(info.has("sha")).isTrue();
        assertThat(info.has("docker_label")).isTrue();
    }

    /** A strict reading of Prometheus's text format. */
    @Test
    void metricsAreInPrometheusFormat() {
        client.post("/embed_sparse", Map.of("inputs", "hello"));
        TestClient.Response response = client.get("/metrics");
        assertThat(response.header("Content-Type")).startsWith("text/plain; version=0.0.4");
        Pattern sample =
                Pattern.compile(
                        "([a-z_]+)(\\{([a-z_]+=\"[^\"]*\")(,[a-z_]+=\"[^\"]*\")*})? [0-9.Ee-]+");
        String type = "";
        long previous = 0;
        for (String line : response.http().body().split("\n")) {
            if (line.startsWith("# TYPE ")) {
                type = line.split(" ")[2];
                previous = 0;
            } else if (!line.startsWith("# HELP ")) {
                Matcher matcher = sample.matcher(line);
                assertThat(matcher.matches()).as(line).isTrue();
                assertThat(matcher.group(1)).startsWith(type);
                if (matcher.group(1).endsWith("_bucket")) {
                    long count = Long.parseLong(line.substring(line.lastIndexOf(' ') + 1));
                    boolean first = line.contains("le=\"5.0E-4\"");
                    assertThat(count).as(line).isGreaterThanOrEqualTo(first ? 0 : previous);
                    previous = line.contains("+Inf") ? 0 : count;
                }
            }
        }
        assertThat(response.http().body())
                .contains("te_request_count{method=\"single\"}")
                .contains("te_request_duration_bucket{le=\"+Inf\"}")
                .contains("te_request_queue_duration_sum ")
                .contains("te_request_inference_duration_count ")
                .contains("te_queue_size 0");
    }
}

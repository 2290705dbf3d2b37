package io.github.flinksplade.serve;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import io.github.flinksplade.connector.ConnectorUri;
import io.github.flinksplade.encoder.FakeEncoder;
import java.io.IOException;
import java.net.http.HttpRequest.BodyPublishers;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeSet;
import java.util.regex.Pattern;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** Paths, methods and headers. */
class RoutesTest {

    private static SpladeServer server;
    private static TestClient client;
    private static JsonNode openApi;

    @BeforeAll
    static void start() throws IOException {
        MemoryConnector.INDEXES.put(
                "routes", new MemoryConnector.Contents().add("1", "a fast car", null));
        server =
                SpladeServer.start(
                        Map.of("routes", ConnectorUri.parse("memory:routes")),
                        (uri, provenance) -> FakeEncoder.create(),
                        ServeOptions.builder().port(0).build());
        client = new TestClient(server);
        openApi = client.get("/openapi.json").json();
    }

    @AfterAll
    static void stop() {
        server.close();
    }

    @Test
    void openApiDescribesExactlyTheRoutes() {
        for (Map.Entry<String, JsonNode> path : openApi.get("paths").properties()) {
            TreeSet<String> described = new TreeSet<>();
            path.getValue()
                    .fieldNames()
                    .forEachRemaining(method -> described.add(method.toUpperCase(Locale.ROOT)));
            TestClient.Response response =
                    client.send(
                            client.request(path.getKey())
                                    .method("DELETE", BodyPublishers.noBody())
                                    .build());
            assertThat(response.status()).as(path.getKey()).isEqualTo(405);
            assertThat(response.header("Allow"))
                    .as(path.getKey())
                    .isEqualTo(String.join(", ", described));
        }
        assertThat(server.paths())
                .containsExactlyInAnyOrderElementsOf(
                        openApi.get("paths").properties().stream().map(Map.Entry::getKey).toList());
    }

    @Test
    void openApiRefersToExistingComponents() {
        List<String> references = openApi.findValuesAsText("$ref");
        assertThat(references).hasSizeGreaterThan(20);
        for (String reference : references) {
            assertThat(openApi.at(reference.substring(1)).isMissingNode()).as(reference).isFalse();
        }
    }

    @Test
    void openApiDescribesTheFieldsOfTheAnswers() {
        Map<String, TestClient.Response> answers =
                Map.of(
                        "SearchResponse",
                        client.post("/search", Map.of("query", "fast", "explain", true)),
                        "Info",
                        client.get("/info"),
                        "Indexes",
                        client.get("/indexes"),
                        "ErrorResponse",
                        client.get("/unknown"));
        answers.forEach(
                (schema, answer) -> {
                    JsonNode described = openApi.at("/components/schemas/" + schema);
                    answer.json()
                            .fieldNames()
                            .forEachRemaining(
                                    name ->
                                            assertThat(described.get("properties").has(name))
                                                    .as(schema + "." + name)
                                                    .isTrue());
                    described
                            .get("required")
                            .forEach(
                                    name ->
                                            assertThat(answer.json().has(name.asText()))
                                                    .as(schema + "." + name)
                                                    .isTrue());
                });
    }

    @Test
    void unknownPathsAreNotFound() {
        assertThat(client.get("/nothing").error())
                .isEqualTo(
                        "404 Validation: there is no /nothing. GET /openapi.json lists the paths");
        assertThat(client.get("/search.js/").status()).isEqualTo(404);
        assertThat(client.post("/..%2fsearch", "{}").status()).isBetween(400, 404);
    }

    @Test
    void otherMethodsAreNotAllowed() {
        TestClient.Response response = client.get("/search");
        assertThat(response.error())
                .isEqualTo("405 Validation: /search does not support GET. Use POST");
        assertThat(response.header("Allow")).isEqualTo("POST");
    }

    @Test
    void headHasTheHeadersOfGetAndNoBody() {
        for (String path : List.of("/", "/health", "/info", "/openapi.json", "/search.css")) {
            TestClient.Response get = client.get(path);
            TestClient.Response head =
                    client.send(
                            client.request(path).method("HEAD", BodyPublishers.noBody()).build());
            assertThat(head.status()).isEqualTo(200);
            assertThat(head.http().body()).isEmpty();
            assertThat(head.header("Content-Type")).isEqualTo(get.header("Content-Type"));
            assertThat(head.header("Content-Length")).isEqualTo(get.header("Content-Length"));
        }
    }

    @Test
    void onlyJsonIsAccepted() {
        for (String type : List.of("text/plain", "application/x-www-form-urlencoded", "x")) {
            assertThat(
                            client.send(
                                            client.request("/search")
                                                    .header("Content-Type", type)
                                                    .POST(BodyPublishers.ofString("{}"))
                                                    .build())
                                    .error())
                    .isEqualTo(
                            "415 Validation: the Content-Type is "
                                    + type
                                    + ". Send application/json");
        }
        assertThat(
                        client.send(
                                        client.request("/search")
                                                .header(
                                                        "Content-Type",
                                                        "Application/JSON; charset=utf-8")
                                                .POST(BodyPublishers.ofString("{\"query\":\"a\"}"))
                                                .build())
                                .status())
                .isEqualTo(200);
    }

    @Test
    void everyResponseHasSecurityHeaders() {
        for (TestClient.Response response :
                List.of(
                        client.get("/"),
                        client.get("/search.js"),
                        client.get("/nothing"),
                        client.get("/search"),
                        client.post("/search", "{"),
                        client.post("/search", Map.of("query", "fast")))) {
            assertThat(response.header("Content-Security-Policy"))
                    .contains("default-src 'none'", "script-src 'self'", "frame-ancestors 'none'")
                    .doesNotContain("unsafe");
            assertThat(response.header("X-Content-Type-Options")).isEqualTo("nosniff");
            assertThat(response.header("Referrer-Policy")).isEqualTo("no-referrer");
            assertThat(response.header("Server")).isNull();
        }
    }

    @Test
    void thePageContainsNoInlineScriptsOrStylesAndNoExternalFiles() {
        String page = client.get("/").http().body();
        assertThat(page)
                .doesNotContainPattern("<script(?! src=\"search\\.js\")")
                .doesNotContainPattern("<style|style=|\\son[a-z]+=")
                .doesNotContain("http://", "https://");
        assertThat(client.get("/search.js").http().body())
                .doesNotContain("innerHTML", "outerHTML", "insertAdjacentHTML", "document.write")
                .doesNotContainPattern("https?://");
        assertThat(client.get("/search.css").http().body()).doesNotContain("url(", "@import");
    }

    @Test
    void thePageOfTheDocumentationListsTheMetrics() throws IOException {
        String page = Files.readString(Path.of("../../docs/serve.md"));
        String section = page.substring(page.indexOf("## Metrics"), page.indexOf("## Latency"));
        TreeSet<String> documented = new TreeSet<>();
        section.lines()
                .filter(line -> line.startsWith("| `"))
                .map(line -> line.split("\\|")[1])
                .forEach(
                        cell ->
                                Pattern.compile("`(\\w+)`")
                                        .matcher(cell)
                                        .results()
                                        .forEach(name -> documented.add(name.group(1))));
        assertThat(
                        client.get("/metrics")
                                .http()
                                .body()
                                .lines()
                                .filter(line -> line.startsWith("# TYPE "))
                                .map(line -> line.split(" ")[2]))
                .containsExactlyInAnyOrderElementsOf(documented);
    }
}

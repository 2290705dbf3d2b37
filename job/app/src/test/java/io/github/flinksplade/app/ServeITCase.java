package io.github.flinksplade.app;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.github.flinksplade.connector.ConnectorUri;
import io.github.flinksplade.connector.SearchIndex;
import io.github.flinksplade.encoder.EncoderOptions;
import io.github.flinksplade.encoder.Progress;
import io.github.flinksplade.encoder.Role;
import io.github.flinksplade.encoder.SpladeEncoder;
import io.github.flinksplade.search.SearchRequest;
import io.github.flinksplade.search.SearchResult;
import io.github.flinksplade.search.Searcher;
import io.github.flinksplade.vector.SparseVector;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.Socket;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** {@code serve} as a user starts it, with an index that {@code run} has written. */
class ServeITCase {

    private static final ObjectMapper JSON = new ObjectMapper();

    @TempDir static Path directory;

    @BeforeAll
    static void index() throws IOException {
        Files.writeString(
                directory.resolve("docs.jsonl"),
                """
                {"id": "1", "text": "The physician examined the patient's heart.", "ward": "B2"}
                {"id": "2", "text": "Bake the bread until the crust is brown."}
                {"id": "3", "text": "The carburettor mixes air and fuel for the engine."}
                """);
        execute("run", "--from", "file:docs.jsonl", "--to", "lucene:idx").expect(0);
    }

    private static Distribution.Answer execute(String... arguments) {
        List<String> command = new ArrayList<>();
        command.add(Distribution.home().resolve("bin/flink-splade").toString());
        command.addAll(List.of(arguments));
        return Distribution.execute(directory, "", Map.of(), command);
    }

    /** Starts a server on a free port and returns its URI. */
    private static URI listening(Path log) {
        Distribution.await(
                "the server; see " + log, () -> read(log).contains("Listening on http://"));
        Matcher line = Pattern.compile("Listening on (\\S+)").matcher(read(log));
        assertThat(line.find()).isTrue();
        return URI.create(line.group(1));
    }

    private static String read(Path file) {
        try {
            return Files.exists(file) ? Files.readString(file) : "";
        } catch (IOException e) {
            throw new AssertionError(e);
        }
    }

    private static HttpResponse<String> post(URI uri, String body, String... headers)
            throws Exception {
        HttpRequest.Builder request =
                HttpRequest.newBuilder(uri)
                        .header("Content-Type", "application/json")
                        .POST(BodyPublishers.ofString(body));
        for (int i = 0; i < headers.length; i += 2) {
            request.header(headers[i], headers[i + 1]);
        }
        return HttpClient.newHttpClient().send(request.build(), BodyHandlers.ofString());
    }

    @Test
    void answersTheRequestInProgressAndStopsOnSigterm() throws Exception {
        Path log = directory.resolve("serve.log");
        Process process =
                Distribution.start(
                        directory, log, "serve", "--index", "docs=lucene:idx", "--port", "0");
        try {
            URI server = listening(log);
            HttpResponse<String> found =
                    post(server.resolve("/search"), "{\"query\":\"doctor\",\"k\":1}");
            assertThat(found.statusCode()).as(found.body()).isEqualTo(200);
            JsonNode hit = JSON.readTree(found.body()).at("/hits/0");
            assertThat(hit.get("id").asText()).isEqualTo("1");
            assertThat(hit.at("/fields/ward").asText()).isEqualTo("B2");
            JsonNode printed =
                    JSON.readTree(
                            execute(
                                            "search",
                                            "--index",
                                            "lucene:idx",
                                            "-k",
                                            "1",
                                            "--json",
                                            "doctor")
                                    .expect(0)
                                    .out());
            for (String name : List.of("rank", "id", "score", "terms", "text", "fields")) {
                assertThat(hit.get(name)).as(name).isEqualTo(printed.get(name));
            }
            assertVectorsOfTheEncoder(server);
            assertThat(
                            post(
                                            server.resolve("/embed_sparse"),
                                            "{\"inputs\":\"a\",\"prompt_name\":\"document\"}")
                                    .body())
                    .contains("the model is open for queries only");

            String body = "{\"query\":\"doctor\"}";
            try (Socket slow = new Socket("127.0.0.1", server.getPort())) {
                send(
                        slow,
                        "POST /search HTTP/1.1\r\nHost: localhost\r\nContent-Type:"
                                + " application/json\r\nContent-Length: "
                                + body.length()
                                + "\r\nConnection: close\r\n\r\n{");
                Distribution.await("the request", () -> inProgress(server));
                process.destroy();
                Distribution.await(
                        "the stop",
                        () -> read(log).contains("Stopping after the requests in progress"));
                assertThat(process.isAlive()).isTrue();
                send(slow, body.substring(1));
                assertThat(new String(slow.getInputStream().readAllBytes(), StandardCharsets.UTF_8))
                        .startsWith("HTTP/1.1 200 ")
                        .contains("\"id\":\"1\"");
            }
            assertThat(process.waitFor(Distribution.TIMEOUT.toSeconds(), TimeUnit.SECONDS))
                    .isTrue();
            assertThat(process.exitValue()).as(read(log)).isEqualTo(143);
            assertThat(read(log)).doesNotContain("Exception");
        } finally {
            process.destroyForcibly().waitFor();
        }
    }

    private static void send(Socket socket, String text) throws IOException {
        socket.getOutputStream().write(text.getBytes(StandardCharsets.US_ASCII));
        socket.getOutputStream().flush();
    }

    /** Whether a request is in progress in addition to the one that reads the metrics. */
    private static boolean inProgress(URI server) {
        try {
            return HttpClient.newHttpClient()
                    .send(
                            HttpRequest.newBuilder(server.resolve("/metrics")).build(),
                            BodyHandlers.ofString())
                    .body()
                    .contains("splade_http_requests_in_progress 2\n");
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        } catch (InterruptedException e) {
            throw new IllegalStateException(e);
        }
    }

    private static void assertVectorsOfTheEncoder(URI server) throws Exception {
        JsonNode terms =
                JSON.readTree(
                                post(server.resolve("/embed_sparse"), "{\"inputs\":\"fast car\"}")
                                        .body())
                        .get(0);
        try (SpladeEncoder encoder =
                SpladeEncoder.open("builtin:minilm", EncoderOptions.defaults())) {
            SparseVector expected = encoder.encode("fast car", Role.QUERY).vector();
            assertThat(terms).hasSize(expected.size());
            for (int i = 0; i < expected.size(); i++) {
                assertThat(terms.get(i).get("index").asInt()).isEqualTo(expected.indices()[i]);
                assertThat(Float.parseFloat(terms.get(i).get("value").asText()))
                        .isEqualTo(expected.values()[i]);
            }
        }
    }

    @Test
    void servesTheNetworkWithATokenOnly() throws Exception {
        Distribution.Answer rejected =
                execute("serve", "--index", "lucene:idx", "--port", "0", "--host", "0.0.0.0");
        assertThat(rejected.expect(2).err())
                .contains("the host 0.0.0.0 is not a loopback address")
                .contains("--token-file")
                .doesNotContain("Exception");
        Files.writeString(directory.resolve("token"), "s3cret\n");
        Path log = directory.resolve("token.log");
        Process process =
                Distribution.start(
                        directory,
                        log,
                        "serve",
                        "--index",
                        "lucene:idx",
                        "--port",
                        "0",
                        "--host",
                        "0.0.0.0",
                        "--token-file",
                        "token");
        try {
            URI server = URI.create("http://127.0.0.1:" + listening(log).getPort() + "/search");
            assertThat(post(server, "{\"query\":\"doctor\"}").statusCode()).isEqualTo(401);
            assertThat(
                            post(server, "{\"query\":\"doctor\"}", "Authorization", "Bearer s3cret")
                                    .statusCode())
                    .isEqualTo(200);
            assertThat(read(log)).doesNotContain("s3cret");
        } finally {
            process.destroyForcibly().waitFor();
        }
    }

    /** The example of docs/serve.md. */
    @Test
    void searchesAsALibrary() {
        Map<String, Double> results = new TreeMap<>();
        ConnectorUri uri = ConnectorUri.parse("lucene:" + directory.resolve("idx"));

        // example
        try (Searcher searcher =
                Searcher.open(uri, null, EncoderOptions.defaults(), Progress.SILENT)) {
            SearchResult result = searcher.search(new SearchRequest("doctor", 10));
            SparseVector query = result.query().vector();
            for (int i = 0; i < query.size(); i++) {
                String term = searcher.encoder().tokenizer().term(query.indices()[i]);
                System.out.printf("%s %.2f%n", term, query.values()[i]);
            }
            for (SearchIndex.Hit hit : result.hits()) {
                System.out.printf("%.2f %s %s%n", hit.score(), hit.id(), hit.text());
                results.put(hit.id(), hit.score());
            }
        }

        // the vector of a text, without an index
        try (SpladeEncoder encoder =
                SpladeEncoder.open("builtin:minilm", EncoderOptions.defaults())) {
            SparseVector vector = encoder.encode("fast car", Role.QUERY).vector();
            System.out.println(vector.size() + " terms");
        }
        // end of example

        assertThat(results).containsKey("1");
    }

    @Test
    void pageContainsTheExample() throws IOException {
        List<String> source =
                Files.readAllLines(
                        Distribution.root()
                                .resolve(
                                        "job/app/src/test/java/io/github/flinksplade/app/"
                                                + getClass().getSimpleName()
                                                + ".java"));
        List<String> example =
                source
                        .subList(
                                source.indexOf("        // example") + 1,
                                source.indexOf("        // end of example"))
                        .stream()
                        .map(line -> line.isEmpty() ? line : line.substring(8))
                        .toList();
        assertThat(example).hasSizeGreaterThan(15);
        assertThat(Files.readAllLines(Distribution.root().resolve("docs/serve.md")))
                .containsSequence(example);
    }
}

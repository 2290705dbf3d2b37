package io.github.flinksplade.serve;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.github.flinksplade.connector.ConnectorUri;
import io.github.flinksplade.encoder.FakeEncoder;
import java.io.IOException;
import java.io.InputStream;
import java.net.ConnectException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.net.http.HttpRequest.BodyPublishers;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.CountDownLatch;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Concurrency, time, sizes, shutdown and access, with searches that wait for the test. */
class ServerLimitsTest {

    private static final String SEARCH = "{\"query\":\"fast\"}";

    private final MemoryConnector.Contents contents =
            new MemoryConnector.Contents().add("1", "a fast car", null);
    private SpladeServer server;

    @BeforeEach
    void register() {
        MemoryConnector.INDEXES.put("limited", contents);
    }

    @AfterEach
    void stop() {
        contents.gate.countDown();
        if (server != null) {
            server.close();
        }
    }

    private TestClient start(ServeOptions.Builder options) throws IOException {
        server =
                SpladeServer.start(
                        Map.of("limited", ConnectorUri.parse("memory:limited")),
                        (uri, provenance) -> FakeEncoder.create(),
                        options.build());
        return new TestClient(server);
    }

    private static ServeOptions.Builder options() {
        return ServeOptions.builder().port(0);
    }

    @Test
    void moreConcurrentRequestsThanTheLimitAreRejected() throws IOException {
        TestClient client = start(options().maxConcurrentRequests(2));
        contents.gate = new CountDownLatch(1);
        List<CompletableFuture<TestClient.Response>> running = new ArrayList<>();
        for (int i = 0; i < 2; i++) {
            running.add(client.postAsync("/search", SEARCH));
        }
        TestClient.await("two searches", () -> contents.searches.get() == 2);
        TestClient.Response rejected = client.post("/search", SEARCH);
        assertThat(rejected.error())
                .isEqualTo(
                        "429 Overloaded: Model is overloaded: 2 requests are in progress. Retry"
                                + " later");
        assertThat(rejected.header("Retry-After")).isEqualTo("1");
        assertThat(rejected.header("X-Content-Type-Options")).isEqualTo("nosniff");
        assertThat(client.get("/health").status()).isEqualTo(200);
        assertThat(client.post("/embed_sparse", "{\"inputs\":\"a\"}").status()).isEqualTo(429);
        assertThat(client.get("/metrics").http().body())
                .contains("splade_http_requests_total{path=\"/search\",status=\"429\"} 1\n")
                .contains("te_request_failure{err=\"overloaded\"} 1\n");
        contents.gate.countDown();
        for (CompletableFuture<TestClient.Response> response : running) {
            assertThat(response.join().status()).isEqualTo(200);
        }
        assertThat(client.post("/search", SEARCH).status()).isEqualTo(200);
    }

    @Test
    void aRequestThatTakesTooLongIsAnswered() throws IOException {
        TestClient client = start(options().requestTimeout(Duration.ofMillis(300)));
        contents.gate = new CountDownLatch(1);
        assertThat(client.post("/search", SEARCH).error())
                .startsWith("504 Backend: the request took longer than 0.3 s");
        contents.gate.countDown();
        TestClient.await("a search", () -> client.post("/search", SEARCH).status() == 200);
    }

    @Test
    void aRequestWhoseBodyDoesNotArriveIsAnswered() throws IOException {
        start(options().requestTimeout(Duration.ofMillis(300)));
        String answer =
                raw(
                        "POST /search HTTP/1.1\r\nHost: localhost\r\nContent-Type:"
                                + " application/json\r\nContent-Length: 100\r\n\r\n{");
        assertThat(answer).startsWith("HTTP/1.1 504 ").contains("the request took longer");
    }

    @Test
    void bodiesBeyondTheLimitAreRejected() throws IOException {
        TestClient client = start(options().payloadLimit(1000));
        String large = "{\"query\":\"" + "x".repeat(1000) + "\"}";
        String expected = "413 Validation: the body exceeds 1000 bytes. Send less, or raise";
        assertThat(client.post("/search", large).error()).startsWith(expected);
        // without a Content-Length
        assertThat(
                        client.send(
                                        client.request("/search")
                                                .header("Content-Type", "application/json")
                                                .POST(
                                                        BodyPublishers.fromPublisher(
                                                                BodyPublishers.ofString(large)))
                                                .build())
                                .error())
                .startsWith(expected);
        assertThat(client.post("/search", SEARCH).status()).isEqualTo(200);
        assertThat(client.post("/embed_sparse", large).status()).isEqualTo(413);
        assertThat(client.get("/metrics").http().body())
                .contains("splade_http_requests_total{path=\"/search\",status=\"413\"} 2\n")
                .contains("te_request_failure{err=\"validation\"} 1\n");
    }

    @Test
    void requestsInProgressAreAnsweredBeforeTheServerStops() throws IOException {
        TestClient client = start(options());
        contents.gate = new CountDownLatch(1);
        CompletableFuture<TestClient.Response> running = client.postAsync("/search", SEARCH);
        TestClient.await("a search", () -> contents.searches.get() == 1);
        CompletableFuture<Void> stopping = CompletableFuture.runAsync(server::close);
        TestClient.await("the server to stop listening", () -> isRefused(client));
        assertThat(stopping).isNotDone();
        contents.gate.countDown();
        assertThat(running.join().status()).isEqualTo(200);
        stopping.join();
        assertThat(contents.open).hasValue(0);
        server = null;
    }

    /** Whether new requests are rejected: by the system, or with 503 on an open connection. */
    private static boolean isRefused(TestClient client) {
        try {
            return client.get("/health").status() == 503;
        } catch (CompletionException e) {
            assertThat(e).hasRootCauseInstanceOf(IOException.class);
            return true;
        }
    }

    @Test
    void requestsThatDoNotEndAreAborted() throws IOException {
        TestClient client = start(options().shutdownTimeout(Duration.ofMillis(200)));
        contents.gate = new CountDownLatch(1);
        CompletableFuture<TestClient.Response> running = client.postAsync("/search", SEARCH);
        TestClient.await("a search", () -> contents.searches.get() == 1);
        assertThatThrownBy(server::close)
                .isInstanceOf(IllegalStateException.class)
                .hasMessageContaining("did not end within 0 s and were aborted");
        server = null;
        assertThat(
                        running.handle(
                                (response, failure) -> failure != null || response.status() >= 500))
                .succeedsWithin(TestClient.TIMEOUT)
                .isEqualTo(true);
    }

    @Test
    void tokenIsRequiredForEverythingWithData() throws IOException {
        TestClient client = start(options().token("s3cret-token"));
        for (String path : List.of("/info", "/indexes", "/metrics", "/unknown")) {
            assertThat(client.get(path).status()).as(path).isEqualTo(401);
        }
        TestClient.Response missing = client.post("/search", SEARCH);
        assertThat(missing.error())
                .startsWith("401 Validation: the Authorization header is missing");
        assertThat(missing.header("WWW-Authenticate")).isEqualTo("Bearer");
        for (String wrong :
                List.of("Bearer s3cret-toke", "Bearer x", "s3cret-token", "Basic eA==")) {
            assertThat(
                            client.send(
                                            client.request("/info")
                                                    .header("Authorization", wrong)
                                                    .build())
                                    .error())
                    .startsWith("401 Validation: the Authorization header does not contain")
                    .doesNotContain("s3cret");
        }
        assertThat(
                        client.send(
                                        client.request("/search")
                                                .header("Authorization", "Bearer s3cret-token")
                                                .header("Content-Type", "application/json")
                                                .POST(BodyPublishers.ofString(SEARCH))
                                                .build())
                                .status())
                .isEqualTo(200);
        for (String path : List.of("/health", "/", "/search.js", "/openapi.json")) {
            assertThat(client.get(path).status()).as(path).isEqualTo(200);
        }
    }

    @Test
    void anAddressOfTheNetworkRequiresAToken() {
        assertThatThrownBy(() -> start(options().host("0.0.0.0")))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("is not a loopback address")
                .hasMessageContaining("--token-file");
    }

    @Test
    void anAddressOfTheNetworkWithATokenIsAllowed() throws IOException {
        TestClient client = start(options().host("0.0.0.0").token("x"));
        assertThat(client.get("/health").status()).isEqualTo(200);
    }

    @Test
    void withoutATokenOnlyNamesOfThisMachineAreServed() throws IOException {
        start(options());
        assertThat(raw("GET /indexes HTTP/1.1\r\nHost: localhost:80\r\nConnection: close\r\n\r\n"))
                .startsWith("HTTP/1.1 200 ");
        assertThat(raw("GET /indexes HTTP/1.1\r\nHost: [::1]:80\r\nConnection: close\r\n\r\n"))
                .startsWith("HTTP/1.1 200 ");
        assertThat(raw("GET /indexes HTTP/1.1\r\nHost: evil.example\r\nConnection: close\r\n\r\n"))
                .startsWith("HTTP/1.1 421 ")
                .contains("accepts requests to localhost only, not to evil.example");
    }

    @Test
    void invalidHttpIsAnsweredWithJson() throws IOException {
        start(options());
        String answer = raw("GET / HTTP/1.1\r\nHost: a b\r\n\r\n");
        assertThat(answer)
                .startsWith("HTTP/1.1 400 ")
                .contains("\"error_type\":\"Validation\"")
                .contains("nosniff")
                .doesNotContain("Exception", "Jetty", "<html");
    }

    @Test
    void pagesOfOtherOriginsAreAllowedOnlyIfConfigured() throws IOException {
        TestClient client = start(options());
        assertThat(preflight("https://a.example")).doesNotContain("Access-Control-Allow");
        server.close();
        client = start(options().corsOrigins(List.of("https://a.example")).token("x"));
        assertThat(preflight("https://a.example"))
                .contains("Access-Control-Allow-Origin: https://a.example");
        assertThat(preflight("https://aXexample")).doesNotContain("Access-Control-Allow");
        assertThat(preflight("https://b.example")).doesNotContain("Access-Control-Allow");
        assertThat(
                        client.send(
                                        client.request("/info")
                                                .header("Origin", "https://a.example")
                                                .build())
                                .http()
                                .headers()
                                .firstValue("Access-Control-Allow-Origin"))
                .contains("https://a.example");
    }

    private String preflight(String origin) throws IOException {
        return raw(
                "OPTIONS /search HTTP/1.1\r\nHost: localhost\r\nOrigin: "
                        + origin
                        + "\r\nAccess-Control-Request-Method: POST\r\nAccess-Control-Request-Headers:"
                        + " content-type,authorization\r\nConnection: close\r\n\r\n");
    }

    @Test
    void aPortInUseFailsTheStart() throws IOException {
        try (ServerSocket used = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            assertThatThrownBy(() -> start(options().port(used.getLocalPort())))
                    .isInstanceOf(IOException.class)
                    .hasMessageContaining(String.valueOf(used.getLocalPort()));
            assertThat(contents.open).hasValue(0);
        }
    }

    /** Sends bytes and returns what the server sends until it closes the connection. */
    private String raw(String request) throws IOException {
        try (Socket socket = new Socket("127.0.0.1", server.uri().getPort())) {
            socket.setSoTimeout((int) TestClient.TIMEOUT.toMillis());
            socket.getOutputStream().write(request.getBytes(StandardCharsets.ISO_8859_1));
            InputStream in = socket.getInputStream();
            return new String(in.readAllBytes(), StandardCharsets.UTF_8);
        } catch (ConnectException e) {
            throw new AssertionError(e);
        }
    }
}

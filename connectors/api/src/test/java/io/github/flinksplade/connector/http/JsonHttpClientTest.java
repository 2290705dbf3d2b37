package io.github.flinksplade.connector.http;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import io.github.flinksplade.connector.ConnectionSettings;
import io.github.flinksplade.connector.ConnectionSettings.Property;
import io.github.flinksplade.connector.ConnectorUri;
import io.github.flinksplade.connector.RetryLaterException;
import java.io.IOException;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.ZoneOffset;
import java.time.ZonedDateTime;
import java.time.format.DateTimeFormatter;
import java.util.Map;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

@Timeout(60)
class JsonHttpClientTest {

    /** The behavior of the server, set by a test. */
    private interface Behavior {
        void handle(HttpExchange exchange) throws Exception;
    }

    private final BlockingQueue<String> requests = new LinkedBlockingQueue<>();
    private final CountDownLatch end = new CountDownLatch(1);
    private final ExecutorService threads = Executors.newCachedThreadPool();
    private volatile Behavior behavior = exchange -> respond(exchange, 200, "{}");
    private HttpServer server;

    @BeforeEach
    void start() throws IOException {
        server = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
        server.setExecutor(threads);
        server.createContext(
                "/",
                exchange -> {
                    requests.add(
                            exchange.getRequestMethod()
                                    + " "
                                    + exchange.getRequestURI()
                                    + " "
                                    + exchange.getRequestHeaders().getFirst("Authorization"));
                    try {
                        exchange.getRequestBody().readAllBytes();
                        behavior.handle(exchange);
                    } catch (IOException e) {
                        throw e;
                    } catch (Exception e) {
                        throw new IllegalStateException(e);
                    }
                });
        server.start();
    }

    @AfterEach
    void stop() {
        end.countDown();
        server.stop(0);
        threads.shutdownNow();
    }

    private static void respond(HttpExchange exchange, int status, String body) throws IOException {
        byte[] bytes = body.getBytes(StandardCharsets.UTF_8);
        exchange.sendResponseHeaders(status, bytes.length == 0 ? -1 : bytes.length);
        exchange.getResponseBody().write(bytes);
        exchange.close();
    }

    /** Sends the start of a body and stalls. */
    private void stall(HttpExchange exchange) throws Exception {
        exchange.sendResponseHeaders(200, 1_000);
        OutputStream body = exchange.getResponseBody();
        body.write("{\"a\":".getBytes(StandardCharsets.UTF_8));
        body.flush();
        end.await();
    }

    private String url() {
        return "http://127.0.0.1:" + server.getAddress().getPort();
    }

    private static ConnectionSettings settings(String timeout, Map<String, String> properties) {
        return ConnectionSettings.of(
                ConnectorUri.parse("x:y?request-timeout=" + timeout).withProperties(properties),
                false,
                Property.values());
    }

    private JsonHttpClient client(String timeout) {
        return new JsonHttpClient(url(), settings(timeout, Map.of()));
    }

    private JsonResponse get() throws IOException {
        try (JsonHttpClient client = client("30s")) {
            return client.exchange(JsonRequest.get("/x"));
        }
    }

    @Test
    void deadlineIncludesBody() {
        behavior = this::stall;
        try (JsonHttpClient client = client("500ms")) {
            long start = System.nanoTime();
            assertThatThrownBy(() -> client.exchange(JsonRequest.get("/x")))
                    .isInstanceOf(IOException.class)
                    .hasMessage("no complete response within 500 ms");
            assertThatThrownBy(() -> client.send(JsonRequest.get("/x")).get())
                    .cause()
                    .isInstanceOf(IOException.class)
                    .hasMessage("no complete response within 500 ms");
            assertThatThrownBy(() -> client.exchange(JsonRequest.get("/x").slow()))
                    .hasMessage("no complete response within 1500 ms");
            assertThat(Duration.ofNanos(System.nanoTime() - start))
                    .isBetween(Duration.ofMillis(2_500), Duration.ofSeconds(20));
        }
    }

    @Test
    void deadlineIncludesHeaders() {
        behavior = exchange -> end.await();
        try (JsonHttpClient client = client("500ms")) {
            assertThatThrownBy(() -> client.exchange(JsonRequest.get("/x")))
                    .hasMessage("no complete response within 500 ms");
        }
    }

    /** A connection with an incomplete response must be closed, and must not be reused. */
    @Test
    void deadlineClosesConnection() throws Exception {
        try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress());
                JsonHttpClient client =
                        new JsonHttpClient(
                                "http://127.0.0.1:" + socket.getLocalPort(),
                                settings("500ms", Map.of()))) {
            CompletableFuture<JsonResponse> response = client.send(JsonRequest.get("/x"));
            try (var connection = socket.accept()) {
                connection
                        .getOutputStream()
                        .write(
                                "HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{"
                                        .getBytes(StandardCharsets.US_ASCII));
                connection.setSoTimeout(20_000);
                int read;
                do {
                    read = connection.getInputStream().read();
                } while (read >= 0);
                assertThat(read).as("end of connection").isEqualTo(-1);
            }
            assertThat(response).isCompletedExceptionally();
        }
    }

    @Test
    void sendsCredentials() throws Exception {
        for (Map.Entry<String, Map<String, String>> one :
                Map.of(
                                "Basic YW5uYTpoZWw6bG8=",
                                Map.of("username", "anna", "password", "hel:lo"),
                                "ApiKey k",
                                Map.of("api-key", "k"),
                                "Bearer t",
                                Map.of("token", "t"))
                        .entrySet()) {
            try (JsonHttpClient client =
                    new JsonHttpClient(url(), settings("30s", one.getValue()))) {
                client.exchange(
                        JsonRequest.of("PUT", "/a%20b?c=d", JsonHttpClient.JSON.nullNode()));
            }
            assertThat(requests.take()).isEqualTo("PUT /a%20b?c=d " + one.getKey());
        }
    }

    /** A redirect would send the credentials to another host. */
    @Test
    void doesNotFollowRedirects() throws Exception {
        behavior =
                exchange -> {
                    exchange.getResponseHeaders().add("Location", "http://127.0.0.1:1/else");
                    respond(exchange, 307, "");
                };
        JsonResponse response = get();
        assertThat(response.isSuccess()).isFalse();
        assertThat(response.describeStatus())
                .isEqualTo("HTTP 307, a redirect to http://127.0.0.1:1/else");
        assertThat(requests).hasSize(1);
    }

    @Test
    void readsRetryAfter() throws Exception {
        behavior =
                exchange -> {
                    exchange.getResponseHeaders().add("Retry-After", "7");
                    respond(exchange, 429, "{}");
                };
        JsonResponse seconds = get();
        assertThat(seconds.isUnavailable()).isTrue();
        assertThat(seconds.retry("busy"))
                .isInstanceOfSatisfying(
                        RetryLaterException.class,
                        later -> assertThat(later.delay()).isEqualTo(Duration.ofSeconds(7)))
                .hasMessage("busy");
        String date =
                ZonedDateTime.now(ZoneOffset.UTC)
                        .plusMinutes(5)
                        .format(DateTimeFormatter.RFC_1123_DATE_TIME);
        behavior =
                exchange -> {
                    exchange.getResponseHeaders().add("Retry-After", date);
                    respond(exchange, 503, "");
                };
        assertThat(get().retryAfter()).isBetween(Duration.ofMinutes(3), Duration.ofMinutes(5));
        behavior =
                exchange -> {
                    exchange.getResponseHeaders().add("Retry-After", "soon");
                    respond(exchange, 503, "");
                };
        assertThat(get().retry("busy")).isNotInstanceOf(RetryLaterException.class);
    }

    @Test
    void parsesNumbersExactlyAndToleratesOtherBodies() throws Exception {
        behavior = exchange -> respond(exchange, 200, "{\"n\":12345678901234567890.11}");
        assertThat(get().body().toString()).isEqualTo("{\"n\":12345678901234567890.11}");
        behavior = exchange -> respond(exchange, 502, "<html>Bad Gateway</html>");
        assertThat(get().body().isMissingNode()).isTrue();
        behavior = exchange -> respond(exchange, 200, "");
        assertThat(get().body().isMissingNode()).isTrue();
    }

    @Test
    void rejectsTooLargeResponses() throws Exception {
        behavior = exchange -> respond(exchange, 200, "\"" + "x".repeat(10_000) + "\"");
        try (JsonHttpClient client =
                new JsonHttpClient(url(), settings("30s", Map.of()), 8 << 10)) {
            assertThatThrownBy(() -> client.exchange(JsonRequest.get("/x")))
                    .isInstanceOf(IOException.class)
                    .hasMessage("the response of " + url() + " is larger than 8 kb");
        }
        assertThat(get().body().textValue()).hasSize(10_000);
    }

    @Test
    void explainsMissingResponse() throws Exception {
        behavior = HttpExchange::close;
        assertThatThrownBy(this::get)
                .hasMessageContaining("closed before the response was complete");
        int free;
        try (ServerSocket socket = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            free = socket.getLocalPort();
        }
        assertThatThrownBy(() -> exchange("http://127.0.0.1:" + free))
                .hasMessage("connection refused");
        assertThatThrownBy(() -> exchange("http://no.such.host.invalid"))
                .hasMessage("unknown host");
    }

    private static void exchange(String server) throws IOException {
        try (JsonHttpClient client = new JsonHttpClient(server, settings("30s", Map.of()))) {
            client.exchange(JsonRequest.get("/"));
        }
    }

    @Test
    void closeCancelsRequestsAndEndsThreads() throws Exception {
        behavior = this::stall;
        JsonHttpClient client = client("30s");
        CompletableFuture<JsonResponse> response = client.send(JsonRequest.get("/x"));
        requests.take();
        client.close();
        assertThatThrownBy(() -> response.get(10, TimeUnit.SECONDS))
                .cause()
                .isInstanceOf(IOException.class);
        assertThatThrownBy(() -> client.exchange(JsonRequest.get("/x")))
                .hasMessage("the connection is closed");
        long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(30);
        while (Thread.getAllStackTraces().keySet().stream()
                .anyMatch(thread -> thread.getName().equals("http " + url()))) {
            assertThat(System.nanoTime()).as("threads are still running").isLessThan(deadline);
            Thread.onSpinWait();
        }
    }
}

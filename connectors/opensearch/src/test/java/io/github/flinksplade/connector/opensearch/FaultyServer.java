package io.github.flinksplade.connector.opensearch;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import io.github.flinksplade.connector.contract.FaultInjector;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Base64;
import java.util.List;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.function.Consumer;

/**
 * An HTTP server in front of another one, which injects faults. It requires a user name and a
 * password, as both products do.
 */
final class FaultyServer implements FaultInjector, AutoCloseable {

    static final String USERNAME = "job";
    static final String PASSWORD = "right and secret";

    private static final String AUTHORIZATION =
            "Basic "
                    + Base64.getEncoder()
                            .encodeToString(
                                    (USERNAME + ":" + PASSWORD).getBytes(StandardCharsets.UTF_8));

    /**
     * A request to the backend.
     *
     * @param target path and query
     */
    record Request(String method, String target, byte[] body) {

        String path() {
            int question = target.indexOf('?');
            return question < 0 ? target : target.substring(0, question);
        }
    }

    /** A response of the backend, in JSON. */
    record Reply(int status, byte[] body) {

        static Reply of(int status, String json) {
            return new Reply(status, json.getBytes(StandardCharsets.UTF_8));
        }
    }

    /** The server that handles the requests. */
    interface Backend {
        Reply handle(Request request) throws IOException, InterruptedException;
    }

    private final Backend backend;
    private final Consumer<String> rejection;
    private final ExecutorService threads = Executors.newCachedThreadPool();
    private final List<Request> bulkRequests = new ArrayList<>();
    private final int port;
    private HttpServer server;
    private int throttled;
    private Reply next;
    private CountDownLatch stalled = new CountDownLatch(0);

    /**
     * @param rejection makes the backend reject this id; null: none
     */
    FaultyServer(Backend backend, Consumer<String> rejection) {
        this.backend = backend;
        this.rejection = rejection;
        listen(0);
        this.port = server.getAddress().getPort();
    }

    private void listen(int listenPort) {
        try {
            server =
                    HttpServer.create(
                            new InetSocketAddress(InetAddress.getLoopbackAddress(), listenPort), 0);
            server.setExecutor(threads);
            server.createContext("/", this::handle);
            server.start();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** {@code 127.0.0.1:PORT}. */
    String authority() {
        return "127.0.0.1:" + port;
    }

    private void handle(HttpExchange exchange) throws IOException {
        try (exchange) {
            Request request =
                    new Request(
                            exchange.getRequestMethod(),
                            exchange.getRequestURI().toString(),
                            exchange.getRequestBody().readAllBytes());
            String authorization = exchange.getRequestHeaders().getFirst("Authorization");
            Reply reply =
                    AUTHORIZATION.equals(authorization)
                            ? reply(request)
                            : Reply.of(401, "{\"error\":\"Unauthorized\",\"status\":401}");
            exchange.getResponseHeaders().add("Content-Type", "application/json");
            exchange.sendResponseHeaders(
                    reply.status(), reply.body().length == 0 ? -1 : reply.body().length);
            CountDownLatch resumed = stalled();
            int half = resumed.getCount() == 0 ? 0 : reply.body().length / 2;
            exchange.getResponseBody().write(reply.body(), 0, half);
            if (half > 0) {
                exchange.getResponseBody().flush();
                resumed.await();
            }
            exchange.getResponseBody().write(reply.body(), half, reply.body().length - half);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    private Reply reply(Request request) throws InterruptedException {
        if (request.path().endsWith("/_bulk")) {
            synchronized (this) {
                bulkRequests.add(request);
                if (throttled > 0) {
                    throttled--;
                    return tooMany(throttled % 2 == 0, request);
                }
                if (next != null) {
                    Reply reply = next;
                    next = null;
                    return reply;
                }
            }
        }
        try {
            return backend.handle(request);
        } catch (IOException e) {
            return Reply.of(502, "{\"error\":\"" + e + "\",\"status\":502}");
        }
    }

    /** The two forms of both products: one status for the request, or one for each change. */
    private static Reply tooMany(boolean whole, Request request) {
        String error =
                "{\"type\":\"es_rejected_execution_exception\",\"reason\":\"queue is full\"}";
        if (whole) {
            return Reply.of(429, "{\"error\":" + error + ",\"status\":429}");
        }
        StringBuilder items = new StringBuilder();
        for (String line : new String(request.body(), StandardCharsets.UTF_8).split("\n")) {
            if (line.startsWith("{\"index\":") || line.startsWith("{\"delete\":")) {
                items.append(items.length() > 0 ? "," : "")
                        .append("{\"index\":{\"status\":429,\"error\":")
                        .append(error)
                        .append("}}");
            }
        }
        return Reply.of(200, "{\"errors\":true,\"items\":[" + items + "]}");
    }

    @Override
    public synchronized void down() {
        server.stop(0);
        server = null;
    }

    private synchronized CountDownLatch stalled() {
        return stalled;
    }

    @Override
    public synchronized void stall() {
        stalled = new CountDownLatch(1);
    }

    @Override
    public synchronized void up() {
        stalled.countDown();
        if (server == null) {
            listen(port);
        }
    }

    @Override
    public synchronized void throttle(int requests) {
        throttled = requests;
    }

    @Override
    public void reject(String id) {
        rejection.accept(id);
    }

    /** The next bulk request gets this response, and is not forwarded. */
    synchronized void respondToNext(Reply reply) {
        next = reply;
    }

    /** The bulk requests since the last call. */
    synchronized List<Request> bulkRequests() {
        List<Request> all = List.copyOf(bulkRequests);
        bulkRequests.clear();
        return all;
    }

    @Override
    public synchronized void close() {
        stalled.countDown();
        if (server != null) {
            down();
        }
        threads.shutdownNow();
    }
}

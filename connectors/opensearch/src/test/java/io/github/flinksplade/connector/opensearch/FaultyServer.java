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
 * An HTTP server on a port of its own that can be made to fail, before a server that answers. It
 * wants a user's name and password, as both products do.
 */
final class FaultyServer implements FaultInjector, AutoCloseable {

    static final String USERNAME = "job";
    static final String PASSWORD = "right and secret";

    private static final String AUTHORIZATION =
            "Basic "
                    + Base64.getEncoder()
                            .encodeToString(
                                    (USERNAME + ":" + PASSWORD).getBytes(StandardCharsets.UTF_8));

    /** What is asked of the server behind. */
    record Request(String method, String sink, byte[] body) {

        String path() {
            int question = sink.indexOf('?');
            return question < 0 ? sink : sink.substring(0, question);
        }
    }

    /** What it answers, in JSON. */
    record Reply(int status, byte[] body) {

        static Reply of(int status, String json) {
            return new Reply(status, json.getBytes(StandardCharsets.UTF_8));
        }
    }

    /** The server behind. */
    interface Behind {
        Reply answer(Request request) throws IOException, InterruptedException;
    }

    private final Behind behind;
    private final Consumer<String> refusal;
    private final ExecutorService threads = Executors.newCachedThreadPool();
    private final List<Request> seen = new ArrayList<>();
    private final int port;
    private HttpServer server;
    private int throttled;
    private Reply next;
    private CountDownLatch stalled = new CountDownLatch(0);

    /**
     * @param refusal makes the server behind refuse this id; null: none any more
     */
    FaultyServer(Behind behind, Consumer<String> refusal) {
        this.behind = behind;
        this.refusal = refusal;
        listen(0);
        this.port = server.getAddress().getPort();
    }

    private void listen(int at) {
        try {
            server =
                    HttpServer.create(
                            new InetSocketAddress(InetAddress.getLoopbackAddress(), at), 0);
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
            CountDownLatch waitsFor = stalled();
            int half = waitsFor.getCount() == 0 ? 0 : reply.body().length / 2;
            exchange.getResponseBody().write(reply.body(), 0, half);
            if (half > 0) {
                exchange.getResponseBody().flush();
                waitsFor.await();
            }
            exchange.getResponseBody().write(reply.body(), half, reply.body().length - half);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    private Reply reply(Request request) throws IOException, InterruptedException {
        if (request.path().endsWith("/_bulk")) {
            synchronized (this) {
                seen.add(request);
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
        return behind.answer(request);
    }

    /** The two ways in which both products say it: of the request, or of each change in it. */
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
        refusal.accept(id);
    }

    /** The next bulk request gets this answer, and is not passed on. */
    synchronized void answerNext(Reply reply) {
        next = reply;
    }

    /** The bulk requests since the last call. */
    synchronized List<Request> bulkRequests() {
        List<Request> all = List.copyOf(seen);
        seen.clear();
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

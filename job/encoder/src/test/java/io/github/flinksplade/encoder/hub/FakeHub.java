package io.github.flinksplade.encoder.hub;

import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import java.io.IOException;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.stream.Collectors;

/**
 * A hub on the loopback interface that responds as huggingface.co does: it serves small files
 * itself, and redirects to a second server for large ones of 1,000 bytes and more.
 */
final class FakeHub implements AutoCloseable {

    static final String COMMIT = "0123456789abcdef0123456789abcdef01234567";

    /** A received request. */
    record Request(String server, String method, String path, String token, String range) {}

    final Map<String, byte[]> files = new TreeMap<>();
    final List<Request> requests = Collections.synchronizedList(new ArrayList<>());

    String repository = "owner/name";
    String revision = "main";
    String commit = COMMIT;
    String prefix = "";

    /** The required token, or null. */
    volatile String requiredToken;

    /** Number of responses with the failure status before one succeeds. */
    volatile int failures;

    volatile int failureStatus = 503;

    /** Number of downloads to interrupt in the middle. */
    volatile int cuts;

    /** Whether large files are sent with a wrong byte. */
    volatile boolean corrupt;

    volatile boolean ignoreRanges;

    /** Whether it is a mirror without the API that lists files. */
    volatile boolean isMirror;

    /** Whether the connection of an interrupted download stays open. */
    volatile boolean stalls;

    /** Counted down by each HEAD request for a graph; graphs are sent when it is at 0. */
    volatile CountDownLatch graphRequests = new CountDownLatch(0);

    private final CountDownLatch closing = new CountDownLatch(1);

    private final HttpServer hub;
    private final HttpServer store;
    private final ExecutorService threads = Executors.newCachedThreadPool();

    FakeHub() throws IOException {
        hub = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
        store = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
        hub.createContext("/", exchange -> respond("hub", exchange));
        store.createContext("/", exchange -> respond("store", exchange));
        for (HttpServer server : List.of(hub, store)) {
            server.setExecutor(threads);
            server.start();
        }
    }

    String endpoint() {
        return "http://127.0.0.1:" + hub.getAddress().getPort() + prefix;
    }

    List<String> paths(String method) {
        synchronized (requests) {
            return requests.stream()
                    .filter(request -> request.method().equals(method))
                    .map(request -> request.server() + " " + request.path())
                    .toList();
        }
    }

    private void respond(String server, HttpExchange exchange) throws IOException {
        try (exchange) {
            String path = exchange.getRequestURI().getRawPath();
            requests.add(
                    new Request(
                            server,
                            exchange.getRequestMethod(),
                            path,
                            exchange.getRequestHeaders().getFirst("Authorization"),
                            exchange.getRequestHeaders().getFirst("Range")));
            synchronized (this) {
                if (failures > 0) {
                    failures--;
                    exchange.sendResponseHeaders(failureStatus, -1);
                    return;
                }
            }
            if (exchange.getRequestMethod().equals("HEAD") && path.endsWith(".onnx")) {
                graphRequests.countDown();
            }
            if (server.equals("store")) {
                if (path.endsWith(".onnx")) {
                    await(graphRequests);
                }
                send(exchange, files.get(path.substring(1)), true);
                return;
            }
            if (requiredToken != null
                    && !("Bearer " + requiredToken)
                            .equals(exchange.getRequestHeaders().getFirst("Authorization"))) {
                exchange.sendResponseHeaders(401, -1);
                return;
            }
            String api = prefix + "/api/models/" + repository + "/revision/";
            String resolve = prefix + "/" + repository + "/resolve/" + commit + "/";
            String branch = prefix + "/" + repository + "/resolve/" + revision + "/";
            if (isMirror && path.startsWith(api)) {
                exchange.sendResponseHeaders(404, -1);
            } else if (path.startsWith(branch)
                    && files.containsKey(path.substring(branch.length()))) {
                file(exchange, path.substring(branch.length()));
            } else if (path.equals(api + revision) || path.equals(api + commit)) {
                byte[] json =
                        files.keySet().stream()
                                .map(name -> "{\"rfilename\":\"" + name + "\"}")
                                .collect(
                                        Collectors.joining(
                                                ",",
                                                "{\"sha\":\"" + commit + "\",\"siblings\":[",
                                                "]}"))
                                .getBytes(StandardCharsets.UTF_8);
                exchange.sendResponseHeaders(200, json.length);
                exchange.getResponseBody().write(json);
            } else if (path.startsWith(api)) {
                exchange.getResponseHeaders().set("X-Error-Code", "RevisionNotFound");
                exchange.sendResponseHeaders(404, -1);
            } else if (path.startsWith(resolve)
                    && files.containsKey(path.substring(resolve.length()))) {
                file(exchange, path.substring(resolve.length()));
            } else {
                exchange.getResponseHeaders().set("X-Error-Code", "RepoNotFound");
                exchange.sendResponseHeaders(404, -1);
            }
        }
    }

    private void file(HttpExchange exchange, String name) throws IOException {
        byte[] content = files.get(name);
        exchange.getResponseHeaders().set("X-Repo-Commit", commit);
        if (content.length < 1000) {
            exchange.getResponseHeaders().set("ETag", "W/\"" + gitBlobId(content) + "\"");
            send(exchange, content, false);
            return;
        }
        exchange.getResponseHeaders()
                .set("X-Linked-Etag", "\"" + digest("SHA-256", content) + "\"");
        exchange.getResponseHeaders().set("X-Linked-Size", Integer.toString(content.length));
        exchange.getResponseHeaders()
                .set("Location", "http://127.0.0.1:" + store.getAddress().getPort() + "/" + name);
        exchange.sendResponseHeaders(302, -1);
    }

    private void send(HttpExchange exchange, byte[] whole, boolean large) throws IOException {
        byte[] content = whole.clone();
        if (large && corrupt) {
            content[content.length / 2]++;
        }
        if (exchange.getRequestMethod().equals("HEAD")) {
            exchange.getResponseHeaders().set("Content-Length", "" + content.length);
            exchange.sendResponseHeaders(200, -1);
            return;
        }
        String range = exchange.getRequestHeaders().getFirst("Range");
        int from = 0;
        if (range != null && !ignoreRanges) {
            from = Integer.parseInt(range.replaceAll("bytes=(\\d+)-", "$1"));
            if (from >= content.length) {
                exchange.sendResponseHeaders(416, -1);
                return;
            }
            exchange.getResponseHeaders()
                    .set(
                            "Content-Range",
                            "bytes " + from + "-" + (content.length - 1) + "/" + content.length);
        }
        boolean cut;
        synchronized (this) {
            cut = large && cuts > 0;
            cuts -= cut ? 1 : 0;
        }
        exchange.sendResponseHeaders(from > 0 ? 206 : 200, content.length - from);
        int to = cut ? from + (content.length - from) / 2 : content.length;
        OutputStream out = exchange.getResponseBody();
        out.write(Arrays.copyOfRange(content, from, to));
        out.flush();
        if (cut && stalls) {
            await(closing);
        }
    }

    private static void await(CountDownLatch latch) {
        try {
            latch.await();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    /** The name of the blob of a small file. */
    static String gitBlobId(byte[] content) {
        byte[] header = ("blob " + content.length + "\0").getBytes(StandardCharsets.US_ASCII);
        byte[] whole = Arrays.copyOf(header, header.length + content.length);
        System.arraycopy(content, 0, whole, header.length, content.length);
        return digest("SHA-1", whole);
    }

    static String digest(String algorithm, byte[] content) {
        try {
            return HexFormat.of().formatHex(MessageDigest.getInstance(algorithm).digest(content));
        } catch (NoSuchAlgorithmException e) {
            throw new IllegalStateException(e);
        }
    }

    @Override
    public void close() {
        closing.countDown();
        hub.stop(0);
        store.stop(0);
        threads.shutdownNow();
    }
}

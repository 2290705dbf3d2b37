package io.github.flinksplade.serve;

import io.github.flinksplade.connector.ConnectorUri;
import io.github.flinksplade.encoder.SpladeEncoder;
import java.io.IOException;
import java.net.InetAddress;
import java.net.URI;
import java.net.UnknownHostException;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.ScheduledThreadPoolExecutor;
import java.util.concurrent.ThreadFactory;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Supplier;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.eclipse.jetty.server.Handler;
import org.eclipse.jetty.server.HttpConfiguration;
import org.eclipse.jetty.server.HttpConnectionFactory;
import org.eclipse.jetty.server.Request;
import org.eclipse.jetty.server.Response;
import org.eclipse.jetty.server.Server;
import org.eclipse.jetty.server.ServerConnector;
import org.eclipse.jetty.server.handler.CrossOriginHandler;
import org.eclipse.jetty.server.handler.GracefulHandler;
import org.eclipse.jetty.server.handler.QoSHandler;
import org.eclipse.jetty.server.handler.SizeLimitHandler;
import org.eclipse.jetty.util.Callback;
import org.eclipse.jetty.util.thread.QueuedThreadPool;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** A running HTTP server. docs/serve.md describes its requests and responses. */
public final class SpladeServer implements AutoCloseable {

    private static final Logger LOG = LoggerFactory.getLogger(SpladeServer.class);

    private static final String HTML = "text/html; charset=utf-8";
    private static final String CSS = "text/css; charset=utf-8";
    private static final String JAVASCRIPT = "text/javascript; charset=utf-8";
    private static final String SVG = "image/svg+xml";

    /** Paths without data, which need no token. */
    private static final Set<String> OPEN_PATHS =
            Set.of("/health", "/", "/search.css", "/search.js", "/icon.svg", "/openapi.json");

    private static final long CHECK_SECONDS = 30;
    private static final long IDLE_MILLIS = 30_000;

    private final Server http;
    private final ServerConnector connector;
    private final ServeOptions options;
    private final ThreadPoolExecutor workers;
    private final ScheduledThreadPoolExecutor checks;
    private final Map<String, ServedIndex> indexes;
    private final AutoCloseable models;
    private final ServerMetrics metrics;
    private final Set<String> paths;

    private SpladeServer(
            ServeOptions options,
            Map<String, ServedIndex> indexes,
            AutoCloseable models,
            Supplier<BatchingEncoder> encoders,
            ServerMetrics metrics) {
        this.options = options;
        this.indexes = indexes;
        this.models = models;
        this.metrics = metrics;
        this.workers = workers(options.maxConcurrentRequests());
        this.checks = new ScheduledThreadPoolExecutor(1, daemons("serve-check"));
        QueuedThreadPool threads = new QueuedThreadPool();
        threads.setName("serve-http");
        threads.setDaemon(true);
        this.http = new Server(threads);
        HttpConfiguration configuration = new HttpConfiguration();
        configuration.setSendServerVersion(false);
        this.connector = new ServerConnector(http, new HttpConnectionFactory(configuration));
        connector.setHost(options.host());
        connector.setPort(options.port());
        connector.setIdleTimeout(IDLE_MILLIS);
        http.addConnector(connector);
        http.setErrorHandler(new JsonErrorHandler(options.payloadLimit(), metrics));
        http.setStopTimeout(options.shutdownTimeout().toMillis());
        Map<String, Map<String, Endpoint>> routes = routes(encoders);
        this.paths = routes.keySet();
        metrics.paths(paths);
        http.setHandler(
                handlers(
                        new RouteHandler(
                                routes,
                                options.payloadLimit(),
                                options.requestTimeout(),
                                metrics)));
    }

    /**
     * Starts a server for vectors only.
     *
     * @param encoder closed with the server, or if it cannot be started
     * @throws IOException if the port or the host cannot be used
     * @throws IllegalArgumentException if the host is not a loopback address and there is no token
     */
    public static SpladeServer start(SpladeEncoder encoder, ServeOptions options)
            throws IOException {
        ServerMetrics metrics = new ServerMetrics();
        BatchingEncoder batching = new BatchingEncoder(encoder, metrics);
        try {
            metrics.queueSize(batching::waiting);
            return new SpladeServer(options, Map.of(), batching, () -> batching, metrics).start();
        } catch (IOException | RuntimeException e) {
            batching.close();
            throw e;
        }
    }

    /**
     * Starts a server that searches indexes, and encodes queries with the model of the first one.
     * An index whose server is unreachable is opened when it is available.
     *
     * @param indexes by name, at least one; the first one is the default
     * @param encoders opens the models
     * @throws io.github.flinksplade.connector.ConnectorException if an index cannot be searched
     * @throws io.github.flinksplade.encoder.ModelException if a model cannot be opened
     * @throws IOException if the port or the host cannot be used
     * @throws IllegalArgumentException if the host is not a loopback address and there is no token
     */
    public static SpladeServer start(
            Map<String, ConnectorUri> indexes, EncoderFactory encoders, ServeOptions options)
            throws IOException {
        ServerMetrics metrics = new ServerMetrics();
        ServedModels models = new ServedModels(encoders, metrics);
        Map<String, ServedIndex> served = new LinkedHashMap<>();
        indexes.forEach(
                (name, uri) -> {
                    ServedIndex index = new ServedIndex(name, uri, models);
                    metrics.index(name, () -> index.isAvailable() ? 1 : 0);
                    served.put(name, index);
                });
        ServedIndex first = served.values().iterator().next();
        try {
            served.values().forEach(ServedIndex::start);
            return new SpladeServer(options, served, models, first::encoder, metrics).start();
        } catch (IOException | RuntimeException e) {
            served.values().forEach(ServedIndex::close);
            models.close();
            throw e;
        }
    }

    private SpladeServer start() throws IOException {
        try {
            if (options.token() == null && !isLoopback(options.host())) {
                throw new IllegalArgumentException(
                        "the host "
                                + options.host()
                                + " is not a loopback address, so anyone who reaches it could"
                                + " search. Set a token with --token-file, or listen on 127.0.0.1");
            }
            http.start();
        } catch (IOException | RuntimeException e) {
            shutDownThreads();
            throw e;
        } catch (Exception e) {
            shutDownThreads();
            throw new IOException("the HTTP server cannot start: " + e.getMessage(), e);
        }
        if (!indexes.isEmpty()) {
            checks.scheduleWithFixedDelay(
                    this::checkIndexes, CHECK_SECONDS, CHECK_SECONDS, TimeUnit.SECONDS);
        }
        return this;
    }

    /** Opens indexes that are available again, and those that were replaced. */
    void checkIndexes() {
        for (ServedIndex index : indexes.values()) {
            try {
                index.check();
            } catch (RuntimeException e) {
                // an exception would end the checks of all indexes
                LOG.error("cannot check the index {}", index.name(), e);
            }
        }
    }

    private static boolean isLoopback(String host) throws IOException {
        try {
            return InetAddress.getByName(host).isLoopbackAddress();
        } catch (UnknownHostException e) {
            throw new IOException("the host '" + host + "' is unknown", e);
        }
    }

    /** The paths of the server and, for each of them, what its methods do. */
    private Map<String, Map<String, Endpoint>> routes(Supplier<BatchingEncoder> encoders) {
        Endpoint embedSparse = new EmbedSparseEndpoint(encoders, options, metrics, workers);
        Map<String, Map<String, Endpoint>> routes = new LinkedHashMap<>();
        routes.put(
                "/",
                Map.of(
                        "GET",
                        InfoEndpoints.file("page/index.html", HTML),
                        "POST",
                        embedSparse)); // as text-embeddings-inference does for a SPLADE model
        routes.put("/embed_sparse", Map.of("POST", embedSparse));
        if (!indexes.isEmpty()) {
            routes.put(
                    "/search",
                    Map.of("POST", new SearchEndpoint(indexes, options.maxHits(), workers)));
        }
        get(routes, "/indexes", InfoEndpoints.indexes(indexes));
        get(routes, "/info", InfoEndpoints.info(encoders, options, workers));
        get(routes, "/health", InfoEndpoints.health());
        get(routes, "/metrics", InfoEndpoints.metrics(metrics));
        get(routes, "/openapi.json", InfoEndpoints.file("openapi.json", Answer.JSON));
        get(routes, "/search.css", InfoEndpoints.file("page/search.css", CSS));
        get(routes, "/search.js", InfoEndpoints.file("page/search.js", JAVASCRIPT));
        get(routes, "/icon.svg", InfoEndpoints.file("page/icon.svg", SVG));
        return routes;
    }

    private static void get(
            Map<String, Map<String, Endpoint>> routes, String path, Endpoint endpoint) {
        routes.put(path, Map.of("GET", endpoint));
    }

    private Handler handlers(RouteHandler routes) {
        SizeLimitHandler size = new SizeLimitHandler(options.payloadLimit(), -1);
        size.setHandler(routes);
        QoSHandler concurrency = new Concurrency();
        concurrency.setMaxRequestCount(options.maxConcurrentRequests());
        concurrency.setMaxSuspendedRequestCount(0);
        concurrency.excludePath("/health", "/metrics"); // also answered under load
        concurrency.setHandler(size);
        AccessHandler access =
                new AccessHandler(options.token(), OPEN_PATHS, options.token() == null, metrics);
        access.setHandler(concurrency);
        if (options.corsOrigins().isEmpty()) {
            return new GracefulHandler(access);
        }
        CrossOriginHandler crossOrigin = new CrossOriginHandler();
        crossOrigin.setAllowedOriginPatterns(
                options.corsOrigins().stream()
                        .map(origin -> origin.equals("*") ? origin : Pattern.quote(origin))
                        .collect(Collectors.toSet()));
        crossOrigin.setAllowedMethods(Set.of("GET", "HEAD", "POST"));
        crossOrigin.setAllowedHeaders(Set.of("Authorization", "Content-Type"));
        crossOrigin.setAllowCredentials(false);
        // the browser enforces the origins; a page of this server has an origin, too
        crossOrigin.setDeliverNonAllowedOriginRequests(true);
        crossOrigin.setHandler(access);
        return new GracefulHandler(crossOrigin);
    }

    /** Answers with 429 when too many requests are in progress. */
    private final class Concurrency extends QoSHandler {

        @Override
        protected void reject(
                Request request, Response response, Callback callback, int unusedStatus) {
            Answer answer =
                    Answer.error(
                            429,
                            ErrorType.OVERLOADED,
                            "Model is overloaded: "
                                    + options.maxConcurrentRequests()
                                    + " requests are in progress. Retry later");
            metrics.rejected(Request.getPathInContext(request), answer);
            RouteHandler.write(answer, response, callback);
        }
    }

    private static ThreadPoolExecutor workers(int threads) {
        ThreadPoolExecutor workers =
                new ThreadPoolExecutor(
                        threads,
                        threads,
                        30,
                        TimeUnit.SECONDS,
                        new LinkedBlockingQueue<>(),
                        daemons("serve-worker"));
        workers.allowCoreThreadTimeOut(true);
        return workers;
    }

    private static ThreadFactory daemons(String name) {
        AtomicInteger number = new AtomicInteger();
        return task -> {
            Thread thread = new Thread(task, name + "-" + number.incrementAndGet());
            thread.setDaemon(true);
            return thread;
        };
    }

    /** The paths that the server answers. */
    Set<String> paths() {
        return paths;
    }

    /** The base URI, with the port that was chosen. */
    public URI uri() {
        String host = options.host().contains(":") ? "[" + options.host() + "]" : options.host();
        return URI.create("http://" + host + ":" + connector.getLocalPort());
    }

    /**
     * Stops accepting requests, waits for those in progress, and closes indexes and models.
     *
     * @throws IllegalStateException if requests in progress did not end within the timeout; they
     *     were aborted
     */
    @Override
    public void close() {
        Exception failure = null;
        try {
            http.stop();
        } catch (Exception e) {
            failure = e;
        }
        shutDownThreads();
        indexes.values().forEach(ServedIndex::close);
        try {
            models.close();
        } catch (Exception e) {
            throw new IllegalStateException("the model cannot be closed", e);
        }
        if (failure != null) {
            throw new IllegalStateException(
                    "requests in progress did not end within "
                            + options.shutdownTimeout().toSeconds()
                            + " s and were aborted",
                    failure);
        }
    }

    private void shutDownThreads() {
        checks.shutdownNow();
        workers.shutdownNow();
    }
}

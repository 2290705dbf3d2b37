package io.github.flinksplade.connector.http;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.MissingNode;
import io.github.flinksplade.connector.ConnectionSettings;
import io.github.flinksplade.connector.Quantities;
import io.github.flinksplade.environment.EnvironmentProxySelector;
import java.io.IOException;
import java.io.InterruptedIOException;
import java.net.ConnectException;
import java.net.URI;
import java.net.UnknownHostException;
import java.net.http.HttpClient;
import java.net.http.HttpConnectTimeoutException;
import java.net.http.HttpHeaders;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.net.http.HttpTimeoutException;
import java.nio.channels.UnresolvedAddressException;
import java.time.DateTimeException;
import java.time.Duration;
import java.time.Instant;
import java.time.ZonedDateTime;
import java.time.format.DateTimeFormatter;
import java.util.Set;
import java.util.concurrent.CancellationException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.SynchronousQueue;
import java.util.concurrent.ThreadPoolExecutor;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import javax.net.ssl.SSLContext;
import javax.net.ssl.SSLException;
import org.apache.flink.annotation.PublicEvolving;

/**
 * A client for JSON over HTTP/1.1 to one server. Thread-safe.
 *
 * <p>A request and its complete response have one deadline, {@link
 * ConnectionSettings#requestTimeout}: the timeout of {@code java.net.http} ends with the headers,
 * so a server that stalls in the body would block forever. Redirects are not followed, because the
 * credentials would be sent to another host. The proxy is that of {@code HTTPS_PROXY}, {@code
 * HTTP_PROXY} and {@code NO_PROXY}, or of the JVM's settings.
 */
@PublicEvolving
public final class JsonHttpClient implements AutoCloseable {

    /** Parses numbers exactly, whatever their size and precision. */
    public static final ObjectMapper JSON =
            JsonMapper.builder().enable(DeserializationFeature.USE_BIG_DECIMAL_FOR_FLOATS).build();

    private static final Duration MAX_CONNECT_TIMEOUT = Duration.ofSeconds(10);

    /** Far more than a search returns, and less than the memory of a process. */
    private static final int MAX_RESPONSE_BYTES = 256 << 20;

    private final String server;
    private final ConnectionSettings settings;
    private final int maxResponseBytes;
    private final Duration connectTimeout;
    private final EnvironmentProxySelector proxies;
    private final ThreadPoolExecutor threads;
    private final HttpClient http;
    private final Set<CompletableFuture<JsonResponse>> pending = ConcurrentHashMap.newKeySet();
    private volatile boolean closed;

    /**
     * @param server the URL to which every path is appended: {@code https://host:9200}
     */
    public JsonHttpClient(String server, ConnectionSettings settings) {
        this(server, settings, MAX_RESPONSE_BYTES);
    }

    JsonHttpClient(String server, ConnectionSettings settings, int maxResponseBytes) {
        this.server = server;
        this.settings = settings;
        this.maxResponseBytes = maxResponseBytes;
        this.threads =
                new ThreadPoolExecutor(
                        0,
                        Integer.MAX_VALUE,
                        5,
                        TimeUnit.SECONDS,
                        new SynchronousQueue<>(),
                        task -> {
                            Thread thread = new Thread(task, "http " + server);
                            thread.setDaemon(true);
                            return thread;
                        });
        this.proxies = new EnvironmentProxySelector(System.getenv());
        Duration timeout = settings.requestTimeout();
        this.connectTimeout =
                timeout.compareTo(MAX_CONNECT_TIMEOUT) < 0 ? timeout : MAX_CONNECT_TIMEOUT;
        HttpClient.Builder builder =
                HttpClient.newBuilder()
                        // HTTP/2 would have to be negotiated first over an unencrypted connection
                        .version(HttpClient.Version.HTTP_1_1)
                        .followRedirects(HttpClient.Redirect.NEVER)
                        .proxy(proxies)
                        .executor(threads)
                        .connectTimeout(connectTimeout);
        SSLContext tls = settings.sslContext();
        if (tls != null) {
            builder.sslContext(tls);
        }
        this.http = builder.build();
    }

    /**
     * Sends a request without waiting.
     *
     * @return the response, whatever its status. It fails with an {@link IOException} whose message
     *     is for the user if the server cannot be reached, does not respond completely before the
     *     deadline, or sends too much
     */
    public CompletableFuture<JsonResponse> send(JsonRequest request) {
        if (closed) {
            return CompletableFuture.failedFuture(new Explained("the connection is closed", null));
        }
        Duration deadline = settings.requestTimeout().multipliedBy(request.timeouts());
        CompletableFuture<HttpResponse<byte[]>> exchange =
                http.sendAsync(
                        request(request), headers -> new LimitedBody(server, maxResponseBytes));
        CompletableFuture<JsonResponse> response = new CompletableFuture<>();
        pending.add(response);
        exchange.whenComplete(
                (result, failure) -> {
                    if (failure == null) {
                        response.complete(parse(result));
                    } else {
                        response.completeExceptionally(explain(failure, deadline));
                    }
                });
        response.whenComplete(
                (result, failure) -> {
                    pending.remove(response);
                    exchange.cancel(true); // has no effect if it is complete
                });
        return response.orTimeout(deadline.toMillis(), TimeUnit.MILLISECONDS)
                .handle(
                        (result, failure) -> {
                            if (failure != null) {
                                throw new CompletionException(explain(failure, deadline));
                            }
                            return result;
                        });
    }

    /**
     * Sends a request and waits for the response.
     *
     * @throws IOException as {@link #send}, or if the thread is interrupted
     */
    public JsonResponse exchange(JsonRequest request) throws IOException {
        CompletableFuture<JsonResponse> response = send(request);
        try {
            return response.get();
        } catch (ExecutionException e) {
            throw explain(e.getCause(), settings.requestTimeout());
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new InterruptedIOException("interrupted while waiting for the response");
        }
    }

    private HttpRequest request(JsonRequest request) {
        URI uri = URI.create(server + request.path());
        HttpRequest.Builder builder =
                HttpRequest.newBuilder(uri)
                        .header("Accept", "application/json")
                        .method(
                                request.method(),
                                request.body().length == 0
                                        ? HttpRequest.BodyPublishers.noBody()
                                        : HttpRequest.BodyPublishers.ofByteArray(request.body()));
        if (request.body().length > 0) {
            builder.header("Content-Type", request.contentType());
        }
        if (settings.authorization() != null) {
            builder.header("Authorization", settings.authorization());
        }
        proxies.authorization(uri).ifPresent(login -> builder.header("Proxy-Authorization", login));
        return builder.build();
    }

    private static JsonResponse parse(HttpResponse<byte[]> response) {
        HttpHeaders headers = response.headers();
        return new JsonResponse(
                response.statusCode(),
                parse(response.body()),
                headers.firstValue("Retry-After").map(JsonHttpClient::retryAfter).orElse(null),
                response.statusCode() / 100 == 3
                        ? headers.firstValue("Location").orElse(null)
                        : null);
    }

    private static JsonNode parse(byte[] body) {
        try {
            return JSON.readTree(body);
        } catch (JsonProcessingException e) {
            return MissingNode
                    .getInstance(); // such as the page of a proxy; the status describes it
        } catch (IOException e) {
            throw new IllegalStateException("reading an array cannot fail", e);
        }
    }

    /** A number of seconds or a date; null for anything else. */
    private static Duration retryAfter(String value) {
        String text = value.strip();
        if (text.matches("\\d{1,9}")) {
            return Duration.ofSeconds(Long.parseLong(text));
        }
        try {
            Instant date =
                    ZonedDateTime.parse(text, DateTimeFormatter.RFC_1123_DATE_TIME).toInstant();
            Duration until = Duration.between(Instant.now(), date);
            return until.isNegative() ? Duration.ZERO : until;
        } catch (DateTimeException e) {
            return null;
        }
    }

    /** The failure with a message for the user. */
    private IOException explain(Throwable thrown, Duration deadline) {
        Throwable failure = thrown;
        while (failure instanceof CompletionException && failure.getCause() != null) {
            failure = failure.getCause();
        }
        if (failure instanceof Explained explained) {
            return explained;
        }
        return new Explained(reason(failure, deadline), failure);
    }

    private String reason(Throwable failure, Duration deadline) {
        for (Throwable cause = failure; cause != null; cause = cause.getCause()) {
            if (cause instanceof UnresolvedAddressException
                    || cause instanceof UnknownHostException) {
                return "unknown host";
            }
        }
        if (failure instanceof HttpConnectTimeoutException) {
            return "no connection within " + Quantities.format(connectTimeout);
        }
        if (failure instanceof HttpTimeoutException
                || failure instanceof TimeoutException
                || failure instanceof CancellationException) {
            return "no complete response within " + Quantities.format(deadline);
        }
        if (failure instanceof ConnectException) {
            return "connection refused";
        }
        if (failure instanceof SSLException) {
            return "no TLS connection: the certificate of the server is not trusted (set the property"
                    + " ca to trust other authorities), or the server does not use TLS (tls=false)";
        }
        return "the connection was closed before the response was complete"
                + (server.startsWith("https:") ? "" : ". The server may expect TLS (tls=true)");
    }

    /** A failure whose message is for the user. */
    static final class Explained extends IOException {

        private static final long serialVersionUID = 1L;

        Explained(String message, Throwable cause) {
            super(message, cause);
        }
    }

    /** Cancels the requests in flight. Connections and threads end shortly after. */
    @Override
    public void close() {
        closed = true;
        threads.setKeepAliveTime(10, TimeUnit.MILLISECONDS);
        for (CompletableFuture<JsonResponse> response : pending) {
            response.completeExceptionally(
                    new Explained("the connection was closed by this job", null));
        }
    }
}

package io.github.flinksplade.encoder.hub;

import io.github.flinksplade.encoder.ModelException;
import io.github.flinksplade.environment.EnvironmentProxySelector;
import java.io.IOException;
import java.io.InputStream;
import java.net.URI;
import java.net.URISyntaxException;
import java.net.UnknownHostException;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.net.http.HttpTimeoutException;
import java.nio.channels.ClosedChannelException;
import java.nio.channels.UnresolvedAddressException;
import java.time.Duration;
import java.util.Optional;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Sends HTTP requests to a hub, and to the servers to which it redirects. The token is sent to the
 * hub only. Lost connections and the statuses 408, 429 and 5xx are retried.
 */
final class HubHttp {

    private static final Logger LOG = LoggerFactory.getLogger(HubHttp.class);

    private static final String DEFAULT_ENDPOINT = "https://huggingface.co";

    /** Max attempts without progress. */
    static final int MAX_ATTEMPTS = 5;

    private static final int MAX_REDIRECTS = 10;
    private static final long MAX_BACKOFF_MILLIS = 30_000;

    private final String endpoint;
    private final Optional<String> token;
    private final RetryPolicy retryPolicy;
    private final EnvironmentProxySelector proxies;
    private final HttpClient http;

    /**
     * When requests are retried.
     *
     * @param firstBackoff before the first retry; doubles with every further one
     * @param readTimeout how long a server may send nothing before the connection counts as lost
     */
    record RetryPolicy(Duration firstBackoff, Duration readTimeout) {}

    /**
     * @param endpoint the hub's URI, empty for the default
     * @param proxies the proxies for the hub and the servers to which it redirects
     * @throws ModelException if the endpoint is not an http or https URI
     */
    HubHttp(
            String endpoint,
            Optional<String> token,
            RetryPolicy retryPolicy,
            EnvironmentProxySelector proxies) {
        String uri = endpoint.isBlank() ? DEFAULT_ENDPOINT : endpoint.strip();
        this.endpoint = uri.replaceAll("/+$", "");
        this.token = token;
        this.retryPolicy = retryPolicy;
        this.proxies = proxies;
        try {
            URI parsed = new URI(this.endpoint);
            if (!isHttp(parsed) || parsed.getHost() == null) {
                throw new URISyntaxException(this.endpoint, "not an http or https URI");
            }
        } catch (URISyntaxException e) {
            throw new ModelException(
                    "HF_ENDPOINT is '"
                            + uri
                            + "', which is not a valid http or https URI; write one such as "
                            + DEFAULT_ENDPOINT,
                    e);
        }
        this.http =
                HttpClient.newBuilder()
                        .version(HttpClient.Version.HTTP_1_1)
                        .followRedirects(HttpClient.Redirect.NEVER)
                        .connectTimeout(retryPolicy.readTimeout())
                        .proxy(proxies)
                        .build();
    }

    private static boolean isHttp(URI uri) {
        return "http".equals(uri.getScheme()) || "https".equals(uri.getScheme());
    }

    /** The hub's URI without a slash at the end. */
    String endpoint() {
        return endpoint;
    }

    boolean hasToken() {
        return token.isPresent();
    }

    Duration readTimeout() {
        return retryPolicy.readTimeout();
    }

    HttpResponse<InputStream> head(URI uri) {
        return send("HEAD", uri, 0);
    }

    /**
     * @param resumeAt the first byte to request
     */
    HttpResponse<InputStream> get(URI uri, long resumeAt) {
        return send("GET", uri, resumeAt);
    }

    /** Sends a request until its response is one that a retry cannot change. */
    private HttpResponse<InputStream> send(String method, URI uri, long resumeAt) {
        HttpRequest.Builder request =
                HttpRequest.newBuilder(uri)
                        .method(method, HttpRequest.BodyPublishers.noBody())
                        .timeout(retryPolicy.readTimeout())
                        .header("User-Agent", "flink-splade")
                        .header("Accept-Encoding", "identity");
        if (resumeAt > 0) {
            request.header("Range", "bytes=" + resumeAt + "-");
        }
        if (isHub(uri)) {
            token.ifPresent(value -> request.header("Authorization", "Bearer " + value));
        }
        String via;
        try {
            proxies.authorization(uri)
                    .ifPresent(value -> request.header("Proxy-Authorization", value));
            via = proxies.describe(uri).map(proxy -> " through " + proxy).orElse("");
        } catch (IllegalArgumentException e) {
            throw new ModelException(uri + " cannot be reached: " + e.getMessage(), e);
        }
        for (int attempt = 1; ; attempt++) {
            String problem;
            Optional<String> retryAfter = Optional.empty();
            try {
                HttpResponse<InputStream> response =
                        http.send(request.build(), HttpResponse.BodyHandlers.ofInputStream());
                int status = response.statusCode();
                if (status == 407) {
                    discard(response);
                    throw new ModelException(
                            uri
                                    + " cannot be reached"
                                    + via
                                    + ": the proxy requires other credentials (407); write them as"
                                    + " http://user:password@host:port");
                }
                if (status != 408 && status != 429 && status < 500) {
                    return response;
                }
                discard(response);
                problem = "it returns status " + status;
                retryAfter = response.headers().firstValue("Retry-After");
            } catch (IOException e) {
                problem = describe(e);
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
                throw new ModelException("interrupted while downloading " + uri, e);
            }
            if (attempt >= MAX_ATTEMPTS) {
                throw new ModelException(
                        uri
                                + " cannot be reached"
                                + via
                                + ": "
                                + problem
                                + "; check the network, HF_ENDPOINT and the proxy variables, and try"
                                + " again");
            }
            LOG.debug("{} {}: {}", method, uri, problem);
            backOff(attempt, retryAfter);
        }
    }

    private boolean isHub(URI uri) {
        URI hub = URI.create(endpoint);
        return hub.getScheme().equals(uri.getScheme())
                && hub.getHost().equalsIgnoreCase(uri.getHost())
                && port(hub) == port(uri);
    }

    private static int port(URI uri) {
        return uri.getPort() >= 0 ? uri.getPort() : uri.getScheme().equals("https") ? 443 : 80;
    }

    /** Waits before a retry. */
    void backOff(int attempt, Optional<String> retryAfter) {
        long millis = retryPolicy.firstBackoff().toMillis() << (attempt - 1);
        if (retryAfter.isPresent() && retryAfter.get().matches("\\d{1,6}")) {
            millis = Math.max(millis, Long.parseLong(retryAfter.get()) * 1000);
        }
        try {
            Thread.sleep(Math.min(millis, MAX_BACKOFF_MILLIS));
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new ModelException("interrupted while downloading from " + endpoint, e);
        }
    }

    static boolean isRedirect(HttpResponse<?> response) {
        return response.statusCode() >= 300 && response.statusCode() < 400;
    }

    /**
     * The URI to which a response redirects.
     *
     * @param redirects number of redirects before
     */
    static URI redirectTarget(URI from, HttpResponse<?> response, int redirects) {
        String location = response.headers().firstValue("Location").orElse("");
        if (location.isEmpty()) {
            throw new ModelException(from + " redirects without a location");
        }
        if (redirects >= MAX_REDIRECTS) {
            throw new ModelException(from + " redirects too often");
        }
        try {
            URI target = from.resolve(location);
            if (isHttp(target)) {
                return target;
            }
        } catch (IllegalArgumentException e) {
            throw new ModelException(from + " redirects to the invalid URI '" + location + "'", e);
        }
        throw new ModelException(
                from + " redirects to '" + location + "', which is not an http or https URI");
    }

    /** Describes a failed connection. */
    static String describe(IOException e) {
        Throwable root = e;
        while (root.getMessage() == null && root.getCause() != null) {
            root = root.getCause();
        }
        if (root instanceof UnresolvedAddressException || root instanceof UnknownHostException) {
            return "the host name is unknown";
        }
        if (e instanceof HttpTimeoutException) {
            return "no response in time";
        }
        if (root instanceof ClosedChannelException) {
            return "the connection was refused or closed";
        }
        return root.getMessage() == null ? root.getClass().getSimpleName() : root.getMessage();
    }

    /** Closes the body of a response of which only the headers are used. */
    static void discard(HttpResponse<InputStream> response) {
        try {
            response.body().close();
        } catch (IOException e) {
            LOG.trace("closing a response that is not needed", e);
        }
    }
}

package io.github.flinksplade.connector.opensearch;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.MissingNode;
import io.github.flinksplade.connector.ConnectorException;
import io.github.flinksplade.connector.TrustedCertificates;
import java.io.IOException;
import java.io.InputStream;
import java.net.URI;
import java.net.URLEncoder;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.TimeUnit;
import javax.net.ssl.SSLContext;

/** JSON over HTTP to one server. */
final class RestClient {

    /** Keeps numbers as they are written, whatever their size. */
    static final ObjectMapper JSON =
            JsonMapper.builder().enable(DeserializationFeature.USE_BIG_DECIMAL_FOR_FLOATS).build();

    private static final Duration TIMEOUT = Duration.ofSeconds(30);

    private final Place place;
    private final HttpClient http;

    RestClient(Place place) {
        this.place = place;
        HttpClient.Builder builder =
                HttpClient.newBuilder()
                        .version(HttpClient.Version.HTTP_1_1)
                        .connectTimeout(TIMEOUT);
        if (place.certificates() != null) {
            builder.sslContext(trusting(Path.of(place.certificates())));
        }
        this.http = builder.build();
    }

    /** An answer; without a body, or with one that is no JSON, that is missing. */
    record Answer(int status, JsonNode body) {

        boolean isFine() {
            return status / 100 == 2;
        }
    }

    /**
     * Asks without waiting.
     *
     * @param path what comes after the index's name: {@code /_search}
     * @param body JSON, or null for none
     */
    CompletableFuture<Answer> ofIndex(String method, String path, String body) {
        return ofServer(method, index() + path, body);
    }

    /** Asks about the whole server, without waiting. */
    CompletableFuture<Answer> ofServer(String method, String path, String body) {
        return send(
                method,
                path,
                "application/json",
                body == null ? new byte[0] : body.getBytes(StandardCharsets.UTF_8));
    }

    /** Sends a bulk request, without waiting. */
    CompletableFuture<Answer> bulk(String parameters, byte[] lines) {
        return send("POST", index() + "/_bulk" + parameters, "application/x-ndjson", lines);
    }

    private String index() {
        return "/" + encoded(place.index());
    }

    /** As a part of a path. */
    static String encoded(String name) {
        return URLEncoder.encode(name, StandardCharsets.UTF_8).replace("+", "%20");
    }

    private CompletableFuture<Answer> send(String method, String path, String type, byte[] body) {
        HttpRequest.Builder request =
                HttpRequest.newBuilder(URI.create(place.server() + path))
                        .timeout(TIMEOUT)
                        .method(
                                method,
                                body.length == 0
                                        ? HttpRequest.BodyPublishers.noBody()
                                        : HttpRequest.BodyPublishers.ofByteArray(body));
        if (body.length > 0) {
            request.header("Content-Type", type);
        }
        if (place.authorization() != null) {
            request.header("Authorization", place.authorization());
        }
        return http.sendAsync(request.build(), HttpResponse.BodyHandlers.ofByteArray())
                // the request's own limit ends where the answer's body begins
                .orTimeout(2 * TIMEOUT.toSeconds(), TimeUnit.SECONDS)
                .thenApply(response -> new Answer(response.statusCode(), json(response.body())));
    }

    private static JsonNode json(byte[] body) {
        try {
            return JSON.readTree(body);
        } catch (JsonProcessingException e) {
            return MissingNode.getInstance(); // a proxy's page; the status tells
        } catch (IOException e) {
            throw new CompletionException(e);
        }
    }

    /** The answer, waited for; a server that is not reached is told in one sentence. */
    Answer await(CompletableFuture<Answer> future) {
        try {
            return future.join();
        } catch (CompletionException e) {
            throw OpenSearchFailureClassifier.unreachable(place, e.getCause());
        }
    }

    private static SSLContext trusting(Path file) {
        try (InputStream in = Files.newInputStream(file)) {
            return TrustedCertificates.trusting(in);
        } catch (IOException | GeneralSecurityException e) {
            throw new ConnectorException(
                    "the file "
                            + file
                            + " named by the property ca has no certificates that can be read;"
                            + " give a file in PEM form that is there on every machine of the job",
                    e);
        }
    }
}

package io.github.flinksplade.connector.solr;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.github.flinksplade.connector.ConnectorException;
import io.github.flinksplade.connector.TrustedCertificates;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.net.URI;
import java.net.URLEncoder;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.time.Duration;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import javax.net.ssl.SSLContext;

/** Talks to one collection over HTTP; any number of threads may at once. */
final class SolrHttp {

    static final ObjectMapper JSON = new ObjectMapper();

    private static final Duration CONNECT = Duration.ofSeconds(10);
    private static final Duration ANSWER = Duration.ofSeconds(30);

    /** Creating a collection, or reloading it with a new schema, may take a server long. */
    private static final Duration CHANGE = Duration.ofMinutes(3);

    /**
     * @param body the answer, or null where it is no JSON, as of pages for people
     */
    record Answer(int status, JsonNode body) {

        boolean isSuccess() {
            return status == 200 && body != null;
        }
    }

    private final SolrPlace place;
    private final HttpClient client;

    SolrHttp(SolrPlace place) {
        this.place = place;
        // HTTP/1.1: over a plain connection version 2 would have to be negotiated first
        HttpClient.Builder builder =
                HttpClient.newBuilder()
                        .version(HttpClient.Version.HTTP_1_1)
                        .connectTimeout(CONNECT);
        if (place.certificates() != null) {
            builder.sslContext(trusting(place.certificates()));
        }
        this.client = builder.build();
    }

    private static SSLContext trusting(String certificates) {
        try {
            return TrustedCertificates.trusting(
                    new ByteArrayInputStream(certificates.getBytes(StandardCharsets.US_ASCII)));
        } catch (GeneralSecurityException | IOException e) {
            throw new ConnectorException(
                    "the ca in solr.properties names a file that holds no certificates in PEM form",
                    e);
        }
    }

    SolrPlace place() {
        return place;
    }

    /** A request to the collection; with a body it is a POST of JSON. */
    CompletableFuture<Answer> send(String path, byte[] json) {
        return send("/" + place.collection() + path, json, ANSWER);
    }

    private CompletableFuture<Answer> send(String path, byte[] json, Duration timeout) {
        HttpRequest.Builder request =
                HttpRequest.newBuilder(URI.create(place.server() + path)).timeout(timeout);
        if (place.authorization() != null) {
            request.header("Authorization", place.authorization());
        }
        if (json != null) {
            request.header("Content-Type", "application/json")
                    .POST(HttpRequest.BodyPublishers.ofByteArray(json));
        }
        return client.sendAsync(request.build(), HttpResponse.BodyHandlers.ofByteArray())
                .thenApply(response -> new Answer(response.statusCode(), parse(response.body())));
    }

    private static JsonNode parse(byte[] body) {
        try {
            JsonNode node = JSON.readTree(body);
            return node.isObject() ? node : null;
        } catch (IOException e) {
            return null;
        }
    }

    /** A question to the collection whose answer is waited for. */
    Answer ask(String path, JsonNode json) {
        return await(send(path, json == null ? null : bytes(json)));
    }

    /** As {@link #ask}, of something that takes longer. */
    Answer change(String path, JsonNode json) {
        return await(send("/" + place.collection() + path, bytes(json), CHANGE));
    }

    /** What the server says of itself; any user may ask that who may read the configuration. */
    CompletableFuture<Answer> system() {
        return send("/admin/info/system", null, ANSWER);
    }

    /** A request to the server as a whole. */
    Answer administer(String path) {
        return await(send("/admin" + path, null, CHANGE));
    }

    private Answer await(CompletableFuture<Answer> answer) {
        try {
            return answer.get();
        } catch (ExecutionException e) {
            throw SolrFailureClassifier.unreachable(place, e.getCause());
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new ConnectorException("interrupted while waiting for " + place, e);
        }
    }

    static byte[] bytes(JsonNode json) {
        try {
            return JSON.writeValueAsBytes(json);
        } catch (JsonProcessingException e) {
            throw new IllegalStateException("a tree can be written", e);
        }
    }

    static String encode(String value) {
        return URLEncoder.encode(value, StandardCharsets.UTF_8);
    }
}

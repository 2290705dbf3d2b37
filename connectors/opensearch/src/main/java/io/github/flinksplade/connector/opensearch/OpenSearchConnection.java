package io.github.flinksplade.connector.opensearch;

import com.fasterxml.jackson.databind.JsonNode;
import io.github.flinksplade.connector.http.JsonHttpClient;
import io.github.flinksplade.connector.http.JsonRequest;
import io.github.flinksplade.connector.http.JsonResponse;
import java.io.IOException;
import java.util.concurrent.CompletableFuture;

/** Requests to one server about one index. */
final class OpenSearchConnection implements AutoCloseable {

    private final OpenSearchSettings place;
    private final JsonHttpClient http;

    OpenSearchConnection(OpenSearchSettings place) {
        this.place = place;
        this.http = new JsonHttpClient(place.server(), place.connection());
    }

    /**
     * A request about the index.
     *
     * @param path what follows the index's name: {@code /_search}
     * @param body null for none
     */
    JsonRequest ofIndex(String method, String path, JsonNode body) {
        return JsonRequest.of(method, index() + path, body);
    }

    private String index() {
        return "/" + JsonRequest.encode(place.index());
    }

    /** Sends a request without waiting; see {@link JsonHttpClient#send}. */
    CompletableFuture<JsonResponse> send(JsonRequest request) {
        return http.send(request);
    }

    /** Sends a bulk request without waiting. */
    CompletableFuture<JsonResponse> bulk(String parameters, byte[] lines) {
        return http.send(
                JsonRequest.post(index() + "/_bulk" + parameters, lines)
                        .withContentType("application/x-ndjson"));
    }

    /**
     * Sends a request and waits for the response.
     *
     * @throws io.github.flinksplade.connector.UnreachableException if none arrives, or the server
     *     is overloaded or starting
     */
    JsonResponse exchange(JsonRequest request) {
        JsonResponse response;
        try {
            response = http.exchange(request);
        } catch (IOException e) {
            throw OpenSearchFailureClassifier.unreachable(place, e);
        }
        if (response.isUnavailable()) {
            throw OpenSearchFailureClassifier.unavailable(place, response);
        }
        return response;
    }

    @Override
    public void close() {
        http.close();
    }
}

package io.github.flinksplade.connector.solr;

import com.fasterxml.jackson.databind.JsonNode;
import io.github.flinksplade.connector.http.JsonHttpClient;
import io.github.flinksplade.connector.http.JsonRequest;
import io.github.flinksplade.connector.http.JsonResponse;
import java.io.IOException;
import java.util.concurrent.CompletableFuture;

/** Requests to one collection; any number of threads may send them at once. */
final class SolrConnection implements AutoCloseable {

    /** What the server says of itself; any user may ask that who may read the configuration. */
    static final JsonRequest SYSTEM = JsonRequest.get("/admin/info/system");

    private final SolrSettings place;
    private final JsonHttpClient http;

    SolrConnection(SolrSettings place) {
        this.place = place;
        this.http = new JsonHttpClient(place.server(), place.connection());
    }

    SolrSettings location() {
        return place;
    }

    /** A request to the collection; with a body it is a POST of JSON. */
    JsonRequest ofCollection(String path, JsonNode json) {
        return JsonRequest.of(json == null ? "GET" : "POST", "/" + place.collection() + path, json);
    }

    /** A POST of JSON to the collection. */
    JsonRequest ofCollection(String path, byte[] json) {
        return JsonRequest.post("/" + place.collection() + path, json);
    }

    /** Sends a request without waiting; see {@link JsonHttpClient#send}. */
    CompletableFuture<JsonResponse> send(JsonRequest request) {
        return http.send(request);
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
            throw SolrFailureClassifier.unreachable(place, e);
        }
        if (response.isUnavailable()) {
            throw SolrFailureClassifier.unavailable(place, response);
        }
        return response;
    }

    /** As {@link #exchange}, of what Solr answers to GET, or to POST of a body. */
    JsonResponse ask(String path, JsonNode json) {
        return exchange(ofCollection(path, json));
    }

    @Override
    public void close() {
        http.close();
    }
}

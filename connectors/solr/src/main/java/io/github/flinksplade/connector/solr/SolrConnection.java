package io.github.flinksplade.connector.solr;

import com.fasterxml.jackson.databind.JsonNode;
import io.github.flinksplade.connector.ConnectorException;
import io.github.flinksplade.connector.http.JsonConnection;
import io.github.flinksplade.connector.http.JsonRequest;
import io.github.flinksplade.connector.http.JsonResponse;

/** The connection to a server, with the requests to one collection. */
final class SolrConnection extends JsonConnection {

    /**
     * Describes the server. Any user who may read the configuration may send it; a server that
     * starts or shuts down responds with 404.
     */
    static final JsonRequest SYSTEM = JsonRequest.get("/admin/info/system");

    private final SolrSettings settings;

    SolrConnection(SolrSettings settings) {
        super("Solr", settings.server, settings.connection);
        this.settings = settings;
    }

    /**
     * A request to the collection.
     *
     * @param json the body of a {@code POST}; null for a {@code GET}
     */
    JsonRequest collectionRequest(String path, JsonNode json) {
        return JsonRequest.of(
                json == null ? "GET" : "POST", "/" + settings.collection + path, json);
    }

    /**
     * A request with changes of documents. The response lists what was written; the processor that
     * compares versions skips the rest.
     *
     * @param json the changes
     */
    JsonRequest updateRequest(byte[] json) {
        return JsonRequest.post(
                "/"
                        + settings.collection
                        + "/update?versions=true&json.nl=map&processor="
                        + SolrSchema.PROCESSOR
                        + (settings.commitWithin.isZero()
                                ? ""
                                : "&commitWithin=" + settings.commitWithin.toMillis()),
                json);
    }

    /** Sends a request to the collection, and waits for the response. */
    JsonResponse exchange(String path, JsonNode json) {
        return exchange(collectionRequest(path, json));
    }

    @Override
    protected boolean isSuccess(JsonResponse response) {
        return SolrFailureClassifier.isSuccess(response);
    }

    @Override
    protected String reason(JsonResponse response) {
        return SolrFailureClassifier.reason(response);
    }

    @Override
    protected ConnectorException explain(String action, JsonResponse response) {
        return SolrFailureClassifier.explain(settings, action, response);
    }
}

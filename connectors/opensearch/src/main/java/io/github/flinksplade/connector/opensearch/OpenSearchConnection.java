package io.github.flinksplade.connector.opensearch;

import com.fasterxml.jackson.databind.JsonNode;
import io.github.flinksplade.connector.ConnectorException;
import io.github.flinksplade.connector.http.JsonConnection;
import io.github.flinksplade.connector.http.JsonRequest;
import io.github.flinksplade.connector.http.JsonResponse;

/** The connection to a server, with the requests to one index. */
final class OpenSearchConnection extends JsonConnection {

    private final OpenSearchSettings settings;

    OpenSearchConnection(OpenSearchSettings settings) {
        super(settings.product.title(), settings.server, settings.connection);
        this.settings = settings;
    }

    /**
     * A request to the index.
     *
     * @param path the path after the index's name: {@code /_search}
     * @param body null for a request without a body
     */
    JsonRequest indexRequest(String method, String path, JsonNode body) {
        return JsonRequest.of(method, index() + path, body);
    }

    /**
     * A bulk request to the index.
     *
     * @param parameters of the URL, starting with a question mark
     */
    JsonRequest bulkRequest(String parameters, byte[] lines) {
        return JsonRequest.post(index() + "/_bulk" + parameters, lines)
                .withContentType("application/x-ndjson");
    }

    private String index() {
        return "/" + JsonRequest.encode(settings.index);
    }

    @Override
    protected boolean isSuccess(JsonResponse response) {
        return response.isSuccess();
    }

    @Override
    protected String reason(JsonResponse response) {
        return OpenSearchFailureClassifier.reason(response);
    }

    @Override
    protected ConnectorException explain(String action, JsonResponse response) {
        return OpenSearchFailureClassifier.explain(settings, action, response);
    }
}

package io.github.flinksplade.connector.http;

import com.fasterxml.jackson.databind.JsonNode;
import io.github.flinksplade.connector.ConnectionSettings;
import io.github.flinksplade.connector.ConnectorException;
import io.github.flinksplade.connector.UnreachableException;
import java.io.IOException;
import java.util.concurrent.CompletableFuture;
import org.apache.flink.annotation.PublicEvolving;

/**
 * A connector's connection to its server over {@link JsonHttpClient}; the connector adds the paths
 * of its requests and the meaning of the responses. Thread-safe.
 */
@PublicEvolving
public abstract class JsonConnection implements AutoCloseable {

    private final String server;
    private final JsonHttpClient http;

    /**
     * @param product the product's name, for messages
     * @param url the URL to which every path is appended
     */
    protected JsonConnection(String product, String url, ConnectionSettings settings) {
        this.server = product + " at " + url;
        this.http = new JsonHttpClient(url, settings);
    }

    /** Sends a request without waiting; see {@link JsonHttpClient#send}. */
    public final CompletableFuture<JsonResponse> send(JsonRequest request) {
        return http.send(request);
    }

    /**
     * Sends a request and waits for the response, whatever its status.
     *
     * @throws UnreachableException if no response arrives, or the server is overloaded or starting
     */
    public final JsonResponse exchange(JsonRequest request) {
        JsonResponse response;
        try {
            response = http.exchange(request);
        } catch (IOException e) {
            throw ServerFailures.unreachable(server, e);
        }
        if (response.isUnavailable()) {
            throw unavailable(response);
        }
        return response;
    }

    /**
     * The body of a successful response.
     *
     * @param action the purpose of the request, for the message: {@code create}
     * @throws ConnectorException if the response is not successful
     */
    public final JsonNode requireSuccess(JsonResponse response, String action) {
        if (!isSuccess(response)) {
            throw explain(action, response);
        }
        return response.body();
    }

    /** The exception for a server that responds but cannot serve requests yet. */
    public final UnreachableException unavailable(JsonResponse response) {
        return ServerFailures.unavailable(server, reason(response));
    }

    /** Whether it is a response of this server, and not of a proxy, that reports success. */
    protected abstract boolean isSuccess(JsonResponse response);

    /** The server's own reason for a failure, on one line. */
    protected abstract String reason(JsonResponse response);

    /**
     * A failed response as a message for the user.
     *
     * @param action see {@link #requireSuccess}
     */
    protected abstract ConnectorException explain(String action, JsonResponse response);

    @Override
    public final void close() {
        http.close();
    }
}

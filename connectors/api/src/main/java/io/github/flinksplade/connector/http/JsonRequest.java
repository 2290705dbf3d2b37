package io.github.flinksplade.connector.http;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;
import org.apache.flink.annotation.PublicEvolving;

/**
 * A request to the server of a {@link JsonHttpClient}.
 *
 * @param method {@code GET}, {@code POST} and so on
 * @param path path and query after the server's URL, encoded: {@code /docs/_search}
 * @param contentType of the body
 * @param body may be empty
 * @param timeouts the deadline, in multiples of the connection's request timeout
 */
@PublicEvolving
public record JsonRequest(
        String method, String path, String contentType, byte[] body, int timeouts) {

    private static final String JSON = "application/json";
    private static final byte[] NO_BODY = {};

    /** The deadline of slow requests, in request timeouts. */
    private static final int SLOW_TIMEOUTS = 3;

    /** A request without a body. */
    public static JsonRequest get(String path) {
        return new JsonRequest("GET", path, JSON, NO_BODY, 1);
    }

    /**
     * A request with a JSON body.
     *
     * @param body null for a request without a body
     */
    public static JsonRequest of(String method, String path, JsonNode body) {
        try {
            return new JsonRequest(
                    method,
                    path,
                    JSON,
                    body == null ? NO_BODY : JsonHttpClient.JSON.writeValueAsBytes(body),
                    1);
        } catch (JsonProcessingException e) {
            throw new IllegalStateException("serializing a tree cannot fail", e);
        }
    }

    /** A {@code POST} of serialized JSON. */
    public static JsonRequest post(String path, byte[] json) {
        return new JsonRequest("POST", path, JSON, json, 1);
    }

    /** The same request with another content type. */
    public JsonRequest withContentType(String type) {
        return new JsonRequest(method, path, type, body, timeouts);
    }

    /** The same request with three times the deadline, for slow operations of a server. */
    public JsonRequest slow() {
        return new JsonRequest(method, path, contentType, body, SLOW_TIMEOUTS);
    }

    /** Percent-encodes a name for a path or a query. */
    public static String encode(String name) {
        return URLEncoder.encode(name, StandardCharsets.UTF_8).replace("+", "%20");
    }
}

package io.github.flinksplade.connector.http;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;

/**
 * A request to the server of a {@link JsonHttpClient}.
 *
 * @param method {@code GET}, {@code POST} and so on
 * @param path path and query after the server's URL, encoded: {@code /docs/_search}
 * @param contentType of the body
 * @param body may be empty
 * @param timeouts the deadline, in multiples of the connection's request timeout
 */
public record JsonRequest(
        String method, String path, String contentType, byte[] body, int timeouts) {

    private static final String JSON = "application/json";
    private static final byte[] NONE = {};

    /** What takes a server long gets this many request timeouts. */
    private static final int SLOW = 3;

    /** A request without a body. */
    public static JsonRequest get(String path) {
        return new JsonRequest("GET", path, JSON, NONE, 1);
    }

    /** A request with a JSON body, or without one where it is null. */
    public static JsonRequest of(String method, String path, JsonNode body) {
        try {
            return new JsonRequest(
                    method,
                    path,
                    JSON,
                    body == null ? NONE : JsonHttpClient.JSON.writeValueAsBytes(body),
                    1);
        } catch (JsonProcessingException e) {
            throw new IllegalStateException("every tree can be written", e);
        }
    }

    /** A {@code POST} of JSON in bytes. */
    public static JsonRequest post(String path, byte[] json) {
        return new JsonRequest("POST", path, JSON, json, 1);
    }

    /** The same request, of another content type. */
    public JsonRequest ofType(String type) {
        return new JsonRequest(method, path, type, body, timeouts);
    }

    /** The same request with three times the deadline, for what takes a server long. */
    public JsonRequest slow() {
        return new JsonRequest(method, path, contentType, body, SLOW);
    }

    /** A name as a part of a path or a query. */
    public static String encode(String name) {
        return URLEncoder.encode(name, StandardCharsets.UTF_8).replace("+", "%20");
    }
}

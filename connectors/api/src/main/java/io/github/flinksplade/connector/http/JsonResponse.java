package io.github.flinksplade.connector.http;

import com.fasterxml.jackson.databind.JsonNode;
import io.github.flinksplade.connector.RetryLaterException;
import java.io.IOException;
import java.time.Duration;
import org.apache.flink.annotation.PublicEvolving;

/**
 * A complete response.
 *
 * @param body the JSON, or a missing node if the body is empty or not JSON, such as the page of a
 *     proxy
 * @param retryAfter how long to wait before the next request; null if the server does not state it
 * @param location the location of a redirect, or null
 */
@PublicEvolving
public record JsonResponse(int status, JsonNode body, Duration retryAfter, String location) {

    /** Whether the status is 2xx. */
    public boolean isSuccess() {
        return status / 100 == 2;
    }

    /** Whether the server or a proxy is overloaded, starting or shutting down. */
    public boolean isUnavailable() {
        return switch (status) {
            case 408, 429, 502, 503, 504 -> true;
            default -> false;
        };
    }

    /** The status and the location of a redirect, for messages: {@code HTTP 503}. */
    public String describeStatus() {
        return "HTTP " + status + (location == null ? "" : ", a redirect to " + location);
    }

    /** An exception that causes a retry, after the delay that the server states. */
    public IOException retry(String message) {
        return retryAfter == null
                ? new IOException(message)
                : new RetryLaterException(message, retryAfter);
    }
}

package io.github.flinksplade.connector.http;

import com.fasterxml.jackson.databind.JsonNode;
import io.github.flinksplade.connector.RetryLaterException;
import java.io.IOException;
import java.time.Duration;

/**
 * A complete response.
 *
 * @param body what was sent, or a missing node where that is empty or not JSON, such as a proxy's
 *     page
 * @param retryAfter how long to wait before the next request, if the server states it; else null
 * @param location where it redirects to; else null
 */
public record JsonResponse(int status, JsonNode body, Duration retryAfter, String location) {

    /** Whether the status is 2xx. */
    public boolean isSuccess() {
        return status / 100 == 2;
    }

    /** Whether the server or a proxy is overloaded, starting or shutting down, which may pass. */
    public boolean isUnavailable() {
        return switch (status) {
            case 408, 429, 502, 503, 504 -> true;
            default -> false;
        };
    }

    /** The status, and where it redirects to, for messages: {@code HTTP 503}. */
    public String describeStatus() {
        return "HTTP " + status + (location == null ? "" : ", a redirect to " + location);
    }

    /** What makes the batch that got this response be sent again, when the server allows it. */
    public IOException retry(String message) {
        return retryAfter == null
                ? new IOException(message)
                : new RetryLaterException(message, retryAfter);
    }
}

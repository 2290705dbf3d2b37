package io.github.flinksplade.serve;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.time.Duration;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.function.BooleanSupplier;

/** Sends requests to a server. */
final class TestClient {

    static final ObjectMapper JSON = new ObjectMapper();
    static final Duration TIMEOUT =
            Duration.ofMinutes(Integer.getInteger("flinksplade.timeoutMinutes", 4));

    private final HttpClient http =
            HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).build();
    private final URI base;

    TestClient(SpladeServer server) {
        this.base = server.uri();
    }

    /** A response, whose body is JSON. */
    record Response(int status, HttpResponse<String> http) {

        JsonNode json() {
            try {
                return JSON.readTree(http.body());
            } catch (IOException e) {
                throw new AssertionError(http.body(), e);
            }
        }

        String header(String name) {
            return http.headers().firstValue(name).orElse(null);
        }

        /** Status, type and message of an error. */
        String error() {
            return status
                    + " "
                    + json().path("error_type").asText()
                    + ": "
                    + json().path("error").asText();
        }
    }

    HttpRequest.Builder request(String path) {
        return HttpRequest.newBuilder(base.resolve(path)).timeout(TIMEOUT);
    }

    Response send(HttpRequest request) {
        return sendAsync(request).join();
    }

    CompletableFuture<Response> sendAsync(HttpRequest request) {
        return http.sendAsync(request, BodyHandlers.ofString())
                .thenApply(response -> new Response(response.statusCode(), response));
    }

    Response get(String path) {
        return send(request(path).build());
    }

    Response post(String path, String body) {
        return postAsync(path, body).join();
    }

    CompletableFuture<Response> postAsync(String path, String body) {
        return sendAsync(
                request(path)
                        .header("Content-Type", "application/json")
                        .POST(BodyPublishers.ofString(body))
                        .build());
    }

    /** Posts JSON with alternating names and values. */
    Response post(String path, Map<String, ?> body) {
        return post(path, JSON.valueToTree(body).toString());
    }

    static void await(String what, BooleanSupplier condition) {
        long deadline = System.nanoTime() + TIMEOUT.toNanos();
        while (!condition.getAsBoolean()) {
            if (System.nanoTime() > deadline) {
                throw new AssertionError("timed out waiting for " + what);
            }
            try {
                Thread.sleep(10);
            } catch (InterruptedException e) {
                throw new IllegalStateException(e);
            }
        }
    }
}

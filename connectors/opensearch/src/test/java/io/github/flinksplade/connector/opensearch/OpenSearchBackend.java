package io.github.flinksplade.connector.opensearch;

import io.github.flinksplade.connector.opensearch.FaultyServer.Backend;
import io.github.flinksplade.connector.opensearch.FaultyServer.Reply;
import io.github.flinksplade.connector.opensearch.FaultyServer.Request;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;

/** Forwards requests to a real OpenSearch node. */
final class OpenSearchBackend implements Backend {

    private static final String PIPELINE = "rejecting";

    private final HttpClient http = HttpClient.newHttpClient();
    private final String url;
    private volatile String lastIndex;

    OpenSearchBackend(String url) {
        this.url = url;
    }

    @Override
    public Reply handle(Request request) throws IOException, InterruptedException {
        if (request.method().equals("PUT") && request.path().matches("/[^/_][^/]*")) {
            lastIndex = request.path();
        }
        HttpRequest.Builder same =
                HttpRequest.newBuilder(URI.create(url + request.target()))
                        .method(
                                request.method(),
                                HttpRequest.BodyPublishers.ofByteArray(request.body()));
        if (request.body().length > 0) {
            same.header("Content-Type", "application/json");
        }
        HttpResponse<byte[]> response =
                http.send(same.build(), HttpResponse.BodyHandlers.ofByteArray());
        return new Reply(response.statusCode(), response.body());
    }

    /** Adds an ingest pipeline that fails for the id to the newest index. */
    void reject(String id) {
        put(
                "/_ingest/pipeline/" + PIPELINE,
                "{\"processors\":[{\"fail\":{\"if\":\"ctx._id == '"
                        + id
                        + "'\",\"message\":\"rejected by the test\"}}]}");
        put(
                lastIndex + "/_settings",
                "{\"index.default_pipeline\":\"" + (id == null ? "_none" : PIPELINE) + "\"}");
    }

    private void put(String path, String json) {
        try {
            Reply reply = handle(new Request("PUT", path, json.getBytes(StandardCharsets.UTF_8)));
            if (reply.status() != 200) {
                throw new IllegalStateException(path + ": " + new String(reply.body()));
            }
        } catch (IOException | InterruptedException e) {
            throw new IllegalStateException(e);
        }
    }
}

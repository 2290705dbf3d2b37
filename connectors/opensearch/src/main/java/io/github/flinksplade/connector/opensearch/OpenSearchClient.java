package io.github.flinksplade.connector.opensearch;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.github.flinksplade.connector.BatchClient;
import io.github.flinksplade.connector.Outcome;
import io.github.flinksplade.connector.VectorRecord;
import io.github.flinksplade.connector.http.JsonHttpClient;
import io.github.flinksplade.connector.http.JsonRequest;
import io.github.flinksplade.connector.http.JsonResponse;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;

/**
 * Sends batches with the bulk API.
 *
 * <p>Before each batch it checks that the index is still the one of the first batch: a server
 * creates a missing index with a mapping of its own, and the batch would be lost in it.
 */
final class OpenSearchClient implements BatchClient<OpenSearchChange> {

    private final OpenSearchSettings settings;
    private final OpenSearchConnection connection;
    private final OpenSearchRequestFactory requests;
    private final String parameters;

    /** The UUID of the index, from the first batch on. */
    private volatile String uuid;

    OpenSearchClient(OpenSearchSettings settings, OpenSearchRequestFactory requests) {
        this.settings = settings;
        this.connection = new OpenSearchConnection(settings);
        this.requests = requests;
        this.parameters = parameters(settings);
    }

    private static String parameters(OpenSearchSettings settings) {
        return "?filter_path=errors,items.*.status,items.*.error"
                + (settings.pipeline == null
                        ? ""
                        : "&pipeline=" + JsonRequest.encode(settings.pipeline))
                + (settings.refresh == OpenSearchSettings.Refresh.FALSE
                        ? ""
                        : "&refresh=" + settings.refresh.name().toLowerCase(Locale.ROOT));
    }

    @Override
    public OpenSearchChange request(VectorRecord record) {
        return requests.change(record);
    }

    @Override
    public long sizeInBytes(OpenSearchChange change) {
        // a delete without a version is sent like any other, once the version is known
        return change.lines() == null
                ? requests.delete(change.id(), Long.MAX_VALUE).lines().length
                : change.lines().length;
    }

    @Override
    public CompletableFuture<List<Outcome>> send(List<OpenSearchChange> batch) {
        return requireSameIndex()
                .thenCompose(same -> storedVersions(batch))
                .thenCompose(versions -> write(batch, versions));
    }

    private CompletableFuture<Void> requireSameIndex() {
        if (uuid == null) {
            return connection
                    .send(connection.indexRequest("GET", "", null))
                    .thenAccept(
                            response -> {
                                if (response.isUnavailable() || response.status() / 100 == 5) {
                                    requireSuccess(response);
                                }
                                uuid = OpenSearchSchema.read(settings, connection, response).uuid();
                            });
        }
        return connection
                .send(connection.indexRequest("GET", "/_settings/index.uuid", null))
                .thenAccept(
                        response -> {
                            requireSuccess(response);
                            JsonNode index = response.body().elements().next();
                            if (!index.at("/settings/index/uuid").asText().equals(uuid)) {
                                throw OpenSearchFailureClassifier.deleted(settings);
                            }
                        });
    }

    /**
     * The stored versions of the ids that are to be deleted whatever their version. Such a delete
     * is sent with the stored version plus one, which is the order of a delete of that version: the
     * next version is higher. (Without a version the server would increment the version of the last
     * delete, and a few replays would exceed the next version.)
     */
    private CompletableFuture<Map<String, Long>> storedVersions(List<OpenSearchChange> batch) {
        ArrayNode documents = JsonHttpClient.JSON.createArrayNode();
        for (OpenSearchChange change : batch) {
            if (change.lines() == null) {
                ObjectNode document = documents.addObject().put("_id", change.id());
                String routing = settings.routing.of(change.id());
                if (routing != null) {
                    document.put("routing", routing);
                }
            }
        }
        if (documents.isEmpty()) {
            return CompletableFuture.completedFuture(Map.of());
        }
        ObjectNode body = JsonHttpClient.JSON.createObjectNode();
        body.set("docs", documents);
        return connection
                .send(connection.indexRequest("POST", "/_mget?_source=false", body))
                .thenApply(
                        response -> {
                            requireSuccess(response);
                            Map<String, Long> versions = new HashMap<>();
                            for (JsonNode document : response.body().path("docs")) {
                                if (document.has("error")) {
                                    throw incomplete(response);
                                }
                                if (document.path("found").asBoolean()) {
                                    versions.put(
                                            document.path("_id").asText(),
                                            document.path("_version").asLong());
                                }
                            }
                            return versions;
                        });
    }

    private CompletableFuture<List<Outcome>> write(
            List<OpenSearchChange> batch, Map<String, Long> storedVersions) {
        ByteArrayOutputStream lines = new ByteArrayOutputStream();
        List<Integer> sent = new ArrayList<>();
        List<Outcome> outcomes = new ArrayList<>();
        for (int i = 0; i < batch.size(); i++) {
            OpenSearchChange change = batch.get(i);
            outcomes.add(Outcome.written()); // a missing document is deleted; others see below
            if (change.lines() == null) {
                Long version = storedVersions.get(change.id());
                if (version == null) {
                    continue;
                }
                change = requests.delete(change.id(), version + 1);
            }
            sent.add(i);
            lines.writeBytes(change.lines());
        }
        if (sent.isEmpty()) {
            return CompletableFuture.completedFuture(outcomes);
        }
        return connection
                .send(connection.bulkRequest(parameters, lines.toByteArray()))
                .thenApply(
                        response -> {
                            requireSuccess(response);
                            JsonNode items = response.body().path("items");
                            if (items.size() != sent.size()) {
                                throw incomplete(response);
                            }
                            for (int i = 0; i < sent.size(); i++) {
                                int at = sent.get(i);
                                outcomes.set(
                                        at,
                                        OpenSearchFailureClassifier.outcome(
                                                settings,
                                                batch.get(at).isDelete(),
                                                items.get(i).elements().next()));
                            }
                            return outcomes;
                        });
    }

    private void requireSuccess(JsonResponse response) {
        Exception failure = OpenSearchFailureClassifier.classify(settings, response);
        if (failure instanceof RuntimeException permanent) {
            throw permanent;
        }
        if (failure != null) {
            throw new CompletionException(failure);
        }
    }

    private static CompletionException incomplete(JsonResponse response) {
        return new CompletionException(
                new IOException("the response is incomplete (" + response.describeStatus() + ")"));
    }

    @Override
    public void close() {
        connection.close();
    }
}

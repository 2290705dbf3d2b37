package io.github.flinksplade.connector.opensearch;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.github.flinksplade.connector.BatchClient;
import io.github.flinksplade.connector.Outcome;
import io.github.flinksplade.connector.VectorRecord;
import io.github.flinksplade.connector.http.JsonHttpClient;
import io.github.flinksplade.connector.http.JsonResponse;
import io.github.flinksplade.connector.opensearch.OpenSearchRequestFactory.Request;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;

/**
 * Sends batches by the bulk interface.
 *
 * <p>Before each, it looks whether the index is the one it began with: a server that finds none
 * creates one by itself, with fields of its own guess, and a batch would vanish into it.
 */
final class OpenSearchClient implements BatchClient<Request> {

    private final OpenSearchSettings place;
    private final OpenSearchConnection server;
    private final OpenSearchRequestFactory requests;
    private final String parameters;

    /** Of the index, from the first batch on. */
    private volatile String uuid;

    /**
     * @param parameters of the bulk request
     */
    OpenSearchClient(
            OpenSearchSettings place, OpenSearchRequestFactory requests, String parameters) {
        this.place = place;
        this.server = new OpenSearchConnection(place);
        this.requests = requests;
        this.parameters = parameters;
    }

    @Override
    public Request request(VectorRecord record) {
        return requests.request(record);
    }

    @Override
    public long sizeInBytes(Request request) {
        // one without lines is written like any delete, once its version is known
        return request.lines() == null
                ? requests.delete(request.id(), Long.MAX_VALUE).lines().length
                : request.lines().length;
    }

    @Override
    public CompletableFuture<List<Outcome>> send(List<Request> batch) {
        return requireSameIndex()
                .thenCompose(same -> heldVersions(batch))
                .thenCompose(versions -> write(batch, versions));
    }

    private CompletableFuture<Void> requireSameIndex() {
        if (uuid == null) {
            return server.send(server.ofIndex("GET", "", null))
                    .thenAccept(
                            answer -> {
                                if (answer.isUnavailable() || answer.status() / 100 == 5) {
                                    requireFine(answer);
                                }
                                uuid = OpenSearchSchema.read(place, answer).uuid();
                            });
        }
        return server.send(server.ofIndex("GET", "/_settings/index.uuid", null))
                .thenAccept(
                        answer -> {
                            requireFine(answer);
                            JsonNode index = answer.body().elements().next();
                            if (!index.at("/settings/index/uuid").asText().equals(uuid)) {
                                throw OpenSearchFailureClassifier.gone(place);
                            }
                        });
    }

    /**
     * The versions held of the ids that are to be deleted whatever is there. Such a delete gets the
     * held version plus one, which is the order of a delete of that very version: the next version
     * is higher. (Without a version of its own the server would count on from the version of the
     * last delete, and a few replays would carry it past the next version.)
     */
    private CompletableFuture<Map<String, Long>> heldVersions(List<Request> batch) {
        ArrayNode documents = JsonHttpClient.JSON.createArrayNode();
        for (Request request : batch) {
            if (request.lines() == null) {
                ObjectNode document = documents.addObject().put("_id", request.id());
                String routing = requests.routing(request.id());
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
        return server.send(server.ofIndex("POST", "/_mget?_source=false", body))
                .thenApply(
                        answer -> {
                            requireFine(answer);
                            Map<String, Long> versions = new HashMap<>();
                            for (JsonNode document : answer.body().path("docs")) {
                                if (document.has("error")) {
                                    throw failed(answer);
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

    private CompletableFuture<List<Outcome>> write(List<Request> batch, Map<String, Long> held) {
        ByteArrayOutputStream lines = new ByteArrayOutputStream();
        List<Integer> sent = new ArrayList<>();
        List<Outcome> outcomes = new ArrayList<>();
        for (int i = 0; i < batch.size(); i++) {
            Request request = batch.get(i);
            outcomes.add(Outcome.written()); // nothing is there to be deleted, or see below
            if (request.lines() == null) {
                Long version = held.get(request.id());
                if (version == null) {
                    continue;
                }
                request = requests.delete(request.id(), version + 1);
            }
            sent.add(i);
            lines.writeBytes(request.lines());
        }
        if (sent.isEmpty()) {
            return CompletableFuture.completedFuture(outcomes);
        }
        return server.bulk(parameters, lines.toByteArray())
                .thenApply(
                        answer -> {
                            requireFine(answer);
                            JsonNode items = answer.body().path("items");
                            if (items.size() != sent.size()) {
                                throw failed(answer);
                            }
                            for (int i = 0; i < sent.size(); i++) {
                                int at = sent.get(i);
                                outcomes.set(
                                        at,
                                        OpenSearchFailureClassifier.outcome(
                                                place,
                                                batch.get(at).isDelete(),
                                                items.get(i).elements().next()));
                            }
                            return outcomes;
                        });
    }

    private void requireFine(JsonResponse answer) {
        Exception failure = OpenSearchFailureClassifier.failureOfBatch(place, answer);
        if (failure instanceof RuntimeException refused) {
            throw refused;
        }
        if (failure != null) {
            throw new CompletionException(failure);
        }
    }

    private static CompletionException failed(JsonResponse answer) {
        return new CompletionException(
                new IOException("the response is incomplete (" + answer.describeStatus() + ")"));
    }

    @Override
    public void close() {
        server.close();
    }
}

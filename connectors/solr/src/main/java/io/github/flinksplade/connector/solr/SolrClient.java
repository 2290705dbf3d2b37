package io.github.flinksplade.connector.solr;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.github.flinksplade.connector.BatchClient;
import io.github.flinksplade.connector.Outcome;
import io.github.flinksplade.connector.VectorRecord;
import io.github.flinksplade.connector.http.JsonHttpClient;
import io.github.flinksplade.connector.http.JsonResponse;
import java.io.IOException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;

/** Sends updates, and reads the stored versions of the changes that Solr skipped. */
final class SolrClient implements BatchClient<SolrChange> {

    private final SolrSettings settings;
    private final SolrConnection connection;
    private final SolrRequestFactory requests;

    SolrClient(SolrSettings settings) {
        this.settings = settings;
        this.connection = new SolrConnection(settings);
        this.requests = new SolrRequestFactory(settings);
    }

    @Override
    public SolrChange request(VectorRecord record) {
        return requests.change(record);
    }

    @Override
    public long sizeInBytes(SolrChange change) {
        return change.command().length + 1L;
    }

    @Override
    public CompletableFuture<List<Outcome>> send(List<SolrChange> batch) {
        return connection
                .send(connection.updateRequest(SolrRequestFactory.update(batch)))
                .thenCompose(
                        response -> {
                            if (!SolrFailureClassifier.isSuccess(response)) {
                                return failed(response);
                            }
                            JsonNode written = response.body().path("adds");
                            List<SolrChange> skipped = new ArrayList<>();
                            for (SolrChange change : batch) {
                                if (change.isVersioned() && !written.has(change.id())) {
                                    skipped.add(change);
                                }
                            }
                            return skipped.isEmpty()
                                    ? CompletableFuture.completedFuture(
                                            outcomes(batch, List.of(), Map.of()))
                                    : storedOrders(skipped)
                                            .thenCompose(stored -> replace(skipped, stored))
                                            .thenApply(stored -> outcomes(batch, skipped, stored));
                        });
    }

    /**
     * What Solr stores, committed or not. Solr does not report whether a skipped change is old or
     * already stored, nor that it wrote a change which it forwarded to another shard.
     */
    private CompletableFuture<Map<String, Long>> storedOrders(List<SolrChange> changes) {
        ObjectNode request = JsonHttpClient.JSON.createObjectNode();
        ObjectNode parameters = request.putObject("params");
        parameters.put("fl", SolrSchema.ID + "," + SolrSchema.ORDER);
        ArrayNode ids = parameters.putArray("id");
        changes.forEach(change -> ids.add(change.id()));
        return connection
                .send(connection.collectionRequest("/get", request))
                .thenCompose(
                        response -> {
                            if (!SolrFailureClassifier.isSuccess(response)) {
                                return failed(response);
                            }
                            Map<String, Long> stored = new HashMap<>();
                            JsonNode body = response.body();
                            // the response contains one document for one id, else a list
                            JsonNode documents =
                                    body.has("doc")
                                            ? request.arrayNode().add(body.get("doc"))
                                            : body.at("/response/docs");
                            for (JsonNode document : documents) {
                                if (document.has(SolrSchema.ORDER)) {
                                    stored.put(
                                            document.get(SolrSchema.ID).asText(),
                                            document.get(SolrSchema.ORDER).asLong());
                                }
                            }
                            return CompletableFuture.completedFuture(stored);
                        });
    }

    /**
     * Solr skips a change with an equal order, but a delete of a replaced id must replace the
     * upsert of the same version.
     *
     * @return the stored orders afterwards
     */
    private CompletableFuture<Map<String, Long>> replace(
            List<SolrChange> skipped, Map<String, Long> stored) {
        Map<String, Long> orders = new HashMap<>(stored);
        List<SolrChange> replacing = new ArrayList<>();
        for (SolrChange change : skipped) {
            Long order = stored.get(change.id());
            if (change.isReplaced() && order != null && order == change.order() + 1) {
                replacing.add(change);
                orders.put(change.id(), change.order());
            }
        }
        if (replacing.isEmpty()) {
            return CompletableFuture.completedFuture(stored);
        }
        return connection
                .send(connection.updateRequest(SolrRequestFactory.replacement(replacing)))
                .thenCompose(
                        response ->
                                SolrFailureClassifier.isSuccess(response)
                                        ? CompletableFuture.completedFuture(orders)
                                        : failed(response));
    }

    private static List<Outcome> outcomes(
            List<SolrChange> batch, List<SolrChange> skipped, Map<String, Long> stored) {
        List<Outcome> outcomes = new ArrayList<>(batch.size());
        int next = 0;
        for (SolrChange change : batch) {
            if (next < skipped.size() && skipped.get(next) == change) {
                next++;
                outcomes.add(outcome(change, stored.get(change.id())));
            } else {
                outcomes.add(Outcome.written());
            }
        }
        return outcomes;
    }

    private static Outcome outcome(SolrChange change, Long stored) {
        if (stored == null || stored < change.order()) {
            return Outcome.retry("Solr accepted the change, but does not store it");
        }
        return stored == change.order() ? Outcome.written() : Outcome.superseded();
    }

    private <T> CompletableFuture<T> failed(JsonResponse response) {
        if (response.status() != 404) {
            return CompletableFuture.failedFuture(
                    SolrFailureClassifier.classify(settings, response));
        }
        // A server that starts or shuts down responds as if the collection were missing.
        return connection
                .send(SolrConnection.SYSTEM)
                .thenCompose(
                        system ->
                                CompletableFuture.failedFuture(
                                        SolrFailureClassifier.isSuccess(system)
                                                ? SolrFailureClassifier.classify(settings, response)
                                                : new IOException(
                                                        "Solr is starting or shutting down")));
    }

    @Override
    public void close() {
        connection.close();
    }
}

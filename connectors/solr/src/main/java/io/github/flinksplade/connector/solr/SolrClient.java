package io.github.flinksplade.connector.solr;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.github.flinksplade.connector.BatchClient;
import io.github.flinksplade.connector.Outcome;
import io.github.flinksplade.connector.VectorRecord;
import io.github.flinksplade.connector.http.JsonHttpClient;
import io.github.flinksplade.connector.http.JsonResponse;
import io.github.flinksplade.connector.solr.SolrRequestFactory.Change;
import java.io.IOException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;

/** Sends updates, and asks what became of those that Solr passed over. */
final class SolrClient implements BatchClient<Change> {

    private final SolrConnection solr;
    private final SolrRequestFactory requests;
    private final String update;

    SolrClient(SolrSettings place, SolrRequestFactory requests, long commitWithinMillis) {
        this.solr = new SolrConnection(place);
        this.requests = requests;
        this.update = updatePath(commitWithinMillis);
    }

    /** With the processor that keeps what is newer; the answer names what was written. */
    static String updatePath(long commitWithinMillis) {
        return "/update?versions=true&json.nl=map&processor="
                + SolrSchema.PROCESSOR
                + (commitWithinMillis == 0 ? "" : "&commitWithin=" + commitWithinMillis);
    }

    @Override
    public Change request(VectorRecord record) {
        return requests.change(record);
    }

    @Override
    public long sizeInBytes(Change change) {
        return change.command().length + 1L;
    }

    @Override
    public CompletableFuture<List<Outcome>> send(List<Change> batch) {
        return solr.send(solr.ofCollection(update, SolrRequestFactory.update(batch)))
                .thenCompose(
                        answer -> {
                            if (!SolrFailureClassifier.isSuccess(answer)) {
                                return failed(answer);
                            }
                            JsonNode written = answer.body().path("adds");
                            List<Change> passedOver = new ArrayList<>();
                            for (Change change : batch) {
                                if (change.isVersioned() && !written.has(change.id())) {
                                    passedOver.add(change);
                                }
                            }
                            return passedOver.isEmpty()
                                    ? CompletableFuture.completedFuture(
                                            outcomes(batch, List.of(), Map.of()))
                                    : held(passedOver)
                                            .thenApply(held -> outcomes(batch, passedOver, held));
                        });
    }

    /**
     * What Solr has, committed or not. It says of a change neither that it is old, nor that it has
     * it already; and of one that goes to another shard it does not say that it wrote it.
     */
    private CompletableFuture<Map<String, Long>> held(List<Change> changes) {
        ObjectNode request = JsonHttpClient.JSON.createObjectNode();
        ObjectNode parameters = request.putObject("params");
        parameters.put("fl", SolrSchema.ID + "," + SolrSchema.ORDER);
        ArrayNode ids = parameters.putArray("id");
        changes.forEach(change -> ids.add(change.id()));
        return solr.send(solr.ofCollection("/get", request))
                .thenCompose(
                        answer -> {
                            if (!SolrFailureClassifier.isSuccess(answer)) {
                                return failed(answer);
                            }
                            Map<String, Long> held = new HashMap<>();
                            JsonNode body = answer.body();
                            // one id is answered by one document, several by a list
                            JsonNode documents =
                                    body.has("doc")
                                            ? request.arrayNode().add(body.get("doc"))
                                            : body.at("/response/docs");
                            for (JsonNode document : documents) {
                                if (document.has(SolrSchema.ORDER)) {
                                    held.put(
                                            document.get(SolrSchema.ID).asText(),
                                            document.get(SolrSchema.ORDER).asLong());
                                }
                            }
                            return CompletableFuture.completedFuture(held);
                        });
    }

    private static List<Outcome> outcomes(
            List<Change> batch, List<Change> passedOver, Map<String, Long> held) {
        List<Outcome> outcomes = new ArrayList<>(batch.size());
        int next = 0;
        for (Change change : batch) {
            if (next < passedOver.size() && passedOver.get(next) == change) {
                next++;
                outcomes.add(outcome(change, held.get(change.id())));
            } else {
                outcomes.add(Outcome.written());
            }
        }
        return outcomes;
    }

    private static Outcome outcome(Change change, Long held) {
        if (held == null || held < change.order()) {
            return Outcome.retry("Solr took the change, but does not have it");
        }
        return held == change.order() ? Outcome.written() : Outcome.superseded();
    }

    private <T> CompletableFuture<T> failed(JsonResponse answer) {
        if (answer.status() != 404) {
            return CompletableFuture.failedFuture(
                    SolrFailureClassifier.ofBatch(solr.location(), answer));
        }
        // A Solr that shuts down or starts says the same as one that has no such collection.
        return solr.send(SolrConnection.SYSTEM)
                .thenCompose(
                        system ->
                                CompletableFuture.failedFuture(
                                        SolrFailureClassifier.isSuccess(system)
                                                ? SolrFailureClassifier.ofBatch(
                                                        solr.location(), answer)
                                                : new IOException(
                                                        "Solr is starting or shutting down")));
    }

    @Override
    public void close() {
        solr.close();
    }
}

package io.github.flinksplade.connector.solr;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.github.flinksplade.connector.BatchClient;
import io.github.flinksplade.connector.BatchOptions;
import io.github.flinksplade.connector.BatchSink;
import io.github.flinksplade.connector.BatchVectorSink;
import io.github.flinksplade.connector.ConnectorException;
import io.github.flinksplade.connector.Provenance;
import io.github.flinksplade.connector.SinkContext;
import io.github.flinksplade.connector.StartMode;
import io.github.flinksplade.connector.VectorRecord;
import io.github.flinksplade.connector.http.JsonHttpClient;
import io.github.flinksplade.connector.http.JsonRequest;
import io.github.flinksplade.connector.http.JsonResponse;
import java.io.Serializable;

/** A collection of Solr as a target. */
final class SolrSink implements BatchVectorSink {

    private static final long serialVersionUID = 1L;

    /** How a collection is made that is not there. */
    record Layout(int shards, int replicas) implements Serializable {}

    private final SolrSettings place;
    private final SolrRequestFactory requests;
    private final Layout layout;
    private final long commitWithinMillis;
    private final BatchOptions batching;

    SolrSink(
            SolrSettings place,
            SolrRequestFactory requests,
            Layout layout,
            long commitWithinMillis,
            BatchOptions batching) {
        this.place = place;
        this.requests = requests;
        this.layout = layout;
        this.commitWithinMillis = commitWithinMillis;
        this.batching = batching;
    }

    @Override
    public String identity() {
        return place.identity();
    }

    @Override
    public BatchOptions batching() {
        return batching;
    }

    @Override
    public BatchSink prepare(SinkContext context, StartMode start) {
        try (SolrConnection solr = new SolrConnection(place)) {
            createOrCheck(solr, context, start);
        }
        return new Prepared(place, requests, commitWithinMillis, batching);
    }

    private void createOrCheck(SolrConnection solr, SinkContext context, StartMode start) {
        JsonResponse schema = solr.ask("/schema", null);
        if (schema.status() == 404) {
            JsonResponse system = solr.exchange(SolrConnection.SYSTEM);
            if (system.status() == 404) {
                // one that starts or shuts down answers everything with 404
                throw SolrFailureClassifier.unavailable(place, system);
            }
            require(system, "find");
            start.requireMayCreate(place.toString());
            create(solr, system.body());
            schema = solr.ask("/schema", null);
        }
        require(schema, "read the schema of");
        new SolrSchema(solr).complete(schema.body().path("schema"));
        if (SolrIndex.provenance(solr) == null) {
            requireEmpty(solr);
            start.requireMayCreate(place.toString());
        }
        // Sent even if it is there: what comes second is passed over, and it shows whether the
        // user may write, and whether the processor is at work.
        writeProvenance(solr, context.provenance());
        Provenance held = SolrIndex.provenance(solr);
        if (held == null) {
            throw new ConnectorException(
                    "cannot read from "
                            + place
                            + " what was just written to it; its configuration needs an updateLog");
        }
        context.requireSameEncoder(held, place.toString(), "name a new collection");
    }

    /** In cloud mode a collection is made of the configset that the server brings. */
    private void create(SolrConnection solr, JsonNode system) {
        if (!system.path("mode").asText().equals("solrcloud")) {
            throw new ConnectorException(
                    place
                            + " is not there, and this Solr is not in cloud mode, so that a core has"
                            + " to be created on its machine: bin/solr create -c "
                            + place.collection());
        }
        require(
                solr.exchange(
                        JsonRequest.get(
                                        "/admin/collections?action=CREATE&name="
                                                + JsonRequest.encode(place.collection())
                                                + "&numShards="
                                                + layout.shards()
                                                + "&replicationFactor="
                                                + layout.replicas())
                                .slow()),
                "create");
    }

    private void requireEmpty(SolrConnection solr) {
        JsonResponse found = solr.ask("/select?q=*:*&rows=0", null);
        require(found, "search");
        long documents = found.body().at("/response/numFound").asLong();
        if (documents > 0) {
            throw new ConnectorException(
                    place
                            + " holds "
                            + documents
                            + " documents that flink-splade did not write; name another collection");
        }
    }

    private void writeProvenance(SolrConnection solr, Provenance provenance) {
        ObjectNode document = JsonHttpClient.JSON.createObjectNode();
        document.put(SolrSchema.ID, SolrRequestFactory.PROVENANCE_ID);
        document.put(SolrSchema.ORDER, 0);
        document.put(
                SolrSchema.PROVENANCE,
                JsonHttpClient.JSON.valueToTree(provenance.toMap()).toString());
        ArrayNode update = JsonHttpClient.JSON.createArrayNode().add(document);
        JsonResponse answer = solr.ask(SolrClient.updatePath(commitWithinMillis), update);
        if (answer.status() / 100 == 5) {
            // such as a shard whose leader was lost, until another takes over
            throw SolrFailureClassifier.unavailable(place, answer);
        }
        require(answer, "write to");
    }

    private JsonNode require(JsonResponse answer, String doing) {
        if (!SolrFailureClassifier.isSuccess(answer)) {
            throw SolrFailureClassifier.refused(doing, place, answer);
        }
        return answer.body();
    }

    private record Prepared(
            SolrSettings place,
            SolrRequestFactory requests,
            long commitWithinMillis,
            BatchOptions batching)
            implements BatchSink {

        private static final long serialVersionUID = 1L;

        @Override
        public String rejection(VectorRecord record) {
            return SolrRequestFactory.rejection(record);
        }

        @Override
        public BatchClient<?> client() {
            return new SolrClient(place, requests, commitWithinMillis);
        }
    }
}

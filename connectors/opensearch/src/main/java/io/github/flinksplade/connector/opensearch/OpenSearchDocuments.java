package io.github.flinksplade.connector.opensearch;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.github.flinksplade.connector.ConnectorException;
import io.github.flinksplade.connector.IndexedDocument;
import io.github.flinksplade.connector.IndexedDocuments;
import io.github.flinksplade.connector.Operation;
import io.github.flinksplade.connector.Provenance;
import io.github.flinksplade.connector.VectorRecord;
import io.github.flinksplade.connector.http.JsonHttpClient;
import io.github.flinksplade.connector.http.JsonRequest;
import java.util.Collections;
import java.util.Iterator;

/**
 * Reads the documents that an index contains at the start. It refreshes the index and scrolls,
 * which both servers support in the same form.
 */
final class OpenSearchDocuments implements IndexedDocuments {

    private static final long serialVersionUID = 1L;

    /** Documents of a page: even with texts of 1 MB, a page is smaller than a response may be. */
    private static final int PAGE_SIZE = 200;

    /** How long the server keeps the snapshot from one page to the next. */
    private static final String KEEP_ALIVE = "10m";

    private final OpenSearchSettings settings;
    private final Provenance provenance;

    private OpenSearchDocuments(OpenSearchSettings settings, Provenance provenance) {
        this.settings = settings;
        this.provenance = provenance;
    }

    static OpenSearchDocuments of(OpenSearchSettings settings) {
        try (OpenSearchIndex index = OpenSearchIndex.open(settings)) {
            return new OpenSearchDocuments(settings, index.provenance());
        }
    }

    @Override
    public Provenance provenance() {
        return provenance;
    }

    @Override
    public boolean storesEncoders() {
        return true;
    }

    @Override
    public String stored(String fields) {
        return settings.fields.select(fields);
    }

    @Override
    public Reader open() {
        OpenSearchConnection connection = new OpenSearchConnection(settings);
        try {
            connection.requireSuccess(
                    connection.exchange(connection.indexRequest("POST", "/_refresh", null).slow()),
                    "refresh");
            return new PageReader(connection);
        } catch (RuntimeException e) {
            connection.close();
            throw e;
        }
    }

    private final class PageReader implements Reader {

        private final OpenSearchConnection connection;
        private Iterator<JsonNode> page = Collections.emptyIterator();
        private String scroll;
        private boolean atEnd;

        PageReader(OpenSearchConnection connection) {
            this.connection = connection;
        }

        @Override
        public IndexedDocument next() {
            while (!page.hasNext() && !atEnd) {
                JsonNode result = scroll == null ? first() : following();
                scroll = result.path("_scroll_id").asText();
                JsonNode hits = result.at("/hits/hits");
                atEnd = hits.isEmpty();
                page = hits.elements();
            }
            return page.hasNext() ? document(page.next()) : null;
        }

        private JsonNode first() {
            ObjectNode body = JsonHttpClient.JSON.createObjectNode();
            body.put("size", PAGE_SIZE).put("version", true);
            body.putArray("sort").add("_doc");
            body.putArray("_source")
                    .add(OpenSearchSchema.TEXT)
                    .add(OpenSearchSchema.FIELDS)
                    .add(OpenSearchSchema.ENCODER);
            return complete(connection.indexRequest("POST", "/_search?scroll=" + KEEP_ALIVE, body));
        }

        private JsonNode following() {
            ObjectNode body = JsonHttpClient.JSON.createObjectNode();
            body.put("scroll", KEEP_ALIVE).put("scroll_id", scroll);
            return complete(JsonRequest.of("POST", "/_search/scroll", body));
        }

        private JsonNode complete(JsonRequest request) {
            JsonNode result =
                    connection.requireSuccess(connection.exchange(request.slow()), "read");
            if (result.at("/_shards/failed").asInt() > 0 || result.path("timed_out").asBoolean()) {
                throw new ConnectorException(
                        settings.location()
                                + " returned a part of the documents only, because one of its"
                                + " shards is unavailable. Start again when the cluster is green");
            }
            return result;
        }

        private IndexedDocument document(JsonNode hit) {
            JsonNode source = hit.path("_source");
            JsonNode fields = source.path(OpenSearchSchema.FIELDS);
            return new IndexedDocument(
                    hit.path("_id").asText(),
                    Operation.UPSERT,
                    VectorRecord.versionOf(hit.path("_version").asLong()),
                    source.path(OpenSearchSchema.TEXT).textValue(),
                    fields.isObject() ? fields.toString() : null,
                    source.path(OpenSearchSchema.ENCODER).textValue());
        }

        @Override
        public void close() {
            try {
                if (scroll != null) {
                    ObjectNode body = JsonHttpClient.JSON.createObjectNode();
                    body.put("scroll_id", scroll);
                    // not checked, because the server drops it later anyway
                    connection.exchange(JsonRequest.of("DELETE", "/_search/scroll", body));
                }
            } finally {
                connection.close();
            }
        }
    }
}

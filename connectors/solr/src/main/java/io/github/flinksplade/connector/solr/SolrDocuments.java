package io.github.flinksplade.connector.solr;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.github.flinksplade.connector.IndexedDocument;
import io.github.flinksplade.connector.IndexedDocuments;
import io.github.flinksplade.connector.Operation;
import io.github.flinksplade.connector.Provenance;
import io.github.flinksplade.connector.VectorRecord;
import io.github.flinksplade.connector.http.JsonHttpClient;
import java.util.Collections;
import java.util.Iterator;

/**
 * Reads the documents of a collection in the order of their ids, after a commit. A change that is
 * committed meanwhile may be read or not.
 */
final class SolrDocuments implements IndexedDocuments {

    private static final long serialVersionUID = 1L;

    private static final int PAGE_SIZE = 200;

    private final SolrSettings settings;
    private final Provenance provenance;

    private SolrDocuments(SolrSettings settings, Provenance provenance) {
        this.settings = settings;
        this.provenance = provenance;
    }

    static SolrDocuments of(SolrSettings settings) {
        try (SolrIndex index = SolrIndex.open(settings)) {
            return new SolrDocuments(settings, index.provenance());
        }
    }

    @Override
    public Provenance provenance() {
        return provenance;
    }

    @Override
    public boolean storesEncoders() {
        return false;
    }

    @Override
    public String stored(String fields) {
        return settings.fields.select(fields);
    }

    @Override
    public Reader open() {
        SolrConnection connection = new SolrConnection(settings);
        try {
            ObjectNode commit = JsonHttpClient.JSON.createObjectNode();
            commit.putObject("commit");
            connection.requireSuccess(
                    connection.exchange(connection.collectionRequest("/update", commit).slow()),
                    "commit to");
            return new PageReader(connection);
        } catch (RuntimeException e) {
            connection.close();
            throw e;
        }
    }

    private final class PageReader implements Reader {

        private final SolrConnection connection;
        private final ObjectNode request = JsonHttpClient.JSON.createObjectNode();
        private String cursor = "*";
        private Iterator<JsonNode> page = Collections.emptyIterator();
        private boolean atEnd;

        PageReader(SolrConnection connection) {
            this.connection = connection;
            // neither deletes nor the provenance
            request.put("query", SolrSchema.TOKENS + ":[* TO *]");
            request.put("limit", PAGE_SIZE);
            request.put("sort", SolrSchema.ID + " asc");
            request.putArray("fields")
                    .add(SolrSchema.ID)
                    .add(SolrSchema.ORDER)
                    .add(SolrSchema.TEXT)
                    .add(SolrSchema.FIELDS);
        }

        @Override
        public IndexedDocument next() {
            while (!page.hasNext() && !atEnd) {
                request.putObject("params").put("cursorMark", cursor);
                JsonNode result =
                        connection.requireSuccess(
                                connection.exchange("/select", request), "read from");
                page = result.at("/response/docs").elements();
                String following = result.path("nextCursorMark").asText();
                atEnd = following.equals(cursor);
                cursor = following;
            }
            return page.hasNext() ? document(page.next()) : null;
        }

        private IndexedDocument document(JsonNode document) {
            return new IndexedDocument(
                    document.path(SolrSchema.ID).asText(),
                    Operation.UPSERT,
                    VectorRecord.versionOf(document.path(SolrSchema.ORDER).asLong()),
                    document.path(SolrSchema.TEXT).textValue(),
                    document.path(SolrSchema.FIELDS).textValue(),
                    provenance.fingerprint());
        }

        @Override
        public void close() {
            connection.close();
        }
    }
}

package io.github.flinksplade.connector.solr;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.io.NumberOutput;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectReader;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.github.flinksplade.connector.VectorRecord;
import io.github.flinksplade.connector.http.JsonHttpClient;
import io.github.flinksplade.vector.JsonText;
import java.io.ByteArrayOutputStream;
import java.io.Serializable;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.List;

/** Writes a change as one command of Solr's JSON updates. */
final class SolrRequestFactory implements Serializable {

    private static final long serialVersionUID = 1L;

    /** The id of the document that says what made the vectors. */
    static final String PROVENANCE_ID = "flink-splade/provenance";

    /** Lucene's limit for a term, and so for an id. */
    private static final int LONGEST_ID_BYTES = 32_766;

    /** Numbers of any size, unrounded. */
    private static final ObjectReader UNROUNDED =
            JsonHttpClient.JSON.reader().with(DeserializationFeature.USE_BIG_INTEGER_FOR_INTS);

    /**
     * @param order what is compared; of no meaning for a delete without version
     * @param command a member of the update's JSON object
     */
    record Change(String id, long order, boolean isVersioned, byte[] command) {}

    private final boolean withText;

    /** Names of the fields to keep; null for all. */
    private final String[] kept;

    SolrRequestFactory(boolean withText, String kept) {
        this.withText = withText;
        this.kept = kept == null ? null : kept.split(",");
    }

    /** Why Solr could never hold the record, or null. */
    static String rejection(VectorRecord record) {
        String id = record.id();
        if (id.equals(PROVENANCE_ID)) {
            return "its id is that of the document in which the connector keeps what made the"
                    + " vectors";
        }
        byte[] bytes = id.getBytes(StandardCharsets.UTF_8);
        if (bytes.length > LONGEST_ID_BYTES) {
            return "its id has "
                    + bytes.length
                    + " bytes in UTF-8, more than the "
                    + LONGEST_ID_BYTES
                    + " that Solr takes";
        }
        if (!new String(bytes, StandardCharsets.UTF_8).equals(id)) {
            return "its id holds half of a surrogate pair, which UTF-8 cannot write";
        }
        return null;
    }

    /**
     * A delete is written as a document without anything but its version, so that no older upsert
     * brings the id back; one without version removes what is there and leaves nothing.
     */
    Change change(VectorRecord record) {
        boolean versioned = record.version() != VectorRecord.NO_VERSION;
        StringBuilder json = new StringBuilder(256);
        json.append(versioned ? "\"add\":{\"doc\":{\"id\":" : "\"delete\":{\"id\":");
        JsonText.appendString(json, record.id());
        if (versioned) {
            json.append(",\"order\":").append(record.order());
            if (record.isDelete()) {
                // whole seconds: this is for people and for clearing away
                Instant now = Instant.now().truncatedTo(ChronoUnit.SECONDS);
                json.append(",\"deleted_at\":\"").append(now).append('"');
            } else {
                appendDocument(record, json);
            }
            json.append('}');
        }
        json.append('}');
        return new Change(
                record.id(),
                record.order(),
                versioned,
                json.toString().getBytes(StandardCharsets.UTF_8));
    }

    private void appendDocument(VectorRecord record, StringBuilder json) {
        json.append(",\"vector\":\"");
        for (int i = 0; i < record.vector().indices().length; i++) {
            if (i > 0) {
                json.append(' ');
            }
            json.append(record.vector().indices()[i])
                    .append('|')
                    .append(NumberOutput.toString(record.vector().values()[i], true));
        }
        json.append('"');
        if (withText && record.text() != null) {
            json.append(",\"text\":");
            JsonText.appendString(json, record.text());
        }
        if (record.fields() != null) {
            json.append(",\"fields\":");
            JsonText.appendString(json, kept == null ? record.fields() : chosen(record.fields()));
        }
        json.append(",\"tokens\":").append(record.tokens());
        json.append(",\"truncated\":").append(record.truncated());
    }

    private String chosen(String fields) {
        try {
            JsonNode all = UNROUNDED.readTree(fields);
            ObjectNode chosen = JsonHttpClient.JSON.createObjectNode();
            for (String name : kept) {
                if (all.has(name)) {
                    chosen.set(name, all.get(name));
                }
            }
            return JsonHttpClient.JSON.writeValueAsString(chosen);
        } catch (JsonProcessingException e) {
            throw new IllegalStateException("the job hands over fields as JSON", e);
        }
    }

    /** The commands as one update. */
    static byte[] update(List<Change> changes) {
        ByteArrayOutputStream body = new ByteArrayOutputStream();
        char separator = '{';
        for (Change change : changes) {
            body.write(separator);
            body.writeBytes(change.command());
            separator = ',';
        }
        body.write('}');
        return body.toByteArray();
    }
}

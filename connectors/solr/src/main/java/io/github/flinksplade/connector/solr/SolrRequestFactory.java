package io.github.flinksplade.connector.solr;

import com.fasterxml.jackson.core.io.NumberOutput;
import io.github.flinksplade.connector.FieldTerms;
import io.github.flinksplade.connector.Operation;
import io.github.flinksplade.connector.Passages;
import io.github.flinksplade.connector.VectorRecord;
import io.github.flinksplade.vector.JsonText;
import java.io.ByteArrayOutputStream;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.List;
import java.util.Set;

/** Converts records to commands of Solr's JSON updates. */
final class SolrRequestFactory {

    /** Lucene's limit for a term, and therefore for an id. */
    private static final int MAX_ID_BYTES = 32_766;

    private final SolrSettings settings;

    SolrRequestFactory(SolrSettings settings) {
        this.settings = settings;
    }

    /** Why Solr could never store the record, or null. */
    static String rejection(VectorRecord record) {
        String id = record.id();
        if (id.equals(SolrSchema.PROVENANCE_ID)) {
            return "its id is reserved for the document with the provenance of the vectors";
        }
        byte[] bytes = id.getBytes(StandardCharsets.UTF_8);
        if (bytes.length > MAX_ID_BYTES) {
            return "its id has "
                    + bytes.length
                    + " bytes in UTF-8, more than the "
                    + MAX_ID_BYTES
                    + " that Solr accepts";
        }
        if (!new String(bytes, StandardCharsets.UTF_8).equals(id)) {
            return "its id contains an unpaired surrogate, which UTF-8 cannot encode";
        }
        return null;
    }

    /**
     * A delete is written as a document that contains only its version, so that no older upsert
     * restores the document; a delete without a version removes the document and leaves nothing. A
     * delete of a replaced id is written as a delete of the version before, so that its version can
     * be written again.
     */
    SolrChange change(VectorRecord record) {
        boolean isVersioned = record.version() != VectorRecord.NO_VERSION;
        boolean isReplaced = record.operation() == Operation.DELETE_REPLACED;
        long order =
                isReplaced
                        ? VectorRecord.order(record.version() - 1, Operation.DELETE)
                        : record.order();
        StringBuilder json = new StringBuilder(256);
        json.append(isVersioned ? "\"add\":{\"doc\":{\"id\":" : "\"delete\":{\"id\":");
        JsonText.appendString(json, record.id());
        if (isVersioned) {
            json.append(",\"order\":").append(order);
            if (record.isDelete()) {
                // seconds suffice: it is for people, and for removing old deletes
                Instant now = Instant.now().truncatedTo(ChronoUnit.SECONDS);
                json.append(",\"deleted_at\":\"").append(now).append('"');
            } else {
                appendDocument(record, json);
            }
            json.append('}');
        }
        json.append('}');
        return new SolrChange(
                record.id(),
                order,
                isVersioned,
                isReplaced,
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
        if (settings.text && record.text() != null) {
            json.append(",\"text\":");
            JsonText.appendString(json, record.text());
        }
        if (record.fields() != null) {
            String fields = settings.fields.of(record).select(record.fields());
            json.append(",\"fields\":");
            JsonText.appendString(json, fields);
            Set<String> terms = FieldTerms.of(fields);
            if (!terms.isEmpty()) {
                json.append(",\"field_values\":");
                JsonText.appendStrings(json, terms);
            }
        }
        String parent = Passages.parent(record.id(), record.fields());
        if (parent != null) {
            json.append(",\"parent\":");
            JsonText.appendString(json, parent);
            json.append(",\"passage\":")
                    .append(record.id(), parent.length() + 1, record.id().length());
        }
        json.append(",\"tokens\":").append(record.tokens());
        json.append(",\"truncated\":").append(record.truncated());
    }

    /** The commands as one update. */
    static byte[] update(List<SolrChange> changes) {
        return update(changes, false);
    }

    /** As {@link #update}, where each change replaces what Solr stores, whatever its order. */
    static byte[] replacement(List<SolrChange> changes) {
        return update(changes, true);
    }

    private static byte[] update(List<SolrChange> changes, boolean isReplacement) {
        ByteArrayOutputStream body = new ByteArrayOutputStream();
        char separator = '{';
        for (SolrChange change : changes) {
            if (isReplacement) {
                StringBuilder removal = new StringBuilder().append(separator);
                removal.append("\"delete\":{\"id\":");
                JsonText.appendString(removal, change.id());
                body.writeBytes(removal.append('}').toString().getBytes(StandardCharsets.UTF_8));
                separator = ',';
            }
            body.write(separator);
            body.writeBytes(change.command());
            separator = ',';
        }
        body.write('}');
        return body.toByteArray();
    }
}

package io.github.flinksplade.connector.opensearch;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.io.NumberOutput;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.github.flinksplade.connector.Provenance;
import io.github.flinksplade.connector.VectorRecord;
import io.github.flinksplade.connector.http.JsonHttpClient;
import io.github.flinksplade.vector.JsonText;
import java.nio.charset.StandardCharsets;
import java.util.List;

/**
 * Writes a change as lines of a bulk request. The version is {@code external_gte}: the server
 * compares, takes a higher one and an equal one, which is a replay and written again as it was, and
 * so a conflict can only mean that it holds a newer change.
 */
final class OpenSearchRequestFactory {

    /** The longest {@code _id} in UTF-8 that both servers accept. */
    private static final int MAX_ID_BYTES = 512;

    private final FeatureNames names;
    private final boolean storeText;

    /** Which fields are kept; null for all. */
    private final List<String> chosen;

    private final Routing routing;
    private final String encoder;

    OpenSearchRequestFactory(
            FeatureNames names,
            boolean storeText,
            String fields,
            Routing routing,
            Provenance provenance) {
        this.names = names;
        this.storeText = storeText;
        this.chosen = fields == null ? null : List.of(fields.split(","));
        this.routing = routing;
        this.encoder = provenance.fingerprint();
    }

    /**
     * A change as it is sent.
     *
     * @param lines ends in a line end; null for a delete without version, of which the held version
     *     has to be asked first
     */
    record Request(String id, boolean isDelete, byte[] lines) {}

    /** Why the server would reject the record, or null. */
    static String rejection(Product product, VectorRecord record) {
        String id = record.id();
        if (!StandardCharsets.UTF_8.newEncoder().canEncode(id)) {
            return "its id contains an unpaired surrogate, which "
                    + product.title()
                    + " cannot distinguish from U+FFFD";
        }
        int bytes = id.getBytes(StandardCharsets.UTF_8).length;
        return bytes <= MAX_ID_BYTES
                ? null
                : "its id has "
                        + bytes
                        + " bytes in UTF-8, more than the "
                        + MAX_ID_BYTES
                        + " that "
                        + product.title()
                        + " takes";
    }

    Request request(VectorRecord record) {
        if (record.version() == VectorRecord.NO_VERSION) {
            return new Request(record.id(), true, null);
        }
        return record.isDelete()
                ? delete(record.id(), record.order())
                : new Request(record.id(), false, bytes(upsert(record)));
    }

    Request delete(String id, long version) {
        return new Request(id, true, bytes(action("delete", id, version).append('\n')));
    }

    /** The routing value of a document; null for none. */
    String routing(String id) {
        return routing.of(id);
    }

    private static byte[] bytes(StringBuilder json) {
        return json.toString().getBytes(StandardCharsets.UTF_8);
    }

    private StringBuilder action(String action, String id, long version) {
        StringBuilder json = new StringBuilder(1024).append("{\"").append(action);
        json.append("\":{\"_id\":");
        JsonText.appendString(json, id);
        String value = routing.of(id);
        if (value != null) {
            json.append(",\"routing\":");
            JsonText.appendString(json, value);
        }
        return json.append(",\"version\":")
                .append(version)
                .append(",\"version_type\":\"external_gte\"}}");
    }

    private StringBuilder upsert(VectorRecord record) {
        StringBuilder json = action("index", record.id(), record.order()).append('\n');
        json.append("{\"id\":");
        JsonText.appendString(json, record.id());
        if (record.vector().indices().length > 0) {
            appendVector(record, json);
        }
        appendWeights(record, json);
        if (storeText) {
            json.append(",\"").append(OpenSearchSchema.TEXT).append("\":");
            JsonText.appendString(json, record.text());
        }
        json.append(",\"").append(OpenSearchSchema.FIELDS).append("\":").append(fields(record));
        json.append(",\"tokens\":").append(record.tokens());
        json.append(",\"truncated\":").append(record.truncated());
        return json.append(",\"encoder\":\"").append(encoder).append("\"}\n");
    }

    private void appendVector(VectorRecord record, StringBuilder json) {
        json.append(",\"").append(OpenSearchSchema.VECTOR).append("\":{");
        for (int i = 0; i < record.vector().indices().length; i++) {
            if (i > 0) {
                json.append(',');
            }
            JsonText.appendString(json, names.name(record.vector().indices()[i]));
            // smaller ones the servers refuse
            json.append(':')
                    .append(number(Math.max(record.vector().values()[i], Float.MIN_NORMAL)));
        }
        json.append('}');
    }

    private static void appendWeights(VectorRecord record, StringBuilder json) {
        json.append(",\"").append(OpenSearchSchema.WEIGHTS).append("\":{\"indices\":[");
        int[] indices = record.vector().indices();
        for (int i = 0; i < indices.length; i++) {
            json.append(i > 0 ? "," : "").append(indices[i]);
        }
        json.append("],\"values\":[");
        for (int i = 0; i < indices.length; i++) {
            json.append(i > 0 ? "," : "").append(number(record.vector().values()[i]));
        }
        json.append("]}");
    }

    /** The shortest decimal that is read as this float. */
    private static String number(float value) {
        return NumberOutput.toString(value, true);
    }

    /** On one line, for a line end ends the document; inside strings there is none. */
    private String fields(VectorRecord record) {
        if (chosen == null) {
            return record.fields().replace('\n', ' ').replace('\r', ' ');
        }
        try {
            ObjectNode all = (ObjectNode) JsonHttpClient.JSON.readTree(record.fields());
            return all.retain(chosen).toString();
        } catch (JsonProcessingException e) {
            throw new IllegalStateException("fields are no JSON object: " + record.fields(), e);
        }
    }
}

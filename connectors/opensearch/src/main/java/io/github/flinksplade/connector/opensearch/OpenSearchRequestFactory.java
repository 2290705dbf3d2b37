package io.github.flinksplade.connector.opensearch;

import com.fasterxml.jackson.core.io.NumberOutput;
import io.github.flinksplade.connector.FieldTerms;
import io.github.flinksplade.connector.Provenance;
import io.github.flinksplade.connector.VectorRecord;
import io.github.flinksplade.connector.Vocabulary;
import io.github.flinksplade.vector.JsonText;
import java.nio.charset.StandardCharsets;

/**
 * Converts records to lines of a bulk request. The version type is {@code external_gte}: the server
 * accepts a higher version, and an equal one, which is a replay. A conflict therefore means that
 * the stored version is newer.
 */
final class OpenSearchRequestFactory {

    /** The longest {@code _id} in UTF-8 that both servers accept. */
    private static final int MAX_ID_BYTES = 512;

    private final OpenSearchSettings settings;
    private final FeatureNames names;
    private final String encoder;

    OpenSearchRequestFactory(
            OpenSearchSettings settings, Vocabulary vocabulary, Provenance provenance) {
        this.settings = settings;
        this.names = FeatureNames.of(settings.terms, vocabulary);
        this.encoder = provenance.fingerprint();
    }

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
                        + " accepts";
    }

    OpenSearchChange change(VectorRecord record) {
        if (record.version() == VectorRecord.NO_VERSION) {
            return new OpenSearchChange(record.id(), true, null);
        }
        return record.isDelete()
                ? delete(record.id(), record.order())
                : new OpenSearchChange(record.id(), false, bytes(upsert(record)));
    }

    OpenSearchChange delete(String id, long version) {
        return new OpenSearchChange(id, true, bytes(action("delete", id, version).append('\n')));
    }

    private static byte[] bytes(StringBuilder json) {
        return json.toString().getBytes(StandardCharsets.UTF_8);
    }

    private StringBuilder action(String action, String id, long version) {
        StringBuilder json = new StringBuilder(1024).append("{\"").append(action);
        json.append("\":{\"_id\":");
        JsonText.appendString(json, id);
        String routing = settings.routing.of(id);
        if (routing != null) {
            json.append(",\"routing\":");
            JsonText.appendString(json, routing);
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
        if (settings.text && record.text() != null) {
            json.append(",\"").append(OpenSearchSchema.TEXT).append("\":");
            JsonText.appendString(json, record.text());
        }
        String fields = settings.fields.of(record).select(record.fields());
        json.append(",\"").append(OpenSearchSchema.FIELDS).append("\":").append(onOneLine(fields));
        json.append(",\"").append(OpenSearchSchema.FIELD_VALUES).append("\":");
        JsonText.appendStrings(json, FieldTerms.of(fields));
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
            // the servers reject smaller weights
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

    /** The shortest decimal that parses to this float. */
    private static String number(float value) {
        return NumberOutput.toString(value, true);
    }

    /** On one line, because a line feed ends the document; JSON strings contain none. */
    private static String onOneLine(String fields) {
        return fields.replace('\n', ' ').replace('\r', ' ');
    }
}

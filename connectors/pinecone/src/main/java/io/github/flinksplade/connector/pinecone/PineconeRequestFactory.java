package io.github.flinksplade.connector.pinecone;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.github.flinksplade.connector.VectorRecord;
import io.pinecone.proto.SparseValues;
import io.pinecone.proto.Vector;
import java.util.Arrays;

/** Makes changes in Pinecone's form, and knows what Pinecone would not take. */
final class PineconeRequestFactory {

    /**
     * A change in Pinecone's form.
     *
     * @param vector what to write, or null to delete the id
     * @param termsLeftOut terms of the document beyond those that a vector may have
     */
    record Change(String id, Vector vector, int termsLeftOut) {}

    private PineconeRequestFactory() {}

    /** Why Pinecone would not take the record, or null. */
    static String rejection(PineconeSettings settings, VectorRecord record) {
        String id = record.id();
        if (id.length() > PineconeLimits.ID_LENGTH) {
            return "the id has "
                    + id.length()
                    + " characters, and Pinecone takes ids of at most "
                    + PineconeLimits.ID_LENGTH;
        }
        if (!id.chars().allMatch(c -> c > 0 && c < 0x80)) {
            return "the id has a character that is not ASCII, or is null, which Pinecone does not"
                    + " take in ids";
        }
        if (record.isDelete()) {
            return null;
        }
        JsonNode fields = PineconeMetadata.parse(record);
        String dense = settings.dense() == null ? null : rejection(settings.dense(), fields);
        if (dense != null) {
            return dense;
        }
        int size = PineconeMetadata.sizeInBytes(PineconeMetadata.of(settings, record, fields));
        if (size > PineconeLimits.METADATA_BYTES) {
            return "text and fields are "
                    + size
                    + " bytes of metadata, and Pinecone takes at most "
                    + PineconeLimits.METADATA_BYTES
                    + " for a record; leave the text out with text=false, or name the fields to"
                    + " keep with fields=NAME,NAME";
        }
        return null;
    }

    private static String rejection(String dense, JsonNode fields) {
        JsonNode numbers = fields.path(dense);
        boolean isVector = numbers.isArray() && !numbers.isEmpty();
        boolean isZero = true;
        for (JsonNode number : numbers) {
            float value = number.floatValue();
            isVector &= number.isNumber() && Float.isFinite(value);
            isZero &= value == 0;
        }
        if (!isVector) {
            return "the field "
                    + dense
                    + " is to hold the dense vector, and is "
                    + (numbers.isMissingNode() ? "missing" : "not an array of numbers");
        }
        return isZero
                ? "the dense vector in the field "
                        + dense
                        + " is all zeros, which Pinecone does not take"
                : null;
    }

    static Change change(PineconeSettings settings, VectorRecord record) {
        boolean nothingToHold =
                record.isDelete()
                        || settings.dense() == null && record.vector().indices().length == 0;
        if (nothingToHold) {
            return new Change(record.id(), null, 0);
        }
        JsonNode fields = PineconeMetadata.parse(record);
        ObjectNode metadata = PineconeMetadata.of(settings, record, fields);
        Vector.Builder vector =
                Vector.newBuilder()
                        .setId(record.id())
                        .setMetadata(PineconeMetadata.struct(metadata));
        if (settings.dense() != null) {
            fields.get(settings.dense()).forEach(number -> vector.addValues(number.floatValue()));
        }
        int terms = record.vector().indices().length;
        if (terms > 0) {
            vector.setSparseValues(largest(record));
        }
        return new Change(record.id(), vector.build(), Math.max(0, terms - PineconeLimits.TERMS));
    }

    /** As many terms as Pinecone takes: those of the largest weights, of equal ones the first. */
    private static SparseValues largest(VectorRecord record) {
        float[] values = record.vector().values();
        float least = 0;
        int ofLeast = 0;
        if (values.length > PineconeLimits.TERMS) {
            float[] ascending = values.clone();
            Arrays.sort(ascending);
            int first = values.length - PineconeLimits.TERMS;
            least = ascending[first];
            for (int i = first; i < ascending.length && ascending[i] == least; i++) {
                ofLeast++;
            }
        }
        SparseValues.Builder sparse = SparseValues.newBuilder();
        for (int i = 0; i < values.length; i++) {
            if (values[i] > least || values[i] == least && ofLeast-- > 0) {
                sparse.addIndices(record.vector().indices()[i]).addValues(values[i]);
            }
        }
        return sparse.build();
    }
}

package io.github.flinksplade.connector.pinecone;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.github.flinksplade.connector.VectorRecord;
import io.pinecone.proto.SparseValues;
import io.pinecone.proto.Vector;
import java.util.Arrays;

/** Converts records to changes, and knows which records Pinecone would reject. */
final class PineconeRequestFactory {

    private final PineconeSettings settings;

    PineconeRequestFactory(PineconeSettings settings) {
        this.settings = settings;
    }

    /** Why Pinecone would reject the record, or null. */
    String rejection(VectorRecord record) {
        String id = record.id();
        if (id.length() > PineconeLimits.ID_LENGTH) {
            return "the id has "
                    + id.length()
                    + " characters, more than the "
                    + PineconeLimits.ID_LENGTH
                    + " that Pinecone accepts";
        }
        if (!id.chars().allMatch(c -> c > 0 && c < 0x80)) {
            return "the id contains a null character or one that is not ASCII, which Pinecone does not"
                    + " accept in ids";
        }
        if (record.isDelete()) {
            return null;
        }
        JsonNode fields = PineconeMetadata.parse(record);
        String dense = settings.dense == null ? null : rejection(settings.dense, fields);
        if (dense != null) {
            return dense;
        }
        int size = PineconeMetadata.sizeInBytes(PineconeMetadata.of(settings, record, fields));
        if (size > PineconeLimits.METADATA_BYTES) {
            return "text and fields are "
                    + size
                    + " bytes of metadata, and Pinecone accepts at most "
                    + PineconeLimits.METADATA_BYTES
                    + " per record. Omit the text with text=false, or select the fields to store"
                    + " with fields=NAME,NAME";
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
                    + " must contain the dense vector, but is "
                    + (numbers.isMissingNode() ? "missing" : "not an array of numbers");
        }
        return isZero
                ? "the dense vector in the field "
                        + dense
                        + " is all zeros, which Pinecone does not accept"
                : null;
    }

    PineconeChange change(VectorRecord record) {
        boolean isEmpty =
                record.isDelete()
                        || settings.dense == null && record.vector().indices().length == 0;
        if (isEmpty) {
            return new PineconeChange(record.id(), null, 0);
        }
        JsonNode fields = PineconeMetadata.parse(record);
        ObjectNode metadata = PineconeMetadata.of(settings, record, fields);
        Vector.Builder vector =
                Vector.newBuilder()
                        .setId(record.id())
                        .setMetadata(PineconeMetadata.struct(metadata));
        if (settings.dense != null) {
            fields.get(settings.dense).forEach(number -> vector.addValues(number.floatValue()));
        }
        int terms = record.vector().indices().length;
        if (terms > 0) {
            vector.setSparseValues(largest(record));
        }
        return new PineconeChange(
                record.id(), vector.build(), Math.max(0, terms - PineconeLimits.TERMS));
    }

    /** The terms with the largest weights, as many as Pinecone accepts; of equal ones the first. */
    private static SparseValues largest(VectorRecord record) {
        float[] values = record.vector().values();
        float smallest = 0;
        int ofSmallest = 0;
        if (values.length > PineconeLimits.TERMS) {
            float[] ascending = values.clone();
            Arrays.sort(ascending);
            int first = values.length - PineconeLimits.TERMS;
            smallest = ascending[first];
            for (int i = first; i < ascending.length && ascending[i] == smallest; i++) {
                ofSmallest++;
            }
        }
        SparseValues.Builder sparse = SparseValues.newBuilder();
        for (int i = 0; i < values.length; i++) {
            if (values[i] > smallest || values[i] == smallest && ofSmallest-- > 0) {
                sparse.addIndices(record.vector().indices()[i]).addValues(values[i]);
            }
        }
        return sparse.build();
    }
}

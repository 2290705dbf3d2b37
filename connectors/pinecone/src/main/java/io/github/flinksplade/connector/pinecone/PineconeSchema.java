package io.github.flinksplade.connector.pinecone;

import com.google.protobuf.Struct;
import com.google.protobuf.Value;
import io.github.flinksplade.connector.ConnectorException;
import io.github.flinksplade.connector.Provenance;
import io.pinecone.proto.SparseValues;
import io.pinecone.proto.Vector;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * What made the vectors of a namespace: a record in the namespace {@code flink-splade} of the same
 * index, whose id is the namespace's name. (Tags of an index hold no slashes and colons, which
 * names of models have, and are one for all namespaces.)
 */
final class ProvenanceMark {

    private static final int VISIBLE_SECONDS = 60;

    private final PineconeSettings settings;
    private final PineconeIndexConnection connection;

    ProvenanceMark(PineconeSettings settings, PineconeIndexConnection connection) {
        this.settings = settings;
        this.connection = connection;
    }

    /** What made the vectors, or null where nothing is written. */
    Provenance read() {
        Vector mark =
                connection
                        .fetch(PineconeSettings.MARKS, List.of(settings.namespace()))
                        .get(settings.namespace());
        if (mark == null) {
            return null;
        }
        Map<String, String> parts = new HashMap<>();
        mark.getMetadata()
                .getFieldsMap()
                .forEach((name, value) -> parts.put(name, value.getStringValue()));
        return Provenance.fromMap(parts);
    }

    /** Writes it, and waits until it can be read: the next job must find it. */
    void write(Provenance provenance) {
        Struct.Builder metadata = Struct.newBuilder();
        provenance
                .toMap()
                .forEach(
                        (name, value) ->
                                metadata.putFields(
                                        name, Value.newBuilder().setStringValue(value).build()));
        Vector.Builder mark =
                Vector.newBuilder()
                        .setId(settings.namespace())
                        .setMetadata(metadata)
                        // a record without numbers is refused
                        .setSparseValues(SparseValues.newBuilder().addIndices(0).addValues(1));
        for (int i = 0; i < connection.dimension(); i++) {
            mark.addValues(i == 0 ? 1 : 0);
        }
        connection.upsert(PineconeSettings.MARKS, mark.build());
        Waiting.until(
                VISIBLE_SECONDS,
                this::read,
                () ->
                        new ConnectorException(
                                settings.location()
                                        + " took a record, but does not show it after "
                                        + VISIBLE_SECONDS
                                        + " s; start again when it does"));
    }
}

package io.github.flinksplade.connector.pinecone;

import com.google.protobuf.Struct;
import com.google.protobuf.Value;
import io.github.flinksplade.connector.ConnectorException;
import io.github.flinksplade.connector.Provenance;
import io.github.flinksplade.connector.SinkContext;
import io.github.flinksplade.connector.StartMode;
import io.pinecone.proto.SparseValues;
import io.pinecone.proto.Vector;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * A namespace with the provenance of its vectors. The provenance is a record in the namespace
 * {@code flink-splade} of the same index, whose id is the namespace's name. (Tags of an index
 * cannot contain the slashes and colons of model names, and apply to all namespaces.)
 */
final class PineconeSchema {

    private static final int VISIBLE_SECONDS = 60;

    private final PineconeSettings settings;
    private final PineconeConnection connection;

    PineconeSchema(PineconeSettings settings, PineconeConnection connection) {
        this.settings = settings;
        this.connection = connection;
    }

    /** Writes the provenance of an empty namespace; checks that of any other. */
    void createOrCheck(SinkContext context, StartMode start) {
        Provenance stored = provenance();
        if (stored != null) {
            context.requireSameEncoder(
                    stored, settings.location(), "name a new namespace or index");
            return;
        }
        long records = connection.countRecords(settings.namespace);
        if (records > 0) {
            throw new ConnectorException(
                    settings.location()
                            + " contains "
                            + records
                            + " records that flink-splade did not write. Name a new namespace with"
                            + " namespace=NAME, or a new index");
        }
        start.requireMayCreate(settings.location());
        write(context.provenance());
    }

    /** The provenance of the namespace's vectors, or null. */
    Provenance provenance() {
        Vector stored =
                connection
                        .fetch(PineconeSettings.PROVENANCE_NAMESPACE, List.of(settings.namespace))
                        .get(settings.namespace);
        if (stored == null) {
            return null;
        }
        Map<String, String> parts = new HashMap<>();
        stored.getMetadata()
                .getFieldsMap()
                .forEach((name, value) -> parts.put(name, value.getStringValue()));
        return Provenance.fromMap(parts);
    }

    /** Writes the provenance, and waits until the next job can read it. */
    private void write(Provenance provenance) {
        Struct.Builder metadata = Struct.newBuilder();
        provenance
                .toMap()
                .forEach(
                        (name, value) ->
                                metadata.putFields(
                                        name, Value.newBuilder().setStringValue(value).build()));
        Vector.Builder vector =
                Vector.newBuilder()
                        .setId(settings.namespace)
                        .setMetadata(metadata)
                        // a record without values is rejected
                        .setSparseValues(SparseValues.newBuilder().addIndices(0).addValues(1));
        for (int i = 0; i < connection.dimension(); i++) {
            vector.addValues(i == 0 ? 1 : 0);
        }
        connection.upsert(PineconeSettings.PROVENANCE_NAMESPACE, vector.build());
        PineconePolling.await(
                VISIBLE_SECONDS,
                this::provenance,
                () ->
                        new ConnectorException(
                                settings.indexLocation()
                                        + " accepted a record, but does not return it after "
                                        + VISIBLE_SECONDS
                                        + " s. Start again when it does"));
    }
}

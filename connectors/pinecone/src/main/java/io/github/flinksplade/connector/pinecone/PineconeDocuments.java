package io.github.flinksplade.connector.pinecone;

import com.google.protobuf.Struct;
import io.github.flinksplade.connector.ConnectorException;
import io.github.flinksplade.connector.IndexedDocument;
import io.github.flinksplade.connector.IndexedDocuments;
import io.github.flinksplade.connector.Operation;
import io.github.flinksplade.connector.Provenance;
import io.github.flinksplade.connector.VectorRecord;
import io.github.flinksplade.vector.SparseVector;
import io.pinecone.exceptions.PineconeException;
import io.pinecone.proto.ListItem;
import io.pinecone.proto.ListResponse;
import io.pinecone.proto.Vector;
import java.util.Collections;
import java.util.Iterator;
import java.util.List;

/**
 * Lists the ids of a namespace and fetches their records. Pinecone lists what was written some
 * seconds ago; a change that is written meanwhile may be read or not.
 */
final class PineconeDocuments implements IndexedDocuments {

    private static final long serialVersionUID = 1L;

    private final PineconeSettings settings;
    private final Provenance provenance;

    private PineconeDocuments(PineconeSettings settings, Provenance provenance) {
        this.settings = settings;
        this.provenance = provenance;
    }

    static PineconeDocuments of(PineconeSettings settings) {
        try (PineconeIndex index = PineconeIndex.open(settings)) {
            return new PineconeDocuments(settings, index.provenance());
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
    public boolean storesEmptyVectors() {
        return false;
    }

    @Override
    public String stored(String fields) {
        VectorRecord record =
                new VectorRecord(
                        "id",
                        Operation.UPSERT,
                        0,
                        "",
                        fields,
                        new SparseVector(new int[0], new float[0]),
                        0,
                        false,
                        null);
        return PineconeMetadata.fields(
                PineconeMetadata.struct(
                        PineconeMetadata.of(settings, record, PineconeMetadata.parse(record))));
    }

    @Override
    public Reader open() {
        try {
            return new PageReader(PineconeConnection.open(settings));
        } catch (PineconeException e) {
            throw PineconeFailureClassifier.explain(settings, e);
        }
    }

    private final class PageReader implements Reader {

        private final PineconeConnection connection;
        private String token = "";
        private Iterator<Vector> page = Collections.emptyIterator();
        private boolean atEnd;

        PageReader(PineconeConnection connection) {
            this.connection = connection;
        }

        @Override
        public IndexedDocument next() {
            while (!page.hasNext() && !atEnd) {
                ListResponse listed = connection.list(settings.namespace, token);
                List<String> ids = listed.getVectorsList().stream().map(ListItem::getId).toList();
                if (!ids.isEmpty()) {
                    page = connection.fetch(settings.namespace, ids).values().iterator();
                }
                token = listed.getPagination().getNext();
                atEnd = token.isEmpty();
            }
            return page.hasNext() ? document(page.next()) : null;
        }

        private IndexedDocument document(Vector vector) {
            Struct metadata = vector.getMetadata();
            String version = PineconeMetadata.version(metadata);
            if (version == null || !version.matches("\\d{1,19}")) {
                throw new ConnectorException(
                        settings.location()
                                + " contains the record '"
                                + vector.getId()
                                + "', which flink-splade did not write. Delete it");
            }
            return new IndexedDocument(
                    vector.getId(),
                    Operation.UPSERT,
                    Long.parseLong(version),
                    PineconeMetadata.text(metadata),
                    PineconeMetadata.fields(metadata),
                    provenance.fingerprint());
        }

        @Override
        public void close() {
            connection.close();
        }
    }
}

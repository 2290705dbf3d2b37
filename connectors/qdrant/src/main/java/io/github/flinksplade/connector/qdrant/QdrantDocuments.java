package io.github.flinksplade.connector.qdrant;

import io.github.flinksplade.connector.IndexedDocument;
import io.github.flinksplade.connector.IndexedDocuments;
import io.github.flinksplade.connector.Operation;
import io.github.flinksplade.connector.Provenance;
import io.qdrant.client.WithPayloadSelectorFactory;
import io.qdrant.client.grpc.JsonWithInt.Value;
import io.qdrant.client.grpc.Points.RetrievedPoint;
import io.qdrant.client.grpc.Points.ScrollPoints;
import io.qdrant.client.grpc.Points.ScrollResponse;
import java.util.Collections;
import java.util.Iterator;
import java.util.Map;

/**
 * Reads the documents of a collection in the order of their points' ids. A change that is written
 * meanwhile may be read or not.
 */
final class QdrantDocuments implements IndexedDocuments {

    private static final long serialVersionUID = 1L;

    private static final int PAGE_SIZE = 200;

    private final QdrantSettings settings;
    private final Provenance provenance;

    private QdrantDocuments(QdrantSettings settings, Provenance provenance) {
        this.settings = settings;
        this.provenance = provenance;
    }

    static QdrantDocuments of(QdrantSettings settings) {
        try (QdrantIndex index = QdrantIndex.open(settings)) {
            return new QdrantDocuments(settings, index.provenance());
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
        return QdrantPayload.fields(QdrantPayload.read(fields, settings.fields).getFieldsMap());
    }

    @Override
    public Reader open() {
        return new PageReader(new QdrantConnection(settings));
    }

    private final class PageReader implements Reader {

        private final QdrantConnection connection;
        private final ScrollPoints.Builder request;
        private Iterator<RetrievedPoint> page = Collections.emptyIterator();
        private boolean atEnd;

        PageReader(QdrantConnection connection) {
            this.connection = connection;
            request =
                    ScrollPoints.newBuilder()
                            .setCollectionName(settings.collection)
                            .setLimit(PAGE_SIZE)
                            .setWithPayload(WithPayloadSelectorFactory.enable(true));
        }

        @Override
        public IndexedDocument next() {
            while (page.hasNext() || !atEnd) {
                if (page.hasNext()) {
                    IndexedDocument document = document(page.next());
                    if (document != null) {
                        return document;
                    }
                } else {
                    ScrollResponse response =
                            connection.await(
                                    connection.points().scroll(request.build()),
                                    "read " + settings.location());
                    page = response.getResultList().iterator();
                    atEnd = !response.hasNextPageOffset();
                    request.setOffset(response.getNextPageOffset());
                }
            }
            return null;
        }

        /** The document of a point; null for a tombstone. */
        private IndexedDocument document(RetrievedPoint point) {
            Map<String, Value> payload = point.getPayloadMap();
            Value meta = payload.get(QdrantPayload.META);
            if (meta == null) {
                throw QdrantIndex.foreign(settings, point.getId());
            }
            Map<String, Value> members = meta.getStructValue().getFieldsMap();
            if (members.containsKey(QdrantRequestFactory.DELETED)) {
                return null;
            }
            // otherwise a field of that name
            Value text = settings.text ? payload.get(QdrantPayload.TEXT) : null;
            return new IndexedDocument(
                    members.get(QdrantPayload.ID).getStringValue(),
                    Operation.UPSERT,
                    members.get(QdrantRequestFactory.VERSION).getIntegerValue(),
                    text == null ? null : text.getStringValue(),
                    QdrantPayload.fields(payload),
                    provenance.fingerprint());
        }

        @Override
        public void close() {
            connection.close();
        }
    }
}

package io.github.flinksplade.connector.qdrant;

import io.github.flinksplade.connector.BatchClient;
import io.github.flinksplade.connector.BatchOptions;
import io.github.flinksplade.connector.BatchTarget;
import io.github.flinksplade.connector.StartMode;
import io.github.flinksplade.connector.TargetContext;
import io.github.flinksplade.connector.VectorRecord;

/** A collection as a target. */
final class QdrantTarget implements BatchTarget {

    private static final long serialVersionUID = 1L;

    private final QdrantSettings settings;

    QdrantTarget(QdrantSettings settings) {
        this.settings = settings;
    }

    @Override
    public void check(TargetContext context, StartMode start) {
        try (QdrantConnection connection = new QdrantConnection(settings)) {
            new QdrantCollection(settings, connection).createOrCheck(context, start);
        }
    }

    @Override
    public String rejection(VectorRecord record) {
        return new QdrantRequestFactory(settings).rejection(record);
    }

    @Override
    public BatchOptions batching() {
        return settings.batching;
    }

    @Override
    public BatchClient<QdrantChange> client(TargetContext context) {
        return new QdrantClient(settings);
    }
}

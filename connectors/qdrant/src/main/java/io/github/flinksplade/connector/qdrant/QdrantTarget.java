package io.github.flinksplade.connector.qdrant;

import io.github.flinksplade.connector.BatchClient;
import io.github.flinksplade.connector.BatchOptions;
import io.github.flinksplade.connector.BatchSink;
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
    public String identity() {
        return settings.identity();
    }

    @Override
    public BatchOptions batching() {
        return settings.batching;
    }

    @Override
    public BatchSink prepare(TargetContext context, StartMode start) {
        try (QdrantConnection connection = new QdrantConnection(settings)) {
            new QdrantCollection(settings, connection).createOrCheck(context, start);
        }
        return new QdrantSink(settings);
    }

    private record QdrantSink(QdrantSettings settings) implements BatchSink {

        private static final long serialVersionUID = 1L;

        @Override
        public String rejection(VectorRecord record) {
            return new QdrantRequestFactory(settings).rejection(record);
        }

        @Override
        public BatchOptions batching() {
            return settings.batching;
        }

        @Override
        public BatchClient<QdrantChange> client() {
            return new QdrantClient(settings);
        }
    }
}

package io.github.flinksplade.connector.qdrant;

import io.github.flinksplade.connector.BatchClient;
import io.github.flinksplade.connector.BatchOptions;
import io.github.flinksplade.connector.BatchSink;
import io.github.flinksplade.connector.BatchVectorSink;
import io.github.flinksplade.connector.SinkContext;
import io.github.flinksplade.connector.StartMode;
import io.github.flinksplade.connector.VectorRecord;

/** A collection as a target. */
final class QdrantSink implements BatchVectorSink {

    private static final long serialVersionUID = 1L;

    private final QdrantSettings settings;

    QdrantSink(QdrantSettings settings) {
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
    public BatchSink prepare(SinkContext context, StartMode start) {
        try (QdrantConnection connection = new QdrantConnection(settings)) {
            new QdrantSchema(settings, connection).createOrCheck(context, start);
        }
        return new Prepared(settings);
    }

    private record Prepared(QdrantSettings settings) implements BatchSink {

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

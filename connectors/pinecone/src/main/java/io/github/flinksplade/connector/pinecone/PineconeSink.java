package io.github.flinksplade.connector.pinecone;

import io.github.flinksplade.connector.BatchClient;
import io.github.flinksplade.connector.BatchOptions;
import io.github.flinksplade.connector.BatchSink;
import io.github.flinksplade.connector.BatchVectorSink;
import io.github.flinksplade.connector.SinkContext;
import io.github.flinksplade.connector.StartMode;
import io.github.flinksplade.connector.VectorRecord;

/** Writes to a namespace of a Pinecone index. */
final class PineconeSink implements BatchVectorSink {

    private static final long serialVersionUID = 1L;

    private final PineconeSettings settings;

    PineconeSink(PineconeSettings settings) {
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
        try (PineconeConnection connection = PineconeConnection.openOrCreate(settings, start)) {
            new PineconeSchema(settings, connection).createOrCheck(context, start);
        }
        return new Prepared(settings);
    }

    private record Prepared(PineconeSettings settings) implements BatchSink {

        private static final long serialVersionUID = 1L;

        @Override
        public String rejection(VectorRecord record) {
            return new PineconeRequestFactory(settings).rejection(record);
        }

        @Override
        public BatchOptions batching() {
            return settings.batching;
        }

        @Override
        public BatchClient<PineconeChange> client() {
            return new PineconeClient(settings);
        }
    }
}

package io.github.flinksplade.connector.pinecone;

import io.github.flinksplade.connector.BatchClient;
import io.github.flinksplade.connector.BatchOptions;
import io.github.flinksplade.connector.BatchSink;
import io.github.flinksplade.connector.BatchVectorSink;
import io.github.flinksplade.connector.ConnectorException;
import io.github.flinksplade.connector.Provenance;
import io.github.flinksplade.connector.SinkContext;
import io.github.flinksplade.connector.StartMode;
import io.github.flinksplade.connector.VectorRecord;

/** A namespace of a Pinecone index as a target. */
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
        return settings.batching();
    }

    @Override
    public BatchSink prepare(SinkContext context, StartMode start) {
        createOrCheck(context, start);
        return new Prepared(settings);
    }

    private void createOrCheck(SinkContext context, StartMode start) {
        try (PineconeIndexConnection connection =
                PineconeIndexConnection.openOrCreate(settings, start)) {
            ProvenanceMark mark = new ProvenanceMark(settings, connection);
            Provenance held = mark.read();
            if (held != null) {
                context.requireSameEncoder(
                        held, settings.collection(), "name a new namespace or index");
                return;
            }
            long records = connection.records(settings.namespace());
            if (records > 0) {
                throw new ConnectorException(
                        settings.collection()
                                + " holds "
                                + records
                                + " records that flink-splade did not write; name a new namespace"
                                + " with namespace=NAME, or a new index");
            }
            start.requireMayCreate(settings.collection());
            mark.write(context.provenance());
        }
    }

    private record Prepared(PineconeSettings settings) implements BatchSink {

        private static final long serialVersionUID = 1L;

        @Override
        public String rejection(VectorRecord record) {
            return PineconeRequestFactory.rejection(settings, record);
        }

        @Override
        public BatchOptions batching() {
            return settings.batching();
        }

        @Override
        public BatchClient<?> client() {
            return new PineconeClient(settings);
        }
    }
}

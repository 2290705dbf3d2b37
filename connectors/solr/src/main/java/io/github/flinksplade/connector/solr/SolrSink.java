package io.github.flinksplade.connector.solr;

import io.github.flinksplade.connector.BatchClient;
import io.github.flinksplade.connector.BatchOptions;
import io.github.flinksplade.connector.BatchSink;
import io.github.flinksplade.connector.BatchVectorSink;
import io.github.flinksplade.connector.SinkContext;
import io.github.flinksplade.connector.StartMode;
import io.github.flinksplade.connector.VectorRecord;

/** Writes to a collection of Solr. */
final class SolrSink implements BatchVectorSink {

    private static final long serialVersionUID = 1L;

    private final SolrSettings settings;

    SolrSink(SolrSettings settings) {
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
        try (SolrConnection connection = new SolrConnection(settings)) {
            new SolrSchema(settings, connection).createOrCheck(context, start);
        }
        return new Prepared(settings);
    }

    private record Prepared(SolrSettings settings) implements BatchSink {

        private static final long serialVersionUID = 1L;

        @Override
        public String rejection(VectorRecord record) {
            return SolrRequestFactory.rejection(record);
        }

        @Override
        public BatchOptions batching() {
            return settings.batching;
        }

        @Override
        public BatchClient<SolrChange> client() {
            return new SolrClient(settings);
        }
    }
}

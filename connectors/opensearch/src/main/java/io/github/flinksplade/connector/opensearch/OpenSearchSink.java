package io.github.flinksplade.connector.opensearch;

import io.github.flinksplade.connector.BatchClient;
import io.github.flinksplade.connector.BatchOptions;
import io.github.flinksplade.connector.BatchSink;
import io.github.flinksplade.connector.BatchVectorSink;
import io.github.flinksplade.connector.SinkContext;
import io.github.flinksplade.connector.StartMode;
import io.github.flinksplade.connector.VectorRecord;

/** Writes to an index of OpenSearch or Elasticsearch. */
final class OpenSearchSink implements BatchVectorSink {

    private static final long serialVersionUID = 1L;

    private final OpenSearchSettings settings;

    OpenSearchSink(OpenSearchSettings settings) {
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
        try (OpenSearchConnection connection = new OpenSearchConnection(settings)) {
            OpenSearchSchema.createOrCheck(settings, connection, context, start);
        }
        return new Prepared(settings, context);
    }

    /** Creates the names of all terms, which are large, in the tasks that use them. */
    private record Prepared(OpenSearchSettings settings, SinkContext context) implements BatchSink {

        private static final long serialVersionUID = 1L;

        @Override
        public String rejection(VectorRecord record) {
            return OpenSearchRequestFactory.rejection(settings.product, record);
        }

        @Override
        public BatchOptions batching() {
            return settings.batching;
        }

        @Override
        public BatchClient<OpenSearchChange> client() {
            return new OpenSearchClient(
                    settings,
                    new OpenSearchRequestFactory(
                            settings, context.vocabulary(), context.provenance()));
        }
    }
}

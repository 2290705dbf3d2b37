package io.github.flinksplade.connector.pinecone;

import io.github.flinksplade.connector.Connector;
import io.github.flinksplade.connector.ConnectorOption;
import io.github.flinksplade.connector.ConnectorUri;
import io.github.flinksplade.connector.IndexedDocuments;
import io.github.flinksplade.connector.SearchIndex;
import io.github.flinksplade.connector.VectorSink;
import java.util.List;

/**
 * {@code pinecone:INDEX?namespace=NAMESPACE}: a namespace of a Pinecone index, sparse, or dense
 * with the metric dotproduct. The package description states what it stores and guarantees.
 */
public final class PineconeConnector implements Connector {

    @Override
    public String scheme() {
        return "pinecone";
    }

    @Override
    public String usage() {
        return "pinecone:INDEX?namespace=NAMESPACE is a sink, and can be searched and verified; the API key"
                + " is api-key in pinecone.properties, or PINECONE_API_KEY";
    }

    @Override
    public List<ConnectorOption<?>> sinkOptions() {
        return PineconeSettings.OPTIONS;
    }

    @Override
    public VectorSink sink(ConnectorUri uri) {
        return new PineconeSink(PineconeSettings.of(uri));
    }

    @Override
    public IndexedDocuments documents(ConnectorUri uri) {
        return PineconeDocuments.of(PineconeSettings.of(uri));
    }

    @Override
    public SearchIndex index(ConnectorUri uri) {
        return PineconeIndex.open(PineconeSettings.of(uri));
    }
}

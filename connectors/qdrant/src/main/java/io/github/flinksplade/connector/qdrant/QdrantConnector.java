package io.github.flinksplade.connector.qdrant;

import io.github.flinksplade.connector.Connector;
import io.github.flinksplade.connector.ConnectorOption;
import io.github.flinksplade.connector.ConnectorUri;
import io.github.flinksplade.connector.IndexedDocuments;
import io.github.flinksplade.connector.SearchIndex;
import io.github.flinksplade.connector.VectorSink;
import java.util.List;

/**
 * {@code qdrant://HOST:6334/COLLECTION}: a collection of a Qdrant server, over gRPC. The package
 * description states what it stores and guarantees.
 */
public final class QdrantConnector implements Connector {

    @Override
    public String scheme() {
        return "qdrant";
    }

    @Override
    public String usage() {
        return "qdrant://HOST:6334/COLLECTION?vector=splade&tls=true|false is a sink, and can be"
                + " searched and verified";
    }

    @Override
    public List<ConnectorOption<?>> sinkOptions() {
        return QdrantSettings.OPTIONS;
    }

    @Override
    public VectorSink sink(ConnectorUri uri) {
        return new QdrantSink(QdrantSettings.of(uri));
    }

    @Override
    public IndexedDocuments documents(ConnectorUri uri) {
        return QdrantDocuments.of(QdrantSettings.of(uri));
    }

    @Override
    public SearchIndex index(ConnectorUri uri) {
        return QdrantIndex.open(QdrantSettings.of(uri));
    }
}

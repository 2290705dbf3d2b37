package io.github.flinksplade.connector.opensearch;

import io.github.flinksplade.connector.Connector;
import io.github.flinksplade.connector.ConnectorOption;
import io.github.flinksplade.connector.ConnectorUri;
import io.github.flinksplade.connector.IndexedDocuments;
import io.github.flinksplade.connector.SearchIndex;
import io.github.flinksplade.connector.VectorSink;
import java.util.List;

/**
 * {@code opensearch://HOST:9200/INDEX}: an index of OpenSearch 2 or 3. The package description
 * states what it stores and guarantees.
 */
public final class OpenSearchConnector implements Connector {

    @Override
    public String scheme() {
        return Product.OPENSEARCH.scheme();
    }

    @Override
    public String usage() {
        return Product.OPENSEARCH.usage();
    }

    @Override
    public List<ConnectorOption<?>> sinkOptions() {
        return OpenSearchSettings.OPTIONS;
    }

    @Override
    public VectorSink sink(ConnectorUri uri) {
        return new OpenSearchSink(OpenSearchSettings.of(Product.OPENSEARCH, uri));
    }

    @Override
    public IndexedDocuments documents(ConnectorUri uri) {
        return OpenSearchDocuments.of(OpenSearchSettings.of(Product.OPENSEARCH, uri));
    }

    @Override
    public SearchIndex index(ConnectorUri uri) {
        return OpenSearchIndex.open(OpenSearchSettings.of(Product.OPENSEARCH, uri));
    }
}

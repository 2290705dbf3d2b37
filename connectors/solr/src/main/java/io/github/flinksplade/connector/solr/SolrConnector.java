package io.github.flinksplade.connector.solr;

import io.github.flinksplade.connector.Connector;
import io.github.flinksplade.connector.ConnectorOption;
import io.github.flinksplade.connector.ConnectorUri;
import io.github.flinksplade.connector.IndexedDocuments;
import io.github.flinksplade.connector.SearchIndex;
import io.github.flinksplade.connector.VectorSink;
import java.util.List;

/**
 * {@code solr://HOST:8983/solr/COLLECTION}: a core or collection of Apache Solr 9. The package
 * description states what it stores and guarantees.
 */
public final class SolrConnector implements Connector {

    @Override
    public String scheme() {
        return "solr";
    }

    @Override
    public String usage() {
        return "solr://HOST:8983/solr/COLLECTION?tls=true|false&text=true|false&fields=NAME,NAME is"
                + " a sink, and can be searched and verified";
    }

    @Override
    public List<ConnectorOption<?>> sinkOptions() {
        return SolrSettings.OPTIONS;
    }

    @Override
    public VectorSink sink(ConnectorUri uri) {
        return new SolrSink(SolrSettings.of(uri));
    }

    @Override
    public IndexedDocuments documents(ConnectorUri uri) {
        return SolrDocuments.of(SolrSettings.of(uri));
    }

    @Override
    public SearchIndex index(ConnectorUri uri) {
        return SolrIndex.open(SolrSettings.of(uri));
    }
}

package io.github.flinksplade.connector.opensearch;

import io.github.flinksplade.connector.Address;
import io.github.flinksplade.connector.Connector;
import io.github.flinksplade.connector.SearchIndex;
import io.github.flinksplade.connector.Target;

/**
 * {@code elasticsearch://HOST:9200/INDEX}: an index of Elasticsearch 8.15 or later. See the package
 * description for what it holds and promises.
 */
public final class ElasticsearchConnector implements Connector {

    @Override
    public String scheme() {
        return Product.ELASTICSEARCH.scheme();
    }

    @Override
    public String usage() {
        return Product.ELASTICSEARCH.usage();
    }

    @Override
    public Target target(Address address) {
        return OpenSearchTarget.at(Product.ELASTICSEARCH, address);
    }

    @Override
    public SearchIndex index(Address address) {
        return OpenSearchIndex.open(Place.of(Product.ELASTICSEARCH, address));
    }
}

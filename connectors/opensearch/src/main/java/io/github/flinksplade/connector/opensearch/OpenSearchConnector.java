package io.github.flinksplade.connector.opensearch;

import io.github.flinksplade.connector.Address;
import io.github.flinksplade.connector.Connector;
import io.github.flinksplade.connector.SearchIndex;
import io.github.flinksplade.connector.Target;

/**
 * {@code opensearch://HOST:9200/INDEX}: an index of OpenSearch 2 or 3. See the package description
 * for what it holds and promises.
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
    public Target target(Address address) {
        return OpenSearchTarget.at(Product.OPENSEARCH, address);
    }

    @Override
    public SearchIndex index(Address address) {
        return OpenSearchIndex.open(Place.of(Product.OPENSEARCH, address));
    }
}

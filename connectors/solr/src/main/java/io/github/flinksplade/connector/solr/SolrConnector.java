package io.github.flinksplade.connector.solr;

import io.github.flinksplade.connector.BatchOptions;
import io.github.flinksplade.connector.Connector;
import io.github.flinksplade.connector.ConnectorUri;
import io.github.flinksplade.connector.SearchIndex;
import io.github.flinksplade.connector.VectorSink;
import java.time.Duration;

/**
 * {@code solr://HOST:8983/solr/COLLECTION}: a core or collection of Apache Solr 9. See the package
 * description for what it holds and promises.
 */
public final class SolrConnector implements Connector {

    private static final String TLS = "tls";
    private static final String TEXT = "text";
    private static final String FIELDS = "fields";
    private static final String COMMIT_WITHIN = "commit-within";
    private static final String SHARDS = "shards";
    private static final String REPLICAS = "replicas";

    /** Some 100 kB of SPLADE vectors a request, so that one request costs little beside them. */
    private static final BatchOptions BATCHES = BatchOptions.of(200, 4 << 20, 2);

    private static final int MOST_RECORDS = 10_000;
    private static final long MOST_BYTES = 64 << 20;
    private static final Duration MAX_COMMIT_WITHIN = Duration.ofDays(1);

    @Override
    public String scheme() {
        return "solr";
    }

    @Override
    public String usage() {
        return "solr://HOST:8983/solr/COLLECTION?tls=true|false&text=true|false&fields=NAME,NAME is"
                + " a target, and can be searched";
    }

    @Override
    public VectorSink sink(ConnectorUri uri) {
        allowOptions(uri);
        return new SolrSink(
                SolrSettings.of(uri),
                new SolrRequestFactory(uri.flag(TEXT, true), uri.option(FIELDS)),
                new SolrSink.Layout(
                        (int) uri.number(SHARDS, 1, 1, 10_000),
                        (int) uri.number(REPLICAS, 1, 1, 1_000)),
                uri.duration(COMMIT_WITHIN, Duration.ofSeconds(1), Duration.ZERO, MAX_COMMIT_WITHIN)
                        .toMillis(),
                BATCHES.with(uri, MOST_RECORDS, MOST_BYTES));
    }

    @Override
    public SearchIndex index(ConnectorUri uri) {
        allowOptions(uri);
        return SolrIndex.open(SolrSettings.of(uri));
    }

    private static void allowOptions(ConnectorUri uri) {
        uri.allowOptions(
                BatchOptions.optionsAnd(TLS, TEXT, FIELDS, COMMIT_WITHIN, SHARDS, REPLICAS));
    }
}

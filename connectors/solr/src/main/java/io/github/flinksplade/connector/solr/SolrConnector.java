package io.github.flinksplade.connector.solr;

import io.github.flinksplade.connector.BatchOptions;
import io.github.flinksplade.connector.Connector;
import io.github.flinksplade.connector.ConnectorOption;
import io.github.flinksplade.connector.ConnectorUri;
import io.github.flinksplade.connector.SearchIndex;
import io.github.flinksplade.connector.SinkOptions;
import io.github.flinksplade.connector.VectorSink;
import java.time.Duration;
import java.util.List;

/**
 * {@code solr://HOST:8983/solr/COLLECTION}: a core or collection of Apache Solr 9. See the package
 * description for what it holds and promises.
 */
public final class SolrConnector implements Connector {

    /** About 100 kB of SPLADE vectors per request, so that the overhead of a request is small. */
    private static final BatchOptions BATCHING = BatchOptions.of(200, 4 << 20, 2);

    private static final int MAX_RECORDS = 10_000;
    private static final long MAX_BYTES = 64 << 20;

    private static final ConnectorOption<Duration> COMMIT_WITHIN =
            ConnectorOption.duration(
                    "commit-within",
                    Duration.ofSeconds(1),
                    Duration.ZERO,
                    Duration.ofDays(1),
                    "time until a written document can be found; `0 s` leaves it to Solr's"
                            + " `autoSoftCommit`");
    private static final ConnectorOption<Long> SHARDS =
            ConnectorOption.number(
                    "shards", 1, 1, 10_000, "number of shards of a collection that is created");
    private static final ConnectorOption<Long> REPLICAS =
            ConnectorOption.number(
                    "replicas", 1, 1, 1_000, "replicas per shard of a collection that is created");
    private static final List<ConnectorOption<?>> OPTIONS =
            BATCHING.options(
                    List.of(
                            SinkOptions.TLS,
                            SinkOptions.TEXT,
                            SinkOptions.FIELDS,
                            COMMIT_WITHIN,
                            SHARDS,
                            REPLICAS),
                    MAX_RECORDS,
                    MAX_BYTES);

    @Override
    public String scheme() {
        return "solr";
    }

    @Override
    public String usage() {
        return "solr://HOST:8983/solr/COLLECTION?tls=true|false&text=true|false&fields=NAME,NAME is"
                + " a sink, and can be searched";
    }

    @Override
    public List<ConnectorOption<?>> sinkOptions() {
        return OPTIONS;
    }

    @Override
    public VectorSink sink(ConnectorUri uri) {
        uri.allowOptions(OPTIONS);
        return new SolrSink(
                SolrSettings.of(uri),
                new SolrRequestFactory(SinkOptions.TEXT.get(uri), SinkOptions.FIELDS.get(uri)),
                new SolrSink.Layout(SHARDS.get(uri).intValue(), REPLICAS.get(uri).intValue()),
                COMMIT_WITHIN.get(uri).toMillis(),
                BATCHING.with(uri, MAX_RECORDS, MAX_BYTES));
    }

    @Override
    public SearchIndex index(ConnectorUri uri) {
        return SolrIndex.open(SolrSettings.of(uri.allowOptions(OPTIONS)));
    }
}

package io.github.flinksplade.connector.solr;

import io.github.flinksplade.connector.BatchOptions;
import io.github.flinksplade.connector.ConnectionSettings;
import io.github.flinksplade.connector.ConnectionSettings.Property;
import io.github.flinksplade.connector.ConnectorException;
import io.github.flinksplade.connector.ConnectorOption;
import io.github.flinksplade.connector.ConnectorUri;
import io.github.flinksplade.connector.FieldSelection;
import io.github.flinksplade.connector.SinkOptions;
import java.io.Serializable;
import java.net.URI;
import java.net.URISyntaxException;
import java.time.Duration;
import java.util.List;
import java.util.Locale;

/** The settings of a collection: what its URI and the properties of the job file configure. */
final class SolrSettings implements Serializable {

    private static final long serialVersionUID = 1L;

    private static final int DEFAULT_PORT = 8983;

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

    static final List<ConnectorOption<?>> OPTIONS =
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

    /** The URL of the server, such as {@code http://localhost:8983/solr}. */
    final String server;

    /** The name of the core or collection. */
    final String collection;

    /** Credentials, authorities and the deadline of requests. */
    final ConnectionSettings connection;

    final boolean text;
    final FieldSelection fields;

    /** Zero leaves commits to Solr. */
    final Duration commitWithin;

    /** Shards and replicas of a collection that is created. */
    final int shards;

    final int replicas;
    final BatchOptions batching;

    private SolrSettings(ConnectorUri uri) {
        boolean tls = SinkOptions.TLS.get(uri);
        URI url = url(uri, tls ? "https" : "http");
        String path = url.getRawPath() == null ? "" : url.getRawPath().replaceAll("/+$", "");
        int slash = path.lastIndexOf('/');
        if (url.getHost() == null || slash < 1 || url.getRawFragment() != null) {
            throw noCollection(uri);
        }
        collection = path.substring(slash + 1);
        if (!collection.matches("[A-Za-z0-9_.][A-Za-z0-9_.-]*")) {
            throw new ConnectorException(
                    "'"
                            + collection
                            + "' in "
                            + uri
                            + " is not the name of a collection. Write letters, digits, _, . and -,"
                            + " not starting with -");
        }
        int port = url.getPort() < 0 ? DEFAULT_PORT : url.getPort();
        server = url.getScheme() + "://" + url.getHost() + ":" + port + path.substring(0, slash);
        text = SinkOptions.TEXT.get(uri);
        fields = FieldSelection.of(uri);
        commitWithin = COMMIT_WITHIN.get(uri);
        shards = SHARDS.get(uri).intValue();
        replicas = REPLICAS.get(uri).intValue();
        batching = BATCHING.with(uri, MAX_RECORDS, MAX_BYTES);
        connection =
                ConnectionSettings.of(
                        uri,
                        tls,
                        Property.USERNAME,
                        Property.PASSWORD,
                        Property.TOKEN,
                        Property.CA);
    }

    static SolrSettings of(ConnectorUri uri) {
        return new SolrSettings(uri.allowOptions(OPTIONS));
    }

    private static URI url(ConnectorUri uri, String scheme) {
        URI url;
        try {
            url = new URI(scheme + ":" + uri.location());
        } catch (URISyntaxException e) {
            throw noCollection(uri);
        }
        if (url.getRawUserInfo() != null) {
            throw new ConnectorException(
                    "the URI of Solr at "
                            + url.getHost()
                            + " contains a user and password. Write them as username and password"
                            + " in solr.properties of the job file");
        }
        return url;
    }

    private static ConnectorException noCollection(ConnectorUri uri) {
        return new ConnectorException(
                uri
                        + " does not name a collection of Solr. Write"
                        + " solr://HOST:8983/solr/COLLECTION");
    }

    /** Host, port, path and collection, with or without TLS. */
    String identity() {
        return "solr:"
                + server.substring(server.indexOf(':') + 1).toLowerCase(Locale.ROOT)
                + "/"
                + collection;
    }

    /** The server, for messages. */
    String serverName() {
        return "Solr at " + server;
    }

    /** The collection, for messages. */
    String location() {
        return "the collection '" + collection + "' at " + server;
    }
}

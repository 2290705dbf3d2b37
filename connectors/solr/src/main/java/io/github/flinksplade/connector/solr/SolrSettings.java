package io.github.flinksplade.connector.solr;

import io.github.flinksplade.connector.ConnectionSettings;
import io.github.flinksplade.connector.ConnectionSettings.Property;
import io.github.flinksplade.connector.ConnectorException;
import io.github.flinksplade.connector.ConnectorUri;
import io.github.flinksplade.connector.SinkOptions;
import java.io.Serializable;
import java.net.URI;
import java.net.URISyntaxException;
import java.util.Locale;

/**
 * Where a collection is, and how to be let in.
 *
 * @param server address of the server, such as {@code http://localhost:8983/solr}
 * @param collection name of the core or collection
 * @param connection credentials, authorities and the deadline of requests
 */
record SolrSettings(String server, String collection, ConnectionSettings connection)
        implements Serializable {

    private static final long serialVersionUID = 1L;

    private static final int DEFAULT_PORT = 8983;

    static SolrSettings of(ConnectorUri uri) {
        boolean tls = SinkOptions.TLS.get(uri);
        URI url;
        try {
            url = new URI((tls ? "https:" : "http:") + uri.location());
        } catch (URISyntaxException e) {
            throw notOne(uri);
        }
        if (url.getRawUserInfo() != null) {
            throw new ConnectorException(
                    "the URI of Solr at "
                            + url.getHost()
                            + " contains a user and password. Write them as username and password"
                            + " in solr.properties of the job file");
        }
        String path = url.getRawPath() == null ? "" : url.getRawPath().replaceAll("/+$", "");
        int slash = path.lastIndexOf('/');
        if (url.getHost() == null || slash < 1 || url.getRawFragment() != null) {
            throw notOne(uri);
        }
        String collection = path.substring(slash + 1);
        if (!collection.matches("[A-Za-z0-9_.][A-Za-z0-9_.-]*")) {
            throw new ConnectorException(
                    "'"
                            + collection
                            + "' in "
                            + uri
                            + " is no name of a collection; it may have letters, digits, _, . and,"
                            + " not at its beginning, -");
        }
        int port = url.getPort() < 0 ? DEFAULT_PORT : url.getPort();
        return new SolrSettings(
                url.getScheme() + "://" + url.getHost() + ":" + port + path.substring(0, slash),
                collection,
                ConnectionSettings.of(
                        uri,
                        tls,
                        Property.USERNAME,
                        Property.PASSWORD,
                        Property.TOKEN,
                        Property.CA));
    }

    private static ConnectorException notOne(ConnectorUri uri) {
        return new ConnectorException(
                uri + " names no collection of Solr; write" + " solr://HOST:8983/solr/COLLECTION");
    }

    /** Host, port, path and collection; not whether TLS is used. */
    String identity() {
        return "solr:"
                + server.substring(server.indexOf(':') + 1).toLowerCase(Locale.ROOT)
                + "/"
                + collection;
    }

    /** For messages. */
    @Override
    public String toString() {
        return "the collection '" + collection + "' at " + server;
    }
}

package io.github.flinksplade.connector.opensearch;

import io.github.flinksplade.connector.ConnectionSettings;
import io.github.flinksplade.connector.ConnectorException;
import io.github.flinksplade.connector.ConnectorUri;
import io.github.flinksplade.connector.SinkOptions;
import java.io.Serializable;
import java.net.URI;
import java.net.URISyntaxException;
import java.util.Locale;

/**
 * An index at a server, and what is needed to get there.
 *
 * @param server {@code http://host:9200}, with the path of a proxy where there is one
 * @param index the index's name, or that of an alias of one index
 * @param connection credentials, authorities and the deadline of requests
 */
record OpenSearchSettings(
        Product product, String server, String index, ConnectionSettings connection)
        implements Serializable {

    private static final long serialVersionUID = 1L;

    private static final int PORT = 9200;

    static OpenSearchSettings of(Product product, ConnectorUri uri) {
        uri.allowOptions(OpenSearchSink.OPTIONS);
        boolean tls = SinkOptions.TLS.get(uri);
        URI url = url(uri, tls ? "https" : "http");
        String path = url.getPath();
        int slash = path.lastIndexOf('/');
        String index = slash < 0 ? "" : path.substring(slash + 1);
        // what the servers forbid in a name, and what would make it a pattern or a list
        if (!index.matches("[^-_+\\p{Lu}][^\\p{Lu}\\\\*?\"<>| ,#:]*") || index.startsWith(".")) {
            throw new ConnectorException(
                    "'"
                            + index
                            + "' in "
                            + uri
                            + " is not the name of an index; write "
                            + product.scheme()
                            + "://HOST:9200/INDEX, the index in lower case, without any of"
                            + " \\ * ? \" < > | , # : or a space, and none of - _ + . before it");
        }
        String server =
                url.getScheme()
                        + "://"
                        + url.getHost()
                        + ":"
                        + (url.getPort() < 0 ? PORT : url.getPort())
                        + path.substring(0, slash);
        return new OpenSearchSettings(
                product,
                server,
                index,
                ConnectionSettings.of(uri, tls, ConnectionSettings.Property.values()));
    }

    private static URI url(ConnectorUri uri, String scheme) {
        try {
            URI url = new URI(scheme + ":" + uri.location());
            if (url.getHost() != null && url.getUserInfo() == null) {
                return url;
            }
        } catch (URISyntaxException e) {
            // reported below, as a URI without a host is
        }
        throw new ConnectorException(
                uri
                        + " does not name a server. Write "
                        + uri.scheme()
                        + "://HOST:9200/INDEX, and username and password in "
                        + uri.scheme()
                        + ".properties");
    }

    /** Host, port, path and index; not whether TLS is used. */
    String identity() {
        return product.scheme()
                + ":"
                + server.substring(server.indexOf(':') + 1).toLowerCase(Locale.ROOT)
                + "/"
                + index;
    }

    /** For messages, without secrets. */
    @Override
    public String toString() {
        return "the index '" + index + "' at " + server;
    }
}

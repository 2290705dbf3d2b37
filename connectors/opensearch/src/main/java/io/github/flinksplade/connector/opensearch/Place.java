package io.github.flinksplade.connector.opensearch;

import io.github.flinksplade.connector.Address;
import io.github.flinksplade.connector.BatchOptions;
import io.github.flinksplade.connector.ConnectionSettings;
import io.github.flinksplade.connector.ConnectorException;
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
record Place(Product product, String server, String index, ConnectionSettings connection)
        implements Serializable {

    static final String[] OPTIONS =
            BatchOptions.optionsAnd(
                    "tls",
                    "type",
                    "terms",
                    "text",
                    "fields",
                    "gc-deletes",
                    "pipeline",
                    "refresh",
                    "routing");

    private static final int PORT = 9200;

    static Place of(Product product, Address address) {
        address.allowOptions(OPTIONS);
        boolean tls = address.flag("tls", false);
        URI uri = uri(address, tls ? "https" : "http");
        String path = uri.getPath();
        int slash = path.lastIndexOf('/');
        String index = slash < 0 ? "" : path.substring(slash + 1);
        // what the servers forbid in a name, and what would make it a pattern or a list
        if (!index.matches("[^-_+\\p{Lu}][^\\p{Lu}\\\\*?\"<>| ,#:]*") || index.startsWith(".")) {
            throw new ConnectorException(
                    "'"
                            + index
                            + "' in "
                            + address
                            + " is not the name of an index; write "
                            + product.scheme()
                            + "://HOST:9200/INDEX, the index in lower case, without any of"
                            + " \\ * ? \" < > | , # : or a space, and none of - _ + . before it");
        }
        String server =
                uri.getScheme()
                        + "://"
                        + uri.getHost()
                        + ":"
                        + (uri.getPort() < 0 ? PORT : uri.getPort())
                        + path.substring(0, slash);
        return new Place(
                product,
                server,
                index,
                ConnectionSettings.of(address, tls, ConnectionSettings.Property.values()));
    }

    private static URI uri(Address address, String scheme) {
        try {
            URI uri = new URI(scheme + ":" + address.place());
            if (uri.getHost() != null && uri.getUserInfo() == null) {
                return uri;
            }
        } catch (URISyntaxException e) {
            // is told below like an address without a host
        }
        throw new ConnectorException(
                address
                        + " does not name a server. Write "
                        + address.scheme()
                        + "://HOST:9200/INDEX, and username and password in "
                        + address.scheme()
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

package io.github.flinksplade.connector.opensearch;

import io.github.flinksplade.connector.Address;
import io.github.flinksplade.connector.BatchOptions;
import io.github.flinksplade.connector.ConnectorException;
import java.io.Serializable;
import java.net.URI;
import java.net.URISyntaxException;
import java.nio.charset.StandardCharsets;
import java.util.Base64;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.function.Function;

/**
 * An index at a server, and what is needed to get there.
 *
 * @param server {@code http://host:9200}, with the path of a proxy where there is one
 * @param index the index's name, or that of an alias of one index
 * @param authorization the header of that name, or null. Secret
 * @param certificates path of a file with the certificates of authorities, PEM, or null for the
 *     JDK's own
 */
record Place(
        Product product, String server, String index, String authorization, String certificates)
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

    private static final String USERNAME = "username";
    private static final String PASSWORD = "password";
    private static final String API_KEY = "api-key";
    private static final String CERTIFICATES = "ca";
    private static final Set<String> CREDENTIALS = Set.of(USERNAME, PASSWORD, API_KEY);
    private static final int PORT = 9200;

    static Place of(Product product, Address address) {
        address.allowOptions(OPTIONS);
        URI uri = uri(address, address.flag("tls", false) ? "https" : "http");
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
        return new Place(product, server, index, authorization(address), certificates(address));
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
                        + " names no server; write "
                        + address.scheme()
                        + "://HOST:9200/INDEX, and name and password as "
                        + address.scheme()
                        + ".properties");
    }

    private static String authorization(Address address) {
        Map<String, String> given = address.properties();
        for (String property : given.keySet()) {
            if (!CREDENTIALS.contains(property) && !property.equals(CERTIFICATES)) {
                throw new ConnectorException(
                        "unknown property '"
                                + property
                                + "' of "
                                + address
                                + "; known: username, password, api-key, ca");
            }
        }
        boolean inFile = CREDENTIALS.stream().anyMatch(given::containsKey);
        Function<String, String> from = inFile ? given::get : name -> variable(address, name);
        String name = from.apply(USERNAME);
        String password = from.apply(PASSWORD);
        String key = from.apply(API_KEY);
        if ((name == null) != (password == null) || key != null && name != null) {
            throw new ConnectorException(
                    "the credentials of "
                            + address
                            + " are incomplete or two; give username and password, or api-key,"
                            + " as "
                            + address.scheme()
                            + ".properties");
        }
        if (key != null) {
            return "ApiKey " + key;
        }
        return name == null
                ? null
                : "Basic "
                        + Base64.getEncoder()
                                .encodeToString(
                                        (name + ":" + password).getBytes(StandardCharsets.UTF_8));
    }

    private static String certificates(Address address) {
        String given = address.properties().get(CERTIFICATES);
        return given == null ? variable(address, CERTIFICATES) : given;
    }

    /** {@code OPENSEARCH_API_KEY} and so on, for whoever has no job file. */
    private static String variable(Address address, String property) {
        String name = address.scheme() + "_" + property.replace('-', '_');
        return System.getenv(name.toUpperCase(Locale.ROOT));
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

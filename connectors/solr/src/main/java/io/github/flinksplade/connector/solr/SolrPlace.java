package io.github.flinksplade.connector.solr;

import io.github.flinksplade.connector.Address;
import io.github.flinksplade.connector.ConnectorException;
import java.io.IOException;
import java.io.Serializable;
import java.net.URI;
import java.net.URISyntaxException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Base64;
import java.util.Locale;
import java.util.Map;
import java.util.TreeSet;

/**
 * Where a collection is, and how to be let in.
 *
 * @param server address of the server, such as {@code http://localhost:8983/solr}
 * @param collection name of the core or collection
 * @param authorization value of the HTTP header, or null
 * @param certificates of the authorities to trust, in PEM form; null for those that Java trusts
 */
record SolrPlace(String server, String collection, String authorization, String certificates)
        implements Serializable {

    private static final String USER = "user";
    private static final String PASSWORD = "password";
    private static final String CERTIFICATES = "ca";

    /** Where the password is looked for when the properties have a user only. */
    static final String PASSWORD_VARIABLE = "SOLR_PASSWORD";

    private static final int DEFAULT_PORT = 8983;

    static SolrPlace of(Address address, boolean tls) {
        return of(address, tls, System.getenv(PASSWORD_VARIABLE));
    }

    static SolrPlace of(Address address, boolean tls, String passwordOfEnvironment) {
        URI uri;
        try {
            uri = new URI((tls ? "https:" : "http:") + address.place());
        } catch (URISyntaxException e) {
            throw notOne(address);
        }
        if (uri.getRawUserInfo() != null) {
            throw new ConnectorException(
                    "user and password do not belong in the address of Solr at "
                            + uri.getHost()
                            + "; write them under solr.properties in the job's file");
        }
        String path = uri.getRawPath() == null ? "" : uri.getRawPath().replaceAll("/+$", "");
        int slash = path.lastIndexOf('/');
        if (uri.getHost() == null || slash < 1 || uri.getRawFragment() != null) {
            throw notOne(address);
        }
        String collection = path.substring(slash + 1);
        if (!collection.matches("[A-Za-z0-9_.][A-Za-z0-9_.-]*")) {
            throw new ConnectorException(
                    "'"
                            + collection
                            + "' in "
                            + address
                            + " is no name of a collection; it may have letters, digits, _, . and,"
                            + " not at its beginning, -");
        }
        int port = uri.getPort() < 0 ? DEFAULT_PORT : uri.getPort();
        return new SolrPlace(
                uri.getScheme() + "://" + uri.getHost() + ":" + port + path.substring(0, slash),
                collection,
                authorization(address.properties(), passwordOfEnvironment),
                certificates(address.properties().get(CERTIFICATES), tls));
    }

    private static ConnectorException notOne(Address address) {
        return new ConnectorException(
                address
                        + " names no collection of Solr; write"
                        + " solr://HOST:8983/solr/COLLECTION");
    }

    private static String authorization(Map<String, String> properties, String fallback) {
        TreeSet<String> unknown = new TreeSet<>(properties.keySet());
        unknown.remove(USER);
        unknown.remove(PASSWORD);
        unknown.remove(CERTIFICATES);
        if (!unknown.isEmpty()) {
            throw new ConnectorException(
                    "unknown " + unknown + " in solr.properties; known: [ca, password, user]");
        }
        String user = properties.get(USER);
        String password = properties.getOrDefault(PASSWORD, fallback);
        if (user == null) {
            if (properties.containsKey(PASSWORD)) {
                throw new ConnectorException("solr.properties has a password, but no user");
            }
            return null;
        }
        if (password == null) {
            throw new ConnectorException(
                    "solr.properties has a user, but no password; write it there or into the"
                            + " environment as "
                            + PASSWORD_VARIABLE);
        }
        return "Basic "
                + Base64.getEncoder()
                        .encodeToString((user + ":" + password).getBytes(StandardCharsets.UTF_8));
    }

    /** Read here, so that no other machine needs the file. */
    private static String certificates(String file, boolean tls) {
        if (file == null) {
            return null;
        }
        if (!tls) {
            throw new ConnectorException(
                    "solr.properties has a ca, but the address has no tls=true");
        }
        try {
            return Files.readString(Path.of(file));
        } catch (IOException e) {
            throw new ConnectorException(
                    "cannot read the certificates in " + file + ", the ca in solr.properties", e);
        }
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

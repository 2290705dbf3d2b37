package io.github.flinksplade.connector.pinecone;

import io.github.flinksplade.connector.BatchOptions;
import io.github.flinksplade.connector.ConnectionSettings;
import io.github.flinksplade.connector.ConnectorException;
import io.github.flinksplade.connector.ConnectorUri;
import java.io.Serializable;
import java.util.List;
import java.util.Set;

/**
 * What an address says.
 *
 * @param dense name of the field that holds the dense vector, or null for a sparse index
 * @param dimension of the dense vectors of an index to be created, or 0
 * @param fields names of the fields to keep, or null for all
 * @param connection API key, authorities and the deadline of a request
 */
record PineconeSettings(
        String index,
        String namespace,
        String host,
        String cloud,
        String region,
        String dense,
        int dimension,
        boolean text,
        List<String> fields,
        BatchOptions batching,
        ConnectionSettings connection)
        implements Serializable {

    private static final long serialVersionUID = 1L;

    /** Where the marks stand that say what made the vectors of each namespace. */
    static final String MARKS = "flink-splade";

    /** Pinecone's own name for the namespace of those who name none. */
    static final String DEFAULT_NAMESPACE = "__default__";

    private static final String HOST = "host";
    private static final String PINECONE = "https://api.pinecone.io";
    private static final int MOST_DIMENSIONS = 20_000;

    static PineconeSettings of(ConnectorUri uri) {
        uri.allowOptions(
                BatchOptions.optionsAnd(
                        "namespace",
                        HOST,
                        "cloud",
                        "region",
                        "dense",
                        "dimension",
                        "text",
                        "fields"));
        String index = uri.location();
        if (!index.matches("[a-z0-9]([a-z0-9-]{0,43}[a-z0-9])?")) {
            throw new ConnectorException(
                    "'"
                            + index
                            + "' in "
                            + uri
                            + " cannot be the name of a Pinecone index; write 1 to 45 lower-case"
                            + " letters, digits and dashes, without a dash at either end");
        }
        String namespace = uri.option("namespace", DEFAULT_NAMESPACE);
        if (!namespace.matches("[\\x21-\\x7e]{1,512}") || namespace.equals(MARKS)) {
            throw new ConnectorException(
                    "namespace="
                            + namespace
                            + " in "
                            + uri
                            + ": write 1 to 512 visible ASCII characters, other than "
                            + MARKS);
        }
        String fields = uri.option("fields");
        String host = host(uri);
        return new PineconeSettings(
                index,
                namespace,
                host,
                uri.option("cloud", "aws"),
                uri.option("region", "us-east-1"),
                uri.option("dense"),
                (int) uri.number("dimension", 0, 1, MOST_DIMENSIONS),
                uri.flag("text", true),
                fields == null ? null : List.of(fields.split(",")),
                BatchOptions.of(PineconeLimits.RECORDS, PineconeLimits.UPSERT_BYTES, 4)
                        .with(uri, PineconeLimits.RECORDS, PineconeLimits.UPSERT_BYTES),
                connection(uri, !host.startsWith("http://")));
    }

    private static String host(ConnectorUri uri) {
        String host =
                uri.option(HOST, uri.properties().getOrDefault(HOST, PINECONE))
                        .replaceFirst("/+$", "");
        if (!host.matches("https?://[^/?#@]+")) {
            throw new ConnectorException(
                    "host="
                            + host
                            + " of "
                            + uri
                            + ": write http:// or https:// and a host, such as "
                            + PINECONE
                            + " or http://127.0.0.1:5080");
        }
        return host;
    }

    private static ConnectionSettings connection(ConnectorUri uri, boolean tls) {
        ConnectionSettings connection =
                ConnectionSettings.of(
                        uri,
                        tls,
                        Set.of(HOST),
                        ConnectionSettings.Property.API_KEY,
                        ConnectionSettings.Property.CA);
        if (!connection.hasCredentials()) {
            throw new ConnectorException(
                    uri + " requires an API key, and none is set. " + connection.credentialsHint());
        }
        return connection;
    }

    /** Whether data goes unencrypted, as to an emulator on this machine. */
    boolean plaintext() {
        return host.startsWith("http://");
    }

    /** Pinecone's own host is the only one of its kind; another is part of the location. */
    String identity() {
        return "pinecone:"
                + (host.equals(PINECONE) ? "" : host + "/")
                + index
                + "?namespace="
                + namespace;
    }

    /** The index, for messages. */
    String location() {
        return "the index '" + index + "' at " + host;
    }

    /** The namespace, for messages. */
    String collection() {
        return "the namespace '" + namespace + "' of " + location();
    }

    @Override
    public String toString() {
        return collection();
    }
}

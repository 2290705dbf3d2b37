package io.github.flinksplade.connector.pinecone;

import io.github.flinksplade.connector.BatchOptions;
import io.github.flinksplade.connector.ConnectionSettings;
import io.github.flinksplade.connector.ConnectorException;
import io.github.flinksplade.connector.ConnectorOption;
import io.github.flinksplade.connector.ConnectorUri;
import io.github.flinksplade.connector.SinkOptions;
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

    private static final String PINECONE = "https://api.pinecone.io";

    private static final BatchOptions BATCHING =
            BatchOptions.of(PineconeLimits.RECORDS, PineconeLimits.UPSERT_BYTES, 4);
    private static final ConnectorOption<String> NAMESPACE =
            ConnectorOption.text(
                    "namespace",
                    "1 to 512 visible ASCII characters, not `flink-splade`",
                    DEFAULT_NAMESPACE,
                    "the namespace of the index");
    private static final ConnectorOption<String> CLOUD =
            ConnectorOption.text(
                    "cloud",
                    "a cloud",
                    "aws",
                    "where a serverless index is created if it is missing");
    private static final ConnectorOption<String> REGION =
            ConnectorOption.text("region", "a region", "us-east-1", "see `cloud`");
    private static final ConnectorOption<String> DENSE =
            ConnectorOption.text(
                    "dense",
                    "a field",
                    null,
                    "the documents' field with the dense vector, an array of numbers: for dense"
                            + " indexes, which are rejected without it");
    private static final ConnectorOption<Long> DIMENSION =
            ConnectorOption.number(
                            "dimension",
                            0,
                            1,
                            20_000,
                            "dimension of the dense vectors: required to create a dense index,"
                                    + " compared with that of an existing one")
                    .withDefaultText("");
    private static final ConnectorOption<String> HOST =
            ConnectorOption.text(
                            "host",
                            "a URL",
                            null,
                            "the control plane; also a property. With `http://` (an emulator on"
                                    + " this machine) records are not encrypted either")
                    .withDefaultText(PINECONE);

    static final List<ConnectorOption<?>> OPTIONS =
            BATCHING.options(
                    List.of(
                            NAMESPACE,
                            CLOUD,
                            REGION,
                            DENSE,
                            DIMENSION,
                            SinkOptions.TEXT,
                            SinkOptions.FIELDS,
                            HOST),
                    PineconeLimits.RECORDS,
                    PineconeLimits.UPSERT_BYTES);

    static PineconeSettings of(ConnectorUri uri) {
        uri.allowOptions(OPTIONS);
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
        String namespace = NAMESPACE.get(uri);
        if (!namespace.matches("[\\x21-\\x7e]{1,512}") || namespace.equals(MARKS)) {
            throw new ConnectorException(
                    "namespace="
                            + namespace
                            + " in "
                            + uri
                            + ": write 1 to 512 visible ASCII characters, other than "
                            + MARKS);
        }
        String fields = SinkOptions.FIELDS.get(uri);
        String host = host(uri);
        return new PineconeSettings(
                index,
                namespace,
                host,
                CLOUD.get(uri),
                REGION.get(uri),
                DENSE.get(uri),
                DIMENSION.get(uri).intValue(),
                SinkOptions.TEXT.get(uri),
                fields == null ? null : List.of(fields.split(",")),
                BATCHING.with(uri, PineconeLimits.RECORDS, PineconeLimits.UPSERT_BYTES),
                connection(uri, !host.startsWith("http://")));
    }

    private static String host(ConnectorUri uri) {
        String host =
                (HOST.get(uri) != null
                                ? HOST.get(uri)
                                : uri.properties().getOrDefault(HOST.name(), PINECONE))
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
                        Set.of(HOST.name()),
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

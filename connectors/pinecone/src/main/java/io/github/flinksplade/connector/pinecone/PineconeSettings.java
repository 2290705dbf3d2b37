package io.github.flinksplade.connector.pinecone;

import io.github.flinksplade.connector.BatchOptions;
import io.github.flinksplade.connector.ConnectionSettings;
import io.github.flinksplade.connector.ConnectorException;
import io.github.flinksplade.connector.ConnectorOption;
import io.github.flinksplade.connector.ConnectorUri;
import io.github.flinksplade.connector.FieldSelection;
import io.github.flinksplade.connector.SinkOptions;
import java.io.Serializable;
import java.util.List;
import java.util.Set;

/** The settings of a namespace: what its URI and the properties of the job file configure. */
final class PineconeSettings implements Serializable {

    private static final long serialVersionUID = 1L;

    /** The namespace with the provenance of all namespaces of an index. */
    static final String PROVENANCE_NAMESPACE = "flink-splade";

    /** Pinecone's own name for its default namespace. */
    static final String DEFAULT_NAMESPACE = "__default__";

    private static final String PINECONE = "https://api.pinecone.io";

    private static final BatchOptions BATCHING =
            BatchOptions.of(PineconeLimits.RECORDS, PineconeLimits.UPSERT_BYTES, 4);

    private static final ConnectorOption<String> NAMESPACE =
            ConnectorOption.text(
                    "namespace",
                    "1 to 512 visible ASCII characters, not `flink-splade`",
                    DEFAULT_NAMESPACE,
                    "the namespace of the index",
                    PineconeSettings::namespace);
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

    final String index;
    final String namespace;

    /** The URL of the control plane. */
    final String host;

    final String cloud;
    final String region;

    /** The field that contains the dense vector; null for a sparse index. */
    final String dense;

    /** The dimension of the dense vectors, or 0 if it is not configured. */
    final int dimension;

    final boolean text;
    final FieldSelection fields;
    final BatchOptions batching;

    /** API key, authorities and the deadline of a request. */
    final ConnectionSettings connection;

    private PineconeSettings(ConnectorUri uri) {
        index = uri.location();
        if (!index.matches("[a-z0-9]([a-z0-9-]{0,43}[a-z0-9])?")) {
            throw new ConnectorException(
                    "'"
                            + index
                            + "' in "
                            + uri
                            + " is not a valid name of a Pinecone index. Write 1 to 45 lower-case"
                            + " letters, digits and dashes, without a dash at either end");
        }
        namespace = NAMESPACE.get(uri);
        host = host(uri);
        cloud = CLOUD.get(uri);
        region = REGION.get(uri);
        dense = DENSE.get(uri);
        dimension = DIMENSION.get(uri).intValue();
        text = SinkOptions.TEXT.get(uri);
        fields = FieldSelection.of(uri);
        batching = BATCHING.with(uri, PineconeLimits.RECORDS, PineconeLimits.UPSERT_BYTES);
        connection =
                ConnectionSettings.of(
                        uri,
                        !isPlaintext(),
                        Set.of(HOST.name()),
                        ConnectionSettings.Property.API_KEY,
                        ConnectionSettings.Property.CA);
        if (!connection.hasCredentials()) {
            throw new ConnectorException(
                    uri + " requires an API key, and none is set. " + connection.credentialsHint());
        }
    }

    static PineconeSettings of(ConnectorUri uri) {
        return new PineconeSettings(uri.allowOptions(OPTIONS));
    }

    private static String namespace(String name) {
        if (!name.matches("[\\x21-\\x7e]{1,512}") || name.equals(PROVENANCE_NAMESPACE)) {
            throw new IllegalArgumentException(
                    "write 1 to 512 visible ASCII characters, other than " + PROVENANCE_NAMESPACE);
        }
        return name;
    }

    private static String host(ConnectorUri uri) {
        String option = HOST.get(uri);
        String host =
                (option == null ? uri.properties().getOrDefault(HOST.name(), PINECONE) : option)
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

    /** Whether connections are not encrypted, as to an emulator on this machine. */
    boolean isPlaintext() {
        return host.startsWith("http://");
    }

    /** Includes the host, unless it is Pinecone's own. */
    String identity() {
        return "pinecone:"
                + (host.equals(PINECONE) ? "" : host + "/")
                + index
                + "?namespace="
                + namespace;
    }

    /** The index, for messages. */
    String indexLocation() {
        return "the index '" + index + "' at " + host;
    }

    /** The namespace, for messages. */
    String location() {
        return "the namespace '" + namespace + "' of " + indexLocation();
    }
}

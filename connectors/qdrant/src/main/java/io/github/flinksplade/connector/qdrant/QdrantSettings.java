package io.github.flinksplade.connector.qdrant;

import io.github.flinksplade.connector.BatchOptions;
import io.github.flinksplade.connector.ConnectionSettings;
import io.github.flinksplade.connector.ConnectorException;
import io.github.flinksplade.connector.ConnectorOption;
import io.github.flinksplade.connector.ConnectorUri;
import io.github.flinksplade.connector.FieldSelection;
import io.github.flinksplade.connector.SinkOptions;
import java.io.Serializable;
import java.util.List;
import java.util.Locale;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** The settings of a collection: what its URI and the properties of the job file configure. */
final class QdrantSettings implements Serializable {

    /** How the server changes the weights of a query. */
    enum Modifier {
        /** Not at all: scores are dot products. */
        NONE,
        /** Each is multiplied by the term's inverse document frequency. */
        IDF
    }

    private static final long serialVersionUID = 1L;

    private static final Pattern LOCATION =
            Pattern.compile("//(\\[[0-9a-fA-F:.]+]|[^/:\\s]+)(?::(\\d{1,5}))?/([^/]+)");

    private static final int DEFAULT_PORT = 6334;

    /** Qdrant recommends 64 to 256 points per request. */
    private static final BatchOptions BATCHING = BatchOptions.of(128, 8 << 20, 4);

    /** Each change adds five conditions to the filter of its batch. */
    private static final int MAX_RECORDS = 1_000;

    private static final long MAX_BYTES = 64 << 20;

    private static final ConnectorOption<String> VECTOR =
            ConnectorOption.text("vector", "a name", "splade", "name of the sparse vector");
    private static final ConnectorOption<Modifier> MODIFIER =
            ConnectorOption.choice(
                            "modifier",
                            Modifier.class,
                            null,
                            "with `idf`, the server multiplies the weights of every query by the"
                                    + " terms' inverse document frequency")
                    .withDefaultText("the collection's; `none` for a new one");
    private static final ConnectorOption<Boolean> ON_DISK =
            ConnectorOption.flag(
                    "on-disk", false, "keep the inverted index of a new collection on disk");
    private static final ConnectorOption<Boolean> TOMBSTONES =
            ConnectorOption.flag("tombstones", false, "store a point for each deleted document");

    static final List<ConnectorOption<?>> OPTIONS =
            BATCHING.options(
                    List.of(
                            VECTOR,
                            MODIFIER,
                            ON_DISK,
                            SinkOptions.TEXT,
                            SinkOptions.FIELDS,
                            TOMBSTONES,
                            SinkOptions.TLS),
                    MAX_RECORDS,
                    MAX_BYTES);

    final String host;
    final int port;
    final boolean tls;

    /** API key, authorities and the deadline of a call. */
    final ConnectionSettings connection;

    final String collection;
    final String vector;

    /** Null for the modifier of the collection, or {@link Modifier#NONE} for a new one. */
    final Modifier modifier;

    final boolean onDisk;
    final boolean text;

    final FieldSelection fields;
    final boolean tombstones;
    final BatchOptions batching;

    private QdrantSettings(ConnectorUri uri) {
        Matcher location = LOCATION.matcher(uri.location());
        int parsedPort = DEFAULT_PORT;
        if (!location.matches()
                || location.group(2) != null
                        && (parsedPort = Integer.parseInt(location.group(2))) > 65535) {
            throw new ConnectorException(
                    uri + " does not name a collection. Write qdrant://HOST:6334/COLLECTION");
        }
        host = location.group(1);
        port = parsedPort;
        collection = location.group(3);
        tls = SinkOptions.TLS.get(uri);
        vector = VECTOR.get(uri);
        modifier = MODIFIER.get(uri);
        onDisk = ON_DISK.get(uri);
        text = SinkOptions.TEXT.get(uri);
        fields = FieldSelection.of(uri);
        tombstones = TOMBSTONES.get(uri);
        batching = BATCHING.with(uri, MAX_RECORDS, MAX_BYTES);
        connection =
                ConnectionSettings.of(
                        uri,
                        tls,
                        ConnectionSettings.Property.API_KEY,
                        ConnectionSettings.Property.CA);
    }

    static QdrantSettings of(ConnectorUri uri) {
        return new QdrantSettings(uri.allowOptions(OPTIONS));
    }

    /** Includes the vector, because the named vectors of a collection are independent. */
    String identity() {
        return "qdrant://"
                + host.toLowerCase(Locale.ROOT)
                + ":"
                + port
                + "/"
                + collection
                + "?vector="
                + vector;
    }

    /** The server, for messages. */
    String serverName() {
        return "Qdrant at " + host + ":" + port;
    }

    /** The collection, for messages. */
    String location() {
        return "the collection '" + collection + "' at " + host + ":" + port;
    }
}

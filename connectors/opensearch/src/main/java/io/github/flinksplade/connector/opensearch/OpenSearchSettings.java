package io.github.flinksplade.connector.opensearch;

import io.github.flinksplade.connector.BatchOptions;
import io.github.flinksplade.connector.ConnectionSettings;
import io.github.flinksplade.connector.ConnectorException;
import io.github.flinksplade.connector.ConnectorOption;
import io.github.flinksplade.connector.ConnectorUri;
import io.github.flinksplade.connector.FieldSelection;
import io.github.flinksplade.connector.SinkOptions;
import java.io.Serializable;
import java.net.URI;
import java.net.URISyntaxException;
import java.util.List;
import java.util.Locale;

/** The settings of an index: what its URI and the properties of the job file configure. */
final class OpenSearchSettings implements Serializable {

    /** When written documents can be searched. */
    enum Refresh {
        /** After the index's {@code refresh_interval}. */
        FALSE,
        /** After that interval, and the batch counts as written only then. */
        WAIT_FOR,
        /** Immediately, which is expensive. */
        TRUE
    }

    private static final long serialVersionUID = 1L;

    private static final int DEFAULT_PORT = 9200;

    private static final BatchOptions BATCHING = BatchOptions.of(500, 5_000_000, 2);
    private static final int MAX_RECORDS = 100_000;

    /** Half of what both servers accept by default ({@code http.max_content_length}). */
    private static final long MAX_BYTES = 50_000_000;

    private static final ConnectorOption<FieldType> TYPE =
            ConnectorOption.choice(
                            "type",
                            FieldType.class,
                            null,
                            "type of the field `vector`; OpenSearch's `sparse_vector` (from 3.3,"
                                    + " plugin neural-search) is searched approximately")
                    .withDefaultText("rank_features (OpenSearch), sparse_vector (Elasticsearch)");
    private static final ConnectorOption<FeatureNames.Form> TERMS =
            ConnectorOption.choice(
                            "terms",
                            FeatureNames.Form.class,
                            null,
                            "name of a feature: the term as the tokenizer writes it, or its id")
                    .withDefaultText("token; id for OpenSearch's `sparse_vector`");
    private static final ConnectorOption<String> GC_DELETES =
            ConnectorOption.text(
                            "gc-deletes",
                            "a number with s, m, h or d",
                            null,
                            "how long the server remembers the version of a deleted document; longer"
                                    + " than the longest replay",
                            OpenSearchSettings::gcDeletes)
                    .withDefaultText("the index's; 7d for a new one");
    private static final ConnectorOption<String> PIPELINE =
            ConnectorOption.text(
                    "pipeline", "a name", null, "an ingest pipeline that documents pass through");
    private static final ConnectorOption<Refresh> REFRESH =
            ConnectorOption.choice(
                    "refresh",
                    Refresh.class,
                    Refresh.FALSE,
                    "`wait_for`: a batch counts as written when it can be searched; `true`: it can"
                            + " be searched immediately, which is expensive");
    private static final ConnectorOption<Routing> ROUTING =
            ConnectorOption.text(
                    "routing",
                    "a separator",
                    null,
                    "`routing=/` stores documents on one shard whose ids are equal up to the first"
                            + " `/`; see below",
                    OpenSearchSettings::routing);

    static final List<ConnectorOption<?>> OPTIONS =
            BATCHING.options(
                    List.of(
                            TYPE,
                            TERMS,
                            SinkOptions.TEXT,
                            SinkOptions.FIELDS,
                            GC_DELETES,
                            PIPELINE,
                            ROUTING,
                            REFRESH,
                            SinkOptions.TLS),
                    MAX_RECORDS,
                    MAX_BYTES);

    final Product product;

    /** {@code http://host:9200}, followed by the path of a proxy if there is one. */
    final String server;

    /** The index's name, or that of an alias of one index. */
    final String index;

    /** Credentials, authorities and the deadline of requests. */
    final ConnectionSettings connection;

    final FieldType type;
    final FeatureNames.Form terms;
    final boolean text;
    final FieldSelection fields;

    /** In the server's own format; null for the index's, or {@code 7d} for a new index. */
    final String gcDeletes;

    /** The name of an ingest pipeline, or null. */
    final String pipeline;

    final Refresh refresh;
    final Routing routing;
    final BatchOptions batching;

    private OpenSearchSettings(Product product, ConnectorUri uri) {
        this.product = product;
        boolean tls = SinkOptions.TLS.get(uri);
        URI url = url(uri, tls ? "https" : "http");
        String path = url.getPath();
        int slash = path.lastIndexOf('/');
        index = requireIndex(product, uri, slash < 0 ? "" : path.substring(slash + 1));
        server =
                url.getScheme()
                        + "://"
                        + url.getHost()
                        + ":"
                        + (url.getPort() < 0 ? DEFAULT_PORT : url.getPort())
                        + path.substring(0, slash);
        FieldType configuredType = TYPE.get(uri);
        type = configuredType == null ? product.defaultType() : configuredType;
        FeatureNames.Form configuredTerms = TERMS.get(uri);
        FeatureNames.Form defaultTerms =
                isApproximate(type) ? FeatureNames.Form.ID : FeatureNames.Form.TOKEN;
        terms = configuredTerms == null ? defaultTerms : configuredTerms;
        if (isApproximate(type) && terms == FeatureNames.Form.TOKEN) {
            throw new ConnectorException(
                    "terms=token in "
                            + uri
                            + " is not supported: OpenSearch's sparse_vector accepts ids only. Omit"
                            + " terms, or write type=rank_features");
        }
        text = SinkOptions.TEXT.get(uri);
        fields = FieldSelection.of(uri);
        gcDeletes = GC_DELETES.get(uri);
        pipeline = PIPELINE.get(uri);
        refresh = REFRESH.get(uri);
        routing = ROUTING.get(uri);
        batching = BATCHING.with(uri, MAX_RECORDS, MAX_BYTES);
        connection = ConnectionSettings.of(uri, tls, ConnectionSettings.Property.values());
    }

    static OpenSearchSettings of(Product product, ConnectorUri uri) {
        return new OpenSearchSettings(product, uri.allowOptions(OPTIONS));
    }

    private static URI url(ConnectorUri uri, String scheme) {
        try {
            URI url = new URI(scheme + ":" + uri.location());
            if (url.getHost() != null && url.getUserInfo() == null) {
                return url;
            }
        } catch (URISyntaxException e) {
            // reported below, like a URI without a host
        }
        throw new ConnectorException(
                uri
                        + " does not name a server. Write "
                        + uri.scheme()
                        + "://HOST:9200/INDEX, and username and password in "
                        + uri.scheme()
                        + ".properties");
    }

    /** Rejects names that the servers forbid, and patterns and lists of names. */
    private static String requireIndex(Product product, ConnectorUri uri, String index) {
        if (!index.matches("[^-_+\\p{Lu}][^\\p{Lu}\\\\*?\"<>| ,#:]*") || index.startsWith(".")) {
            throw new ConnectorException(
                    "'"
                            + index
                            + "' in "
                            + uri
                            + " is not the name of an index. Write "
                            + product.scheme()
                            + "://HOST:9200/INDEX, the index in lower case, without any of"
                            + " \\ * ? \" < > | , # : or a space, and not starting with - _ + or .");
        }
        return index;
    }

    private static String gcDeletes(String time) {
        if (time != null && !time.matches("[1-9]\\d{0,6}[smhd]")) {
            throw new IllegalArgumentException("write a number with s, m, h or d, such as 7d");
        }
        return time;
    }

    private static Routing routing(String separator) {
        if ("".equals(separator)) {
            throw new IllegalArgumentException(
                    "write the separator after the part of an id that documents of one shard have"
                            + " in common, such as routing=/");
        }
        return new Routing(separator);
    }

    /** Whether a field of this type is searched approximately. */
    boolean isApproximate(FieldType fieldType) {
        return product == Product.OPENSEARCH && fieldType == FieldType.SPARSE_VECTOR;
    }

    /** Host, port, path and index, with or without TLS. */
    String identity() {
        return product.scheme()
                + ":"
                + server.substring(server.indexOf(':') + 1).toLowerCase(Locale.ROOT)
                + "/"
                + index;
    }

    /** The server, for messages. */
    String serverName() {
        return product.title() + " at " + server;
    }

    /** The index, for messages. */
    String location() {
        return "the index '" + index + "' at " + server;
    }
}

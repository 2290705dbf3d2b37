package io.github.flinksplade.connector.opensearch;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.github.flinksplade.connector.BatchClient;
import io.github.flinksplade.connector.BatchOptions;
import io.github.flinksplade.connector.BatchSink;
import io.github.flinksplade.connector.BatchVectorSink;
import io.github.flinksplade.connector.ConnectorException;
import io.github.flinksplade.connector.ConnectorOption;
import io.github.flinksplade.connector.ConnectorUri;
import io.github.flinksplade.connector.SinkContext;
import io.github.flinksplade.connector.SinkOptions;
import io.github.flinksplade.connector.StartMode;
import io.github.flinksplade.connector.VectorRecord;
import io.github.flinksplade.connector.http.JsonHttpClient;
import io.github.flinksplade.connector.http.JsonRequest;
import io.github.flinksplade.connector.http.JsonResponse;
import java.util.List;
import java.util.Locale;

/** An index of OpenSearch or Elasticsearch as a target. */
final class OpenSearchSink implements BatchVectorSink {

    private static final long serialVersionUID = 1L;

    /** Half of what both servers accept by default ({@code http.max_content_length}). */
    private static final long MAX_BYTES = 50_000_000;

    private static final int MAX_RECORDS = 100_000;
    private static final BatchOptions BATCHING = BatchOptions.of(500, 5_000_000, 2);
    private static final String DEFAULT_GC_DELETES = "7d";

    /** When what was written can be searched. */
    enum Refresh {
        /** As the index's {@code refresh_interval} has it. */
        FALSE,
        /** As that, and the batch counts as written only then. */
        WAIT_FOR,
        /** At once, which is dear. */
        TRUE
    }

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
                                    + " than the longest replay")
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
                            + " be searched at once, which is expensive");
    private static final ConnectorOption<String> ROUTING =
            ConnectorOption.text(
                    "routing",
                    "a separator",
                    null,
                    "`routing=/` stores documents on one shard whose ids are equal up to the first"
                            + " `/`; see below");

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

    private final OpenSearchSettings place;
    private final BatchOptions batching;
    private final FieldType type;
    private final FeatureNames.Form names;
    private final boolean storeText;
    private final String fields;
    private final String gcDeletes;
    private final String pipeline;
    private final Refresh refresh;
    private final Routing routing;

    private OpenSearchSink(Product product, ConnectorUri uri) {
        place = OpenSearchSettings.of(product, uri);
        batching = BATCHING.with(uri, MAX_RECORDS, MAX_BYTES);
        FieldType chosenType = TYPE.get(uri);
        type = chosenType == null ? product.usualType() : chosenType;
        boolean numbers = product == Product.OPENSEARCH && type == FieldType.SPARSE_VECTOR;
        FeatureNames.Form chosenNames = TERMS.get(uri);
        names =
                chosenNames != null
                        ? chosenNames
                        : numbers ? FeatureNames.Form.ID : FeatureNames.Form.TOKEN;
        if (numbers && names == FeatureNames.Form.TOKEN) {
            throw new ConnectorException(
                    "terms=token in "
                            + uri
                            + " cannot be had: OpenSearch's sparse_vector takes ids only; leave"
                            + " terms out, or write type=rank_features");
        }
        storeText = SinkOptions.TEXT.get(uri);
        fields = SinkOptions.FIELDS.get(uri);
        gcDeletes = GC_DELETES.get(uri);
        if (gcDeletes != null && !gcDeletes.matches("[1-9]\\d{0,6}[smhd]")) {
            throw new ConnectorException(
                    "gc-deletes="
                            + gcDeletes
                            + " in "
                            + uri
                            + ": write a number with s, m, h or d, such as 7d");
        }
        pipeline = PIPELINE.get(uri);
        refresh = REFRESH.get(uri);
        routing = new Routing(ROUTING.get(uri));
        if ("".equals(routing.separator())) {
            throw new ConnectorException(
                    "routing= in "
                            + uri
                            + " is empty: write what ends the part of an id that documents of one"
                            + " shard have in common, such as routing=/");
        }
    }

    static OpenSearchSink at(Product product, ConnectorUri uri) {
        return new OpenSearchSink(product, uri);
    }

    @Override
    public String identity() {
        return place.identity();
    }

    @Override
    public BatchOptions batching() {
        return batching;
    }

    @Override
    public BatchSink prepare(SinkContext context, StartMode start) {
        try (OpenSearchConnection server = new OpenSearchConnection(place)) {
            createOrCheck(server, context, start);
        }
        return new Prepared(this, context);
    }

    private void createOrCheck(OpenSearchConnection server, SinkContext context, StartMode start) {
        JsonResponse greeting = server.exchange(JsonRequest.get("/"));
        if (!greeting.isSuccess()) {
            throw OpenSearchFailureClassifier.refused(place, "reached", greeting);
        }
        place.product().check(greeting.body(), type, place);
        checkPipeline(server);
        JsonResponse found = server.exchange(server.ofIndex("GET", "", null));
        if (OpenSearchFailureClassifier.isMissing(found)) {
            start.requireMayCreate(place.toString());
            create(server, context);
            found = server.exchange(server.ofIndex("GET", "", null));
        }
        OpenSearchSchema held = OpenSearchSchema.read(place, found);
        held.requireSame(place, type, names, routing);
        context.requireSameEncoder(held.provenance(), place.toString(), "name a new index");
        if (gcDeletes != null && !gcDeletes.equals(held.gcDeletes())) {
            ObjectNode setting =
                    JsonHttpClient.JSON.createObjectNode().put("index.gc_deletes", gcDeletes);
            require("set", server.exchange(server.ofIndex("PUT", "/_settings", setting)));
        }
    }

    private void checkPipeline(OpenSearchConnection server) {
        if (pipeline == null) {
            return;
        }
        String path = "/_ingest/pipeline/" + JsonRequest.encode(pipeline);
        JsonResponse found = server.exchange(JsonRequest.get(path));
        if (found.status() == 404) {
            throw new ConnectorException(
                    "the server at "
                            + place.server()
                            + " has no ingest pipeline '"
                            + pipeline
                            + "'; create it, or correct pipeline= in the address");
        }
        require("written through the pipeline", found);
    }

    /** Another job may be quicker; its index is then looked at like any other. */
    private void create(OpenSearchConnection server, SinkContext context) {
        ObjectNode body =
                OpenSearchSchema.creation(
                        place.product(),
                        type,
                        FeatureNames.of(names, context.vocabulary()),
                        routing,
                        context.provenance(),
                        gcDeletes == null ? DEFAULT_GC_DELETES : gcDeletes);
        JsonResponse created = server.exchange(server.ofIndex("PUT", "", body).slow());
        if (!created.body()
                .at("/error/type")
                .asText()
                .equals("resource_already_exists_exception")) {
            require("created", created);
        }
    }

    private void require(String done, JsonResponse answer) {
        if (!answer.isSuccess()) {
            throw OpenSearchFailureClassifier.refused(place, done, answer);
        }
    }

    private OpenSearchRequestFactory requests(SinkContext context) {
        return new OpenSearchRequestFactory(
                FeatureNames.of(names, context.vocabulary()),
                storeText,
                fields,
                routing,
                context.provenance());
    }

    private String parameters() {
        return "?filter_path=errors,items.*.status,items.*.error"
                + (pipeline == null ? "" : "&pipeline=" + JsonRequest.encode(pipeline))
                + (refresh == Refresh.FALSE
                        ? ""
                        : "&refresh=" + refresh.name().toLowerCase(Locale.ROOT));
    }

    /** Makes what is large, the names of all terms, where it is used. */
    private record Prepared(OpenSearchSink sink, SinkContext context) implements BatchSink {

        private static final long serialVersionUID = 1L;

        @Override
        public String rejection(VectorRecord record) {
            return OpenSearchRequestFactory.rejection(sink.place.product(), record);
        }

        @Override
        public BatchOptions batching() {
            return sink.batching;
        }

        @Override
        public BatchClient<?> client() {
            return new OpenSearchClient(sink.place, sink.requests(context), sink.parameters());
        }
    }
}

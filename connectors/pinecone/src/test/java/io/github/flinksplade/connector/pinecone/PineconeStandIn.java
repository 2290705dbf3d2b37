package io.github.flinksplade.connector.pinecone;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.google.protobuf.Struct;
import com.google.protobuf.Value;
import com.sun.net.httpserver.HttpExchange;
import com.sun.net.httpserver.HttpServer;
import com.sun.net.httpserver.HttpsConfigurator;
import com.sun.net.httpserver.HttpsServer;
import io.grpc.InsecureServerCredentials;
import io.grpc.Metadata;
import io.grpc.Server;
import io.grpc.ServerCall;
import io.grpc.ServerCallHandler;
import io.grpc.ServerInterceptor;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.grpc.TlsServerCredentials;
import io.grpc.netty.shaded.io.grpc.netty.NettyServerBuilder;
import io.grpc.stub.StreamObserver;
import io.pinecone.proto.DeleteRequest;
import io.pinecone.proto.DeleteResponse;
import io.pinecone.proto.DescribeIndexStatsRequest;
import io.pinecone.proto.DescribeIndexStatsResponse;
import io.pinecone.proto.FetchRequest;
import io.pinecone.proto.FetchResponse;
import io.pinecone.proto.ListItem;
import io.pinecone.proto.ListRequest;
import io.pinecone.proto.ListResponse;
import io.pinecone.proto.NamespaceSummary;
import io.pinecone.proto.Pagination;
import io.pinecone.proto.QueryRequest;
import io.pinecone.proto.QueryResponse;
import io.pinecone.proto.ScoredVector;
import io.pinecone.proto.SparseValues;
import io.pinecone.proto.UpsertRequest;
import io.pinecone.proto.UpsertResponse;
import io.pinecone.proto.Vector;
import io.pinecone.proto.VectorServiceGrpc;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.NavigableMap;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentSkipListMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Supplier;
import javax.net.ssl.KeyManager;
import javax.net.ssl.SSLContext;

/**
 * A stand-in for Pinecone with real sockets: the control plane, and a separate port for each index.
 * Its responses and rejections are written from Pinecone's published definitions, which the methods
 * refer to:
 *
 * <ul>
 *   <li>[control] https://github.com/pinecone-io/pinecone-api 2025-10/db_control_2025-10.oas.yaml
 *   <li>[data] https://github.com/pinecone-io/pinecone-api 2025-10/db_data_2025-10.oas.yaml and
 *       db_data_2025-10.proto
 *   <li>[operations] https://docs.pinecone.io/reference/api/database-limits/operation-limits
 *   <li>[metadata] https://docs.pinecone.io/reference/api/known-limitations, and the error message
 *       in https://github.com/langchain-ai/langchain/issues/3800
 *   <li>[ids] https://github.com/pinecone-io/pinecone-python-client
 *       tests/integration/data/test_weird_ids.py
 *   <li>[limits] https://www.pinecone.io/docs/limits/
 * </ul>
 *
 * <p>Assumptions, because they are not published: a delete in a namespace that does not exist is
 * rejected as not found, the code for a request that is too large, and scores are not exact.
 */
final class PineconeStandIn implements AutoCloseable {

    static final String API_KEY = "the-right-key";

    private static final String DEFAULT_NAMESPACE = "__default__";
    private static final ObjectMapper JSON = new ObjectMapper();
    private static final Metadata.Key<String> API_KEY_HEADER =
            Metadata.Key.of("api-key", Metadata.ASCII_STRING_MARSHALLER);
    private static final Metadata.Key<String> VERSION_HEADER =
            Metadata.Key.of("x-pinecone-api-version", Metadata.ASCII_STRING_MARSHALLER);

    /** An index: the request that created it, and its namespaces. */
    private static final class Index {

        private final ObjectNode creation;
        private final Map<String, NavigableMap<String, Vector>> namespaces =
                new ConcurrentHashMap<>();
        private Server server;
        private int port;

        /** Not ready when it is first described, like a new index of Pinecone. */
        private boolean isReady;

        Index(ObjectNode creation) {
            this.creation = creation;
        }

        boolean isSparse() {
            return creation.path("vector_type").asText("dense").equals("sparse");
        }

        NavigableMap<String, Vector> namespace(String name) {
            return namespaces.computeIfAbsent(
                    name.isEmpty() ? DEFAULT_NAMESPACE : name, n -> new ConcurrentSkipListMap<>());
        }
    }

    private final Map<String, Index> indexes = new ConcurrentHashMap<>();
    private final AtomicInteger throttled = new AtomicInteger();
    private final AtomicInteger emptyFetches = new AtomicInteger();
    private final List<Status> failures = new CopyOnWriteArrayList<>();
    private final ExecutorService threads =
            Executors.newCachedThreadPool(
                    task -> {
                        Thread thread = new Thread(task, "pinecone-stand-in");
                        thread.setDaemon(true);
                        return thread;
                    });
    private volatile CountDownLatch stalled = new CountDownLatch(0);
    private volatile String rejectedId;
    private HttpServer control;
    private int port;

    /** The keys for TLS; null without TLS. */
    private final KeyManager[] keys;

    private PineconeStandIn(KeyManager[] keys) {
        this.keys = keys;
    }

    static PineconeStandIn start() {
        return start(null);
    }

    static PineconeStandIn start(KeyManager[] keys) {
        PineconeStandIn standIn = new PineconeStandIn(keys);
        standIn.up();
        return standIn;
    }

    /** The URL of the control plane. */
    String url() {
        return (keys == null ? "http" : "https") + "://127.0.0.1:" + port;
    }

    // ---- faults

    synchronized void down() {
        control.stop(0);
        for (Index index : indexes.values()) {
            index.server.shutdownNow();
            try {
                index.server.awaitTermination(5, TimeUnit.SECONDS);
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            }
        }
        control = null;
    }

    /**
     * From now on responses stall: those of the control plane in the body, of an index before it.
     */
    void stall() {
        stalled = new CountDownLatch(1);
    }

    synchronized void up() {
        stalled.countDown();
        if (control != null) {
            return;
        }
        try {
            control = server(new InetSocketAddress(InetAddress.getLoopbackAddress(), port));
            port = control.getAddress().getPort();
            control.setExecutor(threads);
            control.createContext("/", this::control);
            control.start();
            for (Index index : indexes.values()) {
                serve(index);
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private HttpServer server(InetSocketAddress address) throws IOException {
        if (keys == null) {
            return HttpServer.create(address, 0);
        }
        try {
            SSLContext context = SSLContext.getInstance("TLS");
            context.init(keys, null, null);
            HttpsServer server = HttpsServer.create(address, 0);
            server.setHttpsConfigurator(new HttpsConfigurator(context));
            return server;
        } catch (GeneralSecurityException e) {
            throw new IOException(e);
        }
    }

    /** The next writes are throttled. */
    void throttle(int requests) {
        throttled.set(requests);
    }

    /** Rejects records with this id. */
    void reject(String id) {
        rejectedId = id;
    }

    /** The next fetches return nothing: reads are eventually consistent. */
    void emptyFetches(int requests) {
        emptyFetches.set(requests);
    }

    /** The statuses of failed requests to indexes. */
    List<Status> failures() {
        return failures;
    }

    /** The records of a namespace by id. */
    NavigableMap<String, Vector> records(String index, String namespace) {
        return indexes.get(index).namespace(namespace);
    }

    /** The request that created an index. */
    JsonNode creation(String index) {
        return indexes.get(index).creation;
    }

    @Override
    public void close() {
        stalled.countDown();
        down();
        threads.shutdownNow();
    }

    // ---- the control plane [control]

    private void control(HttpExchange exchange) throws IOException {
        try (exchange) {
            byte[] body = exchange.getRequestBody().readAllBytes();
            if (!API_KEY.equals(exchange.getRequestHeaders().getFirst("Api-Key"))) {
                respondWithError(exchange, 401, "UNAUTHENTICATED", "Invalid API key.");
                return;
            }
            String path = exchange.getRequestURI().getPath();
            String call = exchange.getRequestMethod() + " " + path;
            if (call.equals("POST /indexes")) {
                create(exchange, (ObjectNode) JSON.readTree(body));
            } else if (call.startsWith("GET /indexes/")) {
                Index index = indexes.get(path.substring("/indexes/".length()));
                if (index == null) {
                    respondWithError(exchange, 404, "NOT_FOUND", "Resource " + path + " not found");
                } else {
                    respond(exchange, 200, model(index));
                }
            } else if (call.equals("POST /query") && indexes.size() == 1) {
                // [data] at Pinecone, each index has its own host, for HTTP and gRPC
                Index only = indexes.values().iterator().next();
                respond(exchange, 200, query(only, JSON.readTree(body)));
            } else {
                respondWithError(exchange, 404, "NOT_FOUND", "no " + call);
            }
        }
    }

    private synchronized void create(HttpExchange exchange, ObjectNode request) throws IOException {
        String name = request.path("name").asText();
        JsonNode location = request.path("spec").path("serverless");
        boolean isSparse = request.path("vector_type").asText("dense").equals("sparse");
        int dimension = request.path("dimension").asInt();
        if (!name.matches("[a-z0-9]([a-z0-9-]{0,43}[a-z0-9])?")
                || isSparse && !request.path("metric").asText().equals("dotproduct")
                || isSparse == request.hasNonNull("dimension")
                || !isSparse && (dimension < 1 || dimension > 20_000)) {
            respondWithError(
                    exchange,
                    400,
                    "INVALID_ARGUMENT",
                    "Bad request. The request body included invalid request parameters.");
        } else if (!location.path("cloud").asText().equals("aws")
                || !location.path("region").asText().equals("us-east-1")) {
            respondWithError(
                    exchange,
                    404,
                    "NOT_FOUND",
                    "Resource cloud: "
                            + location.path("cloud").asText()
                            + " region: "
                            + location.path("region").asText()
                            + " not found.");
        } else if (indexes.containsKey(name)) {
            respondWithError(exchange, 409, "ALREADY_EXISTS", "Resource already exists.");
        } else {
            Index index = new Index(request);
            serve(index);
            indexes.put(name, index);
            respond(exchange, 201, model(index));
        }
    }

    private static ObjectNode model(Index index) {
        ObjectNode model = JSON.createObjectNode();
        model.set("name", index.creation.get("name"));
        model.put("metric", index.creation.path("metric").asText("cosine"));
        if (index.creation.hasNonNull("dimension")) {
            model.set("dimension", index.creation.get("dimension"));
        }
        model.put("host", "127.0.0.1:" + index.port);
        ObjectNode serverless = model.putObject("spec").putObject("serverless");
        serverless.setAll((ObjectNode) index.creation.at("/spec/serverless"));
        ObjectNode capacity = serverless.putObject("read_capacity").put("mode", "OnDemand");
        capacity.putObject("status").put("state", "Ready");
        model.putObject("status")
                .put("ready", index.isReady)
                .put("state", index.isReady ? "Ready" : "Initializing");
        model.put("vector_type", index.isSparse() ? "sparse" : "dense");
        index.isReady = true;
        return model;
    }

    private void respondWithError(HttpExchange exchange, int status, String code, String message)
            throws IOException {
        ObjectNode body = JSON.createObjectNode().put("status", status);
        body.putObject("error").put("code", code).put("message", message);
        respond(exchange, status, body);
    }

    private void respond(HttpExchange exchange, int status, JsonNode body) throws IOException {
        byte[] bytes = JSON.writeValueAsBytes(body);
        exchange.getResponseHeaders().set("Content-Type", "application/json");
        exchange.sendResponseHeaders(status, bytes.length);
        CountDownLatch resumed = stalled;
        int half = resumed.getCount() == 0 ? 0 : bytes.length / 2;
        exchange.getResponseBody().write(bytes, 0, half);
        if (half > 0) {
            exchange.getResponseBody().flush();
            try {
                resumed.await();
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            }
        }
        exchange.getResponseBody().write(bytes, half, bytes.length - half);
    }

    private static JsonNode query(Index index, JsonNode json) {
        SparseValues.Builder sparse = SparseValues.newBuilder();
        json.at("/sparseVector/indices").forEach(i -> sparse.addIndices(i.intValue()));
        json.at("/sparseVector/values").forEach(v -> sparse.addValues(v.floatValue()));
        QueryRequest request =
                QueryRequest.newBuilder()
                        .setNamespace(json.path("namespace").asText())
                        .setTopK(json.path("topK").asInt())
                        .setIncludeMetadata(json.path("includeMetadata").asBoolean())
                        .setSparseVector(sparse)
                        .build();
        ObjectNode response = JSON.createObjectNode();
        ArrayNode matches = response.putArray("matches");
        for (ScoredVector found : query(index, request).getMatchesList()) {
            ObjectNode match = matches.addObject();
            match.put("id", found.getId()).put("score", found.getScore());
            match.set("metadata", json(found.getMetadata()));
        }
        return response;
    }

    // ---- an index [data]

    private void serve(Index index) throws IOException {
        index.server =
                NettyServerBuilder.forAddress(
                                new InetSocketAddress(InetAddress.getLoopbackAddress(), index.port),
                                keys == null
                                        ? InsecureServerCredentials.create()
                                        : TlsServerCredentials.newBuilder()
                                                .keyManager(keys)
                                                .build())
                        .addService(new Service(index))
                        .intercept(new Authentication())
                        .intercept(new Stalling())
                        .maxInboundMessageSize(64 << 20)
                        .build()
                        .start();
        index.port = index.server.getPort();
    }

    /** Sends headers, but neither a message nor the status. */
    private final class Stalling implements ServerInterceptor {

        @Override
        public <Q, A> ServerCall.Listener<Q> interceptCall(
                ServerCall<Q, A> call, Metadata headers, ServerCallHandler<Q, A> next) {
            if (stalled.getCount() == 0) {
                return next.startCall(call, headers);
            }
            call.sendHeaders(new Metadata());
            return new ServerCall.Listener<>() {};
        }
    }

    private static final class Authentication implements ServerInterceptor {
        @Override
        public <Q, A> ServerCall.Listener<Q> interceptCall(
                ServerCall<Q, A> call, Metadata headers, ServerCallHandler<Q, A> next) {
            if (!API_KEY.equals(headers.get(API_KEY_HEADER))) {
                call.close(Status.UNAUTHENTICATED.withDescription("Unauthorized"), new Metadata());
                return new ServerCall.Listener<>() {};
            }
            if (headers.get(VERSION_HEADER) == null) {
                call.close(Status.INVALID_ARGUMENT.withDescription("no version"), new Metadata());
                return new ServerCall.Listener<>() {};
            }
            return next.startCall(call, headers);
        }
    }

    private final class Service extends VectorServiceGrpc.VectorServiceImplBase {

        private final Index index;

        Service(Index index) {
            this.index = index;
        }

        @Override
        public void upsert(UpsertRequest request, StreamObserver<UpsertResponse> observer) {
            respond(
                    observer,
                    () -> {
                        throttle();
                        // [operations] 1,000 records, up to 2 MB
                        require(request.getVectorsCount() >= 1, "No vectors");
                        require(request.getVectorsCount() <= 1_000, "Too many vectors");
                        if (request.getSerializedSize() > 2_000_000) {
                            throw Status.OUT_OF_RANGE
                                    .withDescription(
                                            "Message length too large: found "
                                                    + request.getSerializedSize()
                                                    + " bytes, the limit is: 2000000 bytes")
                                    .asRuntimeException();
                        }
                        request.getVectorsList().forEach(vector -> check(index, vector));
                        NavigableMap<String, Vector> records =
                                index.namespace(request.getNamespace());
                        request.getVectorsList()
                                .forEach(vector -> records.put(vector.getId(), vector));
                        return UpsertResponse.newBuilder()
                                .setUpsertedCount(request.getVectorsCount())
                                .build();
                    });
        }

        @Override
        public void delete(DeleteRequest request, StreamObserver<DeleteResponse> observer) {
            respond(
                    observer,
                    () -> {
                        throttle();
                        // [operations] 1,000 ids
                        require(request.getIdsCount() <= 1_000, "Too many ids");
                        if (!index.namespaces.containsKey(request.getNamespace())) {
                            throw Status.NOT_FOUND
                                    .withDescription("Namespace not found")
                                    .asRuntimeException();
                        }
                        index.namespace(request.getNamespace())
                                .keySet()
                                .removeAll(Set.copyOf(request.getIdsList()));
                        return DeleteResponse.getDefaultInstance();
                    });
        }

        @Override
        public void fetch(FetchRequest request, StreamObserver<FetchResponse> observer) {
            respond(
                    observer,
                    () -> {
                        // [operations] 1,000 ids
                        require(request.getIdsCount() <= 1_000, "Too many ids");
                        FetchResponse.Builder found = FetchResponse.newBuilder();
                        if (emptyFetches.getAndUpdate(n -> Math.max(0, n - 1)) > 0) {
                            return found.build();
                        }
                        for (String id : request.getIdsList()) {
                            Vector vector = index.namespace(request.getNamespace()).get(id);
                            if (vector != null) {
                                found.putVectors(id, vector);
                            }
                        }
                        return found.build();
                    });
        }

        /** [data] up to 100 ids per page, in the order of their bytes. */
        @Override
        public void list(ListRequest request, StreamObserver<ListResponse> observer) {
            respond(
                    observer,
                    () -> {
                        NavigableMap<String, Vector> records =
                                index.namespace(request.getNamespace());
                        if (!request.getPaginationToken().isEmpty()) {
                            records = records.tailMap(request.getPaginationToken(), false);
                        }
                        ListResponse.Builder page = ListResponse.newBuilder();
                        String last = null;
                        for (String id : records.keySet()) {
                            if (page.getVectorsCount() == 100) {
                                page.setPagination(Pagination.newBuilder().setNext(last));
                                break;
                            }
                            page.addVectors(ListItem.newBuilder().setId(id));
                            last = id;
                        }
                        return page.build();
                    });
        }

        @Override
        public void query(QueryRequest request, StreamObserver<QueryResponse> observer) {
            respond(
                    observer,
                    () -> {
                        QueryResponse found = PineconeStandIn.query(index, request);
                        // [operations] results of at most 4 MB
                        require(found.getSerializedSize() <= 4_000_000, "Result too large");
                        return found;
                    });
        }

        @Override
        public void describeIndexStats(
                DescribeIndexStatsRequest request,
                StreamObserver<DescribeIndexStatsResponse> observer) {
            respond(
                    observer,
                    () -> {
                        DescribeIndexStatsResponse.Builder stats =
                                DescribeIndexStatsResponse.newBuilder();
                        index.namespaces.forEach(
                                (name, records) ->
                                        stats.putNamespaces(
                                                name,
                                                NamespaceSummary.newBuilder()
                                                        .setVectorCount(records.size())
                                                        .build()));
                        return stats.build();
                    });
        }

        private void throttle() {
            if (throttled.getAndUpdate(n -> Math.max(0, n - 1)) > 0) {
                throw Status.RESOURCE_EXHAUSTED
                        .withDescription("Too many requests")
                        .asRuntimeException();
            }
        }
    }

    private <A> void respond(StreamObserver<A> observer, Supplier<A> action) {
        A response;
        try {
            response = action.get();
        } catch (StatusRuntimeException e) {
            failures.add(e.getStatus());
            observer.onError(e);
            return;
        }
        observer.onNext(response);
        observer.onCompleted();
    }

    private static void require(boolean condition, String message) {
        if (!condition) {
            throw Status.INVALID_ARGUMENT.withDescription(message).asRuntimeException();
        }
    }

    private void check(Index index, Vector vector) {
        String id = vector.getId();
        // [data] 1 to 512 characters
        require(!id.isEmpty() && id.length() <= 512, "Vector ID must be 1 to 512 characters");
        // [ids]
        require(
                StandardCharsets.US_ASCII.newEncoder().canEncode(id),
                "Vector ID must be ASCII, but got '" + id + "'");
        require(id.indexOf('\0') < 0, "Vector ID must not contain null character");
        require(!id.equals(rejectedId), "Vector " + id + " is rejected");
        if (index.isSparse()) {
            require(vector.getValuesCount() == 0, "Dense values in a sparse index");
            require(vector.hasSparseValues(), "Sparse vector must contain at least one value");
        } else {
            require(
                    vector.getValuesCount() == index.creation.path("dimension").asInt(),
                    "Vector dimension "
                            + vector.getValuesCount()
                            + " does not match the dimension of the index "
                            + index.creation.path("dimension").asInt());
            // [limits]
            require(
                    vector.getValuesList().stream().anyMatch(value -> value != 0),
                    "Dense vectors must contain at least one non-zero value");
        }
        if (vector.hasSparseValues()) {
            SparseValues sparse = vector.getSparseValues();
            require(
                    sparse.getIndicesCount() == sparse.getValuesCount(),
                    "Sparse indices and values differ in length");
            require(sparse.getIndicesCount() > 0, "Sparse vector must contain at least one value");
            // [operations]
            require(sparse.getIndicesCount() <= 2_048, "Sparse vector size exceeds 2048");
        }
        checkMetadata(vector.getMetadata());
    }

    /** [metadata] */
    private static void checkMetadata(Struct metadata) {
        metadata.getFieldsMap()
                .forEach(
                        (name, value) -> {
                            require(!name.startsWith("$"), "Key " + name + " starts with $");
                            boolean isSupported =
                                    value.hasStringValue()
                                            || value.hasNumberValue()
                                            || value.hasBoolValue()
                                            || value.hasListValue()
                                                    && value.getListValue().getValuesList().stream()
                                                            .allMatch(Value::hasStringValue);
                            require(
                                    isSupported,
                                    "Metadata value must be a string, number, boolean or list of"
                                            + " strings, got '"
                                            + value
                                            + "' for field '"
                                            + name
                                            + "'");
                        });
        int size = json(metadata).toString().getBytes(StandardCharsets.UTF_8).length;
        require(
                size <= 40_960,
                "metadata size is "
                        + size
                        + " bytes, which exceeds the limit of 40960 bytes per vector");
    }

    private static ObjectNode json(Struct struct) {
        ObjectNode json = JSON.createObjectNode();
        struct.getFieldsMap()
                .forEach(
                        (name, value) -> {
                            if (value.hasListValue()) {
                                ArrayNode list = json.putArray(name);
                                value.getListValue()
                                        .getValuesList()
                                        .forEach(element -> list.add(element.getStringValue()));
                            } else if (value.hasNumberValue()) {
                                json.put(name, value.getNumberValue());
                            } else if (value.hasBoolValue()) {
                                json.put(name, value.getBoolValue());
                            } else {
                                json.put(name, value.getStringValue());
                            }
                        });
        return json;
    }

    private static QueryResponse query(Index index, QueryRequest request) {
        // [operations]
        require(request.getTopK() >= 1 && request.getTopK() <= 10_000, "topK out of range");
        require(
                index.isSparse() == (request.getVectorCount() == 0),
                "A dense index is queried with a dense vector, a sparse one without");
        require(request.getSparseVector().getIndicesCount() <= 2_048, "Sparse query too large");
        Map<Integer, Float> terms = new HashMap<>();
        SparseValues sparse = request.getSparseVector();
        for (int i = 0; i < sparse.getIndicesCount(); i++) {
            terms.put(sparse.getIndices(i), sparse.getValues(i));
        }
        QueryResponse.Builder response =
                QueryResponse.newBuilder().setNamespace(request.getNamespace());
        List<ScoredVector> scored =
                index.namespace(request.getNamespace()).values().stream()
                        .filter(vector -> matches(request.getFilter(), vector.getMetadata()))
                        .map(vector -> scored(request, terms, vector))
                        // a vector of a sparse index without common terms is not a match
                        .filter(match -> !index.isSparse() || match.getScore() > 0)
                        .sorted(Comparator.comparingDouble(ScoredVector::getScore).reversed())
                        .limit(request.getTopK())
                        .toList();
        return response.addAllMatches(scored).build();
    }

    /** The parts of the filter language that the connector uses: {@code $and} and {@code $in}. */
    private static boolean matches(Struct filter, Struct metadata) {
        if (filter.getFieldsCount() == 0) {
            return true;
        }
        require(filter.getFieldsCount() == 1, "one condition per object in this stand-in");
        Map.Entry<String, Value> only = filter.getFieldsMap().entrySet().iterator().next();
        if (only.getKey().equals("$and")) {
            return only.getValue().getListValue().getValuesList().stream()
                    .allMatch(clause -> matches(clause.getStructValue(), metadata));
        }
        Value in = only.getValue().getStructValue().getFieldsMap().get("$in");
        require(in != null && in.hasListValue(), "an unknown operator");
        Value stored = metadata.getFieldsMap().get(only.getKey());
        if (stored == null) {
            return false;
        }
        List<Value> values =
                stored.hasListValue() ? stored.getListValue().getValuesList() : List.of(stored);
        return values.stream().anyMatch(in.getListValue().getValuesList()::contains);
    }

    private static ScoredVector scored(
            QueryRequest request, Map<Integer, Float> terms, Vector vector) {
        float score = 0;
        SparseValues sparse = vector.getSparseValues();
        for (int i = 0; i < sparse.getIndicesCount(); i++) {
            score += terms.getOrDefault(sparse.getIndices(i), 0f) * sparse.getValues(i);
        }
        for (int i = 0; i < Math.min(vector.getValuesCount(), request.getVectorCount()); i++) {
            score += vector.getValues(i) * request.getVector(i);
        }
        ScoredVector.Builder match =
                ScoredVector.newBuilder()
                        .setId(vector.getId())
                        // 6 significant bits, so that tests detect scores that are not computed
                        // again
                        .setScore(Float.intBitsToFloat(Float.floatToIntBits(score) & ~0x3ffff));
        if (request.getIncludeMetadata()) {
            match.setMetadata(vector.getMetadata());
        }
        if (request.getIncludeValues()) {
            match.addAllValues(vector.getValuesList()).setSparseValues(sparse);
        }
        return match.build();
    }
}

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
 * Stands in for Pinecone, over sockets: the control plane, and each index on a port of its own.
 * What it answers and refuses is written from Pinecone's published definitions, named beside each:
 *
 * <ul>
 *   <li>[control] https://github.com/pinecone-io/pinecone-api 2025-10/db_control_2025-10.oas.yaml
 *   <li>[data] https://github.com/pinecone-io/pinecone-api 2025-10/db_data_2025-10.oas.yaml and
 *       db_data_2025-10.proto
 *   <li>[operations] https://docs.pinecone.io/reference/api/database-limits/operation-limits
 *   <li>[metadata] https://docs.pinecone.io/reference/api/known-limitations, and the sentence of
 *       the refusal in https://github.com/langchain-ai/langchain/issues/3800
 *   <li>[ids] https://github.com/pinecone-io/pinecone-python-client
 *       tests/integration/data/test_weird_ids.py
 *   <li>[limits] https://www.pinecone.io/docs/limits/
 * </ul>
 *
 * <p>Not published, and so what its author takes to be true: that a delete in a namespace that was
 * never written is refused as not found, the code for a request that is too large, and that scores
 * are not exact.
 */
final class PineconeStandIn implements AutoCloseable {

    static final String API_KEY = "the-right-key";

    private static final String DEFAULT_NAMESPACE = "__default__";
    private static final ObjectMapper JSON = new ObjectMapper();
    private static final Metadata.Key<String> API_KEY_HEADER =
            Metadata.Key.of("api-key", Metadata.ASCII_STRING_MARSHALLER);
    private static final Metadata.Key<String> VERSION_HEADER =
            Metadata.Key.of("x-pinecone-api-version", Metadata.ASCII_STRING_MARSHALLER);

    /** An index: what was asked for, and its namespaces. */
    private static final class Index {

        private final ObjectNode asked;
        private final Map<String, NavigableMap<String, Vector>> namespaces =
                new ConcurrentHashMap<>();
        private Server server;
        private int port;

        /** Not ready when it is looked at first, as a new index of Pinecone's. */
        private boolean ready;

        Index(ObjectNode asked) {
            this.asked = asked;
        }

        boolean sparse() {
            return asked.path("vector_type").asText("dense").equals("sparse");
        }

        NavigableMap<String, Vector> namespace(String name) {
            return namespaces.computeIfAbsent(
                    name.isEmpty() ? DEFAULT_NAMESPACE : name, n -> new ConcurrentSkipListMap<>());
        }
    }

    private final Map<String, Index> indexes = new ConcurrentHashMap<>();
    private final AtomicInteger throttled = new AtomicInteger();
    private final AtomicInteger blindFetches = new AtomicInteger();
    private final List<Status> failures = new CopyOnWriteArrayList<>();
    private final ExecutorService threads =
            Executors.newCachedThreadPool(
                    task -> {
                        Thread thread = new Thread(task, "pinecone-stand-in");
                        thread.setDaemon(true);
                        return thread;
                    });
    private volatile CountDownLatch stalled = new CountDownLatch(0);
    private volatile String refused;
    private HttpServer control;
    private int port;

    /** What it proves itself with, or null: it speaks no TLS. */
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

    /** Where the control plane is. */
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

    /** From now on responses stall: of the control plane in the body, of an index before it. */
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

    /** The next requests that write are one too many. */
    void throttle(int requests) {
        throttled.set(requests);
    }

    /** A record of this id is refused. */
    void refuse(String id) {
        refused = id;
    }

    /** The next fetches do not see anything yet: reads are only eventually consistent. */
    void blindFetches(int requests) {
        blindFetches.set(requests);
    }

    /** What was answered to requests about records that failed. */
    List<Status> failures() {
        return failures;
    }

    /** What a namespace holds, by id. */
    NavigableMap<String, Vector> held(String index, String namespace) {
        return indexes.get(index).namespace(namespace);
    }

    /** How an index was asked for. */
    JsonNode asked(String index) {
        return indexes.get(index).asked;
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
                refuse(exchange, 401, "UNAUTHENTICATED", "Invalid API key.");
                return;
            }
            String path = exchange.getRequestURI().getPath();
            String call = exchange.getRequestMethod() + " " + path;
            if (call.equals("POST /indexes")) {
                create(exchange, (ObjectNode) JSON.readTree(body));
            } else if (call.startsWith("GET /indexes/")) {
                Index index = indexes.get(path.substring("/indexes/".length()));
                if (index == null) {
                    refuse(exchange, 404, "NOT_FOUND", "Resource " + path + " not found");
                } else {
                    answer(exchange, 200, model(index));
                }
            } else if (call.equals("POST /query") && indexes.size() == 1) {
                // [data] at Pinecone's each index has a host of its own, for this and for gRPC
                Index only = indexes.values().iterator().next();
                answer(exchange, 200, query(only, JSON.readTree(body)));
            } else {
                refuse(exchange, 404, "NOT_FOUND", "no " + call);
            }
        }
    }

    private synchronized void create(HttpExchange exchange, ObjectNode asked) throws IOException {
        String name = asked.path("name").asText();
        JsonNode place = asked.path("spec").path("serverless");
        boolean sparse = asked.path("vector_type").asText("dense").equals("sparse");
        int dimension = asked.path("dimension").asInt();
        if (!name.matches("[a-z0-9]([a-z0-9-]{0,43}[a-z0-9])?")
                || sparse && !asked.path("metric").asText().equals("dotproduct")
                || sparse == asked.hasNonNull("dimension")
                || !sparse && (dimension < 1 || dimension > 20_000)) {
            refuse(
                    exchange,
                    400,
                    "INVALID_ARGUMENT",
                    "Bad request. The request body included invalid request parameters.");
        } else if (!place.path("cloud").asText().equals("aws")
                || !place.path("region").asText().equals("us-east-1")) {
            refuse(
                    exchange,
                    404,
                    "NOT_FOUND",
                    "Resource cloud: "
                            + place.path("cloud").asText()
                            + " region: "
                            + place.path("region").asText()
                            + " not found.");
        } else if (indexes.containsKey(name)) {
            refuse(exchange, 409, "ALREADY_EXISTS", "Resource already exists.");
        } else {
            Index index = new Index(asked);
            serve(index);
            indexes.put(name, index);
            answer(exchange, 201, model(index));
        }
    }

    private static ObjectNode model(Index index) {
        ObjectNode model = JSON.createObjectNode();
        model.set("name", index.asked.get("name"));
        model.put("metric", index.asked.path("metric").asText("cosine"));
        if (index.asked.hasNonNull("dimension")) {
            model.set("dimension", index.asked.get("dimension"));
        }
        model.put("host", "127.0.0.1:" + index.port);
        ObjectNode serverless = model.putObject("spec").putObject("serverless");
        serverless.setAll((ObjectNode) index.asked.at("/spec/serverless"));
        ObjectNode capacity = serverless.putObject("read_capacity").put("mode", "OnDemand");
        capacity.putObject("status").put("state", "Ready");
        model.putObject("status")
                .put("ready", index.ready)
                .put("state", index.ready ? "Ready" : "Initializing");
        model.put("vector_type", index.sparse() ? "sparse" : "dense");
        index.ready = true;
        return model;
    }

    private void refuse(HttpExchange exchange, int status, String code, String message)
            throws IOException {
        ObjectNode body = JSON.createObjectNode().put("status", status);
        body.putObject("error").put("code", code).put("message", message);
        answer(exchange, status, body);
    }

    private void answer(HttpExchange exchange, int status, JsonNode body) throws IOException {
        byte[] bytes = JSON.writeValueAsBytes(body);
        exchange.getResponseHeaders().set("Content-Type", "application/json");
        exchange.sendResponseHeaders(status, bytes.length);
        CountDownLatch waitsFor = stalled;
        int half = waitsFor.getCount() == 0 ? 0 : bytes.length / 2;
        exchange.getResponseBody().write(bytes, 0, half);
        if (half > 0) {
            exchange.getResponseBody().flush();
            try {
                waitsFor.await();
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            }
        }
        exchange.getResponseBody().write(bytes, half, bytes.length - half);
    }

    private static JsonNode query(Index index, JsonNode asked) {
        SparseValues.Builder sparse = SparseValues.newBuilder();
        asked.at("/sparseVector/indices").forEach(i -> sparse.addIndices(i.intValue()));
        asked.at("/sparseVector/values").forEach(v -> sparse.addValues(v.floatValue()));
        QueryRequest request =
                QueryRequest.newBuilder()
                        .setNamespace(asked.path("namespace").asText())
                        .setTopK(asked.path("topK").asInt())
                        .setIncludeMetadata(asked.path("includeMetadata").asBoolean())
                        .setSparseVector(sparse)
                        .build();
        ObjectNode answer = JSON.createObjectNode();
        ArrayNode matches = answer.putArray("matches");
        for (ScoredVector found : query(index, request).getMatchesList()) {
            ObjectNode match = matches.addObject();
            match.put("id", found.getId()).put("score", found.getScore());
            match.set("metadata", json(found.getMetadata()));
        }
        return answer;
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
                        .intercept(new Login())
                        .intercept(new Stalling())
                        .maxInboundMessageSize(64 << 20)
                        .build()
                        .start();
        index.port = index.server.getPort();
    }

    /** Sends headers, and neither a message nor the end. */
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

    private static final class Login implements ServerInterceptor {
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
            answer(
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
            answer(
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
            answer(
                    observer,
                    () -> {
                        // [operations] 1,000 ids
                        require(request.getIdsCount() <= 1_000, "Too many ids");
                        FetchResponse.Builder found = FetchResponse.newBuilder();
                        if (blindFetches.getAndUpdate(n -> Math.max(0, n - 1)) > 0) {
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

        /** [data] up to 100 ids a page, in the order of their bytes. */
        @Override
        public void list(ListRequest request, StreamObserver<ListResponse> observer) {
            answer(
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
            answer(
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
            answer(
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

    private <A> void answer(StreamObserver<A> observer, Supplier<A> work) {
        A answer;
        try {
            answer = work.get();
        } catch (StatusRuntimeException e) {
            failures.add(e.getStatus());
            observer.onError(e);
            return;
        }
        observer.onNext(answer);
        observer.onCompleted();
    }

    private static void require(boolean holds, String message) {
        if (!holds) {
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
        require(!id.equals(refused), "Vector " + id + " is refused");
        if (index.sparse()) {
            require(vector.getValuesCount() == 0, "Dense values in a sparse index");
            require(vector.hasSparseValues(), "Sparse vector must contain at least one value");
        } else {
            require(
                    vector.getValuesCount() == index.asked.path("dimension").asInt(),
                    "Vector dimension "
                            + vector.getValuesCount()
                            + " does not match the dimension of the index "
                            + index.asked.path("dimension").asInt());
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
                            boolean taken =
                                    value.hasStringValue()
                                            || value.hasNumberValue()
                                            || value.hasBoolValue()
                                            || value.hasListValue()
                                                    && value.getListValue().getValuesList().stream()
                                                            .allMatch(Value::hasStringValue);
                            require(
                                    taken,
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
                index.sparse() == (request.getVectorCount() == 0),
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
                        .map(vector -> scored(request, terms, vector))
                        // without a term in common a vector of a sparse index is no match
                        .filter(match -> !index.sparse() || match.getScore() > 0)
                        .sorted(Comparator.comparingDouble(ScoredVector::getScore).reversed())
                        .limit(request.getTopK())
                        .toList();
        return response.addAllMatches(scored).build();
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
                        // 6 significant bits: who needs exact scores has to compute them
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

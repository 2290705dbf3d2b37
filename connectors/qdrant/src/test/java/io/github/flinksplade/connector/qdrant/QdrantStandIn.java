package io.github.flinksplade.connector.qdrant;

import io.github.flinksplade.connector.contract.FaultInjector;
import io.grpc.Grpc;
import io.grpc.InsecureServerCredentials;
import io.grpc.Metadata;
import io.grpc.Server;
import io.grpc.ServerCall;
import io.grpc.ServerCallHandler;
import io.grpc.ServerCredentials;
import io.grpc.ServerInterceptor;
import io.grpc.Status;
import io.grpc.stub.StreamObserver;
import io.qdrant.client.grpc.Collections.CollectionConfig;
import io.qdrant.client.grpc.Collections.CollectionInfo;
import io.qdrant.client.grpc.Collections.CollectionOperationResponse;
import io.qdrant.client.grpc.Collections.CollectionParams;
import io.qdrant.client.grpc.Collections.CreateCollection;
import io.qdrant.client.grpc.Collections.DeleteCollection;
import io.qdrant.client.grpc.Collections.GetCollectionInfoRequest;
import io.qdrant.client.grpc.Collections.GetCollectionInfoResponse;
import io.qdrant.client.grpc.Collections.PayloadSchemaInfo;
import io.qdrant.client.grpc.Collections.PayloadSchemaType;
import io.qdrant.client.grpc.Collections.SparseVectorConfig;
import io.qdrant.client.grpc.Collections.UpdateCollection;
import io.qdrant.client.grpc.CollectionsGrpc.CollectionsImplBase;
import io.qdrant.client.grpc.Points.BatchResult;
import io.qdrant.client.grpc.Points.CreateFieldIndexCollection;
import io.qdrant.client.grpc.Points.DeletePoints;
import io.qdrant.client.grpc.Points.PointStruct;
import io.qdrant.client.grpc.Points.PointsOperationResponse;
import io.qdrant.client.grpc.Points.QueryBatchPoints;
import io.qdrant.client.grpc.Points.QueryBatchResponse;
import io.qdrant.client.grpc.Points.QueryPoints;
import io.qdrant.client.grpc.Points.QueryResponse;
import io.qdrant.client.grpc.Points.RetrievedPoint;
import io.qdrant.client.grpc.Points.ScrollPoints;
import io.qdrant.client.grpc.Points.ScrollResponse;
import io.qdrant.client.grpc.Points.UpdateResult;
import io.qdrant.client.grpc.Points.UpdateStatus;
import io.qdrant.client.grpc.Points.UpsertPoints;
import io.qdrant.client.grpc.PointsGrpc.PointsImplBase;
import io.qdrant.client.grpc.QdrantGrpc.QdrantImplBase;
import io.qdrant.client.grpc.QdrantOuterClass.HealthCheckReply;
import io.qdrant.client.grpc.QdrantOuterClass.HealthCheckRequest;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Executor;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;

/**
 * A stand-in for a Qdrant server, with the parts that the connector needs, a real socket and fault
 * injection, because Qdrant cannot run in a JVM. It is written from the published definition
 * (lib/api/src/grpc/proto of qdrant/qdrant) and the server's source, both at v1.18.3; its error
 * codes are those of lib/storage/src/content_manager/conversions.rs.
 */
final class QdrantStandIn implements FaultInjector, AutoCloseable {

    private static final Metadata.Key<String> API_KEY =
            Metadata.Key.of("api-key", Metadata.ASCII_STRING_MARSHALLER);

    private final Map<String, StandInCollection> collections = new HashMap<>();
    private final String version;
    private final String apiKey;
    private final ServerCredentials credentials;
    private Server server;
    private int port;
    private int throttled;
    private volatile boolean stalled;
    private String rejectedId;
    private volatile Executor writes = Runnable::run;

    /**
     * @param version the version that it reports
     * @param apiKey the required API key, or null
     */
    QdrantStandIn(String version, String apiKey) {
        this(version, apiKey, InsecureServerCredentials.create());
    }

    /** A stand-in with TLS. */
    QdrantStandIn(String version, String apiKey, ServerCredentials credentials) {
        this(version, apiKey, credentials, 0);
    }

    /**
     * @param port 0 for any free port
     */
    QdrantStandIn(String version, String apiKey, ServerCredentials credentials, int port) {
        this.version = version;
        this.apiKey = apiKey;
        this.credentials = credentials;
        this.port = port;
        up();
    }

    int port() {
        return port;
    }

    synchronized StandInCollection collection(String name) {
        StandInCollection collection = collections.get(name);
        if (collection == null) {
            throw Status.NOT_FOUND
                    .withDescription("Collection `" + name + "` doesn't exist!")
                    .asRuntimeException();
        }
        return collection;
    }

    // ---- faults

    @Override
    public synchronized void up() {
        stalled = false;
        if (server != null && !server.isShutdown()) {
            return;
        }
        try {
            server =
                    Grpc.newServerBuilderForPort(port, credentials)
                            // like the server: src/tonic/mod.rs
                            .maxInboundMessageSize(Integer.MAX_VALUE)
                            .addService(new Health())
                            .addService(new Collections())
                            .addService(new Points())
                            .intercept(new Authentication())
                            .intercept(new Stalling())
                            .build()
                            .start();
            port = server.getPort();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    @Override
    public synchronized void down() {
        try {
            server.shutdownNow().awaitTermination(10, TimeUnit.SECONDS);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    @Override
    public void stall() {
        stalled = true;
    }

    @Override
    public synchronized void throttle(int requests) {
        throttled = requests;
    }

    @Override
    public synchronized void reject(String id) {
        rejectedId = id;
    }

    /** From now on each write takes this long, without CPU time. */
    void delayWrites(long millis) {
        writes = CompletableFuture.delayedExecutor(millis, TimeUnit.MILLISECONDS);
    }

    @Override
    public void close() {
        down();
    }

    // ---- services

    /** Responds with the result of the action, or with the status that it throws. */
    private synchronized <T> void respond(StreamObserver<T> observer, Supplier<T> action) {
        T response;
        try {
            response = action.get();
        } catch (RuntimeException e) {
            observer.onError(e);
            return;
        }
        observer.onNext(response);
        observer.onCompleted();
    }

    private void write(StreamObserver<PointsOperationResponse> observer, Runnable action) {
        writes.execute(
                () ->
                        respond(
                                observer,
                                () -> {
                                    if (throttled > 0) {
                                        throttled--;
                                        throw Status.RESOURCE_EXHAUSTED
                                                .withDescription(
                                                        "Rate limiting exceeded: try again later")
                                                .asRuntimeException();
                                    }
                                    action.run();
                                    return PointsOperationResponse.newBuilder()
                                            .setResult(
                                                    UpdateResult.newBuilder()
                                                            .setStatus(UpdateStatus.Completed))
                                            .build();
                                }));
    }

    /** src/tonic/auth.rs: all calls except the health check. */
    private final class Authentication implements ServerInterceptor {

        @Override
        public <Q, A> ServerCall.Listener<Q> interceptCall(
                ServerCall<Q, A> call, Metadata headers, ServerCallHandler<Q, A> next) {
            String method = call.getMethodDescriptor().getFullMethodName();
            if (apiKey != null
                    && !method.equals("qdrant.Qdrant/HealthCheck")
                    && !apiKey.equals(headers.get(API_KEY))) {
                call.close(
                        Status.UNAUTHENTICATED.withDescription("Invalid API key or JWT"),
                        new Metadata());
                return new ServerCall.Listener<>() {};
            }
            return next.startCall(call, headers);
        }
    }

    /** Sends headers, but neither a message nor the status. */
    private final class Stalling implements ServerInterceptor {

        @Override
        public <Q, A> ServerCall.Listener<Q> interceptCall(
                ServerCall<Q, A> call, Metadata headers, ServerCallHandler<Q, A> next) {
            if (!stalled) {
                return next.startCall(call, headers);
            }
            call.sendHeaders(new Metadata());
            return new ServerCall.Listener<>() {};
        }
    }

    private final class Health extends QdrantImplBase {

        @Override
        public void healthCheck(
                HealthCheckRequest request, StreamObserver<HealthCheckReply> observer) {
            respond(
                    observer,
                    () ->
                            HealthCheckReply.newBuilder()
                                    .setTitle("a stand-in for qdrant")
                                    .setVersion(version)
                                    .build());
        }
    }

    private final class Collections extends CollectionsImplBase {

        @Override
        public void get(
                GetCollectionInfoRequest request,
                StreamObserver<GetCollectionInfoResponse> observer) {
            respond(
                    observer,
                    () -> {
                        StandInCollection collection = collection(request.getCollectionName());
                        CollectionInfo.Builder info =
                                CollectionInfo.newBuilder()
                                        .setPointsCount(collection.size())
                                        .setConfig(config(collection));
                        for (String path : collection.indexed()) {
                            info.putPayloadSchema(
                                    path,
                                    PayloadSchemaInfo.newBuilder()
                                            .setDataType(PayloadSchemaType.Integer)
                                            .build());
                        }
                        return GetCollectionInfoResponse.newBuilder().setResult(info).build();
                    });
        }

        private CollectionConfig config(StandInCollection collection) {
            return CollectionConfig.newBuilder()
                    .setParams(
                            CollectionParams.newBuilder()
                                    .setSparseVectorsConfig(
                                            SparseVectorConfig.newBuilder()
                                                    .putAllMap(collection.vectors)))
                    .putAllMetadata(collection.metadata)
                    .build();
        }

        @Override
        public void create(
                CreateCollection request, StreamObserver<CollectionOperationResponse> observer) {
            respond(
                    observer,
                    () -> {
                        String name = request.getCollectionName();
                        // lib/common/common/src/validation.rs
                        if (name.isEmpty()
                                || name.length() > 255
                                || name.matches(".*[<>:\"/\\\\|?*].*")) {
                            throw Status.INVALID_ARGUMENT
                                    .withDescription("collection name: " + name)
                                    .asRuntimeException();
                        }
                        StandInCollection created =
                                new StandInCollection(request.getSparseVectorsConfig().getMapMap());
                        created.metadata.putAll(request.getMetadataMap());
                        if (collections.putIfAbsent(name, created) != null) {
                            throw Status.ALREADY_EXISTS
                                    .withDescription("Collection `" + name + "` already exists!")
                                    .asRuntimeException();
                        }
                        return CollectionOperationResponse.newBuilder().setResult(true).build();
                    });
        }

        @Override
        public void update(
                UpdateCollection request, StreamObserver<CollectionOperationResponse> observer) {
            respond(
                    observer,
                    () -> {
                        collection(request.getCollectionName())
                                .metadata
                                .putAll(request.getMetadataMap());
                        return CollectionOperationResponse.newBuilder().setResult(true).build();
                    });
        }

        @Override
        public void delete(
                DeleteCollection request, StreamObserver<CollectionOperationResponse> observer) {
            respond(
                    observer,
                    () ->
                            CollectionOperationResponse.newBuilder()
                                    .setResult(
                                            collections.remove(request.getCollectionName()) != null)
                                    .build());
        }
    }

    private final class Points extends PointsImplBase {

        @Override
        public void upsert(UpsertPoints request, StreamObserver<PointsOperationResponse> observer) {
            write(
                    observer,
                    () -> {
                        StandInCollection collection = collection(request.getCollectionName());
                        if (request.getPointsList().stream().anyMatch(this::isRejected)) {
                            throw Status.INVALID_ARGUMENT
                                    .withDescription("Wrong input: one of these points")
                                    .asRuntimeException();
                        }
                        collection.upsert(request);
                    });
        }

        private boolean isRejected(PointStruct point) {
            return rejectedId != null
                    && rejectedId.equals(
                            point.getPayloadOrThrow("flink_splade")
                                    .getStructValue()
                                    .getFieldsOrThrow("id")
                                    .getStringValue());
        }

        @Override
        public void delete(DeletePoints request, StreamObserver<PointsOperationResponse> observer) {
            write(
                    observer,
                    () -> {
                        StandInCollection collection = collection(request.getCollectionName());
                        if (request.getPoints().hasFilter()) {
                            collection.delete(request.getPoints().getFilter());
                        } else {
                            collection.delete(request.getPoints().getPoints().getIdsList());
                        }
                    });
        }

        @Override
        public void createFieldIndex(
                CreateFieldIndexCollection request,
                StreamObserver<PointsOperationResponse> observer) {
            write(
                    observer,
                    () -> collection(request.getCollectionName()).index(request.getFieldName()));
        }

        @Override
        public void query(QueryPoints request, StreamObserver<QueryResponse> observer) {
            respond(
                    observer,
                    () ->
                            QueryResponse.newBuilder()
                                    .addAllResult(
                                            collection(request.getCollectionName()).query(request))
                                    .build());
        }

        @Override
        public void queryBatch(
                QueryBatchPoints request, StreamObserver<QueryBatchResponse> observer) {
            respond(
                    observer,
                    () -> {
                        StandInCollection collection = collection(request.getCollectionName());
                        List<BatchResult> results = new ArrayList<>();
                        for (QueryPoints query : request.getQueryPointsList()) {
                            results.add(
                                    BatchResult.newBuilder()
                                            .addAllResult(collection.query(query))
                                            .build());
                        }
                        return QueryBatchResponse.newBuilder().addAllResult(results).build();
                    });
        }

        @Override
        public void scroll(ScrollPoints request, StreamObserver<ScrollResponse> observer) {
            respond(
                    observer,
                    () -> {
                        StandInCollection collection = collection(request.getCollectionName());
                        int from =
                                request.hasOffset() ? collection.position(request.getOffset()) : 0;
                        List<RetrievedPoint> page = collection.scroll(from, request.getLimit() + 1);
                        ScrollResponse.Builder response = ScrollResponse.newBuilder();
                        if (page.size() > request.getLimit()) {
                            response.setNextPageOffset(page.get(request.getLimit()).getId());
                            page = page.subList(0, request.getLimit());
                        }
                        return response.addAllResult(page).build();
                    });
        }
    }
}

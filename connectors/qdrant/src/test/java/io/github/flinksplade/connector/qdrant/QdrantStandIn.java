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
 * A Qdrant server as far as the connector needs one, on a real socket, with faults on request.
 * There is no server to be had in process. It is written from the published definition
 * (lib/api/src/grpc/proto of qdrant/qdrant) and the server's source, both at v1.18.3; the codes of
 * its errors are those of lib/storage/src/content_manager/conversions.rs.
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
    private String refused;
    private volatile Executor writes = Runnable::run;

    /**
     * @param version what it says of itself
     * @param apiKey the key that it asks for, or null
     */
    QdrantStandIn(String version, String apiKey) {
        this(version, apiKey, InsecureServerCredentials.create());
    }

    /** One that speaks TLS. */
    QdrantStandIn(String version, String apiKey, ServerCredentials credentials) {
        this(version, apiKey, credentials, 0);
    }

    /**
     * @param port where it listens; 0 for any that is free
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
                            // as the server has it: src/tonic/mod.rs
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
        refused = id;
    }

    /** From now on each request that writes takes this long, which costs no processor time. */
    void delayWrites(long millis) {
        writes = CompletableFuture.delayedExecutor(millis, TimeUnit.MILLISECONDS);
    }

    @Override
    public void close() {
        down();
    }

    // ---- services

    /** Answers with what the action returns, or with the status that it throws. */
    private synchronized <T> void answer(StreamObserver<T> observer, Supplier<T> action) {
        T answer;
        try {
            answer = action.get();
        } catch (RuntimeException e) {
            observer.onError(e);
            return;
        }
        observer.onNext(answer);
        observer.onCompleted();
    }

    private void write(StreamObserver<PointsOperationResponse> observer, Runnable action) {
        writes.execute(
                () ->
                        answer(
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

    /** src/tonic/auth.rs: all but the health check. */
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

    /** Sends headers, and neither a message nor the end. */
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
            answer(
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
            answer(
                    observer,
                    () -> {
                        StandInCollection held = collection(request.getCollectionName());
                        CollectionInfo.Builder info =
                                CollectionInfo.newBuilder()
                                        .setPointsCount(held.size())
                                        .setConfig(config(held));
                        for (String path : held.indexed()) {
                            info.putPayloadSchema(
                                    path,
                                    PayloadSchemaInfo.newBuilder()
                                            .setDataType(PayloadSchemaType.Integer)
                                            .build());
                        }
                        return GetCollectionInfoResponse.newBuilder().setResult(info).build();
                    });
        }

        private CollectionConfig config(StandInCollection held) {
            return CollectionConfig.newBuilder()
                    .setParams(
                            CollectionParams.newBuilder()
                                    .setSparseVectorsConfig(
                                            SparseVectorConfig.newBuilder()
                                                    .putAllMap(held.vectors)))
                    .putAllMetadata(held.metadata)
                    .build();
        }

        @Override
        public void create(
                CreateCollection request, StreamObserver<CollectionOperationResponse> observer) {
            answer(
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
            answer(
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
            answer(
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
                        StandInCollection held = collection(request.getCollectionName());
                        if (request.getPointsList().stream().anyMatch(this::isRefused)) {
                            throw Status.INVALID_ARGUMENT
                                    .withDescription("Wrong input: one of these points")
                                    .asRuntimeException();
                        }
                        held.upsert(request);
                    });
        }

        private boolean isRefused(PointStruct point) {
            return refused != null
                    && refused.equals(
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
                        StandInCollection held = collection(request.getCollectionName());
                        if (request.getPoints().hasFilter()) {
                            held.delete(request.getPoints().getFilter());
                        } else {
                            held.delete(request.getPoints().getPoints().getIdsList());
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
            answer(
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
            answer(
                    observer,
                    () -> {
                        StandInCollection held = collection(request.getCollectionName());
                        List<BatchResult> results = new ArrayList<>();
                        for (QueryPoints query : request.getQueryPointsList()) {
                            results.add(
                                    BatchResult.newBuilder()
                                            .addAllResult(held.query(query))
                                            .build());
                        }
                        return QueryBatchResponse.newBuilder().addAllResult(results).build();
                    });
        }

        @Override
        public void scroll(ScrollPoints request, StreamObserver<ScrollResponse> observer) {
            answer(
                    observer,
                    () -> {
                        StandInCollection held = collection(request.getCollectionName());
                        int from = request.hasOffset() ? held.position(request.getOffset()) : 0;
                        List<RetrievedPoint> page = held.scroll(from, request.getLimit() + 1);
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

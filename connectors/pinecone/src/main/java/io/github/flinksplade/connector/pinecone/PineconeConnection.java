package io.github.flinksplade.connector.pinecone;

import com.google.common.util.concurrent.ListenableFuture;
import io.github.flinksplade.connector.StartMode;
import io.grpc.ChannelCredentials;
import io.grpc.ConnectivityState;
import io.grpc.Grpc;
import io.grpc.InsecureChannelCredentials;
import io.grpc.ManagedChannel;
import io.grpc.StatusRuntimeException;
import io.grpc.TlsChannelCredentials;
import io.pinecone.configs.PineconeConfig;
import io.pinecone.proto.DeleteRequest;
import io.pinecone.proto.DeleteResponse;
import io.pinecone.proto.DescribeIndexStatsRequest;
import io.pinecone.proto.FetchRequest;
import io.pinecone.proto.ListRequest;
import io.pinecone.proto.ListResponse;
import io.pinecone.proto.NamespaceSummary;
import io.pinecone.proto.QueryRequest;
import io.pinecone.proto.ScoredVector;
import io.pinecone.proto.UpsertRequest;
import io.pinecone.proto.UpsertResponse;
import io.pinecone.proto.Vector;
import io.pinecone.proto.VectorServiceGrpc.VectorServiceBlockingStub;
import io.pinecone.proto.VectorServiceGrpc.VectorServiceFutureStub;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.function.Function;
import org.openapitools.db_control.client.model.IndexModel;

/**
 * The connection to one index (gRPC), whose host the control plane knows.
 *
 * <p>It uses Pinecone's own client except for {@code getIndexConnection}, which caches one
 * connection for all indexes of a name in the process, whatever their host and key; {@code Index},
 * which has no deadlines; and the client's channel, which requires the unshaded Netty of gRPC.
 */
final class PineconeConnection implements AutoCloseable {

    private static final int RECONNECT_SECONDS = 2;

    /** Ids of a page; Pinecone returns at most 100. */
    private static final int LIST_SIZE = 100;

    private final PineconeSettings settings;
    private final io.pinecone.configs.PineconeConnection connection;
    private final int dimension;

    private PineconeConnection(PineconeSettings settings, IndexModel model) {
        this.settings = settings;
        this.dimension = model.getDimension() == null ? 0 : model.getDimension();
        PineconeConfig config = new PineconeConfig(settings.connection.apiKey());
        config.setCustomManagedChannel(
                Grpc.newChannelBuilder(
                                io.pinecone.configs.PineconeConnection.formatEndpoint(
                                        model.getHost()),
                                credentials(settings))
                        .userAgent(config.getUserAgent())
                        .build());
        this.connection = new io.pinecone.configs.PineconeConnection(config);
    }

    /**
     * Connects to an existing index.
     *
     * @throws io.pinecone.exceptions.PineconeException see {@link PineconeControlPlane#describe}
     */
    static PineconeConnection open(PineconeSettings settings) {
        return new PineconeConnection(settings, new PineconeControlPlane(settings).describe());
    }

    /** Connects to the index, and creates it first if it is missing and the start allows it. */
    static PineconeConnection openOrCreate(PineconeSettings settings, StartMode start) {
        return new PineconeConnection(
                settings, new PineconeControlPlane(settings).describeOrCreate(start));
    }

    private static ChannelCredentials credentials(PineconeSettings settings) {
        if (settings.isPlaintext()) {
            return InsecureChannelCredentials.create();
        }
        String authorities = settings.connection.authorities();
        if (authorities == null) {
            return TlsChannelCredentials.create();
        }
        try {
            return TlsChannelCredentials.newBuilder()
                    .trustManager(
                            new ByteArrayInputStream(
                                    authorities.getBytes(StandardCharsets.ISO_8859_1)))
                    .build();
        } catch (IOException e) {
            throw new IllegalStateException("reading an array cannot fail", e);
        }
    }

    /** The dimension of the index's dense vectors; 0 for a sparse index. */
    int dimension() {
        return dimension;
    }

    ListenableFuture<UpsertResponse> upsert(List<Vector> vectors) {
        return future().upsert(request(settings.namespace, vectors));
    }

    /** Writes one record to any namespace, and waits for the response. */
    void upsert(String namespace, Vector vector) {
        call(stub -> stub.upsert(request(namespace, List.of(vector))));
    }

    private static UpsertRequest request(String namespace, List<Vector> vectors) {
        return UpsertRequest.newBuilder().setNamespace(namespace).addAllVectors(vectors).build();
    }

    ListenableFuture<DeleteResponse> delete(List<String> ids) {
        return future().delete(
                        DeleteRequest.newBuilder()
                                .setNamespace(settings.namespace)
                                .addAllIds(ids)
                                .build());
    }

    /** The records of these ids, at most 1,000; missing ones are omitted. */
    Map<String, Vector> fetch(String namespace, List<String> ids) {
        FetchRequest request =
                FetchRequest.newBuilder().setNamespace(namespace).addAllIds(ids).build();
        return call(stub -> stub.fetch(request)).getVectorsMap();
    }

    /**
     * A page of the ids of a namespace.
     *
     * @param token the token of the page before; empty for the first page
     */
    ListResponse list(String namespace, String token) {
        ListRequest.Builder request =
                ListRequest.newBuilder().setNamespace(namespace).setLimit(LIST_SIZE);
        if (!token.isEmpty()) {
            request.setPaginationToken(token);
        }
        return call(stub -> stub.list(request.build()));
    }

    List<ScoredVector> query(QueryRequest request) {
        return call(stub -> stub.query(request)).getMatchesList();
    }

    /** The number of records in a namespace, which Pinecone updates with a delay. */
    long countRecords(String namespace) {
        Map<String, NamespaceSummary> namespaces =
                call(stub ->
                                stub.describeIndexStats(
                                        DescribeIndexStatsRequest.newBuilder().build()))
                        .getNamespacesMap();
        // the default namespace is counted under either of its names
        Set<String> names =
                namespace.equals(PineconeSettings.DEFAULT_NAMESPACE)
                        ? Set.of(namespace, "")
                        : Set.of(namespace);
        return namespaces.entrySet().stream()
                .filter(entry -> names.contains(entry.getKey()))
                .mapToLong(entry -> entry.getValue().getVectorCount())
                .sum();
    }

    /**
     * Completes immediately unless the connection is lost. Otherwise it reconnects now, instead of
     * after the client's own backoff (up to two minutes), because the job decides how long to wait
     * between retries. It completes in any case; a call then fails with the reason.
     */
    CompletableFuture<Void> reconnected() {
        ManagedChannel channel = connection.getChannel();
        CompletableFuture<Void> changed = new CompletableFuture<>();
        if (channel.getState(false) == ConnectivityState.TRANSIENT_FAILURE) {
            channel.resetConnectBackoff();
            channel.notifyWhenStateChanged(
                    ConnectivityState.TRANSIENT_FAILURE, () -> changed.complete(null));
            return changed.completeOnTimeout(null, RECONNECT_SECONDS, TimeUnit.SECONDS);
        }
        changed.complete(null);
        return changed;
    }

    private long deadlineMillis() {
        return settings.connection.requestTimeout().toMillis();
    }

    private VectorServiceFutureStub future() {
        return connection.getAsyncStub().withDeadlineAfter(deadlineMillis(), TimeUnit.MILLISECONDS);
    }

    private <T> T call(Function<VectorServiceBlockingStub, T> call) {
        reconnected().join();
        try {
            return call.apply(
                    connection
                            .getBlockingStub()
                            .withDeadlineAfter(deadlineMillis(), TimeUnit.MILLISECONDS));
        } catch (StatusRuntimeException e) {
            throw PineconeFailureClassifier.explain(settings, e);
        }
    }

    @Override
    public void close() {
        connection.close();
    }
}

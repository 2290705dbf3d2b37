package io.github.flinksplade.connector.pinecone;

import com.google.common.util.concurrent.ListenableFuture;
import io.github.flinksplade.connector.ConnectionSettings;
import io.github.flinksplade.connector.ConnectorException;
import io.github.flinksplade.connector.StartMode;
import io.grpc.ChannelCredentials;
import io.grpc.ConnectivityState;
import io.grpc.Grpc;
import io.grpc.InsecureChannelCredentials;
import io.grpc.ManagedChannel;
import io.grpc.StatusRuntimeException;
import io.grpc.TlsChannelCredentials;
import io.pinecone.clients.Pinecone;
import io.pinecone.configs.PineconeConfig;
import io.pinecone.configs.PineconeConnection;
import io.pinecone.exceptions.PineconeAlreadyExistsException;
import io.pinecone.exceptions.PineconeException;
import io.pinecone.exceptions.PineconeNotFoundException;
import io.pinecone.proto.DeleteRequest;
import io.pinecone.proto.DeleteResponse;
import io.pinecone.proto.DescribeIndexStatsRequest;
import io.pinecone.proto.FetchRequest;
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
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.function.Function;
import okhttp3.HttpUrl;
import okhttp3.OkHttpClient;
import org.openapitools.db_control.client.model.IndexModel;

/**
 * Pinecone's client for one index: where the index is comes from the control plane (HTTP), records
 * go to the index itself (gRPC).
 *
 * <p>The client's own {@code getIndexConnection} is not used, because it keeps one connection for
 * all indexes of that name in the process, whatever their host and key; nor its {@code Index},
 * which knows no deadlines; nor its channel, which is bound to a Netty of its own.
 */
final class PineconeIndexConnection implements AutoCloseable {

    private static final int RECONNECT_SECONDS = 2;
    private static final int CREATION_SECONDS = 120;

    private final PineconeSettings settings;
    private final PineconeConnection connection;
    private final int dimension;

    private PineconeIndexConnection(PineconeSettings settings, IndexModel model) {
        this.settings = settings;
        this.dimension = model.getDimension() == null ? 0 : model.getDimension();
        PineconeConfig config = new PineconeConfig(settings.connection().apiKey());
        config.setCustomManagedChannel(
                Grpc.newChannelBuilder(
                                PineconeConnection.formatEndpoint(model.getHost()),
                                credentials(settings))
                        .userAgent(config.getUserAgent())
                        .build());
        this.connection = new PineconeConnection(config);
    }

    /**
     * Connects to an index that must be there.
     *
     * @throws PineconeException when the control plane says no, or nothing
     */
    static PineconeIndexConnection open(PineconeSettings settings) {
        return connect(settings, describe(settings, controlPlane(settings)));
    }

    /** Connects to the index, which is created first when there is none and the start allows it. */
    static PineconeIndexConnection openOrCreate(PineconeSettings settings, StartMode start) {
        Pinecone controlPlane = controlPlane(settings);
        try {
            return connect(settings, describe(settings, controlPlane));
        } catch (PineconeNotFoundException e) {
            start.createEmpty(settings.location());
            return connect(settings, create(settings, controlPlane));
        } catch (PineconeException e) {
            throw PineconeFailureClassifier.explain(settings, e);
        }
    }

    private static Pinecone controlPlane(PineconeSettings settings) {
        return new Pinecone.Builder(settings.connection().apiKey())
                .withOkHttpClient(http(settings))
                .build();
    }

    /**
     * With one deadline for a request and its whole response. It sets the host too, because
     * Pinecone's client ignores its option {@code host} where the HTTP client is not its own.
     */
    private static OkHttpClient http(PineconeSettings settings) {
        ConnectionSettings connection = settings.connection();
        HttpUrl host = HttpUrl.get(settings.host());
        Duration timeout = connection.requestTimeout();
        OkHttpClient.Builder builder =
                new OkHttpClient.Builder()
                        .followRedirects(false)
                        .addInterceptor(
                                chain ->
                                        chain.proceed(
                                                chain.request()
                                                        .newBuilder()
                                                        .url(at(host, chain.request().url()))
                                                        .build()))
                        .connectTimeout(timeout)
                        .readTimeout(timeout)
                        .writeTimeout(timeout)
                        .callTimeout(timeout);
        if (connection.trustManager() != null) {
            builder.sslSocketFactory(
                    connection.sslContext().getSocketFactory(), connection.trustManager());
        }
        return builder.build();
    }

    private static HttpUrl at(HttpUrl host, HttpUrl url) {
        return url.newBuilder().scheme(host.scheme()).host(host.host()).port(host.port()).build();
    }

    private static ChannelCredentials credentials(PineconeSettings settings) {
        if (settings.plaintext()) {
            return InsecureChannelCredentials.create();
        }
        String authorities = settings.connection().authorities();
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
            throw new IllegalStateException("an array can be read", e);
        }
    }

    private static IndexModel describe(PineconeSettings settings, Pinecone controlPlane) {
        try {
            return controlPlane.describeIndex(settings.index());
        } catch (PineconeException e) {
            throw e;
        } catch (RuntimeException e) {
            // whatever the client makes of an answer that it does not understand
            throw new ConnectorException(
                    settings.host() + " does not answer as Pinecone does; check host", e);
        }
    }

    private static IndexModel create(PineconeSettings settings, Pinecone controlPlane) {
        if (settings.dense() != null && settings.dimension() == 0) {
            throw new ConnectorException(
                    settings.location()
                            + " is not there, and to create one for dense vectors their length must"
                            + " be known; add dimension=NUMBER, or leave out dense="
                            + settings.dense());
        }
        try {
            if (settings.dense() == null) {
                controlPlane.createSparseServelessIndex(
                        settings.index(),
                        settings.cloud(),
                        settings.region(),
                        "disabled",
                        Map.of(),
                        "sparse");
            } else {
                controlPlane.createServerlessIndex(
                        settings.index(),
                        "dotproduct",
                        settings.dimension(),
                        settings.cloud(),
                        settings.region(),
                        "disabled",
                        Map.of());
            }
        } catch (PineconeAlreadyExistsException e) {
            // another job that started at the same time was faster
        } catch (PineconeException e) {
            throw PineconeFailureClassifier.explain(settings, e);
        }
        try {
            return Waiting.until(
                    CREATION_SECONDS,
                    () -> {
                        IndexModel model = describe(settings, controlPlane);
                        return model.getStatus().getReady() ? model : null;
                    },
                    () ->
                            new ConnectorException(
                                    settings.location()
                                            + " was created, but is not ready after "
                                            + CREATION_SECONDS
                                            + " s; start again when it is"));
        } catch (PineconeException e) {
            throw PineconeFailureClassifier.explain(settings, e);
        }
    }

    private static PineconeIndexConnection connect(PineconeSettings settings, IndexModel model) {
        boolean sparse = "sparse".equals(model.getVectorType());
        if (!"dotproduct".equals(String.valueOf(model.getMetric()))) {
            throw new ConnectorException(
                    settings.location()
                            + " has the metric "
                            + model.getMetric()
                            + ", and sparse vectors are searched by dotproduct only; name another"
                            + " index, or one that is not there yet");
        }
        if (!sparse && settings.dense() == null) {
            throw new ConnectorException(
                    settings.location()
                            + " is a dense one, whose records need a dense vector beside the sparse"
                            + " one; name the field of the documents that holds it with"
                            + " dense=FIELD, or name an index for sparse vectors");
        }
        if (sparse && settings.dense() != null) {
            throw new ConnectorException(
                    settings.location()
                            + " is for sparse vectors only; leave out dense="
                            + settings.dense()
                            + ", or name a dense index");
        }
        if (settings.dimension() != 0
                && !sparse
                && !Integer.valueOf(settings.dimension()).equals(model.getDimension())) {
            throw new ConnectorException(
                    settings.location()
                            + " is for dense vectors of "
                            + model.getDimension()
                            + " numbers, not of "
                            + settings.dimension()
                            + "; leave out dimension, or name another index");
        }
        return new PineconeIndexConnection(settings, model);
    }

    /** Length of the index's dense vectors; 0 for a sparse index. */
    int dimension() {
        return dimension;
    }

    ListenableFuture<UpsertResponse> upsert(List<Vector> vectors) {
        return future().upsert(request(settings.namespace(), vectors));
    }

    /** Writes one record to any namespace, and waits for it. */
    void upsert(String namespace, Vector vector) {
        call(stub -> stub.upsert(request(namespace, List.of(vector))));
    }

    private static UpsertRequest request(String namespace, List<Vector> vectors) {
        return UpsertRequest.newBuilder().setNamespace(namespace).addAllVectors(vectors).build();
    }

    ListenableFuture<DeleteResponse> delete(List<String> ids) {
        return future().delete(
                        DeleteRequest.newBuilder()
                                .setNamespace(settings.namespace())
                                .addAllIds(ids)
                                .build());
    }

    /** The records of these ids, at most 1,000; those that are not there are left out. */
    Map<String, Vector> fetch(String namespace, List<String> ids) {
        FetchRequest request =
                FetchRequest.newBuilder().setNamespace(namespace).addAllIds(ids).build();
        return call(stub -> stub.fetch(request)).getVectorsMap();
    }

    List<ScoredVector> query(QueryRequest request) {
        return call(stub -> stub.query(request)).getMatchesList();
    }

    /** How many records a namespace holds, as far as Pinecone has counted. */
    long records(String namespace) {
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
     * Completes at once where nothing is known against the connection. After it was lost, tries to
     * connect now, whatever the client's own pause (up to two minutes): how long to wait between
     * tries is decided by the job. Completes in any case; a call then fails with the reason.
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
        return settings.connection().requestTimeout().toMillis();
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

package io.github.flinksplade.connector.qdrant;

import com.google.common.util.concurrent.ListenableFuture;
import io.grpc.ChannelCredentials;
import io.grpc.Grpc;
import io.grpc.InsecureChannelCredentials;
import io.grpc.ManagedChannel;
import io.grpc.TlsChannelCredentials;
import io.qdrant.client.QdrantGrpcClient;
import io.qdrant.client.grpc.CollectionsGrpc.CollectionsFutureStub;
import io.qdrant.client.grpc.PointsGrpc.PointsFutureStub;
import io.qdrant.client.grpc.QdrantGrpc.QdrantFutureStub;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;

/** A channel to the server, which connects at the first call. */
final class QdrantConnection implements AutoCloseable {

    private final QdrantSettings settings;
    private final ManagedChannel channel;
    private final QdrantGrpcClient client;

    QdrantConnection(QdrantSettings settings) {
        this.settings = settings;
        channel =
                Grpc.newChannelBuilderForAddress(
                                settings.host, settings.port, credentials(settings))
                        .disableServiceConfigLookUp()
                        // hits with their texts exceed the default of 4 MiB
                        .maxInboundMessageSize(Integer.MAX_VALUE)
                        // otherwise a peer that disappears is detected only after minutes
                        .keepAliveTime(60, TimeUnit.SECONDS)
                        .build();
        QdrantGrpcClient.Builder builder =
                QdrantGrpcClient.newBuilder(channel, true, false)
                        .withTimeout(settings.connection.requestTimeout());
        String apiKey = settings.connection.apiKey();
        client = (apiKey == null ? builder : builder.withApiKey(apiKey)).build();
    }

    private static ChannelCredentials credentials(QdrantSettings settings) {
        if (!settings.tls) {
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

    QdrantFutureStub server() {
        return client.qdrant();
    }

    CollectionsFutureStub collections() {
        return client.collections();
    }

    PointsFutureStub points() {
        return client.points();
    }

    /** Accepts no more calls; those in flight complete. */
    void shutDown() {
        channel.shutdown();
    }

    /**
     * Waits for the response to a call.
     *
     * @param action the purpose of the call, for the message of its failure: {@code create the
     *     collection}
     */
    <T> T await(ListenableFuture<T> call, String action) {
        try {
            return call.get();
        } catch (ExecutionException e) {
            throw QdrantFailureClassifier.explain(settings, action, e.getCause());
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw QdrantFailureClassifier.explain(settings, action, e);
        }
    }

    @Override
    public void close() {
        channel.shutdownNow();
    }
}

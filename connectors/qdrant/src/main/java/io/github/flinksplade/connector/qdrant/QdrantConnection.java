package io.github.flinksplade.connector.qdrant;

import com.google.common.util.concurrent.ListenableFuture;
import io.grpc.ManagedChannel;
import io.grpc.ManagedChannelBuilder;
import io.qdrant.client.QdrantGrpcClient;
import io.qdrant.client.grpc.CollectionsGrpc.CollectionsFutureStub;
import io.qdrant.client.grpc.PointsGrpc.PointsFutureStub;
import io.qdrant.client.grpc.QdrantGrpc.QdrantFutureStub;
import java.time.Duration;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;

/** A channel to the server. Nothing is connected before the first call. */
final class QdrantConnection implements AutoCloseable {

    private static final Duration TIMEOUT = Duration.ofSeconds(30);

    private final QdrantSettings settings;
    private final ManagedChannel channel;
    private final QdrantGrpcClient client;

    QdrantConnection(QdrantSettings settings) {
        this.settings = settings;
        ManagedChannelBuilder<?> builder =
                ManagedChannelBuilder.forAddress(settings.host, settings.port)
                        .disableServiceConfigLookUp()
                        // a batch of hits with their texts is larger than the 4 MiB of the default
                        .maxInboundMessageSize(Integer.MAX_VALUE)
                        // else a peer that is gone without a word is noticed after minutes
                        .keepAliveTime(60, TimeUnit.SECONDS);
        channel = (settings.tls ? builder.useTransportSecurity() : builder.usePlaintext()).build();
        QdrantGrpcClient.Builder connected =
                QdrantGrpcClient.newBuilder(channel, true, false).withTimeout(TIMEOUT);
        client =
                (settings.apiKey == null ? connected : connected.withApiKey(settings.apiKey))
                        .build();
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

    /** Takes no more calls; those under way are answered. */
    void closeSoftly() {
        channel.shutdown();
    }

    /**
     * Waits for an answer.
     *
     * @param doing what the call does, for the message of its failure: {@code create the
     *     collection}
     */
    <T> T await(ListenableFuture<T> answer, String doing) {
        try {
            return answer.get();
        } catch (ExecutionException e) {
            throw QdrantFailureClassifier.explain(settings, doing, e.getCause());
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw QdrantFailureClassifier.explain(settings, doing, e);
        }
    }

    @Override
    public void close() {
        channel.shutdownNow();
    }
}

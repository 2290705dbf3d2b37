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

/** A channel to the server. Nothing is connected before the first call. */
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
                        // a batch of hits with their texts is larger than the 4 MiB of the default
                        .maxInboundMessageSize(Integer.MAX_VALUE)
                        // else a peer that is gone without a word is noticed after minutes
                        .keepAliveTime(60, TimeUnit.SECONDS)
                        .build();
        QdrantGrpcClient.Builder connected =
                QdrantGrpcClient.newBuilder(channel, true, false)
                        .withTimeout(settings.connection.requestTimeout());
        String apiKey = settings.connection.apiKey();
        client = (apiKey == null ? connected : connected.withApiKey(apiKey)).build();
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
            throw new IllegalStateException("an array can be read", e);
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

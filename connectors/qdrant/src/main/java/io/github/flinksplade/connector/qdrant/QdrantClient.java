package io.github.flinksplade.connector.qdrant;

import com.google.common.util.concurrent.FutureCallback;
import com.google.common.util.concurrent.Futures;
import com.google.common.util.concurrent.ListenableFuture;
import com.google.common.util.concurrent.MoreExecutors;
import io.github.flinksplade.connector.BatchClient;
import io.github.flinksplade.connector.Outcome;
import io.github.flinksplade.connector.VectorRecord;
import io.grpc.Status;
import io.qdrant.client.grpc.Common.Filter;
import io.qdrant.client.grpc.Points.DeletePoints;
import io.qdrant.client.grpc.Points.PointsOperationResponse;
import io.qdrant.client.grpc.Points.PointsSelector;
import io.qdrant.client.grpc.Points.UpdateStatus;
import io.qdrant.client.grpc.Points.UpsertPoints;
import java.io.IOException;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.CompletableFuture;

/**
 * Sends a batch as one upsert and one delete, each with a filter that excludes points which are
 * newer than their change. The server does not report which points a filter excluded, so every
 * change of a successful request counts as written.
 */
final class QdrantClient implements BatchClient<QdrantChange> {

    private final QdrantSettings settings;
    private final QdrantRequestFactory requests;
    private QdrantConnection connection;
    private boolean closed;

    QdrantClient(QdrantSettings settings) {
        this.settings = settings;
        this.requests = new QdrantRequestFactory(settings);
        this.connection = new QdrantConnection(settings);
    }

    @Override
    public QdrantChange request(VectorRecord record) {
        return requests.change(record);
    }

    @Override
    public long sizeInBytes(QdrantChange change) {
        return change.sizeInBytes();
    }

    @Override
    public CompletableFuture<List<Outcome>> send(List<QdrantChange> batch) {
        QdrantConnection current = connection();
        UpsertPoints.Builder upsert =
                UpsertPoints.newBuilder().setCollectionName(settings.collection).setWait(true);
        Filter.Builder upsertFilter = Filter.newBuilder();
        Filter.Builder deleteFilter = Filter.newBuilder();
        for (QdrantChange change : batch) {
            if (change.isDelete()) {
                deleteFilter.addShould(change.condition());
            } else {
                upsert.addPoints(change.point());
                upsertFilter.addShould(change.condition());
            }
        }
        CompletableFuture<Void> upsertion =
                upsert.getPointsCount() == 0
                        ? CompletableFuture.completedFuture(null)
                        : applied(
                                current,
                                current.points()
                                        .upsert(upsert.setUpdateFilter(upsertFilter).build()));
        CompletableFuture<Void> deletion =
                deleteFilter.getShouldCount() == 0
                        ? CompletableFuture.completedFuture(null)
                        : applied(
                                current,
                                current.points()
                                        .delete(
                                                DeletePoints.newBuilder()
                                                        .setCollectionName(settings.collection)
                                                        .setWait(true)
                                                        .setPoints(
                                                                PointsSelector.newBuilder()
                                                                        .setFilter(deleteFilter))
                                                        .build()));
        return CompletableFuture.allOf(upsertion, deletion)
                .thenApply(all -> Collections.nCopies(batch.size(), Outcome.written()));
    }

    private CompletableFuture<Void> applied(
            QdrantConnection current, ListenableFuture<PointsOperationResponse> call) {
        CompletableFuture<Void> applied = new CompletableFuture<>();
        Futures.addCallback(
                call,
                new FutureCallback<>() {
                    @Override
                    public void onSuccess(PointsOperationResponse response) {
                        UpdateStatus status = response.getResult().getStatus();
                        // acknowledged: in the write-ahead log, from which the server applies it
                        if (status == UpdateStatus.Completed
                                || status == UpdateStatus.Acknowledged) {
                            applied.complete(null);
                        } else {
                            applied.completeExceptionally(
                                    new IOException(
                                            settings.serverName()
                                                    + " responds to a write with "
                                                    + status));
                        }
                    }

                    @Override
                    public void onFailure(Throwable failure) {
                        if (Status.fromThrowable(failure).getCode() == Status.Code.UNAVAILABLE) {
                            replace(current);
                        }
                        applied.completeExceptionally(
                                QdrantFailureClassifier.classify(settings, failure));
                    }
                },
                MoreExecutors.directExecutor());
        return applied;
    }

    private synchronized QdrantConnection connection() {
        return connection;
    }

    /**
     * Makes the next call use a new channel. A channel that cannot connect backs off, up to two
     * minutes, and fails the calls in between without trying; the job decides how long to wait
     * between retries.
     */
    private synchronized void replace(QdrantConnection failed) {
        if (connection == failed && !closed) {
            connection = new QdrantConnection(settings);
            failed.shutDown();
        }
    }

    @Override
    public synchronized void close() {
        closed = true;
        connection.close();
    }
}

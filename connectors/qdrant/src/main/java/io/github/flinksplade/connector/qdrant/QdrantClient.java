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
 * Sends a batch as one upsert and one delete, each with a filter that spares points which are newer
 * than their change. What a filter spared the server does not say, so that every change that is
 * answered at all counts as written.
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
        QdrantConnection used = connection();
        UpsertPoints.Builder upsert =
                UpsertPoints.newBuilder().setCollectionName(settings.collection).setWait(true);
        Filter.Builder replaced = Filter.newBuilder();
        Filter.Builder deleted = Filter.newBuilder();
        for (QdrantChange change : batch) {
            if (change.isDelete()) {
                deleted.addShould(change.held());
            } else {
                upsert.addPoints(change.point());
                replaced.addShould(change.held());
            }
        }
        CompletableFuture<Void> upserted =
                upsert.getPointsCount() == 0
                        ? CompletableFuture.completedFuture(null)
                        : applied(
                                used,
                                used.points().upsert(upsert.setUpdateFilter(replaced).build()));
        CompletableFuture<Void> gone =
                deleted.getShouldCount() == 0
                        ? CompletableFuture.completedFuture(null)
                        : applied(
                                used,
                                used.points()
                                        .delete(
                                                DeletePoints.newBuilder()
                                                        .setCollectionName(settings.collection)
                                                        .setWait(true)
                                                        .setPoints(
                                                                PointsSelector.newBuilder()
                                                                        .setFilter(deleted))
                                                        .build()));
        return CompletableFuture.allOf(upserted, gone)
                .thenApply(all -> Collections.nCopies(batch.size(), Outcome.written()));
    }

    private CompletableFuture<Void> applied(
            QdrantConnection used, ListenableFuture<PointsOperationResponse> answer) {
        CompletableFuture<Void> applied = new CompletableFuture<>();
        Futures.addCallback(
                answer,
                new FutureCallback<>() {
                    @Override
                    public void onSuccess(PointsOperationResponse response) {
                        UpdateStatus status = response.getResult().getStatus();
                        // acknowledged: in the server's log, and applied from there
                        if (status == UpdateStatus.Completed
                                || status == UpdateStatus.Acknowledged) {
                            applied.complete(null);
                        } else {
                            applied.completeExceptionally(
                                    new IOException(
                                            settings.server() + " answers a write with " + status));
                        }
                    }

                    @Override
                    public void onFailure(Throwable failure) {
                        if (Status.fromThrowable(failure).getCode() == Status.Code.UNAVAILABLE) {
                            replace(used);
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
     * Lets the next call connect anew. By itself a channel that found no server waits, longer after
     * each failure, up to two minutes, and fails what is called meanwhile without a try; how long
     * to wait is the job's affair.
     */
    private synchronized void replace(QdrantConnection failed) {
        if (connection == failed && !closed) {
            connection = new QdrantConnection(settings);
            failed.closeSoftly();
        }
    }

    @Override
    public synchronized void close() {
        closed = true;
        connection.close();
    }
}

package io.github.flinksplade.connector.pinecone;

import com.google.common.util.concurrent.FutureCallback;
import com.google.common.util.concurrent.Futures;
import com.google.common.util.concurrent.ListenableFuture;
import com.google.common.util.concurrent.MoreExecutors;
import io.github.flinksplade.connector.BatchClient;
import io.github.flinksplade.connector.Outcome;
import io.github.flinksplade.connector.VectorRecord;
import io.pinecone.proto.Vector;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.atomic.AtomicLong;

/**
 * Sends batches to one namespace: an upsert and a delete, each of which Pinecone accepts or rejects
 * as a whole.
 */
final class PineconeClient implements BatchClient<PineconeChange> {

    private final PineconeSettings settings;
    private final PineconeRequestFactory requests;
    private final AtomicLong droppedTerms = new AtomicLong();

    /** Opened by the first batch, and again after a batch that could not open it. */
    private CompletableFuture<PineconeConnection> connection;

    PineconeClient(PineconeSettings settings) {
        this.settings = settings;
        this.requests = new PineconeRequestFactory(settings);
    }

    @Override
    public PineconeChange request(VectorRecord record) {
        PineconeChange change = requests.change(record);
        droppedTerms.addAndGet(change.droppedTerms());
        return change;
    }

    @Override
    public long sizeInBytes(PineconeChange change) {
        return change.sizeInBytes();
    }

    @Override
    public long droppedTerms() {
        return droppedTerms.get();
    }

    @Override
    public CompletableFuture<List<Outcome>> send(List<PineconeChange> batch) {
        List<Vector> upserts = new ArrayList<>();
        List<String> deletes = new ArrayList<>();
        for (PineconeChange change : batch) {
            if (change.isDelete()) {
                deletes.add(change.id());
            } else {
                upserts.add(change.vector());
            }
        }
        return connection()
                .thenCompose(
                        open ->
                                open.reconnected()
                                        .thenCompose(done -> send(open, upserts, deletes)))
                .handle(
                        (done, failure) -> {
                            if (failure == null) {
                                return Collections.nCopies(batch.size(), Outcome.written());
                            }
                            Throwable cause =
                                    failure instanceof CompletionException
                                            ? failure.getCause()
                                            : failure;
                            throw new CompletionException(
                                    PineconeFailureClassifier.classify(settings, cause));
                        });
    }

    private static CompletableFuture<Void> send(
            PineconeConnection connection, List<Vector> upserts, List<String> deletes) {
        List<CompletableFuture<Void>> responses = new ArrayList<>();
        if (!upserts.isEmpty()) {
            responses.add(response(connection.upsert(upserts), false));
        }
        if (!deletes.isEmpty()) {
            responses.add(response(connection.delete(deletes), true));
        }
        return CompletableFuture.allOf(responses.toArray(CompletableFuture<?>[]::new));
    }

    private CompletableFuture<PineconeConnection> connection() {
        if (connection == null || connection.isCompletedExceptionally()) {
            // a new thread inherits the class loader of this one, unlike those of the common pool
            connection =
                    CompletableFuture.supplyAsync(
                            () -> PineconeConnection.open(settings),
                            connecting -> new Thread(connecting, "pinecone-connect").start());
        }
        return connection;
    }

    private static CompletableFuture<Void> response(ListenableFuture<?> call, boolean isDelete) {
        CompletableFuture<Void> response = new CompletableFuture<>();
        Futures.addCallback(
                call,
                new FutureCallback<Object>() {
                    @Override
                    public void onSuccess(Object result) {
                        response.complete(null);
                    }

                    @Override
                    public void onFailure(Throwable failure) {
                        if (isDelete && PineconeFailureClassifier.isNothingToDelete(failure)) {
                            response.complete(null);
                        } else {
                            response.completeExceptionally(failure);
                        }
                    }
                },
                MoreExecutors.directExecutor());
        return response;
    }

    @Override
    public void close() {
        if (connection != null) {
            connection.thenAccept(PineconeConnection::close);
        }
    }
}

package io.github.flinksplade.connector.pinecone;

import com.google.common.util.concurrent.FutureCallback;
import com.google.common.util.concurrent.Futures;
import com.google.common.util.concurrent.ListenableFuture;
import com.google.common.util.concurrent.MoreExecutors;
import com.google.protobuf.CodedOutputStream;
import io.github.flinksplade.connector.BatchClient;
import io.github.flinksplade.connector.Outcome;
import io.github.flinksplade.connector.VectorRecord;
import io.github.flinksplade.connector.pinecone.PineconeRequestFactory.Change;
import io.pinecone.proto.Vector;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import java.util.concurrent.atomic.AtomicLong;

/** Sends batches to one namespace: an upsert and a delete, of which Pinecone takes each whole. */
final class PineconeClient implements BatchClient<Change> {

    /** Field number and length before each record or id in a request. */
    private static final int FRAME_BYTES = 6;

    private final PineconeSettings settings;
    private final AtomicLong termsLeftOut = new AtomicLong();

    /** Made by the first batch, and again after one that found the control plane away. */
    private CompletableFuture<PineconeIndexConnection> connection;

    PineconeClient(PineconeSettings settings) {
        this.settings = settings;
    }

    @Override
    public Change request(VectorRecord record) {
        Change change = PineconeRequestFactory.change(settings, record);
        termsLeftOut.addAndGet(change.termsLeftOut());
        return change;
    }

    @Override
    public long sizeInBytes(Change change) {
        return FRAME_BYTES
                + (change.vector() == null
                        ? CodedOutputStream.computeStringSizeNoTag(change.id())
                        : change.vector().getSerializedSize());
    }

    @Override
    public long droppedTerms() {
        return termsLeftOut.get();
    }

    @Override
    public CompletableFuture<List<Outcome>> send(List<Change> batch) {
        List<Vector> upserts = new ArrayList<>();
        List<String> deletes = new ArrayList<>();
        for (Change change : batch) {
            if (change.vector() == null) {
                deletes.add(change.id());
            } else {
                upserts.add(change.vector());
            }
        }
        return connection()
                .thenCompose(to -> to.reconnected().thenCompose(done -> send(to, upserts, deletes)))
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
            PineconeIndexConnection to, List<Vector> upserts, List<String> deletes) {
        List<CompletableFuture<Void>> answers = new ArrayList<>();
        if (!upserts.isEmpty()) {
            answers.add(answer(to.upsert(upserts), false));
        }
        if (!deletes.isEmpty()) {
            answers.add(answer(to.delete(deletes), true));
        }
        return CompletableFuture.allOf(answers.toArray(CompletableFuture<?>[]::new));
    }

    private CompletableFuture<PineconeIndexConnection> connection() {
        if (connection == null || connection.isCompletedExceptionally()) {
            // a thread of its own, which sees the classes that this one sees
            connection =
                    CompletableFuture.supplyAsync(
                            () -> PineconeIndexConnection.open(settings),
                            connecting -> new Thread(connecting, "pinecone-connect").start());
        }
        return connection;
    }

    private static CompletableFuture<Void> answer(ListenableFuture<?> call, boolean delete) {
        CompletableFuture<Void> answer = new CompletableFuture<>();
        Futures.addCallback(
                call,
                new FutureCallback<Object>() {
                    @Override
                    public void onSuccess(Object result) {
                        answer.complete(null);
                    }

                    @Override
                    public void onFailure(Throwable failure) {
                        if (delete && PineconeFailureClassifier.isNothingToDelete(failure)) {
                            answer.complete(null);
                        } else {
                            answer.completeExceptionally(failure);
                        }
                    }
                },
                MoreExecutors.directExecutor());
        return answer;
    }

    @Override
    public void close() {
        if (connection != null) {
            connection.thenAccept(PineconeIndexConnection::close);
        }
    }
}

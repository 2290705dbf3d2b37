package io.github.flinksplade.connector;

import java.io.IOException;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;

/**
 * The sink of a server that was unavailable when a job that resumes was started: the first batch
 * that reaches the server prepares the target.
 */
public record DeferredSink(BatchVectorSink sink, SinkContext context) implements BatchSink {

    private static final long serialVersionUID = 1L;

    @Override
    public BatchOptions batching() {
        return sink.batching();
    }

    @Override
    public BatchClient<?> client() {
        return new Client();
    }

    /** A change, and the server's form of it as soon as there is a client. */
    private static final class Request {

        private final VectorRecord record;
        private Object converted;

        Request(VectorRecord record) {
            this.record = record;
        }
    }

    private final class Client implements BatchClient<Request> {

        private volatile BatchSink preparedSink;
        private volatile BatchClient<Object> client;

        @Override
        public Request request(VectorRecord record) {
            return new Request(record);
        }

        /** An estimate: the server's form of the change is not known yet. */
        @Override
        public long sizeInBytes(Request request) {
            VectorRecord record = request.record;
            long bytes = 200L + 2L * record.id().length();
            if (record.vector() != null) {
                bytes += 20L * record.vector().indices().length + record.fields().length();
                bytes += record.text() == null ? 0 : record.text().length();
            }
            return bytes;
        }

        @Override
        public long termsLeftOut() {
            BatchClient<Object> prepared = client;
            return prepared == null ? 0 : prepared.termsLeftOut();
        }

        /** Batches before the target is prepared are retried, by the thread that sends. */
        @Override
        public CompletableFuture<List<Outcome>> send(List<Request> batch) {
            BatchClient<Object> prepared = client;
            if (prepared == null) {
                return CompletableFuture.supplyAsync(
                        () -> {
                            prepare();
                            return Collections.nCopies(
                                    batch.size(), Outcome.retry("it was unavailable until now"));
                        },
                        task -> new Thread(task, "prepare " + context.identity()).start());
            }
            List<Object> requests = new ArrayList<>(batch.size());
            Outcome[] outcomes = new Outcome[batch.size()];
            List<Integer> positions = new ArrayList<>(batch.size());
            for (int i = 0; i < outcomes.length; i++) {
                Request request = batch.get(i);
                String rejection = preparedSink.rejection(request.record);
                if (rejection != null) {
                    outcomes[i] = Outcome.rejected(rejection);
                    continue;
                }
                if (request.converted == null) {
                    request.converted = prepared.request(request.record);
                }
                requests.add(request.converted);
                positions.add(i);
            }
            if (requests.isEmpty()) {
                return CompletableFuture.completedFuture(List.of(outcomes));
            }
            return prepared.send(requests)
                    .thenApply(
                            answers -> {
                                for (int i = 0; i < answers.size(); i++) {
                                    outcomes[positions.get(i)] = answers.get(i);
                                }
                                return List.of(outcomes);
                            });
        }

        @SuppressWarnings("unchecked")
        private synchronized void prepare() {
            if (client != null) {
                return; // by another batch in flight
            }
            try {
                preparedSink = sink.prepare(context, StartMode.RESUME);
                client = (BatchClient<Object>) preparedSink.client();
            } catch (UnreachableException e) {
                throw new CompletionException(new IOException(e.getMessage(), e));
            }
        }

        @Override
        public void close() {
            BatchClient<Object> prepared = client;
            if (prepared != null) {
                prepared.close();
            }
        }
    }
}

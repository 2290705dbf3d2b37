package io.github.flinksplade.connector;

import java.io.IOException;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;
import org.apache.flink.annotation.Internal;

/**
 * The sink of a server that was unavailable when the job resumed: the first batch that reaches the
 * server prepares the target.
 */
@Internal
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

    /** A change, and its request as soon as there is a client. */
    private static final class Request {

        private final VectorRecord record;
        private Object request;

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

        /** An estimate, because the request of the server is not known yet. */
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
        public long droppedTerms() {
            BatchClient<Object> prepared = client;
            return prepared == null ? 0 : prepared.droppedTerms();
        }

        /** Batches that arrive before the target is prepared are retried. */
        @Override
        public CompletableFuture<List<Outcome>> send(List<Request> batch) {
            BatchClient<Object> prepared = client;
            if (prepared == null) {
                return CompletableFuture.supplyAsync(
                        () -> {
                            prepare();
                            return Collections.nCopies(
                                    batch.size(), Outcome.retry("the server was unavailable"));
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
                if (request.request == null) {
                    request.request = prepared.request(request.record);
                }
                requests.add(request.request);
                positions.add(i);
            }
            if (requests.isEmpty()) {
                return CompletableFuture.completedFuture(List.of(outcomes));
            }
            return prepared.send(requests)
                    .thenApply(
                            responses -> {
                                for (int i = 0; i < responses.size(); i++) {
                                    outcomes[positions.get(i)] = responses.get(i);
                                }
                                return List.of(outcomes);
                            });
        }

        @SuppressWarnings("unchecked")
        private synchronized void prepare() {
            if (client != null) {
                return; // prepared by another batch in flight
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

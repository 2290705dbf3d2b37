package io.github.flinksplade.pipeline.internal;

import io.github.flinksplade.connector.BatchClient;
import io.github.flinksplade.connector.BatchOptions;
import io.github.flinksplade.connector.BatchTarget;
import io.github.flinksplade.connector.Outcome;
import io.github.flinksplade.connector.StartMode;
import io.github.flinksplade.connector.TargetContext;
import io.github.flinksplade.connector.UnreachableException;
import io.github.flinksplade.connector.VectorRecord;
import java.io.IOException;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;

/**
 * A server that was away when a job that goes on was started: the task that writes to it checks it
 * before the first batch.
 */
public record AwayTarget(BatchTarget target) implements BatchTarget {

    private static final long serialVersionUID = 1L;

    @Override
    public void check(TargetContext context, StartMode start) {
        target.check(context, start);
    }

    @Override
    public String rejection(VectorRecord record) {
        return target.rejection(record);
    }

    @Override
    public int maxParallelism() {
        return target.maxParallelism();
    }

    @Override
    public BatchOptions batching() {
        return target.batching();
    }

    @Override
    public BatchClient<?> client(TargetContext context) {
        return new Unchecked<>(target.client(context), context);
    }

    private final class Unchecked<R> implements BatchClient<R> {

        private final BatchClient<R> client;
        private final TargetContext context;
        private volatile boolean checked;

        Unchecked(BatchClient<R> client, TargetContext context) {
            this.client = client;
            this.context = context;
        }

        @Override
        public R request(VectorRecord record) {
            return client.request(record);
        }

        @Override
        public long sizeInBytes(R request) {
            return client.sizeInBytes(request);
        }

        @Override
        public long termsLeftOut() {
            return client.termsLeftOut();
        }

        /** The batches before the check are sent again after it, by the thread that sends. */
        @Override
        public CompletableFuture<List<Outcome>> send(List<R> batch) {
            if (checked) {
                return client.send(batch);
            }
            return CompletableFuture.supplyAsync(
                    () -> {
                        check();
                        checked = true;
                        return Collections.nCopies(
                                batch.size(), Outcome.retry("it was away until now"));
                    },
                    task -> new Thread(task, "check of " + context.name()).start());
        }

        private void check() {
            try {
                target.check(context, StartMode.RESUME);
            } catch (UnreachableException e) {
                throw new CompletionException(new IOException(e.getMessage(), e));
            }
        }

        @Override
        public void close() {
            client.close();
        }
    }
}

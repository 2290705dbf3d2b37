package io.github.flinksplade.bench;

import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import io.github.flinksplade.connector.SourceRecord;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Map;
import java.util.Queue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicIntegerArray;
import java.util.concurrent.atomic.AtomicLongArray;

/** Provides documents in phases, and records when their vectors arrive. */
final class JobFeed extends Feed {

    private static final long POLL_MILLIS = 100;

    private final Queue<Queued> queue = new ConcurrentLinkedQueue<>();
    private final Map<String, Phase> phases = new ConcurrentHashMap<>();
    private volatile CompletableFuture<Void> available = new CompletableFuture<>();

    JobFeed(String name) {
        super(name);
    }

    /** A document that the source has not emitted yet. */
    private record Queued(Phase phase, int index) {}

    /** Some documents, and when each was emitted and arrived, by {@link System#nanoTime}. */
    final class Phase {
        private final SourceRecord[] records;
        private final AtomicLongArray emitted;
        private final AtomicLongArray arrived;
        private final AtomicIntegerArray arrivals;
        private final CountDownLatch missing;

        private Phase(String id, List<String> texts, int documents) {
            records = new SourceRecord[documents];
            for (int i = 0; i < documents; i++) {
                String json =
                        JsonNodeFactory.instance
                                .objectNode()
                                .put("id", id + "/" + i)
                                .put("text", texts.get(i % texts.size()))
                                .toString();
                records[i] = SourceRecord.of(id, i, null, json.getBytes(StandardCharsets.UTF_8));
            }
            emitted = new AtomicLongArray(documents);
            arrived = new AtomicLongArray(documents);
            arrivals = new AtomicIntegerArray(documents);
            missing = new CountDownLatch(documents);
        }

        int size() {
            return records.length;
        }

        /** Queues a document for the source, which emits it as soon as the job accepts it. */
        void offer(int index) {
            queue.add(new Queued(this, index));
            available.complete(null);
        }

        /**
         * Waits until all documents have arrived.
         *
         * @param job completed when the job ends, which must not happen before
         * @throws IOException when a document became a dead letter, or the job ended
         */
        void await(Future<?> job) throws IOException, InterruptedException {
            while (!missing.await(POLL_MILLIS, TimeUnit.MILLISECONDS)) {
                requireRunning(job);
            }
        }

        long arrived(int index) {
            return arrived.get(index);
        }

        /** From the first emission to the last arrival, in seconds. */
        double seconds() {
            long first = Long.MAX_VALUE;
            long last = Long.MIN_VALUE;
            long origin = emitted.get(0); // nanoTime may be negative: only differences count
            for (int i = 0; i < records.length; i++) {
                first = Math.min(first, emitted.get(i) - origin);
                last = Math.max(last, arrived.get(i) - origin);
            }
            return (last - first) / 1e9;
        }

        private void arrive(int index, long nanos) {
            if (arrivals.incrementAndGet(index) == 1) {
                arrived.set(index, nanos);
                missing.countDown();
            }
        }
    }

    /**
     * Creates a phase with new documents; its id is part of theirs.
     *
     * @param texts the texts of the documents, repeated if there are fewer
     */
    Phase phase(String id, List<String> texts, int documents) {
        Phase phase = new Phase(id, texts, documents);
        if (phases.putIfAbsent(id, phase) != null) {
            throw new IllegalStateException("the phase " + id + " already exists");
        }
        return phase;
    }

    @Override
    SourceRecord poll() {
        Queued next = queue.poll();
        if (next == null) {
            return null;
        }
        next.phase().emitted.set(next.index(), System.nanoTime());
        return next.phase().records[next.index()];
    }

    @Override
    CompletableFuture<Void> available() {
        if (available.isDone()) {
            available = new CompletableFuture<>();
        }
        // checked after the future exists, so that a later document completes it
        return queue.isEmpty() ? available : CompletableFuture.completedFuture(null);
    }

    @Override
    void arrive(String id) {
        long now = System.nanoTime();
        int slash = id.lastIndexOf('/');
        phases.get(id.substring(0, slash)).arrive(Integer.parseInt(id.substring(slash + 1)), now);
    }

    /**
     * Checks all phases, after each has been awaited.
     *
     * @throws IOException when a document has not arrived exactly once
     */
    void requireEachOnce() throws IOException {
        for (Map.Entry<String, Phase> phase : phases.entrySet()) {
            AtomicIntegerArray arrivals = phase.getValue().arrivals;
            for (int i = 0; i < arrivals.length(); i++) {
                if (arrivals.get(i) != 1) {
                    throw new IOException(
                            "document "
                                    + phase.getKey()
                                    + "/"
                                    + i
                                    + " arrived "
                                    + arrivals.get(i)
                                    + " times");
                }
            }
        }
    }
}

package io.github.flinksplade.connector;

import java.io.IOException;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.HashSet;
import java.util.Iterator;
import java.util.List;
import java.util.Set;
import java.util.concurrent.CompletionException;
import java.util.concurrent.ThreadLocalRandom;
import org.apache.flink.annotation.Internal;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Collects changes into batches, sends these to a server, and handles the responses.
 *
 * <p>A batch is sent as soon as fewer than {@link BatchOptions#inFlight} are in flight. So a change
 * for an idle server is sent immediately, and batches fill up while the server is busy. A batch
 * stays in flight until each of its changes is written, superseded or rejected, including all
 * retries; until then no other change of the same ids is sent. So changes of one id reach the
 * server one after the other, in their order.
 *
 * <p>Not thread-safe. Responses are handled in the owner thread, through the {@link Scheduler}.
 *
 * @param <R> a request, see {@link BatchClient}
 */
@Internal
final class BatchQueue<R> implements AutoCloseable {

    private static final Logger LOG = LoggerFactory.getLogger(BatchQueue.class);

    /** Max number of waiting batches: enough that the next one is full. */
    private static final int MAX_WAITING_BATCHES = 2;

    private static final long INITIAL_DELAY_MILLIS = 100;
    private static final long MAX_DELAY_MILLIS = 10_000;
    private static final long MAX_REQUESTED_DELAY_MILLIS = 10 * 60_000;
    private static final long LOG_INTERVAL_NANOS = 60_000_000_000L;

    /** Is notified of the outcome of batches and changes. */
    interface Listener {
        void batchSent(int records, long bytes, long millis, boolean isRetry);

        /**
         * @param eventTime the time that was passed with the change
         */
        void written(VectorRecord record, long eventTime);

        void superseded(VectorRecord record);

        void rejected(VectorRecord record, Class<?> failure, String message);
    }

    /** Runs an action in the owner thread after a delay. */
    interface Scheduler {
        void schedule(long delayMillis, Runnable action);
    }

    private record Entry<R>(VectorRecord record, long eventTime, R request, long bytes) {}

    private final String sink;
    private final BatchClient<R> client;
    private final BatchOptions options;
    private final Listener listener;
    private final Scheduler scheduler;

    private final Deque<Entry<R>> waiting = new ArrayDeque<>();
    private final Set<String> idsInFlight = new HashSet<>();
    private long waitingBytes;
    private int inFlight;

    /** Changes that are waiting or in flight; only the owner thread changes it. */
    private volatile int pending;

    /** Since when the server is unavailable, in nanoseconds; undefined while it is available. */
    private long unavailableSince;

    private volatile boolean isUnavailable;
    private long lastLoggedAt;

    private BatchQueue(
            String sink,
            BatchClient<R> client,
            BatchOptions options,
            Listener listener,
            Scheduler scheduler) {
        this.sink = sink;
        this.client = client;
        this.options = options;
        this.listener = listener;
        this.scheduler = scheduler;
    }

    static <R> BatchQueue<R> of(
            String sink,
            BatchClient<R> client,
            BatchOptions options,
            Listener listener,
            Scheduler scheduler) {
        return new BatchQueue<>(sink, client, options, listener, scheduler);
    }

    /**
     * Adds a change. The caller must then wait while the queue is {@link #isFull full}.
     *
     * @param eventTime passed to the listener
     */
    void add(VectorRecord record, long eventTime) {
        R request = client.request(record);
        Entry<R> entry = new Entry<>(record, eventTime, request, client.sizeInBytes(request));
        pending(1);
        waiting.addLast(entry);
        waitingBytes += entry.bytes();
        sendReady();
    }

    boolean isFull() {
        return waiting.size() >= (long) MAX_WAITING_BATCHES * options.records()
                || waitingBytes >= MAX_WAITING_BATCHES * options.bytes();
    }

    /** Whether all changes are written, superseded or rejected. */
    boolean isEmpty() {
        return waiting.isEmpty() && inFlight == 0;
    }

    /** The number of changes that are waiting or in flight; may be called by any thread. */
    int pending() {
        return pending;
    }

    private void pending(int change) {
        pending = pending + change;
    }

    /** How long the server has been unavailable; may be called by any thread. */
    long unavailableSeconds() {
        return isUnavailable ? (System.nanoTime() - unavailableSince) / 1_000_000_000L : 0;
    }

    private void sendReady() {
        while (inFlight < options.inFlight()) {
            List<Entry<R>> batch = nextBatch();
            if (batch.isEmpty()) {
                return;
            }
            inFlight++;
            new Batch(batch).send();
        }
    }

    /** The oldest changes without another change of their id in flight, as many as fit. */
    private List<Entry<R>> nextBatch() {
        List<Entry<R>> batch = new ArrayList<>();
        long bytes = 0;
        Set<String> skippedIds = new HashSet<>();
        Iterator<Entry<R>> oldestFirst = waiting.iterator();
        while (oldestFirst.hasNext() && batch.size() < options.records()) {
            Entry<R> entry = oldestFirst.next();
            String id = entry.record().id();
            if (skippedIds.contains(id) || idsInFlight.contains(id)) {
                skippedIds.add(id);
                continue;
            }
            if (!batch.isEmpty() && bytes + entry.bytes() > options.bytes()) {
                break;
            }
            idsInFlight.add(id);
            batch.add(entry);
            bytes += entry.bytes();
            oldestFirst.remove();
        }
        waitingBytes -= bytes;
        return batch;
    }

    /** A batch in flight. */
    private final class Batch {

        /** The parts that are not sent successfully yet. */
        private final Deque<List<Entry<R>>> parts = new ArrayDeque<>();

        private int attempt;

        /** The time of the first failure in nanoseconds; undefined before. */
        private long failingSince;

        Batch(List<Entry<R>> batch) {
            parts.push(batch);
        }

        void send() {
            List<Entry<R>> part = parts.peek();
            List<R> requests = new ArrayList<>(part.size());
            long bytes = 0;
            for (Entry<R> entry : part) {
                requests.add(entry.request());
                bytes += entry.bytes();
            }
            long start = System.nanoTime();
            long size = bytes;
            client.send(requests)
                    .whenComplete(
                            (outcomes, failure) ->
                                    scheduler.schedule(
                                            0,
                                            () -> {
                                                listener.batchSent(
                                                        part.size(),
                                                        size,
                                                        (System.nanoTime() - start) / 1_000_000,
                                                        attempt > 0);
                                                handleResponse(outcomes, failure);
                                            }));
        }

        private void handleResponse(List<Outcome> outcomes, Throwable thrown) {
            List<Entry<R>> part = parts.pop();
            if (thrown == null) {
                handleOutcomes(part, outcomes);
                return;
            }
            Throwable failure = cause(thrown);
            if (failure instanceof BatchRejectedException) {
                markAvailable();
                if (part.size() == 1) {
                    reject(part.get(0), ConnectorException.class, failure.getMessage());
                } else {
                    parts.push(part.subList(part.size() / 2, part.size()));
                    parts.push(part.subList(0, part.size() / 2));
                }
                continueOrRelease(0);
            } else if (failure instanceof ConnectorException fatal) {
                throw fatal;
            } else if (failure instanceof Error error) {
                throw error;
            } else {
                markUnavailable(reason(failure));
                retry(part, reason(failure), requestedDelayMillis(failure));
            }
        }

        private void handleOutcomes(List<Entry<R>> part, List<Outcome> outcomes) {
            if (outcomes.size() != part.size()) {
                throw new IllegalStateException(
                        "the client returned "
                                + outcomes.size()
                                + " outcomes for "
                                + part.size()
                                + " changes");
            }
            List<Entry<R>> retries = new ArrayList<>();
            String reason = null;
            for (int i = 0; i < part.size(); i++) {
                Entry<R> entry = part.get(i);
                Outcome outcome = outcomes.get(i);
                switch (outcome.kind()) {
                    case WRITTEN -> {
                        listener.written(entry.record(), entry.eventTime());
                        release(entry);
                    }
                    case SUPERSEDED -> {
                        listener.superseded(entry.record());
                        release(entry);
                    }
                    case REJECTED -> reject(entry, ConnectorException.class, outcome.message());
                    case RETRY -> {
                        retries.add(entry);
                        reason = outcome.message();
                    }
                }
            }
            if (retries.size() < part.size()) {
                markAvailable();
            } else {
                markUnavailable(reason);
            }
            if (retries.isEmpty()) {
                continueOrRelease(0);
            } else {
                retry(retries, reason, 0);
            }
        }

        private void retry(List<Entry<R>> part, String reason, long minDelayMillis) {
            long now = System.nanoTime();
            if (attempt == 0) {
                failingSince = now;
            }
            long failing =
                    now
                            - (isUnavailable && unavailableSince < failingSince
                                    ? unavailableSince
                                    : failingSince);
            if (options.outage() == BatchOptions.Outage.DEAD_LETTERS
                    && failing >= options.outageAfter().toNanos()) {
                String message =
                        "the sink has not accepted any change for "
                                + failing / 1_000_000_000L
                                + " s: "
                                + reason;
                part.forEach(entry -> reject(entry, IOException.class, message));
                continueOrRelease(0);
                return;
            }
            parts.push(part);
            long delay = Math.min(MAX_DELAY_MILLIS, INITIAL_DELAY_MILLIS << Math.min(attempt, 10));
            attempt++;
            // jitter, so that subtasks do not retry all at once
            long wait = delay / 2 + ThreadLocalRandom.current().nextLong(delay / 2 + 1);
            continueOrRelease(Math.max(wait, minDelayMillis));
        }

        private void continueOrRelease(long delayMillis) {
            if (parts.isEmpty()) {
                inFlight--;
                sendReady();
            } else if (delayMillis == 0) {
                send();
            } else {
                scheduler.schedule(delayMillis, this::send);
            }
        }

        private void reject(Entry<R> entry, Class<?> failure, String message) {
            listener.rejected(entry.record(), failure, message);
            release(entry);
        }

        private void release(Entry<R> entry) {
            idsInFlight.remove(entry.record().id());
            pending(-1);
        }
    }

    private void markAvailable() {
        if (isUnavailable) {
            isUnavailable = false;
            LOG.warn(
                    "Sink {} is available again after {} s.",
                    sink,
                    (System.nanoTime() - unavailableSince) / 1_000_000_000L);
        }
    }

    private void markUnavailable(String reason) {
        long now = System.nanoTime();
        if (!isUnavailable) {
            unavailableSince = now;
            lastLoggedAt = now - LOG_INTERVAL_NANOS;
            isUnavailable = true;
        }
        if (now - lastLoggedAt >= LOG_INTERVAL_NANOS) {
            lastLoggedAt = now;
            LOG.warn("Sink {} is unavailable, retrying: {}", sink, reason);
        }
    }

    /** The delay that the server requests, up to a max: an invalid header must not stop the job. */
    private static long requestedDelayMillis(Throwable failure) {
        return failure instanceof RetryLaterException retryLater
                ? Math.min(retryLater.delay().toMillis(), MAX_REQUESTED_DELAY_MILLIS)
                : 0;
    }

    /** The message of a failure, which many failures of connections do not have. */
    private static String reason(Throwable failure) {
        return failure.getMessage() != null
                ? failure.getMessage()
                : "no connection (" + failure.getClass().getSimpleName() + ")";
    }

    private static Throwable cause(Throwable failure) {
        Throwable cause = failure;
        while (cause instanceof CompletionException && cause.getCause() != null) {
            cause = cause.getCause();
        }
        return cause;
    }

    @Override
    public void close() {
        client.close();
    }
}

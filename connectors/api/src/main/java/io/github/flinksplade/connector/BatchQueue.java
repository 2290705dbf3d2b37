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
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Changes on their way to a server: gathers them into batches, sends these, and acts on the
 * answers.
 *
 * <p>A batch leaves as soon as fewer than {@link BatchOptions#inFlight} are under way: to an idle
 * server a change goes at once, for a busy one a fuller batch is waiting when it has time. A batch
 * stays under way until each of its changes is written, superseded or refused, however often it has
 * to be sent; until then no other change of the same ids is sent. So changes of one id reach the
 * server one after the other, in their order.
 *
 * <p>Used by one thread, which the answers come back to through the {@link Later}.
 *
 * @param <R> a change in the server's form
 */
final class BatchQueue<R> implements AutoCloseable {

    private static final Logger LOG = LoggerFactory.getLogger(BatchQueue.class);

    /** Waiting batches beyond those under way: enough that the next one is full. */
    private static final int BATCHES_WAITING = 2;

    private static final long FIRST_DELAY_MILLIS = 100;
    private static final long LONGEST_DELAY_MILLIS = 10_000;
    private static final long LONGEST_REQUESTED_DELAY_MILLIS = 10 * 60_000;
    private static final long TOLD_EVERY_NANOS = 60_000_000_000L;

    /** Is told what becomes of the changes. */
    interface Sent {
        void batch(int records, long bytes, long millis, boolean repeated);

        void written(VectorRecord record);

        void superseded(VectorRecord record);

        void refused(VectorRecord record, Class<?> failure, String message);
    }

    /** Runs an action on the queue's thread, after some milliseconds. */
    interface Later {
        void run(long millis, Runnable action);
    }

    private record Entry<R>(VectorRecord record, R request, long bytes) {}

    private final String sink;
    private final BatchClient<R> client;
    private final BatchOptions options;
    private final Sent sent;
    private final Later later;

    private final Deque<Entry<R>> waiting = new ArrayDeque<>();
    private final Set<String> idsUnderWay = new HashSet<>();
    private long waitingBytes;
    private int underWay;

    /** When the server was found away, in nanoseconds; meaningless while it is there. */
    private long awaySince;

    private volatile boolean away;
    private long toldAt;

    private BatchQueue(
            String sink, BatchClient<R> client, BatchOptions options, Sent sent, Later later) {
        this.sink = sink;
        this.client = client;
        this.options = options;
        this.sent = sent;
        this.later = later;
    }

    static <R> BatchQueue<R> of(
            String sink, BatchClient<R> client, BatchOptions options, Sent sent, Later later) {
        return new BatchQueue<>(sink, client, options, sent, later);
    }

    /**
     * Takes a change; the caller sees to it that the queue is not {@link #isFull full} for long.
     */
    void add(VectorRecord record) {
        R request = client.request(record);
        Entry<R> entry = new Entry<>(record, request, client.sizeInBytes(request));
        waiting.addLast(entry);
        waitingBytes += entry.bytes();
        sendWhatMay();
    }

    boolean isFull() {
        return waiting.size() >= (long) BATCHES_WAITING * options.records()
                || waitingBytes >= BATCHES_WAITING * options.bytes();
    }

    /** Whether everything that was added is written or refused. */
    boolean isEmpty() {
        return waiting.isEmpty() && underWay == 0;
    }

    /** How long the server has been away, by any thread's clock. */
    long unavailableSeconds() {
        return away ? (System.nanoTime() - awaySince) / 1_000_000_000L : 0;
    }

    private void sendWhatMay() {
        while (underWay < options.inFlight()) {
            List<Entry<R>> batch = nextBatch();
            if (batch.isEmpty()) {
                return;
            }
            underWay++;
            new Shipment(batch).send();
        }
    }

    /** The oldest changes whose ids are free, as many as fit. */
    private List<Entry<R>> nextBatch() {
        List<Entry<R>> batch = new ArrayList<>();
        long bytes = 0;
        Set<String> passedOver = new HashSet<>();
        Iterator<Entry<R>> oldestFirst = waiting.iterator();
        while (oldestFirst.hasNext() && batch.size() < options.records()) {
            Entry<R> entry = oldestFirst.next();
            String id = entry.record().id();
            if (passedOver.contains(id) || idsUnderWay.contains(id)) {
                passedOver.add(id);
                continue;
            }
            if (!batch.isEmpty() && bytes + entry.bytes() > options.bytes()) {
                break;
            }
            idsUnderWay.add(id);
            batch.add(entry);
            bytes += entry.bytes();
            oldestFirst.remove();
        }
        waitingBytes -= bytes;
        return batch;
    }

    /** A batch under way. */
    private final class Shipment {

        /** What is still to be sent, part by part. */
        private final Deque<List<Entry<R>>> parts = new ArrayDeque<>();

        private int attempt;

        /**
         * When one of its changes was first to be sent again, in nanoseconds; of no meaning before.
         */
        private long failingSince;

        Shipment(List<Entry<R>> batch) {
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
                                    later.run(
                                            0,
                                            () -> {
                                                sent.batch(
                                                        part.size(),
                                                        size,
                                                        (System.nanoTime() - start) / 1_000_000,
                                                        attempt > 0);
                                                settle(outcomes, failure);
                                            }));
        }

        private void settle(List<Outcome> outcomes, Throwable thrown) {
            List<Entry<R>> part = parts.pop();
            if (thrown == null) {
                settleEach(part, outcomes);
                return;
            }
            Throwable failure = cause(thrown);
            if (failure instanceof BatchRejectedException) {
                isThere();
                if (part.size() == 1) {
                    refuse(part.get(0), ConnectorException.class, failure.getMessage());
                } else {
                    parts.push(part.subList(part.size() / 2, part.size()));
                    parts.push(part.subList(0, part.size() / 2));
                }
                goOn(0);
            } else if (failure instanceof ConnectorException stop) {
                throw stop;
            } else if (failure instanceof Error error) {
                throw error;
            } else {
                isAway(reason(failure));
                tryAgain(part, reason(failure), requestedDelayMillis(failure));
            }
        }

        private void settleEach(List<Entry<R>> part, List<Outcome> outcomes) {
            if (outcomes.size() != part.size()) {
                throw new IllegalStateException(
                        outcomes.size() + " outcomes of " + part.size() + " changes");
            }
            List<Entry<R>> again = new ArrayList<>();
            String reason = null;
            for (int i = 0; i < part.size(); i++) {
                Entry<R> entry = part.get(i);
                Outcome outcome = outcomes.get(i);
                switch (outcome.kind()) {
                    case WRITTEN -> {
                        sent.written(entry.record());
                        idsUnderWay.remove(entry.record().id());
                    }
                    case SUPERSEDED -> {
                        sent.superseded(entry.record());
                        idsUnderWay.remove(entry.record().id());
                    }
                    case REJECTED -> refuse(entry, ConnectorException.class, outcome.message());
                    case RETRY -> {
                        again.add(entry);
                        reason = outcome.message();
                    }
                }
            }
            if (again.size() < part.size()) {
                isThere();
            } else {
                isAway(reason);
            }
            if (again.isEmpty()) {
                goOn(0);
            } else {
                tryAgain(again, reason, 0);
            }
        }

        private void tryAgain(List<Entry<R>> part, String reason, long minDelayMillis) {
            long now = System.nanoTime();
            if (attempt == 0) {
                failingSince = now;
            }
            long failing = now - (away && awaySince < failingSince ? awaySince : failingSince);
            if (options.outage() == BatchOptions.Outage.DEAD_LETTERS
                    && failing >= options.outageAfter().toNanos()) {
                String message =
                        "the target has taken nothing for "
                                + failing / 1_000_000_000L
                                + " s: "
                                + reason;
                part.forEach(entry -> refuse(entry, IOException.class, message));
                goOn(0);
                return;
            }
            parts.push(part);
            long delay =
                    Math.min(LONGEST_DELAY_MILLIS, FIRST_DELAY_MILLIS << Math.min(attempt, 10));
            attempt++;
            // half of it by chance, so that subtasks do not come back all at once
            long wait = delay / 2 + ThreadLocalRandom.current().nextLong(delay / 2 + 1);
            goOn(Math.max(wait, minDelayMillis));
        }

        private void goOn(long delayMillis) {
            if (parts.isEmpty()) {
                underWay--;
                sendWhatMay();
            } else if (delayMillis == 0) {
                send();
            } else {
                later.run(delayMillis, this::send);
            }
        }

        private void refuse(Entry<R> entry, Class<?> failure, String message) {
            sent.refused(entry.record(), failure, message);
            idsUnderWay.remove(entry.record().id());
        }
    }

    private void isThere() {
        if (away) {
            away = false;
            LOG.warn(
                    "VectorSink {} takes changes again, after {} s.",
                    sink,
                    (System.nanoTime() - awaySince) / 1_000_000_000L);
        }
    }

    private void isAway(String reason) {
        long now = System.nanoTime();
        if (!away) {
            awaySince = now;
            toldAt = now - TOLD_EVERY_NANOS;
            away = true;
        }
        if (now - toldAt >= TOLD_EVERY_NANOS) {
            toldAt = now;
            LOG.warn("VectorSink {} does not take changes, trying again: {}", sink, reason);
        }
    }

    /** What the server asks for, up to a limit: a wrong header must not stop the job. */
    private static long requestedDelayMillis(Throwable failure) {
        return failure instanceof RetryLaterException later
                ? Math.min(later.delay().toMillis(), LONGEST_REQUESTED_DELAY_MILLIS)
                : 0;
    }

    /** Many failures of connections have no message. */
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

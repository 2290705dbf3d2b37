package io.github.flinksplade.encoder;

import io.github.flinksplade.encoder.engine.Engine;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.PriorityQueue;
import java.util.function.IntFunction;

/**
 * A device whose batches cost what is known, and a queue before it, in simulated time: nothing
 * sleeps, no clock is read. A worker that becomes free takes the queue's next batch, as {@link
 * MicroBatcher}'s do. Times are in microseconds. For the tests of other modules too.
 */
public final class SimulatedDevice {

    /** What a batch costs: so much a call, and so much for each token, padding included. */
    public static final long CALL = 1000;

    public static final long TOKEN = 10;

    public static final long NEVER = Long.MAX_VALUE;

    /** A document, and what became of it. */
    public static final class Document {
        final int number;
        final int tokens;
        final long arrives;
        final long cancelled;

        /** Whether a worker had nothing to do when it arrived. */
        boolean foundFreeWorker;

        /** Batches begun before it arrived. */
        int begunBefore;

        /**
         * How many batches it takes until it is in one if each length is batched for itself, in
         * order of arrival, as the limits were when it arrived.
         */
        int atMost;

        /** Documents that had arrived before it and waited still. */
        int ahead;

        /** Its batch's place among all, from 0; -1 when it was in none. */
        int batch = -1;

        int timesEncoded;

        public Document(int number, int tokens, long arrives, long cancelled) {
            this.number = number;
            this.tokens = tokens;
            this.arrives = arrives;
            this.cancelled = cancelled;
        }

        /** Batches begun since it arrived, until and with its own. */
        int waitedFor() {
            return batch - begunBefore + 1;
        }

        @Override
        public String toString() {
            return number + " (" + tokens + " tokens, at " + arrives + ")";
        }
    }

    /** A batch, and the document that had waited longest when it was made. */
    public record Batch(
            long starts, Engine.Limits limits, Document oldest, List<Document> documents) {

        int longest() {
            return documents.stream().mapToInt(document -> document.tokens).max().orElse(0);
        }

        long padded() {
            return (long) longest() * documents.size();
        }

        long tokens() {
            return documents.stream().mapToLong(document -> document.tokens).sum();
        }

        long cost() {
            return CALL + TOKEN * padded();
        }
    }

    /** What hands out batches. */
    private interface Queue {
        void add(Document document);

        List<Document> next(Engine.Limits limits);
    }

    public enum Order {
        PLANNER,
        /** In the order of arrival, a batch cut where the limits end. */
        ARRIVAL,
        /** All that waits sorted by length, and cut likewise. */
        SORTED
    }

    public final List<Document> documents;
    public final List<Batch> batches = new ArrayList<>();

    /** Moments at which a worker had nothing to do though documents waited. */
    final List<Long> idleWhileWaiting = new ArrayList<>();

    /** When the last batch ended. */
    public long now;

    private final int workers;
    private final Queue queue;
    private final IntFunction<Engine.Limits> limits;
    private final LinkedHashSet<Document> waiting = new LinkedHashSet<>();
    private final int[] waitingByLength;

    private SimulatedDevice(
            Order order, IntFunction<Engine.Limits> limits, List<Document> documents) {
        this.documents = documents;
        this.limits = limits;
        workers = limits.apply(0).workers();
        queue =
                switch (order) {
                    case PLANNER -> planner();
                    case ARRIVAL -> cut(Comparator.comparingInt(document -> document.number));
                    case SORTED -> cut(Comparator.comparingInt(document -> document.tokens));
                };
        waitingByLength =
                new int
                        [1
                                + documents.stream()
                                        .mapToInt(document -> document.tokens)
                                        .max()
                                        .orElse(0)];
    }

    /**
     * Runs until all is done.
     *
     * @param limits of each batch, by its place from 0; the number of workers of the first counts
     * @param documents in the order of their arrival; what becomes of them is noted on them, and
     *     replaces what became of them in an earlier run
     */
    public static SimulatedDevice run(
            Order order, IntFunction<Engine.Limits> limits, List<Document> documents) {
        SimulatedDevice device = new SimulatedDevice(order, limits, documents);
        device.run();
        return device;
    }

    private void run() {
        PriorityQueue<Long> ends = new PriorityQueue<>();
        int arrived = 0;
        while (arrived < documents.size() || !ends.isEmpty()) {
            long arrival = arrived < documents.size() ? documents.get(arrived).arrives : NEVER;
            now = Math.min(arrival, ends.isEmpty() ? NEVER : ends.peek());
            while (!ends.isEmpty() && ends.peek() == now) {
                ends.poll();
            }
            while (arrived < documents.size() && documents.get(arrived).arrives == now) {
                arrive(documents.get(arrived++), ends.size() < workers);
            }
            while (ends.size() < workers && begin()) {
                ends.add(now + batches.get(batches.size() - 1).cost());
            }
            if (ends.size() < workers && oldest() != null) {
                idleWhileWaiting.add(now);
            }
        }
    }

    private void arrive(Document document, boolean freeWorker) {
        document.foundFreeWorker = freeWorker;
        document.begunBefore = batches.size();
        document.ahead = waiting.size();
        document.atMost = 0;
        document.batch = -1;
        document.timesEncoded = 0;
        waiting.add(document);
        waitingByLength[document.tokens]++;
        Engine.Limits now = limits.apply(batches.size());
        for (int tokens = 0; tokens < waitingByLength.length; tokens++) {
            int room =
                    Math.max(
                            1, Math.min(now.maxDocuments(), now.maxTokens() / Math.max(1, tokens)));
            document.atMost += (waitingByLength[tokens] + room - 1) / room;
        }
        queue.add(document);
    }

    /** Begins a batch, if the queue gives one. */
    private boolean begin() {
        Engine.Limits limits = this.limits.apply(batches.size());
        Document oldest = oldest();
        List<Document> batch = queue.next(limits);
        for (Document document : batch) {
            document.batch = batches.size();
            document.timesEncoded++;
            leave(document);
        }
        return !batch.isEmpty() && batches.add(new Batch(now, limits, oldest, batch));
    }

    /** The document that has waited longest, cancelled ones left out; null where there is none. */
    private Document oldest() {
        while (!waiting.isEmpty()) {
            Document oldest = waiting.iterator().next();
            if (oldest.cancelled > now) {
                return oldest;
            }
            leave(oldest);
        }
        return null;
    }

    private void leave(Document document) {
        if (waiting.remove(document)) {
            waitingByLength[document.tokens]--;
        }
    }

    /** The share of padding in all tokens that were computed. */
    public double padding() {
        return 1 - (double) batches.stream().mapToLong(Batch::tokens).sum() / padded();
    }

    private long padded() {
        return batches.stream().mapToLong(Batch::padded).sum();
    }

    /** What the batches cost in all, as if one after the other. */
    long work() {
        return batches.stream().mapToLong(Batch::cost).sum();
    }

    private Queue planner() {
        BatchPlanner<Document> planner =
                new BatchPlanner<>(
                        document -> document.tokens, document -> document.cancelled <= now);
        return new Queue() {
            @Override
            public void add(Document document) {
                planner.add(document);
            }

            @Override
            public List<Document> next(Engine.Limits limits) {
                return planner.next(limits);
            }
        };
    }

    private Queue cut(Comparator<Document> order) {
        PriorityQueue<Document> sorted = new PriorityQueue<>(order);
        return new Queue() {
            @Override
            public void add(Document document) {
                sorted.add(document);
            }

            @Override
            public List<Document> next(Engine.Limits limits) {
                List<Document> batch = new ArrayList<>();
                int longest = 0;
                while (!sorted.isEmpty()) {
                    Document document = sorted.peek();
                    longest = Math.max(longest, document.tokens);
                    long padded = (batch.size() + 1L) * longest;
                    boolean fits =
                            batch.size() < limits.maxDocuments() && padded <= limits.maxTokens();
                    if (!batch.isEmpty()
                            && !(fits && alike(limits, batch.get(0).tokens, document.tokens))) {
                        break;
                    }
                    batch.add(sorted.poll());
                }
                return batch;
            }
        };
    }

    private static boolean alike(Engine.Limits limits, int tokens, int otherTokens) {
        return tokens == otherTokens || !limits.equalLengths();
    }

    /**
     * The least that the documents can cost in all, in whatever batches: the cheapest way to cut
     * them, sorted by length, into batches within the limits. No other batches can cost less, since
     * exchanging documents until each batch holds neighbours makes none of them longer.
     */
    public static long leastWork(List<Document> documents, Engine.Limits limits) {
        int[] tokens = documents.stream().mapToInt(document -> document.tokens).sorted().toArray();
        long[] least = new long[tokens.length + 1];
        for (int end = 1; end <= tokens.length; end++) {
            int longest = tokens[end - 1];
            least[end] = NEVER;
            for (int size = 1; size <= end; size++) {
                long padded = (long) size * longest;
                boolean fits = size <= limits.maxDocuments() && padded <= limits.maxTokens();
                if (size > 1 && !(fits && alike(limits, tokens[end - size], longest))) {
                    break;
                }
                least[end] = Math.min(least[end], least[end - size] + CALL + TOKEN * padded);
            }
        }
        return least[tokens.length];
    }
}

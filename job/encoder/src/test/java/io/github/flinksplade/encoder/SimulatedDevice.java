package io.github.flinksplade.encoder;

import io.github.flinksplade.encoder.engine.Engine;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.PriorityQueue;
import java.util.function.IntFunction;

/**
 * A device whose batches have known costs, with a queue, in simulated time: nothing sleeps, no
 * clock is read. A worker that becomes free takes the next batch, as those of {@link MicroBatcher}
 * do. Times are in microseconds. Also for the tests of other modules.
 */
public final class SimulatedDevice {

    /** The cost of a batch: per call, and per token, padding included. */
    public static final long CALL = 1000;

    public static final long TOKEN = 10;

    public static final long NEVER = Long.MAX_VALUE;

    /** A document, and how it was encoded. */
    public static final class Document {
        final int number;
        final int tokens;
        final long arrives;
        final long canceled;

        /** Whether a worker was idle when it arrived. */
        boolean foundFreeWorker;

        /** Batches that started before it arrived. */
        int batchesBefore;

        /**
         * Number of batches until it is in one if each length is batched separately, in order of
         * arrival, with the limits when it arrived.
         */
        int maxBatches;

        /** Documents that were waiting when it arrived. */
        int ahead;

        /** The index of its batch, from 0; -1 if it was in none. */
        int batch = -1;

        int timesEncoded;

        public Document(int number, int tokens, long arrives, long canceled) {
            this.number = number;
            this.tokens = tokens;
            this.arrives = arrives;
            this.canceled = canceled;
        }

        /** Batches that started since it arrived, its own included. */
        int waitedFor() {
            return batch - batchesBefore + 1;
        }

        @Override
        public String toString() {
            return number + " (" + tokens + " tokens, at " + arrives + ")";
        }
    }

    /** A batch, and the document that had waited longest when it was created. */
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

    /** Returns the next batch. */
    private interface Queue {
        void add(Document document);

        List<Document> next(Engine.Limits limits);
    }

    public enum Order {
        PLANNER,
        /** In order of arrival, up to the limits. */
        ARRIVAL,
        /** All waiting documents sorted by length, up to the limits. */
        SORTED
    }

    public final List<Document> documents;
    public final List<Batch> batches = new ArrayList<>();

    /** Times at which a worker was idle although documents were waiting. */
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
                    case ARRIVAL -> ordered(Comparator.comparingInt(document -> document.number));
                    case SORTED -> ordered(Comparator.comparingInt(document -> document.tokens));
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
     * Runs until all documents are encoded.
     *
     * @param limits of each batch, by its index; the number of workers of the first is used
     * @param documents in order of arrival; their mutable fields are overwritten
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
            while (ends.size() < workers && start()) {
                ends.add(now + batches.get(batches.size() - 1).cost());
            }
            if (ends.size() < workers && oldest() != null) {
                idleWhileWaiting.add(now);
            }
        }
    }

    private void arrive(Document document, boolean freeWorker) {
        document.foundFreeWorker = freeWorker;
        document.batchesBefore = batches.size();
        document.ahead = waiting.size();
        document.maxBatches = 0;
        document.batch = -1;
        document.timesEncoded = 0;
        waiting.add(document);
        waitingByLength[document.tokens]++;
        Engine.Limits now = limits.apply(batches.size());
        for (int tokens = 0; tokens < waitingByLength.length; tokens++) {
            int room =
                    Math.max(
                            1, Math.min(now.maxDocuments(), now.maxTokens() / Math.max(1, tokens)));
            document.maxBatches += (waitingByLength[tokens] + room - 1) / room;
        }
        queue.add(document);
    }

    /** Starts a batch, if the queue returns one. */
    private boolean start() {
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

    /** The document that has waited longest and is not canceled; null if there is none. */
    private Document oldest() {
        while (!waiting.isEmpty()) {
            Document oldest = waiting.iterator().next();
            if (oldest.canceled > now) {
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

    /** The fraction of all computed tokens that is padding. */
    public double padding() {
        return 1 - (double) batches.stream().mapToLong(Batch::tokens).sum() / padded();
    }

    private long padded() {
        return batches.stream().mapToLong(Batch::padded).sum();
    }

    /** The total cost of all batches. */
    long work() {
        return batches.stream().mapToLong(Batch::cost).sum();
    }

    private Queue planner() {
        BatchPlanner<Document> planner =
                new BatchPlanner<>(
                        document -> document.tokens, document -> document.canceled <= now);
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

    private Queue ordered(Comparator<Document> order) {
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
                            && !(fits
                                    && sameLength(limits, batch.get(0).tokens, document.tokens))) {
                        break;
                    }
                    batch.add(sorted.poll());
                }
                return batch;
            }
        };
    }

    private static boolean sameLength(Engine.Limits limits, int tokens, int otherTokens) {
        return tokens == otherTokens || !limits.equalLengths();
    }

    /**
     * The minimum total cost of the documents: the cheapest way to divide them, sorted by length,
     * into batches within the limits. No other batches cost less, because exchanging documents
     * until each batch is contiguous makes no batch longer.
     */
    public static long minWork(List<Document> documents, Engine.Limits limits) {
        int[] tokens = documents.stream().mapToInt(document -> document.tokens).sorted().toArray();
        long[] min = new long[tokens.length + 1];
        for (int end = 1; end <= tokens.length; end++) {
            int longest = tokens[end - 1];
            min[end] = NEVER;
            for (int size = 1; size <= end; size++) {
                long padded = (long) size * longest;
                boolean fits = size <= limits.maxDocuments() && padded <= limits.maxTokens();
                if (size > 1 && !(fits && sameLength(limits, tokens[end - size], longest))) {
                    break;
                }
                min[end] = Math.min(min[end], min[end - size] + CALL + TOKEN * padded);
            }
        }
        return min[tokens.length];
    }
}

package io.github.flinksplade.encoder;

import io.github.flinksplade.encoder.engine.Engine;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.TreeMap;
import java.util.function.Predicate;
import java.util.function.ToIntFunction;

/**
 * Selects the documents of the next batch. Documents wait in queues by their length. A batch is
 * built around the document that has waited longest, so that none starves: first others of its
 * length, then, if the engine pads, those of the nearest lengths, as long as the batch respects the
 * engine's limits and at most a quarter of its tokens is padding.
 *
 * <p>Thus a document waits for no more batches than if each length were batched separately, and a
 * batch is never empty while a document waits that is not abandoned. The cost of planning grows
 * with the size of the batch, not of the queue. Not thread-safe.
 *
 * @param <T> a document
 */
final class BatchPlanner<T> {

    private final LinkedHashSet<Waiting<T>> byArrival = new LinkedHashSet<>();
    private final TreeMap<Integer, ArrayDeque<Waiting<T>>> byLength = new TreeMap<>();
    private final ToIntFunction<T> length;
    private final Predicate<T> abandoned;

    /** Not a record: the same document may wait twice, so identity counts. */
    private static final class Waiting<T> {
        final T document;
        final int tokens;

        Waiting(T document, int tokens) {
            this.document = document;
            this.tokens = tokens;
        }
    }

    /**
     * @param length a document's number of tokens
     * @param abandoned whether nobody waits for the document any more, so that it is skipped.
     *     Called as late as possible; the result may change at any time
     */
    BatchPlanner(ToIntFunction<T> length, Predicate<T> abandoned) {
        this.length = length;
        this.abandoned = abandoned;
    }

    void add(T document) {
        Waiting<T> waiting = new Waiting<>(document, length.applyAsInt(document));
        byArrival.add(waiting);
        byLength.computeIfAbsent(waiting.tokens, tokens -> new ArrayDeque<>()).add(waiting);
    }

    /** Number of waiting documents. */
    int size() {
        return byArrival.size();
    }

    /** Removes all waiting documents. */
    List<T> drain() {
        List<T> all = new ArrayList<>(size());
        byArrival.forEach(waiting -> all.add(waiting.document));
        byArrival.clear();
        byLength.clear();
        return all;
    }

    /**
     * Removes the documents of the next batch; empty if none waits.
     *
     * @param limits the engine's limits, which may differ from one batch to the next
     */
    List<T> next(Engine.Limits limits) {
        List<T> batch = new ArrayList<>();
        Waiting<T> first = takeOldest();
        if (first == null) {
            return batch;
        }
        batch.add(first.document);
        int oldest = first.tokens;
        take(oldest, available(oldest, capacity(limits, oldest) - 1), batch);
        if (limits.equalLengths()) {
            return batch;
        }
        int longest = oldest;
        long tokens = (long) batch.size() * oldest;
        Integer shorter = byLength.lowerKey(oldest);
        Integer longer = byLength.higherKey(oldest);
        while (shorter != null || longer != null) {
            // a shorter document is padded itself, a longer one pads all those before it
            boolean isShorter =
                    longer == null
                            || shorter != null
                                    && longest - shorter
                                            <= (long) (longer - longest) * batch.size();
            int candidate = isShorter ? shorter : longer;
            int padded = Math.max(longest, candidate);
            int max = available(candidate, capacity(limits, padded) - batch.size());
            int taken = withinPadding(max, batch.size(), tokens, candidate, padded);
            take(candidate, taken, batch);
            if (taken > 0) {
                tokens += (long) taken * candidate;
                longest = padded;
            }
            // if some did not fit, lengths still further away cannot fit either
            boolean all = !byLength.containsKey(candidate);
            if (isShorter) {
                shorter = all ? byLength.lowerKey(candidate) : null;
            } else {
                longer = all ? byLength.higherKey(candidate) : null;
            }
        }
        return batch;
    }

    /** Max documents of a batch whose longest has this many tokens. */
    private static int capacity(Engine.Limits limits, int longest) {
        return Math.min(limits.maxDocuments(), limits.maxTokens() / Math.max(1, longest));
    }

    /**
     * How many of at most {@code max} documents of a length can be added so that at most a quarter
     * of the batch is padding: {@code 4 * (tokens + k * length) >= 3 * (documents + k) * padded}.
     */
    private static int withinPadding(int max, int documents, long tokens, int length, int padded) {
        long missing = 3L * documents * padded - 4 * tokens;
        long gainOfEach = 4L * length - 3L * padded;
        if (gainOfEach >= 0) {
            return max * gainOfEach >= missing ? max : 0;
        }
        return missing > 0 ? 0 : (int) Math.min(max, missing / gainOfEach);
    }

    /** Removes the document that has waited longest and is not abandoned; null if there is none. */
    private Waiting<T> takeOldest() {
        while (!byArrival.isEmpty()) {
            Waiting<T> oldest = byArrival.iterator().next();
            remove(oldest.tokens);
            if (!abandoned.test(oldest.document)) {
                return oldest;
            }
        }
        return null;
    }

    /**
     * Counts the documents of a length that are not abandoned, up to {@code max}. Removes abandoned
     * ones along the way, so that those counted are at the front of their queue.
     */
    private int available(int tokens, int max) {
        int available = 0;
        ArrayDeque<Waiting<T>> queue = byLength.get(tokens);
        if (queue != null) {
            Iterator<Waiting<T>> each = queue.iterator();
            while (available < max && each.hasNext()) {
                Waiting<T> waiting = each.next();
                if (abandoned.test(waiting.document)) {
                    each.remove();
                    byArrival.remove(waiting);
                } else {
                    available++;
                }
            }
            if (queue.isEmpty()) {
                byLength.remove(tokens);
            }
        }
        return available;
    }

    /** Moves the first {@code count} documents of a length to the batch. */
    private void take(int tokens, int count, List<T> batch) {
        for (int i = 0; i < count; i++) {
            batch.add(remove(tokens).document);
        }
    }

    /** Removes the first document of a length. */
    private Waiting<T> remove(int tokens) {
        ArrayDeque<Waiting<T>> queue = byLength.get(tokens);
        Waiting<T> first = queue.poll();
        byArrival.remove(first);
        if (queue.isEmpty()) {
            byLength.remove(tokens);
        }
        return first;
    }
}

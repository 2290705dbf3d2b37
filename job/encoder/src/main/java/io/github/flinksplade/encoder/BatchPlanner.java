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
 * Chooses what goes into the next batch. Documents wait in queues by their length. A batch is built
 * around the one that has waited longest, so that none starves: first others of its length, then,
 * where the engine pads, those of the nearest lengths, as long as the batch keeps the engine's
 * limits and at most a quarter of its tokens is padding.
 *
 * <p>So a document waits for no more batches than if each length were batched for itself, and a
 * batch is never empty while a document waits that is not abandoned. What a batch costs grows with
 * what is in it, not with what waits. Not thread-safe.
 *
 * @param <T> a document
 */
final class BatchPlanner<T> {

    private final LinkedHashSet<Waiting<T>> byArrival = new LinkedHashSet<>();
    private final TreeMap<Integer, ArrayDeque<Waiting<T>>> byLength = new TreeMap<>();
    private final ToIntFunction<T> length;
    private final Predicate<T> abandoned;

    /** Not a record: two that hold the same document are two. */
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
     * @param abandoned whether nobody waits for the document any more; it is then left out. Asked
     *     as late as possible, and what it says may change at any time
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

    /** How many documents wait. */
    int size() {
        return byArrival.size();
    }

    /** Takes all that waits. */
    List<T> drain() {
        List<T> all = new ArrayList<>(size());
        byArrival.forEach(waiting -> all.add(waiting.document));
        byArrival.clear();
        byLength.clear();
        return all;
    }

    /**
     * Takes the next batch; empty when nothing waits.
     *
     * @param limits what it may be; they may differ from one batch to the next
     */
    List<T> next(Engine.Limits limits) {
        List<T> batch = new ArrayList<>();
        Waiting<T> first = takeOldest();
        if (first == null) {
            return batch;
        }
        batch.add(first.document);
        int oldest = first.tokens;
        take(oldest, wanted(oldest, room(limits, oldest) - 1), batch);
        if (limits.equalLengths()) {
            return batch;
        }
        int longest = oldest;
        long tokens = (long) batch.size() * oldest;
        Integer shorter = byLength.lowerKey(oldest);
        Integer longer = byLength.higherKey(oldest);
        while (shorter != null || longer != null) {
            // a shorter document is padded itself, a longer one pads all those before it
            boolean down =
                    longer == null
                            || shorter != null
                                    && longest - shorter
                                            <= (long) (longer - longest) * batch.size();
            int candidate = down ? shorter : longer;
            int padded = Math.max(longest, candidate);
            int most = wanted(candidate, room(limits, padded) - batch.size());
            int taken = withinPadding(most, batch.size(), tokens, candidate, padded);
            take(candidate, taken, batch);
            if (taken > 0) {
                tokens += (long) taken * candidate;
                longest = padded;
            }
            // where some had to stay behind, those still further away need not be tried
            boolean all = !byLength.containsKey(candidate);
            if (down) {
                shorter = all ? byLength.lowerKey(candidate) : null;
            } else {
                longer = all ? byLength.higherKey(candidate) : null;
            }
        }
        return batch;
    }

    /** How many documents a batch may have whose longest has this many tokens. */
    private static int room(Engine.Limits limits, int longest) {
        return Math.min(limits.maxDocuments(), limits.maxTokens() / Math.max(1, longest));
    }

    /**
     * How many of {@code most} documents may be added so that at most a quarter of the batch is
     * padding: {@code 4 * (tokens + k * length) >= 3 * (documents + k) * padded}.
     */
    private static int withinPadding(int most, int documents, long tokens, int length, int padded) {
        long missing = 3L * documents * padded - 4 * tokens;
        long gainOfEach = 4L * length - 3L * padded;
        if (gainOfEach >= 0) {
            return most * gainOfEach >= missing ? most : 0;
        }
        return missing > 0 ? 0 : (int) Math.min(most, missing / gainOfEach);
    }

    /** Takes the wanted document that has waited longest; null where there is none. */
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
     * How many documents of a length are wanted, counted up to {@code most}. They stand at the
     * front of their queue then: the abandoned ones among them are left out.
     */
    private int wanted(int tokens, int most) {
        int wanted = 0;
        ArrayDeque<Waiting<T>> queue = byLength.get(tokens);
        if (queue != null) {
            Iterator<Waiting<T>> each = queue.iterator();
            while (wanted < most && each.hasNext()) {
                Waiting<T> waiting = each.next();
                if (abandoned.test(waiting.document)) {
                    each.remove();
                    byArrival.remove(waiting);
                } else {
                    wanted++;
                }
            }
            if (queue.isEmpty()) {
                byLength.remove(tokens);
            }
        }
        return wanted;
    }

    /** Adds the first {@code count} documents of a length to the batch. */
    private void take(int tokens, int count, List<T> batch) {
        for (int i = 0; i < count; i++) {
            batch.add(remove(tokens).document);
        }
    }

    /** Takes the first document of a length. */
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

package io.github.flinksplade.encoder;

import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.Predicate;
import java.util.function.ToIntFunction;

/**
 * Chooses what goes into the next batch. Documents wait in queues by their length. A batch is built
 * around the one that has waited longest, so that none starves: first others of its length, then,
 * where the engine pads, those of the nearest lengths, as long as the batch keeps the engine's
 * limits and at most a quarter of its tokens is padding.
 *
 * <p>A batch costs one look at each length that is waiting. Not thread-safe.
 *
 * @param <T> a document
 */
final class BatchPlanner<T> {

    private final TreeMap<Integer, ArrayDeque<Waiting<T>>> byLength = new TreeMap<>();
    private final ToIntFunction<T> length;
    private final Predicate<T> abandoned;
    private long arrivals;
    private int size;

    private record Waiting<T>(T document, long arrival) {}

    /**
     * @param length a document's number of tokens
     * @param abandoned whether nobody waits for the document any more; it is then left out
     */
    BatchPlanner(ToIntFunction<T> length, Predicate<T> abandoned) {
        this.length = length;
        this.abandoned = abandoned;
    }

    void add(T document) {
        byLength.computeIfAbsent(length.applyAsInt(document), tokens -> new ArrayDeque<>())
                .add(new Waiting<>(document, arrivals++));
        size++;
    }

    /** How many documents wait. */
    int size() {
        return size;
    }

    /** Takes all that waits. */
    List<T> drain() {
        List<T> all = new ArrayList<>(size);
        byLength.values().forEach(queue -> queue.forEach(waiting -> all.add(waiting.document())));
        byLength.clear();
        size = 0;
        return all;
    }

    /**
     * Takes the next batch; empty when nothing waits.
     *
     * @param limits what it may be; they may differ from one batch to the next
     */
    List<T> next(Engine.Limits limits) {
        List<T> batch = new ArrayList<>();
        Integer oldest = lengthOfOldest();
        if (oldest == null) {
            return batch;
        }
        take(oldest, Math.max(1, room(limits, oldest)), batch);
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
            int waiting = byLength.get(candidate).size();
            int padded = Math.max(longest, candidate);
            int most = Math.min(waiting, room(limits, padded) - batch.size());
            int before = batch.size();
            take(candidate, withinPadding(most, batch.size(), tokens, candidate, padded), batch);
            int taken = batch.size() - before;
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
        if (most <= 0) {
            return 0;
        }
        long missing = 3L * documents * padded - 4 * tokens;
        long gainOfEach = 4L * length - 3L * padded;
        if (gainOfEach >= 0) {
            return most * gainOfEach >= missing ? most : 0;
        }
        return missing > 0 ? 0 : (int) Math.min(most, missing / gainOfEach);
    }

    private void take(int tokens, int most, List<T> batch) {
        ArrayDeque<Waiting<T>> queue = byLength.get(tokens);
        for (int taken = 0; taken < most && !queue.isEmpty(); ) {
            T document = queue.poll().document();
            size--;
            if (!abandoned.test(document)) {
                batch.add(document);
                taken++;
            }
        }
        if (queue.isEmpty()) {
            byLength.remove(tokens);
        }
    }

    private Integer lengthOfOldest() {
        Integer oldest = null;
        long arrival = Long.MAX_VALUE;
        var lengths = byLength.entrySet().iterator();
        while (lengths.hasNext()) {
            Map.Entry<Integer, ArrayDeque<Waiting<T>>> queue = lengths.next();
            while (!queue.getValue().isEmpty()
                    && abandoned.test(queue.getValue().peek().document())) {
                queue.getValue().poll();
                size--;
            }
            if (queue.getValue().isEmpty()) {
                lengths.remove();
            } else if (queue.getValue().peek().arrival() < arrival) {
                arrival = queue.getValue().peek().arrival();
                oldest = queue.getKey();
            }
        }
        return oldest;
    }
}

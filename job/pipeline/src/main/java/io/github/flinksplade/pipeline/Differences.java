package io.github.flinksplade.pipeline;

import java.io.IOException;
import java.io.ObjectOutputStream;
import java.io.Serializable;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import org.apache.flink.api.common.accumulators.Accumulator;

/**
 * The differences that a {@link VerifyJob} has found, as its accumulator {@link #NAME}: the number
 * of each kind, and the first ones.
 *
 * <p>Thread-safe, because Flink serializes accumulators while the task adds to them.
 */
public final class Differences implements Accumulator<Difference, Differences.Found> {

    /** The accumulator's name. */
    public static final String NAME = "differences";

    private static final long serialVersionUID = 1L;

    private final int max;
    private final Map<Difference.Kind, Long> counts = new EnumMap<>(Difference.Kind.class);
    private final List<Difference> first = new ArrayList<>();

    /**
     * @param counts the number of differences of each kind that occurs
     * @param first the differences themselves, at most as many as the job was to list, in no
     *     particular order
     */
    public record Found(Map<Difference.Kind, Long> counts, List<Difference> first)
            implements Serializable {

        private static final long serialVersionUID = 1L;

        /** The number of all differences. */
        public long total() {
            return counts.values().stream().mapToLong(Long::longValue).sum();
        }
    }

    /**
     * @param max the max number of differences to list
     */
    public Differences(int max) {
        this.max = max;
    }

    @Override
    public synchronized void add(Difference difference) {
        counts.merge(difference.kind(), 1L, Long::sum);
        if (first.size() < max) {
            first.add(difference);
        }
    }

    @Override
    public synchronized Found getLocalValue() {
        return new Found(new EnumMap<>(counts), new ArrayList<>(first));
    }

    @Override
    public synchronized void resetLocal() {
        counts.clear();
        first.clear();
    }

    @Override
    public void merge(Accumulator<Difference, Found> other) {
        Found found = other.getLocalValue();
        synchronized (this) {
            found.counts().forEach((kind, count) -> counts.merge(kind, count, Long::sum));
            found.first().stream().limit(max - first.size()).forEach(first::add);
        }
    }

    @Override
    @SuppressWarnings("MethodDoesntCallSuperMethod")
    public synchronized Differences clone() {
        Differences copy = new Differences(max);
        copy.counts.putAll(counts);
        copy.first.addAll(first);
        return copy;
    }

    private synchronized void writeObject(ObjectOutputStream out) throws IOException {
        out.defaultWriteObject();
    }
}

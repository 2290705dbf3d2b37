package io.github.flinksplade.pipeline;

import java.io.IOException;
import java.io.ObjectOutputStream;
import java.io.Serializable;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.apache.flink.api.common.accumulators.Accumulator;

/**
 * What a user should know about the records of a job, by reason: dead letters, and documents
 * without effect that look like changes. An accumulator of the job under {@link #NAME}; it counts
 * since the job was last started or restored.
 *
 * <p>At most {@link #MAX_REASONS} reasons are listed; the others are counted together.
 *
 * <p>Thread-safe, because Flink serializes accumulators while the task adds to them.
 */
public final class Notices implements Accumulator<Notices.Entry, ArrayList<Notices.Entry>> {

    /** The accumulator's name. */
    public static final String NAME = "notices";

    /** The max number of reasons listed. */
    public static final int MAX_REASONS = 50;

    private static final long serialVersionUID = 1L;

    private static final String OTHERS = "others";

    private final LinkedHashMap<String, Entry> entries = new LinkedHashMap<>();

    /**
     * All occurrences of one reason.
     *
     * @param deadLetter whether the records became dead letters
     * @param key identifies the reason
     * @param summary the reason without the values of a single record
     * @param count number of records
     * @param position the position of the first record, see {@link
     *     io.github.flinksplade.connector.SourceRecord#position()}
     * @param detail the value in the first record; null if the summary is complete
     * @param hint what to do about it, as sentences; may be null
     */
    public record Entry(
            boolean deadLetter,
            String key,
            String summary,
            long count,
            String position,
            String detail,
            String hint)
            implements Serializable {

        private static final long serialVersionUID = 1L;

        private Entry plus(Entry later) {
            return new Entry(deadLetter, key, summary, count + later.count, position, detail, hint);
        }

        /** The same entry with another text for the position. */
        public Entry withPosition(String newPosition) {
            return new Entry(deadLetter, key, summary, count, newPosition, detail, hint);
        }

        /** {@code 2 x "text" is missing, first at nested.jsonl line 1}, with its detail. */
        public String withoutHint() {
            return String.format(Locale.ROOT, "%,d x %s, first at %s", count, summary, position)
                    + (detail == null ? "" : ": " + detail);
        }

        @Override
        public String toString() {
            String line = withoutHint();
            if (hint == null) {
                return line;
            }
            return line + (line.endsWith(".") ? " " : ". ") + hint;
        }
    }

    @Override
    public synchronized void add(Entry entry) {
        Entry existing = entries.get(entry.key());
        if (existing == null && entries.size() >= MAX_REASONS) {
            Entry other =
                    new Entry(
                            entry.deadLetter(),
                            OTHERS + "/" + entry.deadLetter(),
                            "other reasons",
                            entry.count(),
                            entry.position(),
                            entry.detail() == null ? entry.summary() : entry.detail(),
                            null);
            entries.merge(other.key(), other, Entry::plus);
        } else {
            entries.merge(entry.key(), entry, Entry::plus);
        }
    }

    /** The entries, the most frequent first. */
    @Override
    public synchronized ArrayList<Entry> getLocalValue() {
        ArrayList<Entry> sorted = new ArrayList<>(entries.values());
        sorted.sort((a, b) -> Long.compare(b.count(), a.count()));
        return sorted;
    }

    /** The entries of dead letters, the most frequent first. */
    public static List<Entry> deadLetters(List<Entry> entries) {
        return entries.stream().filter(Entry::deadLetter).toList();
    }

    /** The entries of documents without effect, the most frequent first. */
    public static List<Entry> others(List<Entry> entries) {
        return entries.stream().filter(entry -> !entry.deadLetter()).toList();
    }

    @Override
    public synchronized void resetLocal() {
        entries.clear();
    }

    @Override
    public void merge(Accumulator<Entry, ArrayList<Entry>> other) {
        other.getLocalValue().forEach(this::add);
    }

    @Override
    @SuppressWarnings("MethodDoesntCallSuperMethod")
    public synchronized Notices clone() {
        Notices copy = new Notices();
        copy.entries.putAll(entries);
        return copy;
    }

    private synchronized void writeObject(ObjectOutputStream out) throws IOException {
        out.defaultWriteObject();
    }

    /** One line per reason, for Flink's web interface. */
    @Override
    public synchronized String toString() {
        StringBuilder text = new StringBuilder();
        for (Map.Entry<String, Entry> entry : entries.entrySet()) {
            text.append(text.isEmpty() ? "" : "\n").append(entry.getValue());
        }
        return text.toString();
    }
}

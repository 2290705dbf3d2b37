package io.github.flinksplade.app;

import io.github.flinksplade.connector.Address;
import io.github.flinksplade.connector.BatchDelivery;
import io.github.flinksplade.pipeline.Counters;
import io.github.flinksplade.pipeline.JobDefinition;
import io.github.flinksplade.pipeline.JobDefinition.NamedSink;
import java.io.IOException;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.apache.flink.util.OptionalFailure;
import org.apache.flink.util.SerializedValue;

/** Tells how far a run is, in one line that is rewritten, and at its end what it did. */
final class RunReport {

    /** Rates are those of the last ten seconds. */
    private static final long WINDOW_NANOS = 10_000_000_000L;

    private static final long IDLE_NANOS = 750_000_000L;

    private record Sample(long nanos, long read, long tokens) {}

    private final Console console;
    private final JobDefinition job;
    private final List<String> targets;
    private final Address deadLetters;
    private final long total;
    private final long start = System.nanoTime();
    private final Deque<Sample> samples = new ArrayDeque<>();
    private boolean shown;
    private Counts last;
    private long lastNanos = start;

    /**
     * @param targets how to call the job's targets, in their order
     * @param total documents that there are to read, or -1 when that is not known
     */
    RunReport(
            Console console,
            JobDefinition job,
            List<String> targets,
            Address deadLetters,
            long total) {
        this.console = console;
        this.job = job;
        this.targets = targets;
        this.deadLetters = deadLetters;
        this.total = total;
    }

    /** Takes in the counters and rewrites the line, where there is a terminal to do it on. */
    void progress(Map<String, SerializedValue<OptionalFailure<Object>>> accumulators) {
        Counts counts = Counts.of(accumulators);
        long now = System.nanoTime();
        if (!counts.equals(last)) {
            last = counts;
            lastNanos = now;
        }
        if (!console.errTerminal()) {
            return;
        }
        Sample sample = new Sample(now, counts.get(Counters.READ), counts.get(Counters.TOKENS));
        if (!samples.isEmpty() && sample.read() < samples.getLast().read()) {
            samples.clear(); // the job began again
        }
        samples.add(sample);
        while (now - samples.getFirst().nanos() > WINDOW_NANOS) {
            samples.removeFirst();
        }
        console.err().print("\r\u001b[K" + line(counts));
        console.err().flush();
        shown = true;
    }

    /** Whether nothing has happened for a while. */
    boolean isIdle() {
        return last != null && System.nanoTime() - lastNanos > IDLE_NANOS;
    }

    private String line(Counts counts) {
        List<String> parts = new ArrayList<>();
        long read = counts.get(Counters.READ);
        parts.add(
                total > 0
                        ? String.format(Locale.ROOT, "%,d of %,d documents", read, total)
                        : String.format(Locale.ROOT, "%,d documents", read));
        Sample first = samples.getFirst();
        Sample latest = samples.getLast();
        double seconds = (latest.nanos() - first.nanos()) / 1e9;
        double documentRate = seconds > 0 ? (latest.read() - first.read()) / seconds : 0;
        if (seconds > 0) {
            parts.add(String.format(Locale.ROOT, "%.0f docs/s", documentRate));
            parts.add(
                    String.format(
                            Locale.ROOT,
                            "%.0f tokens/s",
                            (latest.tokens() - first.tokens()) / seconds));
        }
        long positions = counts.get(Counters.MODEL_POSITIONS);
        if (positions > 0) {
            parts.add(
                    String.format(
                            Locale.ROOT,
                            "padding %.0f %%",
                            100.0 - 100.0 * counts.get(Counters.MODEL_TOKENS) / positions));
        }
        parts.add("dead letters " + counts.get(Counters.DEAD_LETTERS));
        if (total > read && documentRate > 0) {
            long left = Math.round((total - read) / documentRate);
            parts.add(String.format(Locale.ROOT, "ETA %d:%02d", left / 60, left % 60));
        }
        return String.join(" | ", parts);
    }

    /** Removes the line, before something else is printed. */
    void clear() {
        if (shown) {
            console.err().print("\r\u001b[K");
            shown = false;
        }
    }

    /** What was done, always. */
    void summary(Map<String, SerializedValue<OptionalFailure<Object>>> accumulators) {
        Counts counts = Counts.of(accumulators);
        double seconds = (System.nanoTime() - start) / 1e9;
        long read = counts.get(Counters.READ);
        List<String> parts = new ArrayList<>();
        parts.add(String.format(Locale.ROOT, "read %,d", read));
        parts.add(String.format(Locale.ROOT, "encoded %,d", counts.get(Counters.ENCODED)));
        for (int i = 0; i < targets.size(); i++) {
            parts.add(
                    String.format(
                            Locale.ROOT,
                            "written %,d to %s",
                            counts.get(Counters.written(job.sinks().get(i).name())),
                            targets.get(i)));
        }
        parts.add(String.format(Locale.ROOT, "skipped %,d", counts.get(Counters.SKIPPED)));
        long superseded = counts.get(Counters.SUPERSEDED);
        for (NamedSink target : job.sinks()) {
            superseded += counts.get(BatchDelivery.superseded(target.name()));
        }
        parts.add(String.format(Locale.ROOT, "superseded %,d", superseded));
        parts.add(String.format(Locale.ROOT, "truncated %,d", counts.get(Counters.TRUNCATED)));
        parts.add(
                String.format(
                        Locale.ROOT,
                        "%.1f s, %.1f docs/s",
                        seconds,
                        seconds > 0 ? read / seconds : 0));
        console.err().println("Documents: " + String.join("; ", parts) + ".");
        long dead = counts.get(Counters.DEAD_LETTERS);
        console.err()
                .println(
                        String.format(Locale.ROOT, "Dead letters: %,d", dead)
                                + (dead == 0 ? "." : ", in " + deadLetters + "."));
    }

    /** The counters of a job. */
    private record Counts(Map<String, Long> values) {

        static Counts of(Map<String, SerializedValue<OptionalFailure<Object>>> accumulators) {
            Map<String, Long> values = new HashMap<>();
            accumulators.forEach(
                    (name, serialized) -> {
                        try {
                            Object value =
                                    serialized
                                            .deserializeValue(RunReport.class.getClassLoader())
                                            .getUnchecked();
                            if (value instanceof Number number) {
                                values.put(name, number.longValue());
                            }
                        } catch (IOException | ClassNotFoundException e) {
                            throw new IllegalStateException(
                                    "the counter " + name + " cannot be read", e);
                        }
                    });
            return new Counts(values);
        }

        long get(String name) {
            return values.getOrDefault(name, 0L);
        }
    }
}

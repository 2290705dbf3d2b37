package io.github.flinksplade.app.local;

import io.github.flinksplade.app.console.Console;
import io.github.flinksplade.app.console.Results;
import io.github.flinksplade.app.io.JsonLine;
import io.github.flinksplade.connector.BatchDelivery;
import io.github.flinksplade.connector.ConnectorUri;
import io.github.flinksplade.pipeline.Counters;
import io.github.flinksplade.pipeline.Notices;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.apache.flink.util.OptionalFailure;
import org.apache.flink.util.SerializedValue;

/**
 * Reports the progress of a run, in a line that is rewritten on a terminal and else printed once a
 * minute, and a summary at its end.
 */
final class RunReport {

    private static final long IDLE_NANOS = 750_000_000L;
    private static final long LOG_NANOS = 60_000_000_000L;
    private static final int BAR_WIDTH = 20;

    private final Console console;
    private final List<String> sinks;
    private final List<String> locations;
    private final ConnectorUri deadLetters;
    private final long total;
    private final boolean json;
    private final long start = System.nanoTime();
    private final SmoothedRate documentRate = new SmoothedRate();
    private final SmoothedRate tokenRate = new SmoothedRate();
    private boolean resumes;
    private boolean hasLine;
    private JobCounts last;
    private long lastNanos = start;
    private long loggedNanos = start;

    /**
     * @param sinks names of the sinks
     * @param locations URIs of the sinks for messages, in the same order
     * @param total number of documents to read, or -1 when it is not known
     * @param json whether the summary is also printed as JSON, as the result of the command
     * @param resumes whether the run resumes from a checkpoint, whose content is reported
     */
    RunReport(
            Console console,
            List<String> sinks,
            List<String> locations,
            ConnectorUri deadLetters,
            long total,
            boolean json,
            boolean resumes) {
        this.console = console;
        this.sinks = sinks;
        this.locations = locations;
        this.deadLetters = deadLetters;
        this.total = total;
        this.json = json;
        this.resumes = resumes;
    }

    /** Updates the counters from the accumulators and reports them if it is time. */
    void progress(Map<String, SerializedValue<OptionalFailure<Object>>> accumulators) {
        JobCounts counts = JobCounts.of(accumulators);
        long now = System.nanoTime();
        if (!counts.equals(last)) {
            last = counts;
            lastNanos = now;
        }
        reportResumption(counts);
        documentRate.update(now, done(counts));
        tokenRate.update(now, counts.get(Counters.TOKENS));
        if (console.showsProgressLine()) {
            console.err().print("\r\u001b[K" + line(counts, now));
            console.err().flush();
            hasLine = true;
        } else if (now - loggedNanos >= LOG_NANOS) {
            loggedNanos = now;
            console.info(line(counts, now));
        }
    }

    /**
     * Reports, once, what the restored checkpoint contains, as soon as the tasks have reported it.
     */
    private void reportResumption(JobCounts counts) {
        boolean isKnown = sinks.stream().allMatch(sink -> counts.contains(Counters.restored(sink)));
        if (!resumes || !isKnown) {
            return;
        }
        resumes = false;
        List<String> parts = new ArrayList<>();
        for (int i = 0; i < sinks.size(); i++) {
            parts.add(
                    String.format(
                            Locale.ROOT,
                            "%,d changes written to %s",
                            counts.get(Counters.restored(sinks.get(i))),
                            locations.get(i)));
        }
        clear();
        console.info("The checkpoint contains " + String.join(", ", parts) + ".");
    }

    /** Whether no counter has changed for a while. */
    boolean isIdle() {
        return last != null && System.nanoTime() - lastNanos > IDLE_NANOS;
    }

    /** Changes written to every sink: the count of the slowest. */
    private long written(JobCounts counts) {
        return sinks.stream().mapToLong(sink -> counts.get(Counters.written(sink))).min().orElse(0);
    }

    /** Documents that are complete: written, skipped, superseded or dead letters. */
    private long done(JobCounts counts) {
        return written(counts)
                + counts.get(Counters.SKIPPED)
                + counts.get(Counters.SUPERSEDED)
                + counts.get(Counters.DEAD_LETTERS);
    }

    private String line(JobCounts counts, long now) {
        List<String> parts = new ArrayList<>();
        long done = done(counts);
        if (total > 0) {
            int width = (int) Math.min(BAR_WIDTH, BAR_WIDTH * done / total);
            parts.add(
                    (console.errTerminal()
                                    ? "[" + "#".repeat(width) + ".".repeat(BAR_WIDTH - width) + "] "
                                    : "")
                            + String.format(
                                    Locale.ROOT,
                                    "%d %% of %,d documents",
                                    Math.min(100, 100 * done / total),
                                    total));
        }
        parts.add(String.format(Locale.ROOT, "%,d written", written(counts)));
        double rate = documentRate.perSecond();
        parts.add(String.format(Locale.ROOT, rate < 10 ? "%.1f docs/s" : "%.0f docs/s", rate));
        parts.add(String.format(Locale.ROOT, "%.0f tokens/s", tokenRate.perSecond()));
        parts.add(
                String.format(Locale.ROOT, "dead letters %,d", counts.get(Counters.DEAD_LETTERS)));
        parts.add(duration((now - start) / 1e9));
        if (total > done && rate > 0) {
            parts.add("ETA " + duration((total - done) / rate));
        }
        return String.join(" | ", parts);
    }

    private static String duration(double seconds) {
        long whole = Math.round(seconds);
        return whole < 3600
                ? String.format(Locale.ROOT, "%d:%02d", whole / 60, whole % 60)
                : String.format(
                        Locale.ROOT, "%d:%02d:%02d", whole / 3600, whole / 60 % 60, whole % 60);
    }

    /** Clears the progress line before something else is printed. */
    void clear() {
        if (hasLine) {
            console.err().print("\r\u001b[K");
            hasLine = false;
        }
    }

    /** The summary as one JSON object on one line. */
    String json() {
        JobCounts counts = last == null ? new JobCounts(Map.of()) : last;
        double seconds = (System.nanoTime() - start) / 1e9;
        Map<String, Long> written = new LinkedHashMap<>();
        for (int i = 0; i < sinks.size(); i++) {
            written.put(locations.get(i), counts.get(Counters.written(sinks.get(i))));
        }
        return JsonLine.object(
                "read",
                counts.get(Counters.READ),
                "encoded",
                counts.get(Counters.ENCODED),
                "written",
                written,
                "skipped",
                counts.get(Counters.SKIPPED),
                "superseded",
                superseded(counts),
                "truncated",
                counts.get(Counters.TRUNCATED),
                "dead_letters",
                counts.get(Counters.DEAD_LETTERS),
                "dead_letter_queue",
                deadLetters.toString(),
                "notices",
                counts.notices().stream().map(RunReport::json).toList(),
                "seconds",
                Math.round(seconds * 10) / 10.0,
                "documents_per_second",
                Math.round(written(counts) / seconds * 10) / 10.0);
    }

    static Map<String, Object> json(Notices.Entry entry) {
        Map<String, Object> json = new LinkedHashMap<>();
        json.put("dead_letter", entry.deadLetter());
        json.put("reason", entry.summary());
        json.put("count", entry.count());
        json.put("first_at", entry.position());
        if (entry.detail() != null) {
            json.put("detail", entry.detail());
        }
        return json;
    }

    private long superseded(JobCounts counts) {
        return counts.get(Counters.SUPERSEDED)
                + sinks.stream()
                        .mapToLong(sink -> counts.get(BatchDelivery.superseded(sink)))
                        .sum();
    }

    /** Prints the summary of an interrupted run from the last counters that arrived. */
    void lastSummary() {
        summary(last == null ? new JobCounts(Map.of()) : last);
    }

    /** Prints the summary of a run. */
    void summary(Map<String, SerializedValue<OptionalFailure<Object>>> accumulators) {
        last = JobCounts.of(accumulators);
        summary(last);
    }

    private void summary(JobCounts counts) {
        double seconds = (System.nanoTime() - start) / 1e9;
        long read = counts.get(Counters.READ);
        List<String> parts = new ArrayList<>();
        parts.add(String.format(Locale.ROOT, "read %,d", read));
        parts.add(String.format(Locale.ROOT, "encoded %,d", counts.get(Counters.ENCODED)));
        for (int i = 0; i < sinks.size(); i++) {
            parts.add(
                    String.format(
                            Locale.ROOT,
                            "written %,d to %s",
                            counts.get(Counters.written(sinks.get(i))),
                            locations.get(i)));
        }
        parts.add(String.format(Locale.ROOT, "skipped %,d", counts.get(Counters.SKIPPED)));
        parts.add(String.format(Locale.ROOT, "superseded %,d", superseded(counts)));
        parts.add(String.format(Locale.ROOT, "truncated %,d", counts.get(Counters.TRUNCATED)));
        parts.add(
                String.format(
                        Locale.ROOT,
                        "%.1f s, %.1f docs/s",
                        seconds,
                        seconds > 0 ? written(counts) / seconds : 0));
        console.info("Documents: " + String.join("; ", parts) + ".");
        reportTruncation(counts);
        List<String> lines =
                DeadLetterSummary.lines(
                        counts.get(Counters.DEAD_LETTERS), deadLetters, counts.notices());
        if (lines.size() == 1) {
            console.info(lines.get(0)); // no dead letters
        } else {
            lines.forEach(console.err()::println);
        }
        printJson();
    }

    private void printJson() {
        if (json) {
            Results results = new Results(console);
            results.line(json());
            results.flush();
        }
    }

    private void reportTruncation(JobCounts counts) {
        long truncated = counts.get(Counters.TRUNCATED);
        if (truncated > 0) {
            console.err()
                    .println(
                            String.format(
                                    Locale.ROOT,
                                    "Truncated: %,d documents; %.0f %% of all tokens were not"
                                            + " encoded. To encode them, use --long-documents max"
                                            + " (a vector per document) or passages (a vector per"
                                            + " passage).",
                                    truncated,
                                    100.0
                                            * counts.get(Counters.TRUNCATED_TOKENS)
                                            / counts.get(Counters.TOKENS)));
        }
    }

    /** Whether the sources have ended and no record was accepted. */
    boolean isAllRejected() {
        return last != null && last.get(Counters.ALL_REJECTED) > 0;
    }
}

package io.github.flinksplade.app.local;

import io.github.flinksplade.app.config.JobSettings;
import io.github.flinksplade.app.console.Console;
import io.github.flinksplade.app.console.ExitCode;
import io.github.flinksplade.app.console.Results;
import io.github.flinksplade.app.io.JsonLine;
import io.github.flinksplade.connector.ConnectorUri;
import io.github.flinksplade.connector.IndexedDocuments;
import io.github.flinksplade.pipeline.Counters;
import io.github.flinksplade.pipeline.Difference;
import io.github.flinksplade.pipeline.Difference.Kind;
import io.github.flinksplade.pipeline.Differences;
import io.github.flinksplade.pipeline.Notices;
import io.github.flinksplade.pipeline.VerifyJob;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.stream.Collectors;
import org.apache.flink.util.OptionalFailure;
import org.apache.flink.util.SerializedValue;

/**
 * Prints the progress of a comparison, the differences to standard output and a summary to standard
 * error.
 */
final class VerifyReport {

    private final Console console;
    private final JobSettings settings;
    private final IndexedDocuments index;
    private final List<String> notes;
    private final boolean json;
    private final long start = System.nanoTime();
    private boolean hasLine;

    /**
     * @param notes more sentences for the summary
     * @param json whether differences are printed as JSON
     */
    VerifyReport(
            Console console,
            JobSettings settings,
            IndexedDocuments index,
            List<String> notes,
            boolean json) {
        this.console = console;
        this.settings = settings;
        this.index = index;
        this.notes = notes;
        this.json = json;
    }

    /** Rewrites the progress line of a terminal. */
    void progress(Map<String, SerializedValue<OptionalFailure<Object>>> accumulators) {
        if (console.showsProgressLine()) {
            JobCounts counts = JobCounts.of(accumulators);
            console.err()
                    .print(
                            "\r\u001b[K"
                                    + String.format(
                                            Locale.ROOT,
                                            "%,d records of the index | %,d of the sources",
                                            counts.get(VerifyJob.INDEX_READ),
                                            counts.get(Counters.READ)));
            console.err().flush();
            hasLine = true;
        }
    }

    /** Clears the progress line before something else is printed. */
    void clear() {
        if (hasLine) {
            console.err().print("\r\u001b[K");
            hasLine = false;
        }
    }

    /**
     * Prints the result.
     *
     * @return {@link ExitCode#OK} or {@link ExitCode#FINDINGS}
     */
    int print(Map<String, SerializedValue<OptionalFailure<Object>>> accumulators) {
        JobCounts counts = JobCounts.of(accumulators);
        Differences.Found found = counts.value(Differences.NAME, Differences.Found.class);
        Results results = new Results(console);
        found.first().stream()
                .sorted(
                        Comparator.comparing(Difference::kind)
                                .thenComparing(Difference::id)
                                .thenComparing(Difference::detail))
                .forEach(difference -> results.line(line(difference)));
        results.flush();
        summary(counts, found);
        return found.total() == 0 ? ExitCode.OK : ExitCode.FINDINGS;
    }

    private String line(Difference difference) {
        String kind = difference.kind().name().toLowerCase(Locale.ROOT);
        if (json) {
            return JsonLine.object(
                    "difference", kind, "id", difference.id(), "detail", difference.detail());
        }
        String detail = difference.detail().isEmpty() ? "" : "\t" + difference.detail();
        // one line for each, whatever the id contains
        return kind + "\t" + (difference.id() + detail).replaceAll("[\\r\\n]", " ");
    }

    private void summary(JobCounts counts, Differences.Found found) {
        line(
                "Compared %,d documents of %s with %,d records of %s in %.1f s.",
                counts.get(VerifyJob.SOURCE_DOCUMENTS),
                settings.get(JobSettings.FROM).stream()
                        .map(ConnectorUri::toString)
                        .collect(Collectors.joining(", ")),
                counts.get(VerifyJob.INDEX_RECORDS),
                settings.get(JobSettings.TO).get(0),
                (System.nanoTime() - start) / 1e9);
        for (Kind kind : Kind.values()) {
            line(
                    "  %-8s %,9d   %s",
                    kind.name().toLowerCase(Locale.ROOT),
                    found.counts().getOrDefault(kind, 0L),
                    description(kind));
        }
        if (found.total() > found.first().size()) {
            line(
                    "Printed are %,d of %,d differences; --max-differences sets how many.",
                    found.first().size(), found.total());
        }
        count(
                counts.get(VerifyJob.DEAD_LETTERS),
                "documents differ because their last change is in the dead-letter queue.");
        count(
                counts.get(VerifyJob.UNREAD),
                "documents differ because the job has not read their last change yet.");
        count(
                counts.get(VerifyJob.VERSION_ONLY),
                "texts were not compared, because the index does not store them; their versions"
                        + " were.");
        count(
                counts.get(VerifyJob.NOT_COMPARED),
                "texts were not compared, because the index does not store them, and the source has"
                        + " no versions to compare: a stale vector is not found.");
        count(
                counts.get(VerifyJob.FIELDS_NOT_COMPARED),
                "records have no stored fields to compare.");
        if (!index.storesEncoders()) {
            line(
                    "The index stores one encoder for all documents, %s: vectors that were added"
                            + " with --allow-mixed-models are not found.",
                    index.provenance().fingerprint());
        }
        if (!index.storesEmptyVectors()) {
            line(
                    "The index does not store documents without terms: they are listed as"
                            + " missing.");
        }
        notes.forEach(note -> line("%s", note));
        notices("Records that the job rejects:", Notices.deadLetters(counts.notices()));
        notices("Please check:", Notices.others(counts.notices()));
    }

    private static String description(Kind kind) {
        return switch (kind) {
            case MISSING -> "in the source, not in the index";
            case EXTRA -> "in the index, not in the source";
            case STALE -> "with an older version, another text or other fields in the index";
            case NEWER -> "with a later version in the index";
            case ENCODER -> "with a vector of another encoder";
        };
    }

    private void notices(String heading, List<Notices.Entry> entries) {
        if (!entries.isEmpty()) {
            line("%s", heading);
            entries.forEach(entry -> line("  %s", entry));
        }
    }

    private void count(long number, String what) {
        if (number > 0) {
            line("%,d %s", number, what);
        }
    }

    private void line(String format, Object... values) {
        console.err().println(String.format(Locale.ROOT, format, values));
    }
}

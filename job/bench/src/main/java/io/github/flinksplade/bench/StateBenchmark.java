package io.github.flinksplade.bench;

import io.github.flinksplade.connector.Provenance;
import io.github.flinksplade.connector.SourceRecord;
import io.github.flinksplade.encoder.EncoderOptions;
import io.github.flinksplade.encoder.Progress;
import io.github.flinksplade.encoder.Role;
import io.github.flinksplade.encoder.SpladeEncoder;
import io.github.flinksplade.pipeline.JobDefinition;
import io.github.flinksplade.pipeline.JobDefinition.DocumentInput;
import io.github.flinksplade.pipeline.JobDefinition.NamedSink;
import io.github.flinksplade.pipeline.JobDefinition.NamedSource;
import io.github.flinksplade.pipeline.PipelineOptions;
import io.github.flinksplade.pipeline.SpladeJob;
import io.github.flinksplade.vector.JsonText;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Collections;
import java.util.EnumSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.Future;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Consumer;
import java.util.function.LongFunction;
import org.apache.flink.configuration.Configuration;
import org.apache.flink.configuration.RestartStrategyOptions;
import org.apache.flink.configuration.WebOptions;
import org.apache.flink.core.execution.RecoveryClaimMode;
import org.apache.flink.runtime.checkpoint.AbstractCheckpointStats;
import org.apache.flink.runtime.checkpoint.CheckpointStatsSnapshot;
import org.apache.flink.runtime.checkpoint.CompletedCheckpointStats;
import org.apache.flink.runtime.jobgraph.SavepointRestoreSettings;

/**
 * Measures the job's state at scale: its size per document, the throughput of one slot as it grows,
 * checkpoints and recovery. Source and sink are in memory.
 *
 * <p>The ids are random, so that reads and writes of the state are spread over all of it. Phases:
 *
 * <ol>
 *   <li>new documents, in tenths;
 *   <li>changes of a field, which are written with the stored vector (if vectors are stored);
 *   <li>the same documents again, which are skipped;
 *   <li>changes of the text;
 *   <li>a restart from the last checkpoint, until a new document arrives at the sink.
 * </ol>
 */
public final class StateBenchmark {

    private static final String FEED = "bench-state";
    private static final int SLICES = 10;
    private static final long POLL_MILLIS = 20;
    private static final double MEGABYTE = 1 << 20;

    private final String model;
    private final EncoderOptions options;
    private final List<String> texts;
    private final long documents;
    private final long changes;
    private final boolean keepVectors;
    private final Configuration flink;
    private final Progress progress;
    private final Consumer<String> progressListener;

    /**
     * @param texts repeated if there are fewer than documents, with a number at the end
     * @param documents number of ids
     * @param changes documents in each of the other phases; at most {@code documents}
     * @param keepVectors whether the state contains vectors
     * @param flink Flink's configuration, including the checkpoint interval and the state backend;
     *     parallelism must be 1
     * @param progressListener receives a line about each step
     */
    public StateBenchmark(
            String model,
            EncoderOptions options,
            List<String> texts,
            long documents,
            long changes,
            boolean keepVectors,
            Configuration flink,
            Progress progress,
            Consumer<String> progressListener) {
        if (documents < SLICES || changes < 1 || changes > documents) {
            throw new IllegalArgumentException(documents + " documents, " + changes + " changes");
        }
        this.model = model;
        this.options = options;
        this.texts = List.copyOf(texts);
        this.documents = documents;
        this.changes = changes;
        this.keepVectors = keepVectors;
        this.flink = new Configuration(flink);
        this.flink.set(RestartStrategyOptions.RESTART_STRATEGY, "none");
        this.flink.set(WebOptions.CHECKPOINTS_HISTORY_SIZE, 100_000);
        this.progress = progress;
        this.progressListener = progressListener;
    }

    /**
     * The throughput of a phase, or of a tenth of the first one.
     *
     * @param documents documents read
     */
    public record Phase(String name, long documents, double seconds, double docsPerSecond) {}

    /**
     * The state in a checkpoint.
     *
     * @param after the phase before
     * @param bytes size of all files that the checkpoint refers to
     * @param bytesPerDocument the same per id
     */
    public record StateSize(String after, long bytes, double bytesPerDocument) {}

    /**
     * The checkpoints of all phases.
     *
     * @param medianSeconds from the trigger to the completion
     * @param medianBytes what a checkpoint wrote
     */
    public record Checkpoints(
            int completed,
            int failed,
            double medianSeconds,
            double maxSeconds,
            double medianBytes,
            double maxBytes) {}

    /**
     * The restart from the last checkpoint.
     *
     * @param seconds from the submission to the arrival of a new document, including the start of
     *     the processes and the model
     * @param bytes size of the state
     */
    public record Recovery(double seconds, long bytes) {}

    /** The results with the machine and the run. */
    public record Report(
            Map<String, Object> machine,
            Map<String, Object> run,
            List<Phase> phases,
            List<StateSize> sizes,
            Checkpoints checkpoints,
            Recovery recovery)
            implements BenchmarkReport {

        /** {@code {"machine": {...}, "run": {...}, "phases": [...], "sizes": [...], ...}}. */
        @Override
        public String toJson() {
            return ReportJson.of(this);
        }

        @Override
        public BarChart toChart() {
            return new BarChart(
                    "State",
                    "documents per second",
                    phases.stream()
                            .map(one -> BarChart.Bar.of(one.name(), one.docsPerSecond()))
                            .toList());
        }

        @Override
        public String toText() {
            StringBuilder text = new StringBuilder();
            text.append(EncodeBenchmark.Report.line("machine", machine))
                    .append(EncodeBenchmark.Report.line("run", run));
            text.append(format("%n%-32s %12s %10s %10s%n", "", "documents", "seconds", "docs/s"));
            for (Phase phase : phases) {
                text.append(
                        format(
                                "%-32s %12d %10.1f %10.0f%n",
                                phase.name(),
                                phase.documents(),
                                phase.seconds(),
                                phase.docsPerSecond()));
            }
            text.append(format("%n%-32s %12s %18s%n", "state after", "MB", "bytes per document"));
            for (StateSize size : sizes) {
                text.append(
                        format(
                                "%-32s %12.1f %18.1f%n",
                                size.after(), size.bytes() / MEGABYTE, size.bytesPerDocument()));
            }
            text.append(
                    format(
                            "%n%d checkpoints, %d failed: median %.2f s and %.1f MB written, max %.2f"
                                    + " s and %.1f MB%n",
                            checkpoints.completed(),
                            checkpoints.failed(),
                            checkpoints.medianSeconds(),
                            checkpoints.medianBytes() / MEGABYTE,
                            checkpoints.maxSeconds(),
                            checkpoints.maxBytes() / MEGABYTE));
            text.append(
                    format(
                            "restart from %.1f MB: %.1f s%n",
                            recovery.bytes() / MEGABYTE, recovery.seconds()));
            return text.toString();
        }

        private static String format(String format, Object... arguments) {
            return String.format(Locale.ROOT, format, arguments);
        }
    }

    /**
     * Runs the benchmark.
     *
     * @throws IOException when the job fails or rejects a text
     */
    public Report run() throws Exception {
        JobDefinition definition = definition();
        List<Phase> phases = new ArrayList<>();
        List<StateSize> sizes = new ArrayList<>();
        try (DocumentFeed feed = new DocumentFeed()) {
            Checkpoints checkpoints;
            String last;
            try (RunningJob job = RunningJob.start(flink, definition)) {
                runPhases(feed, job, phases, sizes);
                last = job.checkpoint();
                checkpoints = checkpoints(job.checkpointStatistics());
            }
            progressListener.accept("restarting ...");
            long start = System.nanoTime();
            try (RunningJob job =
                    RunningJob.start(
                            flink,
                            definition,
                            SavepointRestoreSettings.forPath(
                                    last, false, RecoveryClaimMode.NO_CLAIM))) {
                feed.run(1, i -> document(documents + 2, "", null), 1, job.result());
                double seconds = (System.nanoTime() - start) / 1e9;
                long bytes =
                        job.checkpointStatistics().getLatestRestoredCheckpoint().getStateSize();
                return new Report(
                        Machine.facts(),
                        about(),
                        phases,
                        sizes,
                        checkpoints,
                        new Recovery(seconds, bytes));
            }
        }
    }

    private void runPhases(
            DocumentFeed feed, RunningJob job, List<Phase> phases, List<StateSize> sizes)
            throws Exception {
        feed.run(1, i -> document(documents, "", null), 1, job.result()); // opens the model
        for (int slice = 0; slice < SLICES; slice++) {
            long from = documents * slice / SLICES;
            long count = documents * (slice + 1) / SLICES - from;
            String name = "new documents, tenth " + (slice + 1);
            progressListener.accept(name + " ...");
            double seconds =
                    feed.run(count, i -> document(from + i, "", null), count, job.result());
            phases.add(new Phase(name, count, seconds, count / seconds));
        }
        addSize("new documents", job, sizes);

        long distance = documents / changes;
        LongFunction<SourceRecord> changedFields = i -> document(i * distance, "", "1");
        phases.add(phase("changes of a field", changedFields, changes, feed, job));
        // nothing arrives but the last one, which is new
        LongFunction<SourceRecord> unchanged =
                i -> i < changes - 1 ? changedFields.apply(i) : document(documents + 1, "", null);
        phases.add(phase("unchanged documents", unchanged, 1, feed, job));
        phases.add(
                phase(
                        "changes of the text",
                        i -> document(i * distance, " changed", "1"),
                        changes,
                        feed,
                        job));
        addSize("all changes", job, sizes);
    }

    private Phase phase(
            String name,
            LongFunction<SourceRecord> records,
            long arrivals,
            DocumentFeed feed,
            RunningJob job)
            throws Exception {
        progressListener.accept(name + " ...");
        double seconds = feed.run(changes, records, arrivals, job.result());
        return new Phase(name, changes, seconds, changes / seconds);
    }

    private void addSize(String after, RunningJob job, List<StateSize> sizes) throws Exception {
        job.checkpoint();
        long bytes =
                job.checkpointStatistics()
                        .getHistory()
                        .getLatestCompletedCheckpoint()
                        .getStateSize();
        sizes.add(new StateSize(after, bytes, (double) bytes / documents));
    }

    private static Checkpoints checkpoints(CheckpointStatsSnapshot statistics) {
        List<Double> seconds = new ArrayList<>();
        List<Double> bytes = new ArrayList<>();
        for (AbstractCheckpointStats checkpoint : statistics.getHistory().getCheckpoints()) {
            if (checkpoint instanceof CompletedCheckpointStats) {
                seconds.add(checkpoint.getEndToEndDuration() / 1e3);
                bytes.add((double) checkpoint.getCheckpointedSize());
            }
        }
        return new Checkpoints(
                seconds.size(),
                (int) statistics.getCounts().getNumberOfFailedCheckpoints(),
                EncodeBenchmark.median(seconds),
                Collections.max(seconds),
                EncodeBenchmark.median(bytes),
                Collections.max(bytes));
    }

    private Map<String, Object> about() {
        Map<String, Object> about = new LinkedHashMap<>();
        about.put("model", model);
        about.put("documents", documents);
        about.put("changes", changes);
        about.put("vectorsInState", keepVectors);
        return about;
    }

    private JobDefinition definition() {
        Provenance provenance;
        try (SpladeEncoder encoder =
                SpladeEncoder.open(model, options, EnumSet.of(Role.DOCUMENT), progress)) {
            provenance = SpladeJob.provenance(encoder);
        }
        return new JobDefinition(
                new DocumentInput(
                        List.of(new NamedSource("bench", new FeedSource(FEED))),
                        model,
                        options,
                        provenance),
                List.of(
                        new NamedSink(
                                new FeedSink(FEED),
                                SpladeJob.context(
                                        "bench", "bench", model, options, provenance, false),
                                null,
                                "bench")),
                new FeedSink.DeadLetters(FEED),
                PipelineOptions.builder().keepVectors(keepVectors).build());
    }

    private SourceRecord document(long number, String suffix, String field) {
        StringBuilder json = new StringBuilder(256).append("{\"id\":\"doc-");
        json.append(Long.toHexString(mix(number))).append("\",\"text\":");
        int text = (int) (number % texts.size());
        JsonText.appendString(json, texts.get(text) + " " + number / texts.size() + suffix);
        if (field != null) {
            json.append(",\"field\":").append(field);
        }
        byte[] value = json.append('}').toString().getBytes(StandardCharsets.UTF_8);
        return SourceRecord.of(FEED, number, null, value);
    }

    /** A one-to-one mixing function: the finalizer of MurmurHash3. */
    private static long mix(long number) {
        long x = number + 1;
        x = (x ^ x >>> 33) * 0xff51afd7ed558ccdL;
        x = (x ^ x >>> 33) * 0xc4ceb9fe1a85ec53L;
        return x ^ x >>> 33;
    }

    /** Generates the documents of one phase after the other, and counts the vectors. */
    private static final class DocumentFeed extends Feed {

        private final AtomicLong arrived = new AtomicLong();
        private volatile Batch batch = new Batch(0, null);
        private volatile CompletableFuture<Void> available = new CompletableFuture<>();

        /** Documents that are generated as they are read. */
        private static final class Batch {
            private final long count;
            private final LongFunction<SourceRecord> records;
            private long next;

            Batch(long count, LongFunction<SourceRecord> records) {
                this.count = count;
                this.records = records;
            }
        }

        DocumentFeed() {
            super(FEED);
        }

        /**
         * Provides documents, and waits until their vectors have arrived.
         *
         * @return the duration in seconds
         */
        double run(long count, LongFunction<SourceRecord> records, long arrivals, Future<?> job)
                throws IOException, InterruptedException {
            long expected = arrived.get() + arrivals;
            long start = System.nanoTime();
            batch = new Batch(count, records);
            available.complete(null);
            while (arrived.get() < expected) {
                requireRunning(job);
                TimeUnit.MILLISECONDS.sleep(POLL_MILLIS);
            }
            return (System.nanoTime() - start) / 1e9;
        }

        @Override
        SourceRecord poll() {
            Batch current = batch;
            return current.next < current.count ? current.records.apply(current.next++) : null;
        }

        @Override
        CompletableFuture<Void> available() {
            if (available.isDone()) {
                available = new CompletableFuture<>();
            }
            // checked after the future exists, so that a later batch completes it
            Batch current = batch;
            return current.next < current.count
                    ? CompletableFuture.completedFuture(null)
                    : available;
        }

        @Override
        void arrive(String id) {
            arrived.incrementAndGet();
        }
    }
}

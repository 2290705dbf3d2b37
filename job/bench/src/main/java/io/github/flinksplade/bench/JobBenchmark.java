package io.github.flinksplade.bench;

import com.sun.management.OperatingSystemMXBean;
import io.github.flinksplade.connector.Provenance;
import io.github.flinksplade.encoder.EncoderOptions;
import io.github.flinksplade.encoder.MicroBatcher;
import io.github.flinksplade.encoder.ModelFiles;
import io.github.flinksplade.encoder.ModelStore;
import io.github.flinksplade.encoder.Progress;
import io.github.flinksplade.encoder.Role;
import io.github.flinksplade.encoder.SpladeEncoder;
import io.github.flinksplade.pipeline.JobDefinition;
import io.github.flinksplade.pipeline.JobDefinition.DocumentInput;
import io.github.flinksplade.pipeline.JobDefinition.NamedSink;
import io.github.flinksplade.pipeline.JobDefinition.NamedSource;
import io.github.flinksplade.pipeline.PipelineOptions;
import io.github.flinksplade.pipeline.SpladeJob;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.EnumSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.OptionalInt;
import java.util.Random;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Consumer;
import org.apache.flink.configuration.Configuration;
import org.apache.flink.configuration.RestartStrategyOptions;

/**
 * Measures the throughput of the job relative to the encoder alone, which shows the overhead of
 * Flink, and the latency of a document from the source to the sink.
 *
 * <p>Throughput: both encode the same texts with the same model, options and threads, interleaved
 * in one process. The encoder receives all texts at once and is timed until the last vector is
 * complete. The job runs all the time, with parsing, change detection, sequencing, state and
 * checkpoints. In each round its source receives the same number of new documents at once, and it
 * is timed from the emission of the first document to the arrival of the last one at the sink.
 * Neither measurement starts or ends with a document in flight, or includes startup. The first
 * round of each is a warm-up.
 *
 * <p>Latency: documents are emitted in a deterministic Poisson process at a share of the job's
 * throughput, whether the job keeps up or not. The latency of a document is measured from its
 * intended emission to its arrival at the sink, so that delays of the job or of this benchmark
 * count too. The sink of the benchmark accepts a vector immediately; a sink that commits on
 * checkpoints adds the wait for the next checkpoint.
 */
public final class JobBenchmark {

    /** Shares of the job's throughput at which latency is measured. */
    private static final double[] LOADS = {.1, .5, .9};

    private static final double LATENCY_SECONDS = 20;
    private static final int MIN_DOCUMENTS = 100;
    private static final long SEED = 20;
    private static final String FEED = "bench";

    private final String model;
    private final EncoderOptions options;
    private final List<String> texts;
    private final int rounds;
    private final int latencyDocuments;
    private final Configuration flink;
    private final Progress progress;
    private final Consumer<String> progressListener;

    /**
     * @param texts the documents of a round, at least one
     * @param rounds measured rounds, after one warm-up round
     * @param latencyDocuments documents per load, the texts repeated; 0: those of 20 s, but at
     *     least 100
     * @param flink Flink's configuration, including the checkpoint interval; parallelism must be 1
     * @param progressListener receives a line about each step
     */
    public JobBenchmark(
            String model,
            EncoderOptions options,
            List<String> texts,
            int rounds,
            int latencyDocuments,
            Configuration flink,
            Progress progress,
            Consumer<String> progressListener) {
        this.model = model;
        this.options = options;
        this.texts = List.copyOf(texts);
        this.rounds = rounds;
        this.latencyDocuments = latencyDocuments;
        this.flink = new Configuration(flink);
        // the benchmark would wait forever for a document that is lost in a failure
        this.flink.set(RestartStrategyOptions.RESTART_STRATEGY, "none");
        this.progress = progress;
        this.progressListener = progressListener;
    }

    /**
     * Documents per second: median, minimum and maximum of the rounds.
     *
     * @param documents documents per round
     * @param encoderCpuMillis CPU time of all threads per document, in milliseconds
     * @param jobCpuMillis the same for the job
     * @param ratio median over the rounds of the job's rate divided by the encoder's
     */
    public record Throughput(
            int documents,
            double encoderDocsPerSecond,
            double encoderMinDocsPerSecond,
            double encoderMaxDocsPerSecond,
            double encoderCpuMillis,
            double jobDocsPerSecond,
            double jobMinDocsPerSecond,
            double jobMaxDocsPerSecond,
            double jobCpuMillis,
            double ratio) {}

    /**
     * Latencies at one load, in milliseconds.
     *
     * @param load share of the job's throughput
     * @param docsPerSecond mean rate of emission
     * @param documents number of documents
     */
    public record Latency(
            double load,
            double docsPerSecond,
            int documents,
            double p50,
            double p95,
            double p99,
            double max) {

        /** Percentiles by nearest rank. */
        static Latency of(double load, double docsPerSecond, double[] millis) {
            double[] sorted = millis.clone();
            Arrays.sort(sorted);
            return new Latency(
                    load,
                    docsPerSecond,
                    sorted.length,
                    rank(sorted, .5),
                    rank(sorted, .95),
                    rank(sorted, .99),
                    sorted[sorted.length - 1]);
        }

        private static double rank(double[] sorted, double share) {
            return sorted[Math.max(0, (int) Math.ceil(share * sorted.length) - 1)];
        }
    }

    /** The results with the machine and the model. */
    public record Report(
            Map<String, Object> machine,
            Map<String, Object> model,
            Throughput throughput,
            List<Latency> latency)
            implements BenchmarkReport {

        /**
         * {@code {"machine": {...}, "model": {...}, "throughput": {...}, "latency": [{...}, ...]}}.
         */
        @Override
        public String toJson() {
            return ReportJson.of(this);
        }

        @Override
        public BarChart toChart() {
            return new BarChart(
                    "Encoder and job",
                    "documents per second",
                    List.of(
                            new BarChart.Bar(
                                    "",
                                    "encoder",
                                    throughput.encoderDocsPerSecond(),
                                    throughput.encoderMinDocsPerSecond(),
                                    throughput.encoderMaxDocsPerSecond()),
                            new BarChart.Bar(
                                    "",
                                    "job",
                                    throughput.jobDocsPerSecond(),
                                    throughput.jobMinDocsPerSecond(),
                                    throughput.jobMaxDocsPerSecond())));
        }

        @Override
        public String toText() {
            StringBuilder text = new StringBuilder();
            text.append(EncodeBenchmark.Report.line("machine", machine))
                    .append(EncodeBenchmark.Report.line("model", model));
            Throughput t = throughput;
            text.append(
                    String.format(
                            Locale.ROOT,
                            "%n%-8s %8s %17s %7s %7s%n",
                            "",
                            "docs/s",
                            "(min..max)",
                            "CPU ms",
                            "ratio"));
            row(
                    text,
                    "encoder",
                    t.encoderDocsPerSecond,
                    t.encoderMinDocsPerSecond,
                    t.encoderMaxDocsPerSecond,
                    t.encoderCpuMillis,
                    1);
            row(
                    text,
                    "job",
                    t.jobDocsPerSecond,
                    t.jobMinDocsPerSecond,
                    t.jobMaxDocsPerSecond,
                    t.jobCpuMillis,
                    t.ratio);
            text.append(
                    String.format(
                            Locale.ROOT,
                            "%n%-8s %8s %9s %9s %9s %9s %9s%n",
                            "load",
                            "docs/s",
                            "documents",
                            "p50 ms",
                            "p95 ms",
                            "p99 ms",
                            "max ms"));
            for (Latency result : latency) {
                text.append(
                        String.format(
                                Locale.ROOT,
                                "%-8s %8.2f %9d %9.1f %9.1f %9.1f %9.1f%n",
                                Math.round(100 * result.load()) + " %",
                                result.docsPerSecond(),
                                result.documents(),
                                result.p50(),
                                result.p95(),
                                result.p99(),
                                result.max()));
            }
            return text.toString();
        }

        private static void row(
                StringBuilder text,
                String name,
                double rate,
                double min,
                double max,
                double cpuMillis,
                double ratio) {
            text.append(
                    String.format(
                            Locale.ROOT,
                            "%-8s %8.2f %17s %7.2f %7.3f%n",
                            name,
                            rate,
                            String.format(Locale.ROOT, "%.2f..%.2f", min, max),
                            cpuMillis,
                            ratio));
        }
    }

    /**
     * Runs the benchmark; measuring latencies takes at least a minute.
     *
     * @throws IOException when the job fails or rejects a text
     */
    public Report run() throws Exception {
        ModelFiles files = ModelStore.resolve(model, options, progress);
        progressListener.accept("measuring the rate of matrix multiplications ...");
        Machine machine =
                Machine.measure(
                        options.threads() > 0
                                ? options.threads()
                                : Runtime.getRuntime().availableProcessors(),
                        OptionalInt.empty());
        try (JobFeed feed = new JobFeed(FEED);
                SpladeEncoder encoder =
                        SpladeEncoder.open(model, options, EnumSet.of(Role.DOCUMENT), progress);
                MicroBatcher batcher = new MicroBatcher(encoder);
                RunningJob job = RunningJob.start(flink, definition(encoder))) {
            Throughput throughput = throughput(batcher, feed, job);
            List<Latency> latency = new ArrayList<>();
            for (double load : LOADS) {
                latency.add(latency(load, load * throughput.jobDocsPerSecond(), feed, job));
            }
            feed.requireEachOnce();
            Map<String, Object> about = new LinkedHashMap<>();
            about.put("name", model);
            about.put("sha256", files.sha256());
            about.put("precision", options.precision().name().toLowerCase(Locale.ROOT));
            about.put("texts", texts.size());
            about.put("rounds", rounds);
            return new Report(EncodeBenchmark.facts(machine), about, throughput, latency);
        }
    }

    private JobDefinition definition(SpladeEncoder encoder) {
        Provenance provenance = SpladeJob.provenance(encoder);
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
                PipelineOptions.defaults());
    }

    private Throughput throughput(MicroBatcher batcher, JobFeed feed, RunningJob job)
            throws IOException, InterruptedException {
        List<Round> encoderRounds = new ArrayList<>();
        List<Round> jobRounds = new ArrayList<>();
        List<Double> ratios = new ArrayList<>();
        for (int round = 0; round <= rounds; round++) {
            progressListener.accept(
                    round == 0 ? "warming up ..." : "round " + round + " of " + rounds + " ...");
            JobFeed.Phase phase = feed.phase("round-" + round, texts, texts.size());
            Round alone = encode(batcher);
            Round inJob = run(phase, job);
            if (round > 0) {
                encoderRounds.add(alone);
                jobRounds.add(inJob);
                ratios.add(inJob.rate() / alone.rate());
            }
        }
        return new Throughput(
                texts.size(),
                EncodeBenchmark.median(rates(encoderRounds)),
                Collections.min(rates(encoderRounds)),
                Collections.max(rates(encoderRounds)),
                EncodeBenchmark.median(encoderRounds.stream().map(Round::cpuMillis).toList()),
                EncodeBenchmark.median(rates(jobRounds)),
                Collections.min(rates(jobRounds)),
                Collections.max(rates(jobRounds)),
                EncodeBenchmark.median(jobRounds.stream().map(Round::cpuMillis).toList()),
                EncodeBenchmark.median(ratios));
    }

    /** Documents per second, and CPU time of this process per document. */
    private record Round(double rate, double cpuMillis) {}

    private static List<Double> rates(List<Round> rounds) {
        return rounds.stream().map(Round::rate).toList();
    }

    private Round encode(MicroBatcher batcher) {
        System.gc(); // so that no round collects the garbage of the one before
        long cpu = cpuNanos();
        long start = System.nanoTime();
        EncodeBenchmark.encodeAll(batcher, texts);
        double seconds = (System.nanoTime() - start) / 1e9;
        return new Round(texts.size() / seconds, (cpuNanos() - cpu) / 1e6 / texts.size());
    }

    private static Round run(JobFeed.Phase phase, RunningJob job)
            throws IOException, InterruptedException {
        System.gc();
        long cpu = cpuNanos();
        for (int i = 0; i < phase.size(); i++) {
            phase.offer(i);
        }
        phase.await(job.result());
        return new Round(phase.size() / phase.seconds(), (cpuNanos() - cpu) / 1e6 / phase.size());
    }

    private static long cpuNanos() {
        return ((OperatingSystemMXBean) ManagementFactory.getOperatingSystemMXBean())
                .getProcessCpuTime();
    }

    private Latency latency(double load, double rate, JobFeed feed, RunningJob job)
            throws IOException, InterruptedException {
        int documents =
                latencyDocuments > 0
                        ? latencyDocuments
                        : Math.max(MIN_DOCUMENTS, (int) Math.ceil(rate * LATENCY_SECONDS));
        String name = Math.round(100 * load) + " % load";
        progressListener.accept(
                String.format(
                        Locale.ROOT,
                        "latency at %s: %d documents, %.1f s ...",
                        name,
                        documents,
                        documents / rate));
        JobFeed.Phase phase = feed.phase(name, texts, documents);
        System.gc();
        long[] intended = arrivals(documents, rate, System.nanoTime());
        for (int i = 0; i < documents; i++) {
            await(intended[i]);
            phase.offer(i);
        }
        phase.await(job.result());
        double[] millis = new double[documents];
        for (int i = 0; i < documents; i++) {
            millis[i] = (phase.arrived(i) - intended[i]) / 1e6;
        }
        return Latency.of(load, rate, millis);
    }

    /** The times of a deterministic Poisson process in nanoseconds. */
    static long[] arrivals(int documents, double rate, long start) {
        Random random = new Random(SEED);
        long[] times = new long[documents];
        double seconds = 0;
        for (int i = 0; i < documents; i++) {
            seconds -= Math.log(1 - random.nextDouble()) / rate;
            times[i] = start + (long) (seconds * 1e9);
        }
        return times;
    }

    private static void await(long time) {
        for (long left = time - System.nanoTime(); left > 0; left = time - System.nanoTime()) {
            LockSupport.parkNanos(left);
        }
    }
}

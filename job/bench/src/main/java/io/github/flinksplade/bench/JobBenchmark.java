package io.github.flinksplade.bench;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.sun.management.OperatingSystemMXBean;
import io.github.flinksplade.connector.Provenance;
import io.github.flinksplade.encoder.EncoderOptions;
import io.github.flinksplade.encoder.MicroBatcher;
import io.github.flinksplade.encoder.ModelFiles;
import io.github.flinksplade.encoder.ModelStore;
import io.github.flinksplade.encoder.Progress;
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
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.OptionalInt;
import java.util.Random;
import java.util.concurrent.CancellationException;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Consumer;
import org.apache.flink.configuration.Configuration;
import org.apache.flink.configuration.CoreOptions;
import org.apache.flink.configuration.RestartStrategyOptions;
import org.apache.flink.runtime.jobgraph.JobGraph;
import org.apache.flink.runtime.jobmaster.JobResult;
import org.apache.flink.runtime.minicluster.MiniCluster;
import org.apache.flink.runtime.minicluster.MiniClusterConfiguration;
import org.apache.flink.streaming.api.environment.StreamExecutionEnvironment;

/**
 * Measures the job beside the encoder alone: what Flink costs, and how long a document takes from
 * the source to the target.
 *
 * <p>Throughput: the same texts with the same model, options and threads, in turns in one process.
 * The encoder is given all texts at once and is timed until the last vector is there. The job runs
 * the whole time, with parsing, change detector, sequencer, state and checkpoints; in each round
 * its source is given as many new documents at once, and it is timed from the emission of the first
 * by the source to the arrival of the last at the target. So both begin and end without a document
 * in flight, and starting the job or the encoder is in neither. The first round of each does not
 * count.
 *
 * <p>Latency: documents come at random moments (Poisson, always the same) at a share of the job's
 * throughput, whether the job keeps up or not. A document's latency counts from the moment at which
 * it should have been emitted to its arrival at the target, so that the time it waits because the
 * job, or this benchmark, is late counts too. The target takes a vector when it comes; one that
 * shows vectors with a checkpoint only adds the wait for that.
 */
public final class JobBenchmark {

    /** Shares of the job's throughput at which latency is measured. */
    private static final double[] LOADS = {.1, .5, .9};

    private static final double LATENCY_SECONDS = 20;
    private static final int LEAST_DOCUMENTS = 100;
    private static final long SEED = 20;
    private static final long CLOSE_SECONDS = 10;
    private static final String FEED = "bench";

    private final String model;
    private final EncoderOptions options;
    private final List<String> texts;
    private final int rounds;
    private final int latencyDocuments;
    private final Configuration flink;
    private final Progress progress;
    private final Consumer<String> narrator;

    /**
     * @param texts the documents of a round, at least one
     * @param rounds rounds that count, after one that does not
     * @param latencyDocuments documents for each load, the texts over and over; 0: as many as come
     *     in 20 s, but at least 100
     * @param flink Flink's configuration; parallelism must be 1, and checkpoints are taken as it
     *     says
     * @param narrator is told what is being done, a line each
     */
    public JobBenchmark(
            String model,
            EncoderOptions options,
            List<String> texts,
            int rounds,
            int latencyDocuments,
            Configuration flink,
            Progress progress,
            Consumer<String> narrator) {
        this.model = model;
        this.options = options;
        this.texts = List.copyOf(texts);
        this.rounds = rounds;
        this.latencyDocuments = latencyDocuments;
        this.flink = new Configuration(flink);
        // a document that is lost in a failure would be waited for for ever
        this.flink.set(RestartStrategyOptions.RESTART_STRATEGY, "none");
        this.progress = progress;
        this.narrator = narrator;
    }

    /**
     * Documents a second, medians over the rounds with the slowest and the fastest.
     *
     * @param documents in each round
     * @param encoderCpuMillis processor time of all threads for a document, in milliseconds
     * @param jobCpuMillis the same, of the job
     * @param ratio the job's rate over the encoder's in the same round, median over the rounds
     */
    public record Throughput(
            int documents,
            double encoderDocsPerSecond,
            double encoderSlowest,
            double encoderFastest,
            double encoderCpuMillis,
            double jobDocsPerSecond,
            double jobSlowest,
            double jobFastest,
            double jobCpuMillis,
            double ratio) {}

    /**
     * Latencies at one load, in milliseconds.
     *
     * @param load share of the job's throughput
     * @param docsPerSecond mean rate at which documents came
     * @param documents how many
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

    /** What was measured, on what. */
    public record Report(
            Map<String, Object> machine,
            Map<String, Object> model,
            Throughput throughput,
            List<Latency> latency) {

        /**
         * {@code {"machine": {...}, "model": {...}, "throughput": {...}, "latency": [{...}, ...]}}.
         */
        public String toJson() {
            try {
                return new ObjectMapper().writerWithDefaultPrettyPrinter().writeValueAsString(this)
                        + "\n";
            } catch (JsonProcessingException e) {
                throw new IllegalStateException(e);
            }
        }

        /** Two tables to read. */
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
                            "(least..greatest)",
                            "CPU ms",
                            "ratio"));
            row(
                    text,
                    "encoder",
                    t.encoderDocsPerSecond,
                    t.encoderSlowest,
                    t.encoderFastest,
                    t.encoderCpuMillis,
                    1);
            row(
                    text,
                    "job",
                    t.jobDocsPerSecond,
                    t.jobSlowest,
                    t.jobFastest,
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
            for (Latency row : latency) {
                text.append(
                        String.format(
                                Locale.ROOT,
                                "%-8s %8.2f %9d %9.1f %9.1f %9.1f %9.1f%n",
                                Math.round(100 * row.load()) + " %",
                                row.docsPerSecond(),
                                row.documents(),
                                row.p50(),
                                row.p95(),
                                row.p99(),
                                row.max()));
            }
            return text.toString();
        }

        private static void row(
                StringBuilder text,
                String name,
                double rate,
                double least,
                double greatest,
                double cpuMillis,
                double ratio) {
            text.append(
                    String.format(
                            Locale.ROOT,
                            "%-8s %8.2f %17s %7.2f %7.3f%n",
                            name,
                            rate,
                            String.format(Locale.ROOT, "%.2f..%.2f", least, greatest),
                            cpuMillis,
                            ratio));
        }
    }

    /**
     * Measures; takes a minute or more for the latencies, and the rounds.
     *
     * @throws IOException when the job fails or refuses a text
     */
    public Report run() throws Exception {
        ModelFiles files = ModelStore.resolve(model, options, progress);
        narrator.accept("measuring the machine's matrix products ...");
        Machine machine =
                Machine.measure(
                        options.threads() > 0
                                ? options.threads()
                                : Runtime.getRuntime().availableProcessors(),
                        OptionalInt.empty());
        try (JobFeed feed = new JobFeed(FEED);
                SpladeEncoder encoder = SpladeEncoder.open(model, options, progress);
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
                                null)),
                new FeedSink.Rejected(FEED),
                PipelineOptions.defaults());
    }

    private Throughput throughput(MicroBatcher batcher, JobFeed feed, RunningJob job)
            throws IOException, InterruptedException {
        List<Round> encoder = new ArrayList<>();
        List<Round> ofJob = new ArrayList<>();
        List<Double> ratios = new ArrayList<>();
        for (int round = 0; round <= rounds; round++) {
            narrator.accept(
                    round == 0 ? "warming up ..." : "round " + round + " of " + rounds + " ...");
            JobFeed.Phase phase = feed.phase("round-" + round, texts, texts.size());
            Round alone = encode(batcher);
            Round inJob = run(phase, job);
            if (round > 0) {
                encoder.add(alone);
                ofJob.add(inJob);
                ratios.add(inJob.rate() / alone.rate());
            }
        }
        return new Throughput(
                texts.size(),
                EncodeBenchmark.median(rates(encoder)),
                Collections.min(rates(encoder)),
                Collections.max(rates(encoder)),
                EncodeBenchmark.median(encoder.stream().map(Round::cpuMillis).toList()),
                EncodeBenchmark.median(rates(ofJob)),
                Collections.min(rates(ofJob)),
                Collections.max(rates(ofJob)),
                EncodeBenchmark.median(ofJob.stream().map(Round::cpuMillis).toList()),
                EncodeBenchmark.median(ratios));
    }

    /** Documents a second, and this process's processor time for one. */
    private record Round(double rate, double cpuMillis) {}

    private static List<Double> rates(List<Round> rounds) {
        return rounds.stream().map(Round::rate).toList();
    }

    private Round encode(MicroBatcher batcher) {
        System.gc(); // what was before is not to be cleared in this round
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
            phase.hand(i);
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
                        : Math.max(LEAST_DOCUMENTS, (int) Math.ceil(rate * LATENCY_SECONDS));
        String name = Math.round(100 * load) + " % load";
        narrator.accept(
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
            phase.hand(i);
        }
        phase.await(job.result());
        double[] millis = new double[documents];
        for (int i = 0; i < documents; i++) {
            millis[i] = (phase.arrived(i) - intended[i]) / 1e6;
        }
        return Latency.of(load, rate, millis);
    }

    /** Moments of a Poisson process in nanoseconds, the same for the same rate and start. */
    static long[] arrivals(int documents, double rate, long start) {
        Random random = new Random(SEED);
        long[] moments = new long[documents];
        double seconds = 0;
        for (int i = 0; i < documents; i++) {
            seconds -= Math.log(1 - random.nextDouble()) / rate;
            moments[i] = start + (long) (seconds * 1e9);
        }
        return moments;
    }

    private static void await(long moment) {
        for (long left = moment - System.nanoTime(); left > 0; left = moment - System.nanoTime()) {
            LockSupport.parkNanos(left);
        }
    }

    /** The job in a cluster of this process, until it is closed. */
    private record RunningJob(
            MiniCluster cluster, JobGraph graph, CompletableFuture<JobResult> result)
            implements AutoCloseable {

        static RunningJob start(Configuration flink, JobDefinition job) throws Exception {
            StreamExecutionEnvironment env = new StreamExecutionEnvironment(flink);
            SpladeJob.define(env, job);
            JobGraph graph = env.getStreamGraph().getJobGraph();
            MiniCluster cluster =
                    new MiniCluster(
                            new MiniClusterConfiguration.Builder()
                                    .setConfiguration(flink)
                                    .setNumTaskManagers(1)
                                    .setNumSlotsPerTaskManager(
                                            flink.get(CoreOptions.DEFAULT_PARALLELISM))
                                    .build());
            try {
                cluster.start();
                cluster.submitJob(graph).get();
            } catch (Exception e) {
                cluster.closeAsync();
                throw e;
            }
            return new RunningJob(cluster, graph, cluster.requestJobResult(graph.getJobID()));
        }

        @Override
        public void close() {
            cluster.cancelJob(graph.getJobID());
            awaitQuietly(result);
            awaitQuietly(cluster.closeAsync());
        }

        /** What has been measured stands, whether the job ends well or not. */
        private static void awaitQuietly(CompletableFuture<?> future) {
            try {
                future.get(CLOSE_SECONDS, TimeUnit.SECONDS);
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            } catch (ExecutionException | TimeoutException | CancellationException e) {
                // nobody needs it any more
            }
        }
    }
}

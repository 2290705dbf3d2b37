package io.github.flinksplade.benchmarks;

import io.github.flinksplade.bench.BarChart;
import io.github.flinksplade.bench.BenchmarkReport;
import io.github.flinksplade.bench.EncodeBenchmark;
import io.github.flinksplade.bench.Machine;
import io.github.flinksplade.bench.NoInferenceModel;
import io.github.flinksplade.bench.ReportJson;
import io.github.flinksplade.connector.ConnectorUri;
import io.github.flinksplade.connector.Connectors;
import io.github.flinksplade.connector.DocumentSource;
import io.github.flinksplade.connector.FlinkSink;
import io.github.flinksplade.connector.Provenance;
import io.github.flinksplade.connector.SinkContext;
import io.github.flinksplade.connector.StartMode;
import io.github.flinksplade.connector.VectorSink;
import io.github.flinksplade.encoder.Device;
import io.github.flinksplade.encoder.EncoderOptions;
import io.github.flinksplade.encoder.Progress;
import io.github.flinksplade.encoder.Role;
import io.github.flinksplade.encoder.SpladeEncoder;
import io.github.flinksplade.pipeline.Counters;
import io.github.flinksplade.pipeline.JobDefinition;
import io.github.flinksplade.pipeline.JobDefinition.DocumentInput;
import io.github.flinksplade.pipeline.JobDefinition.NamedSink;
import io.github.flinksplade.pipeline.JobDefinition.NamedSource;
import io.github.flinksplade.pipeline.PipelineOptions;
import io.github.flinksplade.pipeline.SpladeJob;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.EnumSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.function.Consumer;
import org.apache.flink.api.common.JobExecutionResult;
import org.apache.flink.configuration.Configuration;
import org.apache.flink.configuration.DeploymentOptions;
import org.apache.flink.configuration.RestartStrategyOptions;
import org.apache.flink.streaming.api.environment.StreamExecutionEnvironment;

/**
 * Measures everything but inference: the job from Kafka to Kafka, with a model that needs almost no
 * time. All documents are on the broker before the job starts. The first round is a warm-up, the
 * measured rounds follow without a pause, and one more round keeps the job busy until the last
 * measured round ends.
 */
public final class PipelineBenchmark {

    /** The model: BERT's tokenizer and a graph of seven small operators. */
    public static final String MODEL = NoInferenceModel.REFERENCE;

    private final String servers;
    private final List<String> texts;
    private final int documents;
    private final int rounds;
    private final Path work;
    private final Configuration flink;
    private final EncoderOptions encoder;
    private final Progress progress;
    private final Consumer<String> progressListener;

    /**
     * @param servers {@code host:port} of the broker
     * @param texts repeated if there are fewer than documents
     * @param documents documents in each round
     * @param rounds measured rounds, after one warm-up round
     * @param work directory for dead letters
     * @param flink Flink's configuration; restarts are disabled
     * @param progressListener receives a line about each step
     */
    public PipelineBenchmark(
            String servers,
            List<String> texts,
            int documents,
            int rounds,
            Path work,
            Configuration flink,
            EncoderOptions encoder,
            Progress progress,
            Consumer<String> progressListener) {
        this.servers = servers;
        this.texts = List.copyOf(texts);
        this.documents = documents;
        this.rounds = rounds;
        this.work = work;
        this.flink = new Configuration(flink);
        this.encoder = encoder.toBuilder().device(Device.CPU).build();
        this.progress = progress;
        this.progressListener = progressListener;
    }

    /**
     * A statistic over the rounds.
     *
     * @param unit the unit, such as documents
     */
    public record Statistic(String name, String unit, double median, double min, double max) {

        static Statistic of(String name, String unit, List<Double> numbers) {
            return new Statistic(
                    name,
                    unit,
                    EncodeBenchmark.median(numbers),
                    Collections.min(numbers),
                    Collections.max(numbers));
        }
    }

    /**
     * The cost of a part of the work.
     *
     * @param micros microseconds of CPU time per document
     */
    public record Cost(String name, double micros) {}

    /**
     * The documents of a run.
     *
     * @param sent documents on the broker, including the first and the last round
     * @param received committed records in the topic of vectors
     * @param lost ids without a record
     * @param repeated records beyond the first of an id
     * @param deadLetters documents that the job rejected
     */
    public record Counts(long sent, long received, long lost, long repeated, long deadLetters) {}

    /**
     * The results with the machine and the run.
     *
     * @param statistics medians of the rounds
     * @param stages CPU time of the process in all rounds, by stage; their sum is the total
     * @param isolated steps that were measured on one thread outside the job with the same texts
     */
    public record Report(
            Map<String, Object> machine,
            Map<String, Object> run,
            Counts counts,
            List<Statistic> statistics,
            List<Cost> stages,
            List<Cost> isolated)
            implements BenchmarkReport {

        /** {@code {"machine": {...}, "run": {...}, "counts": {...}, "statistics": [...], ...}}. */
        @Override
        public String toJson() {
            return ReportJson.of(this);
        }

        @Override
        public BarChart toChart() {
            return new BarChart(
                    "CPU time of the job by stage",
                    "microseconds per document",
                    stages.stream().map(one -> BarChart.Bar.of(one.name(), one.micros())).toList());
        }

        @Override
        public String toText() {
            StringBuilder text = new StringBuilder();
            text.append("machine: ").append(line(machine)).append('\n');
            text.append("run: ").append(line(run)).append('\n');
            text.append(
                    String.format(
                            Locale.ROOT,
                            "counts: sent %d, received %d, lost %d, repeated %d, dead letters %d%n",
                            counts.sent(),
                            counts.received(),
                            counts.lost(),
                            counts.repeated(),
                            counts.deadLetters()));
            text.append(
                    String.format(Locale.ROOT, "%n%-26s %12s %26s%n", "", "median", "(min..max)"));
            for (Statistic statistic : statistics) {
                text.append(
                        String.format(
                                Locale.ROOT,
                                "%-26s %12.1f %26s %s%n",
                                statistic.name(),
                                statistic.median(),
                                String.format(
                                        Locale.ROOT,
                                        "%.1f..%.1f",
                                        statistic.min(),
                                        statistic.max()),
                                statistic.unit()));
            }
            double total = stages.stream().mapToDouble(Cost::micros).sum();
            text.append(String.format(Locale.ROOT, "%n%-26s %12s%n", "per document", "CPU us"));
            for (Cost stage : stages) {
                text.append(
                        String.format(
                                Locale.ROOT,
                                "%-26s %12.1f %5.1f%%%n",
                                stage.name(),
                                stage.micros(),
                                total == 0 ? 0 : 100 * stage.micros() / total));
            }
            text.append(String.format(Locale.ROOT, "%-26s %12.1f%n", "total", total));
            text.append(
                    String.format(
                            Locale.ROOT, "%n%-26s %12s%n", "isolated, on one thread", "CPU us"));
            for (Cost cost : isolated) {
                text.append(
                        String.format(Locale.ROOT, "%-26s %12.1f%n", cost.name(), cost.micros()));
            }
            return text.toString();
        }

        private static String line(Map<String, Object> facts) {
            List<String> parts = new ArrayList<>();
            facts.forEach((key, value) -> parts.add(key + " " + value));
            return String.join(", ", parts);
        }
    }

    /** Runs the benchmark; this takes minutes with many documents. */
    public Report run() throws Exception {
        try (SpladeEncoder opened =
                        SpladeEncoder.open(MODEL, encoder, EnumSet.of(Role.DOCUMENT), progress);
                BenchTopics topics = BenchTopics.create(servers)) {
            int all = documents * (rounds + 2);
            progressListener.accept("writing " + all + " documents to Kafka ...");
            topics.fill(texts, all);
            List<ProcessUsage> samples = new CopyOnWriteArrayList<>();
            progressListener.accept("warming up ...");
            JobExecutionResult result = job(topics, SpladeJob.provenance(opened), samples);
            progressListener.accept("counting ...");
            BenchTopics.Content vectors = topics.content();
            Number deadLetters = result.getAccumulatorResult(Counters.DEAD_LETTERS);
            progressListener.accept("measuring isolated steps ...");
            return new Report(
                    Machine.facts(),
                    about(opened),
                    new Counts(
                            all,
                            vectors.records(),
                            all - vectors.ids(),
                            vectors.records() - vectors.ids(),
                            deadLetters == null ? 0 : deadLetters.longValue()),
                    statistics(samples),
                    stages(samples),
                    IsolatedSteps.measure(opened, texts));
        }
    }

    /**
     * Runs the job over all documents.
     *
     * @param samples receives a sample at the end of the warm-up and of each round
     */
    private JobExecutionResult job(
            BenchTopics topics, Provenance provenance, List<ProcessUsage> samples)
            throws Exception {
        ConnectorUri from =
                ConnectorUri.parse(
                        "kafka://"
                                + servers
                                + "/"
                                + topics.documents()
                                + "?start=earliest&bounded=true&group="
                                + topics.group());
        ConnectorUri to = ConnectorUri.parse("kafka://" + servers + "/" + topics.vectors());
        ConnectorUri deadLetters = ConnectorUri.parse("file:" + work.resolve("dead-letters.jsonl"));
        DocumentSource source = Connectors.of(from).source(from);
        source.check();
        VectorSink sink = Connectors.of(to).sink(to);
        SinkContext context =
                SpladeJob.context(
                        sink.identity(), "bench-pipeline", MODEL, encoder, provenance, false);
        CountingSink counting =
                new CountingSink(
                        (FlinkSink) sink.prepare(context, StartMode.NEW),
                        count -> sample(count, samples));
        try {
            JobDefinition job =
                    new JobDefinition(
                            new DocumentInput(
                                    List.of(new NamedSource("documents", source)),
                                    MODEL,
                                    encoder,
                                    provenance),
                            List.of(new NamedSink(counting, context, null, context.identity())),
                            Connectors.of(deadLetters)
                                    .deadLetters(deadLetters)
                                    .prepare("bench-pipeline"),
                            PipelineOptions.defaults());
            // a restarted job would count documents twice
            flink.set(RestartStrategyOptions.RESTART_STRATEGY, "none");
            flink.set(DeploymentOptions.TARGET, "local");
            flink.set(DeploymentOptions.ATTACHED, true);
            StreamExecutionEnvironment env = new StreamExecutionEnvironment(flink);
            SpladeJob.define(env, job);
            return env.execute("bench pipeline");
        } finally {
            counting.removeListener();
        }
    }

    private void sample(long count, List<ProcessUsage> samples) {
        if (count % documents == 0 && samples.size() <= rounds) {
            samples.add(ProcessUsage.now());
            progressListener.accept(
                    samples.size() <= rounds
                            ? "round " + samples.size() + " of " + rounds + " ..."
                            : "finishing ...");
        }
    }

    private Map<String, Object> about(SpladeEncoder opened) {
        Map<String, Object> about = new LinkedHashMap<>();
        about.put("documents", documents);
        about.put("rounds", rounds);
        about.put("texts", texts.size());
        about.put(
                "meanTokens",
                Math.round(
                                10
                                        * texts.stream()
                                                .mapToInt(
                                                        text ->
                                                                opened.tokenizer()
                                                                        .tokenize(
                                                                                text, Role.DOCUMENT)
                                                                        .ids()
                                                                        .length)
                                                .average()
                                                .orElse(0))
                        / 10.0);
        about.put("terms", NoInferenceModel.TERMS);
        return about;
    }

    private List<Statistic> statistics(List<ProcessUsage> samples) {
        List<Double> wall = new ArrayList<>();
        List<Double> core = new ArrayList<>();
        List<Double> cores = new ArrayList<>();
        List<Double> allocated = new ArrayList<>();
        List<Double> collecting = new ArrayList<>();
        for (int round = 1; round < samples.size(); round++) {
            ProcessUsage before = samples.get(round - 1);
            ProcessUsage after = samples.get(round);
            double wallNanos = after.wallNanos() - before.wallNanos();
            double cpuNanos = after.cpuNanos() - before.cpuNanos();
            wall.add(documents / (wallNanos / 1e9));
            core.add(documents / (cpuNanos / 1e9));
            cores.add(cpuNanos / wallNanos);
            allocated.add((after.allocatedBytes() - before.allocatedBytes()) / 1024.0 / documents);
            collecting.add(
                    100
                            * (after.collectionMillis() - before.collectionMillis())
                            / (wallNanos / 1e6));
        }
        return List.of(
                Statistic.of("per second", "documents", wall),
                Statistic.of("per core-second", "documents", core),
                Statistic.of("cores busy", "", cores),
                Statistic.of("allocated per document", "KB", allocated),
                Statistic.of("in garbage collection", "% of the time", collecting));
    }

    private List<Cost> stages(List<ProcessUsage> samples) {
        double all = (double) documents * rounds;
        List<Cost> stages = new ArrayList<>();
        samples.get(rounds)
                .since(samples.get(0))
                .forEach((stage, nanos) -> stages.add(new Cost(stage.label, nanos / 1e3 / all)));
        return stages;
    }
}

package io.github.flinksplade.bench;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
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
 * Measures everything but inference: the job itself, from Kafka to Kafka, with a model that costs
 * next to nothing. All documents are on the broker before the job starts; one pass over so many of
 * them warms up, the rounds follow without a pause, and one more pass keeps the job busy to the
 * last round's end.
 */
public final class PipelineBenchmark {

    /** The model: BERT's tokenizer before a graph of seven small operators. */
    public static final String MODEL = "synthetic:" + NoInferenceModel.LABEL;

    private final String servers;
    private final List<String> texts;
    private final int documents;
    private final int rounds;
    private final Path work;
    private final Configuration flink;
    private final EncoderOptions encoder;
    private final Progress progress;
    private final Consumer<String> narrator;

    /**
     * @param servers {@code host:port} of the broker
     * @param texts are repeated as often as it takes
     * @param documents documents in each round
     * @param rounds rounds that count, after one that does not
     * @param work directory for dead letters
     * @param flink how Flink is to run; restarts are turned off
     * @param narrator is told what is being done, a line each
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
            Consumer<String> narrator) {
        this.servers = servers;
        this.texts = List.copyOf(texts);
        this.documents = documents;
        this.rounds = rounds;
        this.work = work;
        this.flink = new Configuration(flink);
        this.encoder = encoder.withDevice(Device.CPU);
        this.progress = progress;
        this.narrator = narrator;
    }

    /**
     * The median of the rounds with the least and the greatest.
     *
     * @param unit what it counts
     */
    public record Figure(String name, String unit, double median, double least, double greatest) {

        static Figure of(String name, String unit, List<Double> numbers) {
            List<Double> sorted = numbers.stream().sorted().toList();
            int middle = sorted.size() / 2;
            return new Figure(
                    name,
                    unit,
                    sorted.size() % 2 == 1
                            ? sorted.get(middle)
                            : (sorted.get(middle - 1) + sorted.get(middle)) / 2,
                    sorted.get(0),
                    sorted.get(sorted.size() - 1));
        }
    }

    /**
     * What a part of the work costs.
     *
     * @param micros microseconds of CPU time for a document
     */
    public record Cost(String name, double micros) {}

    /**
     * What went through.
     *
     * @param sent documents on the broker, warm-up and the pass after the rounds counted
     * @param received committed records in the topic of vectors
     * @param lost ids that are not among them
     * @param repeated records beyond the first of an id
     * @param deadLetters documents the job refused
     */
    public record Counts(long sent, long received, long lost, long repeated, long deadLetters) {}

    /**
     * What was measured, on what.
     *
     * @param figures medians of the rounds
     * @param stages the process's CPU time over all rounds by thread; their sum is all of it
     * @param alone some of the work, on one thread outside the job, over the same texts
     */
    public record Report(
            Map<String, Object> machine,
            Map<String, Object> run,
            Counts counts,
            List<Figure> figures,
            List<Cost> stages,
            List<Cost> alone) {

        /** {@code {"machine": {...}, "run": {...}, "counts": {...}, "figures": [...], ...}}. */
        public String toJson() {
            try {
                return new ObjectMapper().writerWithDefaultPrettyPrinter().writeValueAsString(this)
                        + "\n";
            } catch (JsonProcessingException e) {
                throw new IllegalStateException(e);
            }
        }

        /** Tables to read. */
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
                    String.format(
                            Locale.ROOT, "%n%-26s %12s %26s%n", "", "median", "(least..greatest)"));
            for (Figure figure : figures) {
                text.append(
                        String.format(
                                Locale.ROOT,
                                "%-26s %12.1f %26s %s%n",
                                figure.name(),
                                figure.median(),
                                String.format(
                                        Locale.ROOT,
                                        "%.1f..%.1f",
                                        figure.least(),
                                        figure.greatest()),
                                figure.unit()));
            }
            double all = stages.stream().mapToDouble(Cost::micros).sum();
            text.append(String.format(Locale.ROOT, "%n%-26s %12s%n", "for a document", "CPU us"));
            for (Cost stage : stages) {
                text.append(
                        String.format(
                                Locale.ROOT,
                                "%-26s %12.1f %5.1f%%%n",
                                stage.name(),
                                stage.micros(),
                                all == 0 ? 0 : 100 * stage.micros() / all));
            }
            text.append(String.format(Locale.ROOT, "%-26s %12.1f%n", "the process", all));
            text.append(
                    String.format(Locale.ROOT, "%n%-26s %12s%n", "alone, on one thread", "CPU us"));
            for (Cost cost : alone) {
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

    /** Measures; takes minutes with many documents. */
    public Report run() throws Exception {
        try (SpladeEncoder opened = SpladeEncoder.open(MODEL, encoder, progress);
                BenchTopics topics = BenchTopics.create(servers)) {
            int all = documents * (rounds + 2);
            narrator.accept("writing " + all + " documents to Kafka ...");
            topics.fill(texts, all);
            List<ProcessUse> marks = new CopyOnWriteArrayList<>();
            narrator.accept("warming up ...");
            JobExecutionResult result = job(topics, SpladeJob.provenance(opened), marks);
            narrator.accept("counting ...");
            BenchTopics.Arrived arrived = topics.arrived();
            Number deadLetters = result.getAccumulatorResult(Counters.DEAD_LETTERS);
            narrator.accept("measuring parts alone ...");
            return new Report(
                    Machine.facts(),
                    about(opened),
                    new Counts(
                            all,
                            arrived.records(),
                            all - arrived.ids(),
                            arrived.records() - arrived.ids(),
                            deadLetters == null ? 0 : deadLetters.longValue()),
                    figures(marks),
                    stages(marks),
                    PartsAlone.measure(opened, texts));
        }
    }

    /**
     * Runs the job over all documents.
     *
     * @param marks gets one at the end of the warm-up and one at the end of each round
     */
    private JobExecutionResult job(
            BenchTopics topics, Provenance provenance, List<ProcessUse> marks) throws Exception {
        ConnectorUri from =
                ConnectorUri.parse(
                        "kafka://"
                                + servers
                                + "/"
                                + topics.documents()
                                + "?start=earliest&bounded=true&group="
                                + topics.group());
        ConnectorUri to = ConnectorUri.parse("kafka://" + servers + "/" + topics.vectors());
        ConnectorUri refused = ConnectorUri.parse("file:" + work.resolve("dead-letters.jsonl"));
        DocumentSource source = Connectors.of(from).source(from);
        source.check();
        VectorSink sink = Connectors.of(to).sink(to);
        SinkContext context =
                SpladeJob.context(
                        sink.identity(), "bench-pipeline", MODEL, encoder, provenance, false);
        CountingSink counting =
                new CountingSink(
                        (FlinkSink) sink.prepare(context, StartMode.NEW),
                        count -> mark(count, marks));
        try {
            JobDefinition job =
                    new JobDefinition(
                            new DocumentInput(
                                    List.of(new NamedSource("documents", source)),
                                    MODEL,
                                    encoder,
                                    provenance),
                            List.of(new NamedSink(counting, context, null)),
                            Connectors.of(refused).deadLetters(refused).prepare("bench-pipeline"),
                            PipelineOptions.defaults());
            // a job that starts again would count documents twice
            flink.set(RestartStrategyOptions.RESTART_STRATEGY, "none");
            flink.set(DeploymentOptions.TARGET, "local");
            flink.set(DeploymentOptions.ATTACHED, true);
            StreamExecutionEnvironment env = new StreamExecutionEnvironment(flink);
            SpladeJob.define(env, job);
            return env.execute("bench pipeline");
        } finally {
            counting.forget();
        }
    }

    private void mark(long count, List<ProcessUse> marks) {
        if (count % documents == 0 && marks.size() <= rounds) {
            marks.add(ProcessUse.now());
            narrator.accept(
                    marks.size() <= rounds
                            ? "round " + marks.size() + " of " + rounds + " ..."
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

    private List<Figure> figures(List<ProcessUse> marks) {
        List<Double> wall = new ArrayList<>();
        List<Double> core = new ArrayList<>();
        List<Double> cores = new ArrayList<>();
        List<Double> allocated = new ArrayList<>();
        List<Double> collecting = new ArrayList<>();
        for (int round = 1; round < marks.size(); round++) {
            ProcessUse before = marks.get(round - 1);
            ProcessUse after = marks.get(round);
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
                Figure.of("per second", "documents", wall),
                Figure.of("per core-second", "documents", core),
                Figure.of("cores busy", "", cores),
                Figure.of("allocated for a document", "KB", allocated),
                Figure.of("in garbage collection", "% of the time", collecting));
    }

    private List<Cost> stages(List<ProcessUse> marks) {
        double all = (double) documents * rounds;
        List<Cost> stages = new ArrayList<>();
        marks.get(rounds)
                .since(marks.get(0))
                .forEach((stage, nanos) -> stages.add(new Cost(stage.label, nanos / 1e3 / all)));
        return stages;
    }
}

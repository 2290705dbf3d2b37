package io.github.flinksplade.bench;

import com.fasterxml.jackson.databind.ObjectMapper;
import io.github.flinksplade.connector.BatchDelivery;
import io.github.flinksplade.connector.ConnectorUri;
import io.github.flinksplade.connector.Connectors;
import io.github.flinksplade.connector.DeadLetter;
import io.github.flinksplade.connector.SinkContext;
import io.github.flinksplade.connector.StartMode;
import io.github.flinksplade.connector.VectorSink;
import io.github.flinksplade.encoder.EncoderOptions;
import io.github.flinksplade.encoder.SpladeEncoder;
import io.github.flinksplade.pipeline.Counters;
import io.github.flinksplade.pipeline.JobDefinition;
import io.github.flinksplade.pipeline.JobDefinition.NamedSink;
import io.github.flinksplade.pipeline.JobDefinition.VectorInput;
import io.github.flinksplade.pipeline.PipelineOptions;
import io.github.flinksplade.pipeline.SpladeJob;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.function.Consumer;
import java.util.stream.Stream;
import org.apache.flink.api.common.JobExecutionResult;
import org.apache.flink.configuration.Configuration;
import org.apache.flink.configuration.DeploymentOptions;
import org.apache.flink.configuration.RestartStrategyOptions;
import org.apache.flink.streaming.api.environment.StreamExecutionEnvironment;

/**
 * Measures targets alone, with vectors that are ready: a job that copies them, to each target by
 * itself and, where there are several, to all at once, in turns. Time is from the first vector that
 * is read to the end of the job, its last checkpoint included.
 *
 * @param model whose vectors they seem to be, and which has the terms
 * @param to the targets, which must not hold anything yet
 * @param folders where targets keep what they hold, to measure its size; may be fewer or none
 * @param texts real texts, to go with the vectors
 * @param documents vectors of a round
 * @param rounds rounds that count, after one that does not
 * @param work a folder for what is left aside
 * @param narrator is told what is being done
 */
public record SinkBenchmark(
        String model,
        List<ConnectorUri> to,
        List<Path> folders,
        List<String> texts,
        int documents,
        int rounds,
        Configuration flink,
        Path work,
        Consumer<String> narrator) {

    private static final String ALL = "all at once";

    /**
     * A way of writing.
     *
     * @param docsPerSecond median of the rounds; {@code least} and {@code greatest} are of them too
     * @param bytesPerDocument on the wire to a server, as its client counts them; 0 for others
     * @param batches sent to servers, all together; 0 for others
     * @param cpuMillis this process's processor time for a document
     */
    public record Row(
            String name,
            double docsPerSecond,
            double least,
            double greatest,
            double bytesPerDocument,
            double batches,
            double cpuMillis) {}

    /**
     * What was measured.
     *
     * @param folderBytes size of each folder at the end, for all documents of all rounds
     */
    public record Report(int documents, int rounds, List<Row> rows, Map<String, Long> folderBytes) {

        /** The same as JSON. */
        public String toJson() {
            try {
                return new ObjectMapper().writerWithDefaultPrettyPrinter().writeValueAsString(this);
            } catch (IOException e) {
                throw new UncheckedIOException(e);
            }
        }

        /** Tables for people. */
        public String toText() {
            StringBuilder text = new StringBuilder();
            text.append(
                    String.format(
                            Locale.ROOT,
                            "%,d vectors a round, %d rounds after one to warm up%n%n",
                            documents,
                            rounds));
            text.append(
                    String.format(
                            Locale.ROOT,
                            "%10s %19s %12s %10s %10s  %s%n",
                            "docs/s",
                            "least..greatest",
                            "bytes/doc",
                            "batches",
                            "cpu ms/doc",
                            "target"));
            for (Row row : rows) {
                text.append(
                        String.format(
                                Locale.ROOT,
                                "%10.0f %19s %12s %10s %10.3f  %s%n",
                                row.docsPerSecond(),
                                String.format(
                                        Locale.ROOT, "%.0f..%.0f", row.least(), row.greatest()),
                                unlessZero(row.bytesPerDocument()),
                                unlessZero(row.batches()),
                                row.cpuMillis(),
                                row.name()));
            }
            folderBytes.forEach(
                    (folder, bytes) ->
                            text.append(
                                    String.format(
                                            Locale.ROOT,
                                            "%n%s: %,d bytes, %.0f a document",
                                            folder,
                                            bytes,
                                            bytes / ((rounds + 1.0) * documents * written()))));
            return text.toString();
        }

        private static String unlessZero(double number) {
            return number == 0 ? "" : String.format(Locale.ROOT, "%.0f", number);
        }

        /** How often each round's documents went to a target: alone, and with all others. */
        private int written() {
            return rows.size() > 1 ? 2 : 1;
        }
    }

    /** What one job did. */
    private record Run(double rate, double bytes, double batches, double cpuMillis) {}

    /**
     * Measures.
     *
     * @throws IOException when a target refuses a vector
     */
    public Report run() throws Exception {
        Map<String, List<Run>> runs = new LinkedHashMap<>();
        try (SpladeEncoder encoder = SpladeEncoder.open(model, EncoderOptions.defaults())) {
            int number = 0;
            for (int round = 0; round <= rounds; round++) {
                narrator.accept(
                        round == 0
                                ? "warming up ..."
                                : "round " + round + " of " + rounds + " ...");
                for (Map.Entry<String, List<ConnectorUri>> way : ways().entrySet()) {
                    Run run = run(way.getValue(), vectors(encoder, number++));
                    if (round > 0) {
                        runs.computeIfAbsent(way.getKey(), name -> new ArrayList<>()).add(run);
                    }
                }
            }
        }
        Map<String, Long> sizes = new LinkedHashMap<>();
        for (Path folder : folders) {
            sizes.put(folder.toString(), size(folder));
        }
        List<Row> rows = new ArrayList<>();
        runs.forEach((name, of) -> rows.add(row(name, of)));
        return new Report(documents, rounds, rows, sizes);
    }

    private Map<String, List<ConnectorUri>> ways() {
        Map<String, List<ConnectorUri>> ways = new LinkedHashMap<>();
        to.forEach(sink -> ways.put(sink.toString(), List.of(sink)));
        if (to.size() > 1) {
            ways.put(ALL, to);
        }
        return ways;
    }

    private SyntheticVectors vectors(SpladeEncoder encoder, int number) {
        return new SyntheticVectors(
                SpladeJob.provenance(encoder),
                texts,
                documents,
                number,
                encoder.tokenizer().vocabularySize());
    }

    private static Row row(String name, List<Run> runs) {
        List<Double> rates = runs.stream().map(Run::rate).toList();
        return new Row(
                name,
                EncodeBenchmark.median(rates),
                Collections.min(rates),
                Collections.max(rates),
                EncodeBenchmark.median(runs.stream().map(Run::bytes).toList()),
                EncodeBenchmark.median(runs.stream().map(Run::batches).toList()),
                EncodeBenchmark.median(runs.stream().map(Run::cpuMillis).toList()));
    }

    private Run run(List<ConnectorUri> uris, SyntheticVectors vectors) throws Exception {
        ConnectorUri refused = ConnectorUri.parse("file:" + work.resolve("dead-letters.jsonl"));
        List<NamedSink> sinks = new ArrayList<>();
        for (ConnectorUri uri : uris) {
            VectorSink sink = Connectors.of(uri).sink(uri);
            SinkContext context =
                    SpladeJob.context(
                            sink.identity(),
                            "bench-" + vectors.round(),
                            model,
                            EncoderOptions.defaults(),
                            vectors.provenance(),
                            false);
            // a later round writes where the one before wrote
            sinks.add(SpladeJob.prepare(sink, context, StartMode.REINDEX, narrator));
        }
        JobDefinition job =
                new JobDefinition(
                        new VectorInput(vectors),
                        sinks,
                        Connectors.of(refused).deadLetters(refused).prepare("bench-sinks"),
                        PipelineOptions.defaults());
        flink.set(RestartStrategyOptions.RESTART_STRATEGY, "none");
        flink.set(DeploymentOptions.TARGET, "local");
        flink.set(DeploymentOptions.ATTACHED, true);
        StreamExecutionEnvironment env = new StreamExecutionEnvironment(flink);
        SpladeJob.define(env, job);
        ProcessUse before = ProcessUse.now();
        JobExecutionResult result = env.execute("bench sinks");
        ProcessUse after = ProcessUse.now();
        long refusals = counted(result, Counters.deadLetters(DeadLetter.Stage.WRITE));
        if (refusals > 0) {
            throw new IOException(
                    refusals + " vectors were refused; why stands in " + refused.location());
        }
        double bytes = 0;
        double batches = 0;
        for (NamedSink sink : sinks) {
            bytes += counted(result, BatchDelivery.bytesSent(sink.name()));
            batches += counted(result, BatchDelivery.batchesSent(sink.name()));
        }
        double seconds = (after.wallNanos() - SyntheticVectors.openedAt()) / 1e9;
        return new Run(
                documents / seconds,
                bytes / documents,
                batches,
                (after.cpuNanos() - before.cpuNanos()) / 1e6 / documents);
    }

    private static long counted(JobExecutionResult result, String name) {
        Long count = result.getAccumulatorResult(name);
        return count == null ? 0 : count;
    }

    private static long size(Path folder) throws IOException {
        try (Stream<Path> files = Files.walk(folder)) {
            long bytes = 0;
            for (Path file : files.filter(Files::isRegularFile).toList()) {
                bytes += Files.size(file);
            }
            return bytes;
        }
    }
}

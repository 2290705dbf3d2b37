package io.github.flinksplade.benchmarks;

import io.github.flinksplade.bench.BarChart;
import io.github.flinksplade.bench.BenchmarkReport;
import io.github.flinksplade.bench.EncodeBenchmark;
import io.github.flinksplade.bench.ReportJson;
import io.github.flinksplade.connector.BatchDelivery;
import io.github.flinksplade.connector.ConnectorUri;
import io.github.flinksplade.encoder.EncoderOptions;
import io.github.flinksplade.encoder.SpladeEncoder;
import io.github.flinksplade.pipeline.JobDefinition.NamedSink;
import io.github.flinksplade.pipeline.SpladeJob;
import java.io.IOException;
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
import org.apache.flink.configuration.Configuration;

/**
 * Measures the sinks alone with precomputed vectors: a job that copies them through each sink
 * separately and, if there are several, through all at once, interleaved. The time is from the
 * first vector that is read to the end of the job, including its last checkpoint.
 *
 * @param model the model in the provenance of the vectors, which provides the terms
 * @param to where to write; these must be empty
 * @param folders directories of indexes whose size is measured; may be empty
 * @param texts the texts of the documents
 * @param documents vectors per round
 * @param rounds measured rounds, after one warm-up round
 * @param work directory for dead letters
 * @param progressListener receives a line about each step
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
        Consumer<String> progressListener) {

    private static final String ALL = "all at once";

    /**
     * The result of one contender.
     *
     * @param docsPerSecond median of the rounds
     * @param bytesPerDocument bytes sent to a server; 0 for other sinks
     * @param batches batches sent to servers, in total; 0 for other sinks
     * @param cpuMillis CPU time of this process per document
     */
    public record Result(
            String name,
            double docsPerSecond,
            double min,
            double max,
            double bytesPerDocument,
            double batches,
            double cpuMillis) {}

    /**
     * The results.
     *
     * @param folderBytes size of each folder at the end, for all documents of all rounds
     */
    public record Report(
            int documents, int rounds, List<Result> results, Map<String, Long> folderBytes)
            implements BenchmarkReport {

        /** The report as JSON. */
        @Override
        public String toJson() {
            return ReportJson.of(this);
        }

        @Override
        public BarChart toChart() {
            return new BarChart(
                    "Sinks",
                    "vectors per second",
                    results.stream()
                            .map(
                                    one ->
                                            new BarChart.Bar(
                                                    "",
                                                    one.name(),
                                                    one.docsPerSecond(),
                                                    one.min(),
                                                    one.max()))
                            .toList());
        }

        @Override
        public String toText() {
            StringBuilder text = new StringBuilder();
            text.append(
                    String.format(
                            Locale.ROOT,
                            "%,d vectors per round, %d rounds after one warm-up round%n%n",
                            documents,
                            rounds));
            text.append(
                    String.format(
                            Locale.ROOT,
                            "%10s %19s %12s %10s %10s  %s%n",
                            "docs/s",
                            "min..max",
                            "bytes/doc",
                            "batches",
                            "cpu ms/doc",
                            "sink"));
            for (Result result : results) {
                text.append(
                        String.format(
                                Locale.ROOT,
                                "%10.0f %19s %12s %10s %10.3f  %s%n",
                                result.docsPerSecond(),
                                String.format(
                                        Locale.ROOT, "%.0f..%.0f", result.min(), result.max()),
                                unlessZero(result.bytesPerDocument()),
                                unlessZero(result.batches()),
                                result.cpuMillis(),
                                result.name()));
            }
            folderBytes.forEach(
                    (folder, bytes) ->
                            text.append(
                                    String.format(
                                            Locale.ROOT,
                                            "%n%s: %,d bytes, %.0f per document",
                                            folder,
                                            bytes,
                                            bytes / ((rounds + 1.0) * documents * writes()))));
            return text.toString();
        }

        private static String unlessZero(double number) {
            return number == 0 ? "" : String.format(Locale.ROOT, "%.0f", number);
        }

        /** How many times a sink writes the documents of a round: alone and with all others. */
        private int writes() {
            return results.size() > 1 ? 2 : 1;
        }
    }

    /** The measurements of one job. */
    private record Run(double rate, double bytes, double batches, double cpuMillis) {}

    /**
     * Runs the benchmark.
     *
     * @throws IOException when a sink rejects a vector
     */
    public Report run() throws Exception {
        Map<String, List<Run>> runs = new LinkedHashMap<>();
        try (SpladeEncoder encoder = SpladeEncoder.open(model, EncoderOptions.defaults())) {
            int number = 0;
            for (int round = 0; round <= rounds; round++) {
                progressListener.accept(
                        round == 0
                                ? "warming up ..."
                                : "round " + round + " of " + rounds + " ...");
                for (Map.Entry<String, List<ConnectorUri>> contender : contenders().entrySet()) {
                    Run run = run(contender.getValue(), vectors(encoder, number++));
                    if (round > 0) {
                        runs.computeIfAbsent(contender.getKey(), name -> new ArrayList<>())
                                .add(run);
                    }
                }
            }
        }
        Map<String, Long> sizes = new LinkedHashMap<>();
        for (Path folder : folders) {
            sizes.put(folder.toString(), size(folder));
        }
        List<Result> results = new ArrayList<>();
        runs.forEach((name, measured) -> results.add(result(name, measured)));
        return new Report(documents, rounds, results, sizes);
    }

    private Map<String, List<ConnectorUri>> contenders() {
        Map<String, List<ConnectorUri>> contenders = new LinkedHashMap<>();
        to.forEach(sink -> contenders.put(sink.toString(), List.of(sink)));
        if (to.size() > 1) {
            contenders.put(ALL, to);
        }
        return contenders;
    }

    private SyntheticVectors vectors(SpladeEncoder encoder, int number) {
        return new SyntheticVectors(
                SpladeJob.provenance(encoder),
                texts,
                documents,
                number,
                encoder.tokenizer().vocabularySize());
    }

    private static Result result(String name, List<Run> runs) {
        List<Double> rates = runs.stream().map(Run::rate).toList();
        return new Result(
                name,
                EncodeBenchmark.median(rates),
                Collections.min(rates),
                Collections.max(rates),
                EncodeBenchmark.median(runs.stream().map(Run::bytes).toList()),
                EncodeBenchmark.median(runs.stream().map(Run::batches).toList()),
                EncodeBenchmark.median(runs.stream().map(Run::cpuMillis).toList()));
    }

    private Run run(List<ConnectorUri> uris, SyntheticVectors vectors) throws Exception {
        ProcessUsage before = ProcessUsage.now();
        SinkJob.Finished finished =
                new SinkJob(model, flink, work, progressListener)
                        .run("bench-" + vectors.round(), vectors, uris);
        ProcessUsage after = ProcessUsage.now();
        double bytes = 0;
        double batches = 0;
        for (NamedSink sink : finished.sinks()) {
            bytes += finished.count(BatchDelivery.bytesSent(sink.name()));
            batches += finished.count(BatchDelivery.batchesSent(sink.name()));
        }
        double seconds = (after.wallNanos() - SyntheticVectors.openedAt()) / 1e9;
        return new Run(
                documents / seconds,
                bytes / documents,
                batches,
                (after.cpuNanos() - before.cpuNanos()) / 1e6 / documents);
    }

    static long size(Path folder) throws IOException {
        try (Stream<Path> files = Files.walk(folder)) {
            long bytes = 0;
            for (Path file : files.filter(Files::isRegularFile).toList()) {
                bytes += Files.size(file);
            }
            return bytes;
        }
    }
}

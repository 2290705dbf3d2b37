package io.github.flinksplade.benchmarks;

import io.github.flinksplade.bench.BarChart;
import io.github.flinksplade.bench.BenchmarkReport;
import io.github.flinksplade.bench.ReportJson;
import io.github.flinksplade.connector.ConnectorUri;
import io.github.flinksplade.connector.Connectors;
import io.github.flinksplade.connector.FieldFilter;
import io.github.flinksplade.connector.SearchIndex;
import io.github.flinksplade.encoder.EncodedText;
import io.github.flinksplade.encoder.EncoderOptions;
import io.github.flinksplade.encoder.Role;
import io.github.flinksplade.encoder.SpladeEncoder;
import io.github.flinksplade.pipeline.SpladeJob;
import io.github.flinksplade.vector.SparseVector;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.ForkJoinPool;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.function.Consumer;
import java.util.stream.IntStream;
import org.apache.flink.configuration.Configuration;
import org.apache.lucene.index.SegmentInfos;
import org.apache.lucene.store.FSDirectory;

/**
 * Measures searches in an embedded Lucene index of {@link RecombinedVectors}, and optionally those
 * of Anserini in an index of the same vectors, query by query in turn.
 *
 * @param texts texts to encode: those at every 20th position yield the queries, of 3 to 8 words,
 *     the others the documents
 * @param queries max number of queries
 * @param rounds measured rounds, after one warm-up round
 * @param directory contains the indexes, which are built if they are missing
 * @param anserini Anserini's fat jar; null to omit it
 * @param java the command that runs Anserini
 * @param work directory for dead letters
 * @param progressListener receives a line about each step
 */
record SearchBenchmark(
        String model,
        List<String> texts,
        int documents,
        int queries,
        int rounds,
        Path directory,
        Path anserini,
        Path java,
        Configuration flink,
        Path work,
        Consumer<String> progressListener) {

    private static final int[] HITS = {10, 1000};
    private static final int QUERY_EVERY = 20;
    private static final int BATCH = 64;

    /**
     * The latency of searches with the same k.
     *
     * @param p50 milliseconds, as are the others
     * @param perSecond searches per second on all cores at once; 0 if not measured
     */
    record Latency(String name, int k, double p50, double p95, double p99, double perSecond) {}

    /**
     * The results.
     *
     * @param queryTerms terms of a query, on average
     * @param bytes size of each index
     */
    record Report(
            int documents,
            int queries,
            double queryTerms,
            int rounds,
            int cores,
            List<Latency> latencies,
            Map<String, Long> bytes)
            implements BenchmarkReport {

        @Override
        public String toJson() {
            return ReportJson.of(this);
        }

        @Override
        public BarChart toChart() {
            List<BarChart.Bar> bars = new ArrayList<>();
            for (Latency one : latencies) {
                String group = String.format(Locale.ROOT, "%,d hits", one.k());
                bars.add(bar(group, one.name() + ", p50", one.p50()));
                bars.add(bar(group, one.name() + ", p99", one.p99()));
            }
            return new BarChart(
                    String.format(Locale.ROOT, "Exact search in %,d documents", documents),
                    "ms",
                    bars);
        }

        private static BarChart.Bar bar(String group, String label, double value) {
            return new BarChart.Bar(group, label, value, value, value);
        }

        @Override
        public String toText() {
            StringBuilder text = new StringBuilder();
            text.append(
                    String.format(
                            Locale.ROOT,
                            "%,d documents, recombined from encoded texts; %d queries of %.1f terms,"
                                    + " %d rounds after one warm-up round; ms of one search at a"
                                    + " time, searches/s of %d at once%n%n"
                                    + "%6s %9s %9s %9s %12s  %s%n",
                            documents,
                            queries,
                            queryTerms,
                            rounds,
                            cores,
                            "k",
                            "p50",
                            "p95",
                            "p99",
                            "searches/s",
                            "index"));
            for (Latency one : latencies) {
                text.append(
                        String.format(
                                Locale.ROOT,
                                "%,6d %9.2f %9.2f %9.2f %12s  %s%n",
                                one.k(),
                                one.p50(),
                                one.p95(),
                                one.p99(),
                                one.perSecond() == 0
                                        ? ""
                                        : String.format(Locale.ROOT, "%.0f", one.perSecond()),
                                one.name()));
            }
            text.append(System.lineSeparator());
            bytes.forEach(
                    (name, size) ->
                            text.append(
                                    String.format(
                                            Locale.ROOT,
                                            "%s: %,d bytes, %.0f per document%n",
                                            name,
                                            size,
                                            (double) size / documents)));
            return text.toString();
        }
    }

    Report run() throws Exception {
        Path lucene = directory.resolve("lucene-" + documents);
        Path corpus = directory.resolve("anserini-corpus-" + documents);
        Path impacts = directory.resolve("anserini-" + documents);
        List<SparseVector> encodedQueries;
        Map<Integer, String> terms = new HashMap<>();
        try (SpladeEncoder encoder = SpladeEncoder.open(model, EncoderOptions.defaults())) {
            List<ConnectorUri> missing = new ArrayList<>();
            if (!Files.exists(lucene)) {
                missing.add(ConnectorUri.parse("lucene:" + lucene));
            }
            if (anserini != null && !Files.exists(corpus)) {
                missing.add(ConnectorUri.parse("file:" + corpus + "?format=anserini"));
            }
            if (!missing.isEmpty()) {
                RecombinedVectors vectors = documents(encoder);
                progressListener.accept("indexing " + documents + " documents ...");
                new SinkJob(model, flink, work, progressListener)
                        .run("bench-search", vectors, missing);
            }
            encodedQueries = encode(encoder, queryTexts(), Role.QUERY);
            encodedQueries.stream()
                    .flatMapToInt(vector -> Arrays.stream(vector.indices()))
                    .forEach(i -> terms.put(i, encoder.tokenizer().term(i)));
        }
        if (anserini != null && !Files.exists(impacts)) {
            progressListener.accept("indexing with Anserini ...");
            AnseriniProcess.index(
                    java, anserini, corpus, impacts, directory.resolve("anserini-index.log"));
        }
        Map<String, Long> sizes = new LinkedHashMap<>();
        sizes.put("lucene", newestCommit(lucene));
        sizes.put("lucene, with earlier commits", SinkBenchmark.size(lucene));
        ConnectorUri uri = ConnectorUri.parse("lucene:" + lucene);
        List<Latency> latencies = new ArrayList<>();
        try (SearchIndex index = Connectors.of(uri).index(uri);
                AnseriniProcess other =
                        anserini == null
                                ? null
                                : AnseriniProcess.open(java, anserini, impacts, directory, terms)) {
            for (int k : HITS) {
                progressListener.accept("searching for " + k + " hits ...");
                latencies.addAll(measure(index, other, encodedQueries, k));
            }
            if (other != null) {
                sizes.put("anserini", SinkBenchmark.size(impacts));
            }
        }
        return new Report(
                documents,
                encodedQueries.size(),
                encodedQueries.stream().mapToInt(SparseVector::size).average().orElse(0),
                rounds,
                Runtime.getRuntime().availableProcessors(),
                latencies,
                sizes);
    }

    /** The bytes of the newest commit of an index. */
    private static long newestCommit(Path index) throws IOException {
        long bytes = 0;
        try (FSDirectory directory = FSDirectory.open(index)) {
            for (String file : SegmentInfos.readLatestCommit(directory).files(true)) {
                bytes += directory.fileLength(file);
            }
        }
        return bytes;
    }

    private RecombinedVectors documents(SpladeEncoder encoder) {
        List<String> chosen =
                IntStream.range(0, texts.size())
                        .filter(i -> i % QUERY_EVERY != 0)
                        .mapToObj(texts::get)
                        .toList();
        return new RecombinedVectors(
                SpladeJob.provenance(encoder),
                chosen,
                encode(encoder, chosen, Role.DOCUMENT),
                documents);
    }

    /** Words from the beginning of texts that are not in the documents. */
    private List<String> queryTexts() {
        return IntStream.range(0, (texts.size() + QUERY_EVERY - 1) / QUERY_EVERY)
                .limit(queries)
                .mapToObj(
                        i ->
                                String.join(
                                        " ",
                                        List.of(texts.get(i * QUERY_EVERY).split("\\s+", 4 + i % 6))
                                                .stream()
                                                .limit(3 + i % 6)
                                                .toList()))
                .toList();
    }

    private List<SparseVector> encode(SpladeEncoder encoder, List<String> some, Role role) {
        List<SparseVector> vectors = new ArrayList<>();
        for (int from = 0; from < some.size(); from += BATCH) {
            if (from % (100 * BATCH) == 0) {
                progressListener.accept("encoding " + from + " of " + some.size() + " ...");
            }
            List<String> batch = some.subList(from, Math.min(from + BATCH, some.size()));
            encoder.encode(batch, role).stream().map(EncodedText::vector).forEach(vectors::add);
        }
        return vectors;
    }

    private List<Latency> measure(
            SearchIndex index, AnseriniProcess other, List<SparseVector> vectors, int k)
            throws Exception {
        List<SearchIndex.Query> all =
                vectors.stream().map(vector -> new SearchIndex.Query(vector, k, false)).toList();
        List<SearchIndex.Query> idsOnly =
                vectors.stream()
                        .map(
                                vector ->
                                        new SearchIndex.Query(
                                                vector, k, false, FieldFilter.NONE, true))
                        .toList();
        List<Long> nanos = new ArrayList<>();
        List<Long> idsNanos = new ArrayList<>();
        List<Long> sequentialNanos = new ArrayList<>();
        List<Long> otherNanos = new ArrayList<>();
        int[] hits = idsOnly.stream().mapToInt(query -> index.search(query).size()).toArray();
        // tasks that a thread of this pool starts stay in it
        ForkJoinPool oneThread = new ForkJoinPool(1);
        for (int round = 0; round <= rounds; round++) {
            for (int i = 0; i < all.size(); i++) {
                SearchIndex.Query query = idsOnly.get(i);
                long one = nanos(index, all.get(i));
                long ids = nanos(index, query);
                long sequential = oneThread.submit(() -> nanos(index, query)).get();
                long another = other == null ? 0 : other.search(query, hits[i]);
                if (round > 0) {
                    nanos.add(one);
                    idsNanos.add(ids);
                    sequentialNanos.add(sequential);
                    otherNanos.add(another);
                }
            }
        }
        oneThread.shutdown();
        List<Latency> latencies = new ArrayList<>();
        latencies.add(latency("lucene, with texts", k, nanos, perSecond(index, all)));
        latencies.add(latency("lucene, ids only", k, idsNanos, perSecond(index, idsOnly)));
        latencies.add(latency("lucene, ids only, on one core", k, sequentialNanos, 0));
        if (other != null) {
            latencies.add(latency("anserini, ids only, on one core", k, otherNanos, 0));
        }
        return latencies;
    }

    private static long nanos(SearchIndex index, SearchIndex.Query query) {
        long start = System.nanoTime();
        index.search(query);
        return System.nanoTime() - start;
    }

    private static Latency latency(String name, int k, List<Long> nanos, double perSecond) {
        List<Long> sorted = nanos.stream().sorted().toList();
        return new Latency(
                name, k, millis(sorted, .5), millis(sorted, .95), millis(sorted, .99), perSecond);
    }

    private static double millis(List<Long> sorted, double quantile) {
        return sorted.get((int) (quantile * (sorted.size() - 1))) / 1e6;
    }

    /** Searches per second with a thread per core. */
    private double perSecond(SearchIndex index, List<SearchIndex.Query> all) throws Exception {
        int threads = Runtime.getRuntime().availableProcessors();
        int total = all.size() * rounds;
        AtomicInteger next = new AtomicInteger();
        Callable<Void> searches =
                () -> {
                    for (int i = next.getAndIncrement(); i < total; i = next.getAndIncrement()) {
                        index.search(all.get(i % all.size()));
                    }
                    return null;
                };
        ExecutorService executor = Executors.newFixedThreadPool(threads);
        try {
            long start = System.nanoTime();
            List<Future<Void>> running = new ArrayList<>();
            for (int i = 0; i < threads; i++) {
                running.add(executor.submit(searches));
            }
            for (Future<Void> one : running) {
                one.get();
            }
            return total / ((System.nanoTime() - start) / 1e9);
        } finally {
            executor.shutdownNow();
        }
    }
}

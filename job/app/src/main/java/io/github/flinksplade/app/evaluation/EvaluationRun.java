package io.github.flinksplade.app.evaluation;

import io.github.flinksplade.app.config.JobFile;
import io.github.flinksplade.app.config.JobSettings;
import io.github.flinksplade.app.config.JobSettings.Given;
import io.github.flinksplade.app.console.Console;
import io.github.flinksplade.app.console.DownloadProgress;
import io.github.flinksplade.app.console.ExitCode;
import io.github.flinksplade.app.console.Results;
import io.github.flinksplade.app.evaluation.IndexBuilder.BuiltIndex;
import io.github.flinksplade.app.io.FileTree;
import io.github.flinksplade.connector.ConnectorException;
import io.github.flinksplade.connector.ConnectorUri;
import io.github.flinksplade.connector.Connectors;
import io.github.flinksplade.connector.LocalPath;
import io.github.flinksplade.connector.Provenance;
import io.github.flinksplade.connector.VectorSource;
import io.github.flinksplade.encoder.SpladeEncoder;
import io.github.flinksplade.evaluation.Bm25;
import io.github.flinksplade.evaluation.Corpus;
import io.github.flinksplade.evaluation.Evaluation;
import io.github.flinksplade.evaluation.EvaluationException;
import io.github.flinksplade.evaluation.EvaluationReport;
import io.github.flinksplade.evaluation.Evaluator;
import io.github.flinksplade.evaluation.Metric;
import io.github.flinksplade.evaluation.Qrels;
import io.github.flinksplade.evaluation.QueryDetails;
import io.github.flinksplade.evaluation.Run;
import io.github.flinksplade.evaluation.SparseRanker;
import io.github.flinksplade.evaluation.SystemResult;
import io.github.flinksplade.search.QueryEncoder;
import io.github.flinksplade.search.Searcher;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.function.BiConsumer;
import java.util.function.Consumer;

/** Builds the indexes that are evaluated, evaluates them, and prints and writes the results. */
public final class EvaluationRun {

    private static final int DETAILED_QUERIES = 5;

    private final Input input;
    private final Output output;
    private final List<Variant> variants;
    private final Console console;
    private final boolean verbose;
    private final List<String> notes = new ArrayList<>();
    private final List<SystemResult> systems = new ArrayList<>();

    /**
     * What is evaluated.
     *
     * @param collection its name
     * @param corpus null without a corpus
     * @param queries null if only run files are evaluated
     * @param index an existing index, or null
     * @param config the file with the properties of the index's connector, or null
     * @param run a run file, or null
     * @param compare run files
     * @param bm25 null without the baseline
     * @param work where indexes are kept; null for a temporary directory
     * @param ignoreIdenticalIds see {@link Evaluator}
     */
    public record Input(
            String collection,
            Path corpus,
            Path queries,
            Path qrels,
            ConnectorUri index,
            Path config,
            Path run,
            List<Path> compare,
            Bm25.Parameters bm25,
            Path work,
            List<Metric> metrics,
            boolean ignoreIdenticalIds) {}

    /**
     * Where results go.
     *
     * @param directory null if none are written
     * @param json whether JSON is printed
     */
    public record Output(Path directory, boolean json) {}

    /**
     * @param variants the first one is the main system
     */
    public EvaluationRun(
            Input input, Output output, List<Variant> variants, Console console, boolean verbose) {
        this.input = input;
        this.output = output;
        this.variants = variants;
        this.console = console;
        this.verbose = verbose;
    }

    /** An open system. */
    private record OpenSystem(SparseRanker ranker, SpladeEncoder encoder) implements AutoCloseable {

        @Override
        public void close() {
            ranker.close();
            encoder.close();
        }
    }

    /**
     * Evaluates everything.
     *
     * @return an {@link ExitCode}; that of a job if it did not end successfully
     */
    public int run() throws Exception {
        Qrels qrels = Qrels.read(input.qrels());
        if (input.queries() == null) {
            Evaluator evaluator =
                    new Evaluator(qrels, Map.of(), input.metrics(), input.ignoreIdenticalIds());
            SystemResult main = evaluator.evaluate(Run.read(input.run()));
            systems.add(main);
            addRuns(evaluator);
            print(report(null, input.compare().isEmpty() ? null : main), List.of());
            return ExitCode.OK;
        }
        Map<String, String> queries = Corpus.queries(input.queries());
        Corpus corpus = input.corpus() == null ? null : Corpus.open(input.corpus());
        checkIds(qrels, queries.keySet(), corpus);
        Evaluator evaluator =
                new Evaluator(qrels, queries, input.metrics(), input.ignoreIdenticalIds());
        Path work =
                input.work() == null
                        ? Files.createTempDirectory("flink-splade-eval-")
                        : Files.createDirectories(input.work().toAbsolutePath());
        try {
            return run(qrels, queries, corpus, evaluator, work);
        } finally {
            if (input.work() == null) {
                FileTree.delete(work);
            }
        }
    }

    private int run(
            Qrels qrels, Map<String, String> queries, Corpus corpus, Evaluator evaluator, Path work)
            throws Exception {
        IndexBuilder builder =
                input.index() != null ? null : new IndexBuilder(work, corpus, console, verbose);
        OpenSystem main = null;
        try {
            for (Variant variant : variants) {
                ConnectorUri uri;
                Long bytes;
                if (builder == null) {
                    uri = existingIndex();
                    bytes = size(uri);
                } else {
                    BuiltIndex built = builder.build(variant);
                    if (built.code() != ExitCode.OK) {
                        return built.code();
                    }
                    noteDeadLetters(built, variant);
                    uri = built.uri();
                    bytes = built.bytes();
                }
                OpenSystem system = open(variant, uri);
                try {
                    progress(system.ranker().name(), evaluator);
                    systems.add(
                            evaluator.evaluate(
                                    system.ranker(), settings(variant, uri, system), bytes));
                    if (main == null) {
                        main = system;
                    }
                } finally {
                    if (system != main) {
                        system.close();
                    }
                }
            }
            SystemResult baseline = null;
            if (input.bm25() != null) {
                baseline = baseline(corpus, evaluator, work);
                if (baseline != null) {
                    systems.add(0, baseline);
                }
            }
            addRuns(evaluator);
            EvaluationReport report = report(corpus == null ? null : corpus.size(), baseline);
            List<QueryDetails> details =
                    output.directory() == null
                            ? List.of()
                            : QueryDetails.bestAndWorst(
                                    report, main.ranker(), qrels, queries, DETAILED_QUERIES);
            print(report, details);
            return ExitCode.OK;
        } finally {
            if (main != null) {
                main.close();
            }
        }
    }

    private void progress(String name, Evaluator evaluator) {
        console.err()
                .println(
                        String.format(
                                Locale.ROOT,
                                "Evaluating %s with %,d queries ...",
                                name,
                                evaluator.queries().size()));
    }

    /** Notes ids in the qrels that do not exist; if none exists, that is an error. */
    private void checkIds(Qrels qrels, Set<String> queries, Corpus corpus) {
        List<String> judged = qrels.queries();
        List<String> unknown = judged.stream().filter(id -> !queries.contains(id)).toList();
        if (unknown.size() == judged.size()) {
            throw new EvaluationException(
                    "the qrels and the queries have no id in common: the qrels have "
                            + Evaluation.examples(judged)
                            + ", the queries have "
                            + Evaluation.examples(List.copyOf(queries))
                            + ". Check that "
                            + input.qrels()
                            + " and "
                            + input.queries()
                            + " belong together");
        }
        if (!unknown.isEmpty()) {
            notes.add(
                    String.format(
                            Locale.ROOT,
                            "%,d of %,d queries of the qrels have no text and count 0: %s.",
                            unknown.size(),
                            judged.size(),
                            Evaluation.examples(unknown)));
        }
        if (corpus == null) {
            return;
        }
        List<String> documents =
                qrels.grades().values().stream()
                        .flatMap(grades -> grades.keySet().stream())
                        .distinct()
                        .toList();
        List<String> missing = documents.stream().filter(id -> !corpus.ids().contains(id)).toList();
        if (missing.size() == documents.size()) {
            throw new EvaluationException(
                    "the corpus contains no document of the qrels, such as "
                            + Evaluation.examples(documents)
                            + ". Check that "
                            + input.qrels()
                            + " and "
                            + input.corpus()
                            + " belong together");
        }
        if (!missing.isEmpty()) {
            notes.add(
                    String.format(
                            Locale.ROOT,
                            "%,d of %,d judged documents are not in the corpus: %s.",
                            missing.size(),
                            documents.size(),
                            Evaluation.examples(missing)));
        }
    }

    private void noteDeadLetters(BuiltIndex built, Variant variant) {
        if (built.deadLetters() > 0) {
            notes.add(
                    String.format(
                            Locale.ROOT,
                            "%,d documents are not in the index of %s, because they could not be"
                                    + " encoded: see the dead letters%s.",
                            built.deadLetters(),
                            variant.label(variant.get(JobSettings.MODEL)),
                            input.work() == null
                                    ? " with --work"
                                    : " in " + built.deadLetterDirectory()));
        }
    }

    private ConnectorUri existingIndex() {
        return JobFile.withProperties(input.index(), input.config());
    }

    /** The size of an index on this machine, else null. */
    private static Long size(ConnectorUri uri) {
        return uri.scheme().equals("lucene")
                ? new BuiltIndex(ExitCode.OK, LocalPath.of(uri), 0, null).bytes()
                : null;
    }

    private OpenSystem open(Variant variant, ConnectorUri uri) {
        SpladeEncoder[] encoder = new SpladeEncoder[1];
        VectorSource vectors = vectors(uri);
        try {
            SparseRanker ranker =
                    SparseRanker.open(
                            variant.label(model(variant, vectors, uri)),
                            timed ->
                                    Searcher.open(
                                            uri,
                                            stored -> {
                                                encoder[0] = openEncoder(variant, uri, stored);
                                                return timed.apply(QueryEncoder.of(encoder[0]));
                                            }),
                            vectors,
                            variant.get(Variant.IDF));
            return new OpenSystem(ranker, encoder[0]);
        } catch (RuntimeException e) {
            if (encoder[0] != null) {
                encoder[0].close();
            }
            throw e;
        }
    }

    private SpladeEncoder openEncoder(Variant variant, ConnectorUri uri, Provenance stored) {
        boolean isConfigured = variant.settings().containsKey(JobSettings.MODEL.key());
        return Searcher.openEncoder(
                uri,
                stored,
                isConfigured ? variant.get(JobSettings.MODEL) : null,
                variant.queryOptions(),
                new DownloadProgress(console));
    }

    private String model(Variant variant, VectorSource vectors, ConnectorUri uri) {
        if (variant.settings().containsKey(JobSettings.MODEL.key()) || input.index() == null) {
            return variant.get(JobSettings.MODEL);
        }
        return vectors == null ? uri.toString() : vectors.provenance().model();
    }

    /** The vectors of an index, or null if they can only be searched. */
    private VectorSource vectors(ConnectorUri uri) {
        try {
            return Connectors.of(uri).vectors(uri);
        } catch (ConnectorException e) {
            String note = "No terms per document and no FLOPS: " + e.getMessage() + ".";
            if (!notes.contains(note)) {
                notes.add(note);
            }
            return null;
        }
    }

    /** What determines the vectors, for the report. */
    private Map<String, String> settings(Variant variant, ConnectorUri uri, OpenSystem system) {
        Map<String, String> settings = new LinkedHashMap<>();
        settings.put("index", input.index() == null ? "built by the job" : uri.toString());
        settings.put("model", system.encoder().info().name());
        settings.put("sha256", system.encoder().info().sha256());
        settings.put("query-tokens", Integer.toString(system.encoder().info().queryTokens()));
        for (Map.Entry<String, Given> given : variant.settings().entrySet()) {
            settings.putIfAbsent(given.getKey(), String.join(",", given.getValue().values()));
        }
        return settings;
    }

    private SystemResult baseline(Corpus corpus, Evaluator evaluator, Path work) {
        Consumer<BiConsumer<String, String>> documents;
        if (corpus != null) {
            documents = corpus::forEach;
        } else {
            VectorSource vectors = vectors(existingIndex());
            if (vectors == null) {
                notes.add("No BM25, because there are no texts. Add --corpus for this baseline.");
                return null;
            }
            documents = consumer -> SparseRanker.forEachText(vectors, consumer);
        }
        Path folder = work.resolve("bm25");
        try (Bm25 bm25 = Bm25.build(input.bm25(), folder, documents)) {
            progress(bm25.name(), evaluator);
            return evaluator.evaluate(
                    bm25, Map.of("analyzer", "EnglishAnalyzer of Lucene"), bm25.bytes());
        } finally {
            FileTree.delete(folder);
        }
    }

    private void addRuns(Evaluator evaluator) {
        for (Path file : input.compare()) {
            systems.add(evaluator.evaluate(Run.read(file)));
        }
    }

    private EvaluationReport report(Integer documents, SystemResult baseline) {
        return new EvaluationReport(
                input.collection(), documents, input.metrics(), systems, baseline, notes);
    }

    private void print(EvaluationReport report, List<QueryDetails> details) {
        Results out = new Results(console);
        (output.json() ? report.toJson() : report.toText()).lines().forEach(out::line);
        out.flush();
        if (output.directory() != null) {
            report.write(output.directory(), details);
            console.err().println("Report: " + output.directory().resolve("report.html"));
        }
    }
}

package io.github.flinksplade.evaluation;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.github.flinksplade.evaluation.SystemResult.Comparison;
import java.io.BufferedWriter;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;

/** The results of an evaluation, and their comparison with a baseline. */
public final class EvaluationReport {

    /** Below this p-value a difference is marked. */
    public static final double SIGNIFICANT = 0.05;

    private static final ObjectMapper JSON = new ObjectMapper();

    private final String collection;
    private final Integer documents;
    private final List<Metric> metrics;
    private final List<SystemResult> systems;
    private final SystemResult baseline;
    private final List<String> notes;

    /** By the name of the system. */
    private final Map<String, Map<Metric, Comparison>> comparisons = new HashMap<>();

    /**
     * Compares the systems with the baseline.
     *
     * @param collection the name of the collection, for titles
     * @param documents the number of documents; null if there is no corpus
     * @param metrics the first one is the main metric
     * @param systems at least one; the first one that is not the baseline is the main system
     * @param baseline one of the systems, or null
     * @param notes what a reader should know: unknown ids, missing statistics
     * @throws EvaluationException if two systems have the same name
     */
    public EvaluationReport(
            String collection,
            Integer documents,
            List<Metric> metrics,
            List<SystemResult> systems,
            SystemResult baseline,
            List<String> notes) {
        this.collection = collection;
        this.documents = documents;
        this.metrics = List.copyOf(metrics);
        this.systems = List.copyOf(systems);
        this.baseline = baseline;
        this.notes = List.copyOf(notes);
        Set<String> names = new HashSet<>();
        for (SystemResult system : systems) {
            if (!names.add(system.name())) {
                throw new EvaluationException(
                        "two results have the name '"
                                + system.name()
                                + "'. Give a variant another name, or a run file another tag");
            }
            if (baseline != null && system != baseline) {
                Map<Metric, Comparison> all = new HashMap<>();
                metrics.forEach(metric -> all.put(metric, system.compare(baseline, metric)));
                comparisons.put(system.name(), all);
            }
        }
    }

    /** The name of the collection. */
    public String collection() {
        return collection;
    }

    /** The number of documents; null if there is no corpus. */
    public Integer documents() {
        return documents;
    }

    public List<Metric> metrics() {
        return metrics;
    }

    public List<SystemResult> systems() {
        return systems;
    }

    /** The baseline, or null. */
    public SystemResult baseline() {
        return baseline;
    }

    public List<String> notes() {
        return notes;
    }

    /** The first system that is not the baseline, or the baseline if there is no other one. */
    public SystemResult mainSystem() {
        return systems.stream().filter(system -> system != baseline).findFirst().orElse(baseline);
    }

    /** The metric by which systems and queries are compared in detail. */
    public Metric mainMetric() {
        return metrics.get(0);
    }

    /** The queries with a relevant document. */
    public List<String> queries() {
        return systems.get(0).evaluation().queries();
    }

    /** The comparison of a system with the baseline; null for the baseline, or without one. */
    public Comparison comparison(SystemResult system, Metric metric) {
        return comparisons.getOrDefault(system.name(), Map.of()).get(metric);
    }

    /** How the numbers were determined, one sentence each. */
    public List<String> method() {
        List<String> sentences = new ArrayList<>();
        sentences.add(
                String.format(
                        Locale.ROOT,
                        "The metrics are those of trec_eval, averaged over all %,d queries of the"
                                + " qrels that have a relevant document (grade 1 or higher); a query"
                                + " without a ranking counts 0. Rankings have up to %,d documents.",
                        queries().size(),
                        metrics.stream()
                                .mapToInt(Metric::cutoff)
                                .reduce(Evaluator.DEPTH, Math::max)));
        if (baseline != null && systems.size() > 1) {
            sentences.add(
                    String.format(
                            Locale.ROOT,
                            "p: two-sided paired randomization test against %s with %,d random"
                                    + " exchanges, seed %d; * marks p below %.2f.",
                            baseline.name(),
                            RandomizationTest.ITERATIONS,
                            RandomizationTest.SEED,
                            SIGNIFICANT));
        }
        if (systems.stream().anyMatch(system -> system.search() != null)) {
            sentences.add(
                    String.format(
                            Locale.ROOT,
                            "Terms: mean number of different terms. FLOPS: expected number of"
                                    + " multiplications of a query with a document, the sum over all"
                                    + " terms of the fraction of queries times the fraction of"
                                    + " documents with the term. Latency: %d hits, one query after"
                                    + " another, up to %,d queries, after all of them were run"
                                    + " once.",
                            Evaluator.LATENCY_HITS,
                            Evaluator.LATENCY_QUERIES));
        }
        return sentences;
    }

    /** As indented JSON, with a line end. */
    public String toJson() {
        Map<String, Object> json = new LinkedHashMap<>();
        json.put("collection", collection);
        json.put("documents", documents);
        json.put("queries", queries().size());
        json.put("baseline", baseline == null ? null : baseline.name());
        json.put(
                "randomizationTest",
                Map.of("iterations", RandomizationTest.ITERATIONS, "seed", RandomizationTest.SEED));
        json.put("systems", systems.stream().map(this::toMap).toList());
        json.put("notes", notes);
        try {
            return JSON.writerWithDefaultPrettyPrinter().writeValueAsString(json) + "\n";
        } catch (JsonProcessingException e) {
            throw new IllegalStateException("plain values can always be written", e);
        }
    }

    private Map<String, Object> toMap(SystemResult system) {
        Map<String, Object> json = new LinkedHashMap<>();
        json.put("name", system.name());
        json.put("settings", system.settings());
        Map<String, Double> means = new LinkedHashMap<>();
        metrics.forEach(metric -> means.put(metric.toString(), system.evaluation().mean(metric)));
        json.put("metrics", means);
        Map<String, Comparison> comparisons = new LinkedHashMap<>();
        for (Metric metric : metrics) {
            Comparison comparison = comparison(system, metric);
            if (comparison != null) {
                comparisons.put(metric.toString(), comparison);
            }
        }
        json.put("comparedWithBaseline", comparisons);
        json.put("terms", system.terms());
        json.put("indexBytes", system.indexBytes());
        json.put("encodeMillis", system.encode());
        json.put("searchMillis", system.search());
        return json;
    }

    /**
     * Writes {@code results.json}, {@code per-query.tsv}, {@code report.html} and a TREC run file
     * per system in {@code runs} to a directory, which is created if it is missing.
     *
     * @param details of queries for the report; may be empty
     * @throws EvaluationException if a file cannot be written. If an id contains white space, only
     *     the run files are missing
     */
    public void write(Path directory, List<QueryDetails> details) {
        try {
            Files.createDirectories(directory);
            Files.writeString(directory.resolve("results.json"), toJson());
            writePerQuery(directory.resolve("per-query.tsv"));
            Files.writeString(
                    directory.resolve("report.html"), new HtmlReport(this, details).toHtml());
            Path runs = Files.createDirectories(directory.resolve("runs"));
            Set<String> names = new HashSet<>();
            for (SystemResult system : systems) {
                String name = system.name().replaceAll("[^A-Za-z0-9.=+-]+", "_");
                while (!names.add(name)) {
                    name += "_";
                }
                system.run().write(runs.resolve(name + ".trec"));
            }
        } catch (IOException e) {
            throw new EvaluationException(
                    "cannot write to " + directory + ": " + e.getMessage(), e);
        }
    }

    private void writePerQuery(Path file) throws IOException {
        try (BufferedWriter out = Files.newBufferedWriter(file)) {
            out.write("query\tsystem");
            for (Metric metric : metrics) {
                out.write("\t" + metric);
            }
            out.write("\n");
            for (int i = 0; i < queries().size(); i++) {
                for (SystemResult system : systems) {
                    out.write(queries().get(i) + "\t" + system.name());
                    for (Metric metric : metrics) {
                        double value = system.evaluation().values().get(metric)[i];
                        out.write(String.format(Locale.ROOT, "\t%.4f", value));
                    }
                    out.write("\n");
                }
            }
        }
    }

    /** As tables in text. */
    public String toText() {
        StringBuilder text = new StringBuilder();
        text.append(collection).append(": ");
        if (documents != null) {
            text.append(String.format(Locale.ROOT, "%,d documents, ", documents));
        }
        text.append(String.format(Locale.ROOT, "%,d queries%n%n", queries().size()));
        text.append(new TextTable(effectiveness())).append('\n');
        if (systems.stream().anyMatch(system -> system.search() != null)) {
            text.append(new TextTable(costs())).append('\n');
        }
        method().forEach(sentence -> text.append(sentence).append('\n'));
        notes.forEach(note -> text.append("Note: ").append(note).append('\n'));
        return text.toString();
    }

    private List<List<String>> effectiveness() {
        List<List<String>> rows = new ArrayList<>();
        List<String> header = new ArrayList<>(List.of(""));
        metrics.forEach(metric -> header.add(metric + " "));
        boolean compares = baseline != null && systems.size() > 1;
        if (compares) {
            header.add("p(" + mainMetric() + ")");
        }
        rows.add(header);
        for (SystemResult system : systems) {
            List<String> row = new ArrayList<>(List.of(system.name()));
            for (Metric metric : metrics) {
                Comparison comparison = comparison(system, metric);
                boolean isMarked = comparison != null && comparison.pValue() < SIGNIFICANT;
                row.add(
                        String.format(
                                Locale.ROOT,
                                "%.4f%s",
                                system.evaluation().mean(metric),
                                isMarked ? "*" : " "));
            }
            if (compares) {
                Comparison comparison = comparison(system, mainMetric());
                row.add(
                        comparison == null
                                ? "-"
                                : String.format(Locale.ROOT, "%.4f", comparison.pValue()));
            }
            rows.add(row);
        }
        return rows;
    }

    private List<List<String>> costs() {
        List<List<String>> rows = new ArrayList<>();
        rows.add(
                List.of(
                        "",
                        "terms/query",
                        "terms/document",
                        "FLOPS",
                        "index MB",
                        "encode ms p50/p95/p99",
                        "search ms p50/p95/p99"));
        for (SystemResult system : systems) {
            TermStatistics terms = system.terms();
            rows.add(
                    List.of(
                            system.name(),
                            terms == null ? "-" : format("%.1f", terms.queryTerms()),
                            terms == null ? "-" : format("%.1f", terms.documentTerms()),
                            terms == null ? "-" : format("%.2f", terms.flops()),
                            system.indexBytes() == null
                                    ? "-"
                                    : format("%.2f", system.indexBytes() / 1e6),
                            millis(system.encode()),
                            millis(system.search())));
        }
        return rows;
    }

    private static String format(String format, double value) {
        return String.format(Locale.ROOT, format, value);
    }

    private static String millis(Percentiles latency) {
        return latency == null
                ? "-"
                : String.format(
                        Locale.ROOT,
                        "%.1f / %.1f / %.1f",
                        latency.p50(),
                        latency.p95(),
                        latency.p99());
    }
}

package io.github.flinksplade.evaluation;

import static io.github.flinksplade.evaluation.Markup.escape;

import io.github.flinksplade.evaluation.QueryDetails.Missed;
import io.github.flinksplade.evaluation.SparseRanker.Explanation;
import io.github.flinksplade.evaluation.SparseRanker.WeightedTerm;
import io.github.flinksplade.evaluation.SystemResult.Comparison;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.stream.IntStream;

/** The results as one page of HTML that is also well-formed XML and refers to no other file. */
final class HtmlReport {

    private static final int CHART_WIDTH = 920;
    private static final int CHART_HEIGHT = 380;

    /** Of more queries, every n-th one has a bar. */
    private static final int MAX_BARS = 1500;

    private static final int MAX_TEXT = 280;

    private final EvaluationReport results;
    private final List<QueryDetails> details;
    private final StringBuilder html = new StringBuilder();

    HtmlReport(EvaluationReport results, List<QueryDetails> details) {
        this.results = results;
        this.details = details;
    }

    String toHtml() {
        String title = "Search quality on " + results.collection();
        html.append("<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\"/>\n")
                .append("<meta name=\"viewport\" content=\"width=device-width\"/>\n<title>")
                .append(escape(title))
                .append("</title>\n<style>\n")
                .append(style())
                .append("</style>\n</head>\n<body>\n<main>\n");
        header(title);
        effectiveness();
        costs();
        if (results.baseline() != null && results.systems().size() > 1) {
            queryByQuery();
        }
        queries();
        method();
        return html.append("</main>\n</body>\n</html>\n").toString();
    }

    private static String style() {
        try (InputStream in = HtmlReport.class.getResourceAsStream("report.css")) {
            return new String(in.readAllBytes(), StandardCharsets.UTF_8);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static String format(String format, Object... values) {
        return String.format(Locale.ROOT, format, values);
    }

    private static String signed(double difference) {
        return format("%+.4f", difference).replace('-', '\u2212');
    }

    private void header(String title) {
        html.append("<header>\n<h1>").append(escape(title)).append("</h1>\n<p class=\"sub\">");
        if (results.documents() != null) {
            html.append(format("%,d documents, ", results.documents()));
        }
        html.append(format("%,d queries with relevant documents", results.queries().size()))
                .append("</p>\n</header>\n<section class=\"cards\">\n");
        SystemResult system = results.mainSystem();
        Metric metric = results.mainMetric();
        card(metric.toString(), format("%.4f", system.evaluation().mean(metric)), system.name());
        Comparison comparison = results.comparison(system, metric);
        if (comparison != null) {
            card(
                    "against " + results.baseline().name(),
                    signed(comparison.difference()),
                    format("p = %.4f", comparison.pValue())
                            + (comparison.pValue() < EvaluationReport.SIGNIFICANT
                                    ? ", significant"
                                    : ", not significant"));
            card(
                    "queries better / worse",
                    comparison.better() + " / " + comparison.worse(),
                    comparison.equal() + " equal");
        }
        if (system.terms() != null) {
            card(
                    "FLOPS",
                    format("%.2f", system.terms().flops()),
                    format(
                            "%.0f terms per query, %.0f per document",
                            system.terms().queryTerms(), system.terms().documentTerms()));
        }
        if (system.search() != null) {
            double encode = system.encode() == null ? 0 : system.encode().p50();
            card(
                    "median latency",
                    format("%.1f ms", encode + system.search().p50()),
                    format("%.1f encoding, %.1f search", encode, system.search().p50()));
        }
        html.append("</section>\n");
    }

    private void card(String label, String value, String below) {
        html.append("<div class=\"card\"><div class=\"name\">")
                .append(escape(label))
                .append("</div><div class=\"value\">")
                .append(escape(value))
                .append("</div><div class=\"below\">")
                .append(escape(below))
                .append("</div></div>\n");
    }

    private void effectiveness() {
        html.append(
                "<section>\n<h2>Effectiveness</h2>\n<div class=\"wide\"><table>\n<tr><th></th>");
        for (Metric metric : results.metrics()) {
            html.append("<th>").append(metric).append("</th>");
        }
        boolean compares = results.baseline() != null && results.systems().size() > 1;
        if (compares) {
            html.append("<th>\u0394 ")
                    .append(results.mainMetric())
                    .append("</th><th>p</th><th>better / equal / worse</th>");
        }
        html.append("</tr>\n");
        for (SystemResult system : results.systems()) {
            html.append(system == results.baseline() ? "<tr class=\"baseline\">" : "<tr>")
                    .append("<th>")
                    .append(escape(system.name()))
                    .append("</th>");
            for (Metric metric : results.metrics()) {
                effectivenessCell(system, metric);
            }
            Comparison comparison = results.comparison(system, results.mainMetric());
            if (comparison != null) {
                html.append("<td>")
                        .append(signed(comparison.difference()))
                        .append(format("</td><td>%.4f</td><td>", comparison.pValue()))
                        .append(
                                format(
                                        "%d / %d / %d</td>",
                                        comparison.better(),
                                        comparison.equal(),
                                        comparison.worse()));
            } else if (compares) {
                html.append("<td class=\"muted\">baseline</td><td></td><td></td>");
            }
            html.append("</tr>\n");
        }
        html.append("</table></div>\n");
        if (compares) {
            html.append("<p class=\"hint\">The best value of a column is bold. ")
                    .append("<span class=\"up\">\u25b2</span> and ")
                    .append("<span class=\"down\">\u25bc</span> mark values that differ from the")
                    .append(
                            format(
                                    " baseline's with p below %.2f.</p>\n",
                                    EvaluationReport.SIGNIFICANT));
        }
        html.append("</section>\n");
    }

    private void effectivenessCell(SystemResult system, Metric metric) {
        double value = system.evaluation().mean(metric);
        double best =
                results.systems().stream()
                        .mapToDouble(other -> other.evaluation().mean(metric))
                        .max()
                        .orElseThrow();
        Comparison comparison = results.comparison(system, metric);
        html.append(value == best ? "<td class=\"best\">" : "<td>").append(format("%.4f", value));
        if (comparison != null && comparison.pValue() < EvaluationReport.SIGNIFICANT) {
            html.append(
                    comparison.difference() > 0
                            ? " <span class=\"up\">\u25b2</span>"
                            : " <span class=\"down\">\u25bc</span>");
        }
        html.append(
                format("<div class=\"meter\"><i style=\"width:%.1f%%\"></i></div>", 100 * value));
        html.append("</td>");
    }

    private void costs() {
        List<SystemResult> known =
                results.systems().stream().filter(system -> system.search() != null).toList();
        if (known.isEmpty()) {
            return;
        }
        html.append("<section>\n<h2>Effectiveness against cost</h2>\n");
        List<SystemResult> points =
                known.stream().filter(system -> system.terms() != null).toList();
        if (points.size() > 1) {
            html.append("<div class=\"chart\">").append(scatter(points)).append("</div>\n");
        }
        html.append(
                "<div class=\"wide\"><table>\n<tr><th></th><th>terms per query</th><th>terms per"
                        + " document</th><th>FLOPS</th><th>index</th><th>encoding p50 / p95 / p99"
                        + "</th><th>search p50 / p95 / p99</th></tr>\n");
        for (SystemResult system : known) {
            TermStatistics terms = system.terms();
            html.append(system == results.baseline() ? "<tr class=\"baseline\">" : "<tr>")
                    .append("<th>")
                    .append(escape(system.name()))
                    .append("</th><td>")
                    .append(terms == null ? "\u2013" : format("%.1f", terms.queryTerms()))
                    .append("</td><td>")
                    .append(terms == null ? "\u2013" : format("%.1f", terms.documentTerms()))
                    .append("</td><td>")
                    .append(terms == null ? "\u2013" : format("%.2f", terms.flops()))
                    .append("</td><td>")
                    .append(
                            system.indexBytes() == null
                                    ? "\u2013"
                                    : format("%.2f MB", system.indexBytes() / 1e6))
                    .append("</td><td>")
                    .append(millis(system.encode()))
                    .append("</td><td>")
                    .append(millis(system.search()))
                    .append("</td></tr>\n");
        }
        html.append("</table></div>\n</section>\n");
    }

    private static String millis(Percentiles latency) {
        return latency == null
                ? "\u2013"
                : format("%.1f / %.1f / %.1f ms", latency.p50(), latency.p95(), latency.p99());
    }

    private String scatter(List<SystemResult> points) {
        Metric metric = results.mainMetric();
        double maxFlops = points.stream().mapToDouble(one -> one.terms().flops()).max().orElse(1);
        double min = points.stream().mapToDouble(one -> mean(one, metric)).min().orElse(0);
        double max = points.stream().mapToDouble(one -> mean(one, metric)).max().orElse(1);
        double margin = Math.max((max - min) * 0.25, 0.005);
        SvgChart chart =
                new SvgChart(
                                metric + " against FLOPS",
                                CHART_WIDTH,
                                CHART_HEIGHT,
                                0,
                                maxFlops * 1.18,
                                Math.max(0, min - margin),
                                Math.min(1, max + margin))
                        .verticalAxis(metric.toString(), "%.3f")
                        .horizontalAxis(
                                "FLOPS: expected multiplications per query and document", "%.1f");
        if (results.baseline() != null) {
            chart.horizontalLine(mean(results.baseline(), metric), "reference");
        }
        points.forEach(one -> chart.reserve(one.terms().flops(), mean(one, metric)));
        for (SystemResult one : points) {
            chart.point(
                    one.terms().flops(),
                    mean(one, metric),
                    one.name(),
                    format(
                            "%s: %s %.4f, FLOPS %.2f",
                            one.name(), metric, mean(one, metric), one.terms().flops()),
                    one == results.baseline()
                            ? "point baseline"
                            : one == results.mainSystem() ? "point main" : "point");
        }
        return chart.toString();
    }

    private static double mean(SystemResult system, Metric metric) {
        return system.evaluation().mean(metric);
    }

    private void queryByQuery() {
        SystemResult system = results.mainSystem();
        double[] values = system.evaluation().values().get(results.mainMetric());
        double[] baseline = results.baseline().evaluation().values().get(results.mainMetric());
        List<Integer> order =
                IntStream.range(0, values.length)
                        .boxed()
                        .sorted(Comparator.comparingDouble(i -> baseline[i] - values[i]))
                        .toList();
        int step = (order.size() + MAX_BARS - 1) / MAX_BARS;
        List<Integer> shown = new ArrayList<>();
        for (int i = 0; i < order.size(); i += step) {
            shown.add(order.get(i));
        }
        double extent = 0.1;
        for (int i : shown) {
            extent = Math.max(extent, Math.abs(values[i] - baseline[i]));
        }
        SvgChart chart =
                new SvgChart(
                                "difference to the baseline by query",
                                CHART_WIDTH,
                                300,
                                0,
                                shown.size(),
                                -extent * 1.05,
                                extent * 1.05)
                        .verticalAxis("difference in " + results.mainMetric(), "%+.2f");
        for (int position = 0; position < shown.size(); position++) {
            int i = shown.get(position);
            double difference = values[i] - baseline[i];
            chart.bar(
                    position,
                    position + 1,
                    difference,
                    format(
                            "query %s: %.4f, baseline %.4f",
                            results.queries().get(i), values[i], baseline[i]),
                    difference > 0 ? "bar up" : difference < 0 ? "bar down" : "bar");
        }
        chart.title(
                (step == 1 ? "queries" : "every " + step + "th query")
                        + ", sorted by the difference");
        html.append("<section>\n<h2>Query by query</h2>\n<p>")
                .append(escape(system.name()))
                .append(" minus ")
                .append(escape(results.baseline().name()))
                .append(". A bar shows its query when you point at it.</p>\n<div class=\"chart\">")
                .append(chart)
                .append("</div>\n</section>\n");
    }

    private void queries() {
        if (details.isEmpty()) {
            return;
        }
        boolean compares = results.baseline() != null;
        html.append("<section>\n<h2>Best and worst queries</h2>\n<p>")
                .append(
                        compares
                                ? "Those with the largest gain and the largest loss against the"
                                        + " baseline. "
                                : "Those with the highest and the lowest value. ")
                .append(
                        "The first terms are those of the query's vector, with their weights. A hit"
                                + " is followed by the terms that contribute most to its"
                                + " score.</p>\n");
        for (int i = 0; i < details.size(); i++) {
            if (i == 0 || i == (details.size() + 1) / 2) {
                html.append(i == 0 ? "<h3>Best</h3>\n" : "<h3>Worst</h3>\n");
            }
            query(details.get(i), compares);
        }
        html.append("</section>\n");
    }

    private void query(QueryDetails query, boolean compares) {
        double difference = query.value() - query.baseline();
        html.append("<details><summary><span class=\"delta ")
                .append(!compares ? "" : difference > 0 ? "up" : difference < 0 ? "down" : "")
                .append("\">")
                .append(compares ? signed(difference) : format("%.4f", query.value()))
                .append("</span> <span class=\"query\">")
                .append(escape(shorten(query.text())))
                .append("</span></summary>\n<p class=\"muted\">query ")
                .append(escape(query.id()))
                .append(": ")
                .append(results.mainMetric())
                .append(format(" %.4f", query.value()))
                .append(compares ? format(", baseline %.4f", query.baseline()) : "")
                .append(", ")
                .append(query.explanation().queryTerms())
                .append(" terms</p>\n");
        terms(query.explanation().terms());
        html.append("<ol class=\"hits\">\n");
        for (Explanation.Hit hit : query.explanation().hits()) {
            html.append("<li>");
            grade(query.grades().get(hit.id()));
            html.append(" <b>")
                    .append(escape(hit.id()))
                    .append("</b> <span class=\"muted\">")
                    .append(format("%.2f", hit.score()))
                    .append("</span> ")
                    .append(escape(shorten(hit.text())));
            terms(hit.terms().subList(0, Math.min(8, hit.terms().size())));
            html.append("</li>\n");
        }
        html.append("</ol>\n");
        if (!query.missed().isEmpty()) {
            html.append("<p class=\"muted\">Relevant documents below: ");
            String separator = "";
            for (Missed missed : query.missed()) {
                html.append(separator).append("<b>").append(escape(missed.id())).append("</b> ");
                grade(missed.grade());
                html.append(missed.rank() == 0 ? " not found" : " at rank " + missed.rank());
                separator = ", ";
            }
            html.append("</p>\n");
        }
        html.append("</details>\n");
    }

    private void grade(Integer grade) {
        html.append(
                grade == null
                        ? "<span class=\"grade\">not judged</span>"
                        : grade > 0
                                ? "<span class=\"grade up\">grade " + grade + "</span>"
                                : "<span class=\"grade down\">grade " + grade + "</span>");
    }

    private void terms(List<WeightedTerm> terms) {
        double max = terms.stream().mapToDouble(WeightedTerm::weight).max().orElse(1);
        html.append("<p class=\"terms\">");
        for (WeightedTerm term : terms) {
            html.append(
                    format(
                            "<span class=\"term\" style=\"opacity:%.2f\">%s <i>%.2f</i></span> ",
                            0.45 + 0.55 * term.weight() / max, escape(term.term()), term.weight()));
        }
        html.append("</p>\n");
    }

    private void method() {
        html.append("<section>\n<h2>Method</h2>\n<ul>\n");
        for (String sentence : results.method()) {
            html.append("<li>").append(escape(sentence)).append("</li>\n");
        }
        for (SystemResult system : results.systems()) {
            if (!system.settings().isEmpty()) {
                html.append("<li>").append(escape(system.name())).append(": ");
                List<String> settings = new ArrayList<>();
                system.settings().forEach((key, value) -> settings.add(key + " " + value));
                html.append(escape(String.join(", ", settings))).append("</li>\n");
            }
        }
        for (String note : results.notes()) {
            html.append("<li>Note: ").append(escape(note)).append("</li>\n");
        }
        html.append("</ul>\n</section>\n");
    }

    private static String shorten(String text) {
        String line = text.strip().replaceAll("\\s+", " ");
        return line.codePointCount(0, line.length()) <= MAX_TEXT
                ? line
                : line.substring(0, line.offsetByCodePoints(0, MAX_TEXT)) + " ...";
    }
}

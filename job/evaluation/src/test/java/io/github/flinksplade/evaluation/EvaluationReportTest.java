package io.github.flinksplade.evaluation;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.github.flinksplade.evaluation.SparseRanker.Explanation;
import io.github.flinksplade.evaluation.SparseRanker.WeightedTerm;
import java.io.StringReader;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import javax.xml.parsers.DocumentBuilderFactory;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.w3c.dom.Document;
import org.xml.sax.InputSource;

class EvaluationReportTest {

    private static final String NASTY = "<b a=\"x\">&amp; 'quoted' \u0001 \ud83d\ude00 100 % %s";

    @TempDir private Path directory;

    private static SystemResult system(String name, double flops, boolean reversed) {
        Map<String, Map<String, Integer>> grades = new LinkedHashMap<>();
        Map<String, List<ScoredDocument>> rankings = new LinkedHashMap<>();
        for (int i = 0; i < 40; i++) {
            grades.put("q" + i, Map.of("d1", 2, "d2", 1));
            rankings.put(
                    "q" + i,
                    List.of(
                            new ScoredDocument("d1", reversed ? 1 : 3),
                            new ScoredDocument("other", 2)));
        }
        Evaluation evaluation =
                Evaluation.of(
                        new Run(name, rankings),
                        new Qrels(grades),
                        Metric.parse("nDCG@10,MRR@10,MAP"));
        return new SystemResult(
                name,
                Map.of("prune", NASTY),
                new Run(name, rankings),
                evaluation,
                new TermStatistics(10, 100, flops),
                1_000_000L,
                new Percentiles(1, 2, 3),
                new Percentiles(4, 5, 6));
    }

    private static EvaluationReport report() {
        SystemResult baseline = system("BM25", 1.5, true);
        return new EvaluationReport(
                NASTY,
                1000,
                Metric.parse("nDCG@10,MRR@10,MAP"),
                List.of(baseline, system(NASTY, 3, false), system("other", 2, false)),
                baseline,
                List.of("a note: " + NASTY));
    }

    private static QueryDetails details() {
        return new QueryDetails(
                NASTY,
                NASTY,
                1,
                0.5,
                new Explanation(
                        2,
                        List.of(new WeightedTerm(NASTY, 2), new WeightedTerm("##ing", 1)),
                        List.of(
                                new Explanation.Hit(
                                        NASTY, 7, NASTY, List.of(new WeightedTerm(NASTY, 2))))),
                Map.of("d1", 2),
                List.of(new QueryDetails.Missed(NASTY, 2, 0)));
    }

    @Test
    void htmlIsWellFormedSelfContainedAndEscaped() throws Exception {
        String html = new HtmlReport(report(), List.of(details(), details())).toHtml();
        DocumentBuilderFactory factory = DocumentBuilderFactory.newInstance();
        Document page =
                factory.newDocumentBuilder()
                        .parse(
                                new InputSource(
                                        new StringReader(html.substring(html.indexOf('\n') + 1))));
        assertThat(page.getElementsByTagName("svg").getLength()).isEqualTo(2);
        assertThat(page.getElementsByTagName("circle").getLength()).isEqualTo(3);
        assertThat(page.getElementsByTagName("rect").getLength()).isEqualTo(40);
        assertThat(page.getElementsByTagName("h1").item(0).getTextContent())
                .isEqualTo("Search quality on " + NASTY.replace('\u0001', '\ufffd'));
        assertThat(page.getElementsByTagName("summary").item(0).getTextContent())
                .contains(NASTY.replace('\u0001', '\ufffd'));
        assertThat(page.getElementsByTagName("script").getLength()).isZero();
        assertThat(html).doesNotContain("<b a=", "http://", "https://", "url(", "src=", "@import");
        assertThat(html).contains("prefers-color-scheme: dark");
    }

    @Test
    void aReportOfRunFilesIsWellFormed() throws Exception {
        Run run = new Run("run", Map.of("q1", List.of(new ScoredDocument("d1", 1))));
        EvaluationReport report = reportOf(run, "d1");
        report.write(directory, List.of());
        DocumentBuilderFactory.newInstance()
                .newDocumentBuilder()
                .parse(
                        new InputSource(
                                new StringReader(
                                        Files.readString(directory.resolve("report.html"))
                                                .substring("<!DOCTYPE html>\n".length()))));
        assertThat(report.toText()).startsWith("qrels: 1 queries\n\n").contains("1.0000");
        assertThat(Files.readString(directory.resolve("per-query.tsv")))
                .isEqualTo(
                        "query\tsystem\tnDCG@10\tMRR@10\tMAP\tRecall@100\tRecall@1000\tP@10\n"
                                + "q1\trun\t1.0000\t1.0000\t1.0000\t1.0000\t1.0000\t0.1000\n");
        assertThat(Run.read(directory.resolve("runs/run.trec")).rankings())
                .isEqualTo(run.rankings());
    }

    private static EvaluationReport reportOf(Run run, String relevant) {
        List<Metric> metrics = Metric.parse(Metric.DEFAULTS);
        Qrels qrels = new Qrels(Map.of("q1", Map.of(relevant, 1)));
        SystemResult only = new Evaluator(qrels, Map.of(), metrics, false).evaluate(run);
        return new EvaluationReport("qrels", null, metrics, List.of(only), null, List.of());
    }

    @Test
    void idsWithWhiteSpaceAreMissingOnlyInRunFiles() {
        Run run = new Run("run", Map.of("q1", List.of(new ScoredDocument("d 1", 1))));
        assertThatThrownBy(() -> reportOf(run, "d 1").write(directory, List.of()))
                .isInstanceOf(EvaluationException.class)
                .hasMessageContaining("'d 1'");
        assertThat(directory.resolve("per-query.tsv")).content().contains("q1\trun\t1.0000");
        assertThat(directory.resolve("report.html")).exists();
        assertThat(directory.resolve("results.json")).exists();
        assertThat(directory.resolve("runs")).isEmptyDirectory();
    }

    @Test
    void jsonContainsMeansAndComparisons() throws Exception {
        JsonNode json = new ObjectMapper().readTree(report().toJson());
        JsonNode system = json.get("systems").get(1);
        assertThat(json.get("baseline").asText()).isEqualTo("BM25");
        assertThat(system.get("metrics").get("MRR@10").asDouble()).isEqualTo(1);
        JsonNode comparison = system.get("comparedWithBaseline").get("MRR@10");
        assertThat(comparison.get("difference").asDouble()).isCloseTo(0.5, within(1e-12));
        assertThat(comparison.get("better").asInt()).isEqualTo(40);
        assertThat(comparison.get("pValue").asDouble()).isEqualTo(1 / 100_001.0);
        assertThat(system.get("terms").get("flops").asDouble()).isEqualTo(3);
    }

    @Test
    void textMarksSignificantDifferences() {
        assertThat(report().toText())
                .contains("1.0000*", "0.5000 ", "p(nDCG@10)", "1.0 / 2.0 / 3.0")
                .contains("seed 42", "Note: a note: ");
    }

    @Test
    void systemsNeedDifferentNames() {
        List<SystemResult> twice = new ArrayList<>();
        twice.add(system("same", 1, false));
        twice.add(system("same", 2, false));
        assertThatThrownBy(
                        () ->
                                new EvaluationReport(
                                        "c", 1, Metric.parse("MAP"), twice, null, List.of()))
                .isInstanceOf(EvaluationException.class)
                .hasMessageStartingWith("two results have the name 'same'");
    }

    @Test
    void percentilesAreTheNearestRanks() {
        long[] nanos = new long[200];
        for (int i = 0; i < nanos.length; i++) {
            nanos[i] = (200 - i) * 1_000_000L;
        }
        assertThat(Percentiles.of(nanos)).isEqualTo(new Percentiles(100, 190, 198));
        assertThat(Percentiles.of(new long[] {5_000_000})).isEqualTo(new Percentiles(5, 5, 5));
    }

    @Test
    void ticksAreRoundNumbers() {
        assertThat(SvgChart.ticks(0, 4.6)).containsExactly(0.0, 1.0, 2.0, 3.0, 4.0);
        assertThat(SvgChart.ticks(-0.11, 0.11)).hasSize(5).contains(0.0, -0.1, 0.05);
    }
}

package io.github.flinksplade.connector.solr;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.github.flinksplade.connector.ConnectorUri;
import io.github.flinksplade.connector.VectorRecord;
import io.github.flinksplade.connector.contract.Corpus;
import io.github.flinksplade.connector.contract.SinkTestHarness;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;

/** The snippets of docs/sinks/solr.md, run against a real Solr. */
@Timeout(value = 3, unit = TimeUnit.MINUTES)
class SolrPageITCase {

    private static SolrProcess solr;
    private static SolrReader reader;
    private static String page;

    @BeforeAll
    static void start(@TempDir Path home) throws Exception {
        page = Files.readString(Path.of("../../docs/sinks/solr.md"));
        SolrServer.prepare(home);
        solr = SolrProcess.start(home);
        reader = new SolrReader(solr.url, null, null);
        reader.request(SolrServer.coreFolder(home, "articles"), null);
        ConnectorUri uri = reader.uri("articles", "");
        try (SinkTestHarness harness =
                SinkTestHarness.start(
                        new SolrConnector().sink(uri), Corpus.context(Corpus.PROVENANCE, false))) {
            harness.write(
                    Corpus.upsert("second", 1, "{}", new TreeMap<>(Map.of(2040, 1f))),
                    Corpus.upsert("first", 1, "{}", new TreeMap<>(Map.of(2040, 1f, 2088, 1f))),
                    Corpus.upsert("neither", 1, "{}", new TreeMap<>(Map.of(7, 1f))),
                    Corpus.delete("deleted", 1),
                    passage("whale", 0, 1f),
                    passage("whale", 1, 3f),
                    passage("emma", 0, 2f));
            harness.finish();
        }
        reader.held("articles");
    }

    private static VectorRecord passage(String parent, int number, float weight) {
        String fields = "{\"parent\":\"%s\",\"passage\":%d}".formatted(parent, number);
        return Corpus.upsert(
                parent + "#" + number, 1, fields, new TreeMap<>(Map.of(12202, weight)));
    }

    @AfterAll
    static void stop() {
        solr.close();
    }

    /** Runs all snippets of a language as one script, against the test's server. */
    private static String run(String language, String... command) throws Exception {
        Process which =
                new ProcessBuilder("bash", "-c", "command -v curl && command -v python3").start();
        assumeTrue(which.waitFor() == 0, "curl or python3 is not installed");
        StringBuilder snippets = new StringBuilder();
        Matcher matcher = Pattern.compile("(?s)```" + language + "\n(.*?)```").matcher(page);
        while (matcher.find()) {
            snippets.append(matcher.group(1));
        }
        assertThat(snippets).contains("http://localhost:8983/solr/articles");
        Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
        process.getOutputStream()
                .write(
                        snippets.toString()
                                .replace("http://localhost:8983/solr", solr.url)
                                .getBytes(StandardCharsets.UTF_8));
        process.getOutputStream().close();
        String output = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
        assertThat(process.waitFor()).as(output).isZero();
        return output;
    }

    @Test
    void runsTheCurlCommands() throws Exception {
        assertThat(run("sh", "bash", "-eu"))
                .doesNotContain("\"error\"")
                .containsSubsequence(
                        "\"numFound\":2",
                        "\"first\"",
                        "2.0",
                        "\"second\"",
                        "1.5",
                        "\"numFound\":3", // passages, in two groups
                        "\"whale#1\"",
                        "\"whale\"",
                        "6.0",
                        "\"emma#0\"",
                        "4.0",
                        "\"numFound\":6")
                .doesNotContain("whale#0");
    }

    @Test
    void runsThePythonProgram() throws Exception {
        assertThat(run("python", "python3", "-")).isEqualTo("first 2.0\nsecond 1.5\n");
    }
}

package io.github.flinksplade.app;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.github.flinksplade.app.MainTest.Outcome;
import io.github.flinksplade.app.demo.Demo;
import io.github.flinksplade.app.demo.ExcludedWords;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The block that the README starts with; the tests share its index. */
class DemoITCase {

    private static final double MIN_FOUND = 0.75;

    @TempDir private static Path directory;

    private static PageScripts readme;
    private static Path built;
    private static Distribution.Answer first;

    @BeforeAll
    static void runTheDemo() throws IOException {
        Path cache = directory.resolve("cache");
        readme = new PageScripts("README.md", directory, cache);
        built = cache.resolve("flink-splade/demo");
        first = readme.shell(readme.blocks("Start"), "a large striped cat\n");
    }

    private static Set<String> words(String text) {
        return new HashSet<>(Arrays.asList(text.toLowerCase(Locale.ROOT).split("[^a-z]+")));
    }

    /** The best hits of each query. */
    private static Map<String, List<JsonNode>> search(Collection<String> queries, int k)
            throws IOException {
        Outcome outcome =
                MainTest.run(
                        String.join("\n", queries),
                        "search",
                        "--index",
                        "lucene:" + built.resolve("index"),
                        "-k",
                        Integer.toString(k),
                        "--json");
        Map<String, List<JsonNode>> hits = new LinkedHashMap<>();
        for (String line : outcome.out().split("\n")) {
            JsonNode hit = new ObjectMapper().readTree(line);
            hits.computeIfAbsent(hit.get("query").asText(), key -> new ArrayList<>()).add(hit);
        }
        assertThat(hits.keySet()).containsExactlyElementsOf(queries);
        return hits;
    }

    /** The ids that are expected for each query. */
    private static Map<String, List<String>> expected() throws IOException {
        Map<String, List<String>> expected = new LinkedHashMap<>();
        try (InputStream in = Demo.class.getResourceAsStream("queries.tsv")) {
            for (String line : new String(in.readAllBytes(), StandardCharsets.UTF_8).split("\n")) {
                if (!line.startsWith("#")) {
                    List<String> cells = List.of(line.split("\t"));
                    expected.put(cells.get(0), cells.subList(1, cells.size()));
                }
            }
        }
        return expected;
    }

    @Test
    void indexesWithoutDeadLetters() {
        assertThat(first.err()).contains("Indexing ", "; skipped 0; ", "Dead letters: 0.");
        assertThat(first.out()).contains("\n> a large striped cat\n 1. ");
    }

    @Test
    void runsOnlyTheQueryOfTheCommandLine() {
        Outcome outcome =
                MainTest.run("", "demo", "--dir", built.toString(), "a", "large", "striped cat");
        assertThat(outcome.code()).as(outcome.err()).isZero();
        assertThat(outcome.out()).startsWith(" 1. ").contains("tiger").doesNotContain("> bunny");
        assertThat(outcome.err()).doesNotContain("Next, index your own text");
    }

    @Test
    void findsHitsThatShareNoWordWithTheQuery() throws IOException {
        search(Demo.QUERIES, 1)
                .forEach(
                        (query, hits) ->
                                assertThat(words(hits.get(0).get("text").asText()))
                                        .as(query)
                                        .doesNotContainAnyElementsOf(words(query)));
    }

    @Test
    void findsExpectedEntriesOfEverydayQueries() throws IOException {
        Map<String, List<String>> expected = expected();
        List<String> missed = new ArrayList<>();
        search(expected.keySet(), 3)
                .forEach(
                        (query, hits) -> {
                            List<String> ids =
                                    hits.stream().map(hit -> hit.get("id").asText()).toList();
                            if (ids.stream().noneMatch(expected.get(query)::contains)) {
                                missed.add(query + ": " + ids);
                            }
                        });
        assertThat(expected).hasSize(60);
        assertThat(missed)
                .as(String.join("\n", missed))
                .hasSizeLessThanOrEqualTo((int) (expected.size() * (1 - MIN_FOUND)));
    }

    /** Id, text and the best terms of a hit: what the demo and {@code search} print. */
    private static String printed(JsonNode hit) {
        List<String> terms = new ArrayList<>();
        hit.get("terms").fieldNames().forEachRemaining(terms::add);
        return hit.get("id").asText()
                + " "
                + hit.get("text").asText()
                + " "
                + String.join(", ", terms.subList(0, Math.min(5, terms.size())));
    }

    @Test
    void showsNoExcludedWord() throws IOException {
        ExcludedWords excluded = ExcludedWords.read();
        search(expected().keySet(), 3).values().stream()
                .flatMap(List::stream)
                .map(DemoITCase::printed)
                .forEach(hit -> assertThat(excluded.find(hit)).as(hit).isNull());
    }

    @Test
    void separatesWeakerMatches() {
        int separators = 0;
        for (String answer : first.out().split("> .*\n")) {
            Matcher line = Pattern.compile("(?m)^ *\\d+\\. +([\\d.]+)|^weaker.*").matcher(answer);
            double best = 0;
            boolean weak = false;
            while (line.find()) {
                if (line.group(1) == null) {
                    weak = true;
                    separators++;
                } else {
                    double score = Double.parseDouble(line.group(1));
                    best = Math.max(best, score);
                    // the scores are rounded to two digits
                    if (weak) {
                        assertThat(score).as(answer).isLessThan(0.7 * best + 0.01);
                    } else {
                        assertThat(score).as(answer).isGreaterThan(0.7 * best - 0.01);
                    }
                }
            }
        }
        assertThat(separators).isPositive();
    }

    @Test
    void usesTheIndexOfTheLastDemo() {
        Outcome second = MainTest.run("a large striped cat\n", "demo", "--dir", built.toString());
        assertThat(second.out()).isEqualTo(first.out());
        assertThat(second.err())
                .startsWith("Using the index of the last demo: " + built + "\n")
                .doesNotContain("Indexing");
    }

    @Test
    void endsWithCommandsThatRun() {
        String commands = first.err().substring(first.err().indexOf("  printf "));
        assertThat(commands)
                .contains(
                        "  ./flink-splade serve --index 'lucene:" + built.resolve("index") + "'\n",
                        "  ./flink-splade run --from 'kafka://");
        String ownText = commands.substring(0, commands.indexOf("Search the index"));
        assertThat(readme.shell(ownText, "").out()).contains("The physician examined the heart.");
    }
}

package io.github.flinksplade.app;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.github.flinksplade.app.MainTest.Outcome;
import io.github.flinksplade.app.demo.Demo;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.HashSet;
import java.util.Locale;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class DemoITCase {

    @TempDir private Path directory;

    private static Set<String> words(String text) {
        return new HashSet<>(Arrays.asList(text.toLowerCase(Locale.ROOT).split("[^a-z]+")));
    }

    /** The block that the README starts with, then the same demo again. */
    @Test
    void findsHitsThatShareNoWordWithTheQuery() throws IOException {
        Path cache = directory.resolve("cache");
        PageScripts readme = new PageScripts("README.md", directory, cache);
        Distribution.Answer first = readme.shell(readme.blocks("Start"), "a large striped cat\n");
        assertThat(first.err()).contains("Indexing ", "; skipped 0; ", "Dead letters: 0.");
        assertThat(first.out()).contains("\n> a large striped cat\n 1. ");

        Path built = cache.resolve("flink-splade/demo");
        Outcome hits =
                MainTest.run(
                        String.join("\n", Demo.QUERIES),
                        "search",
                        "--index",
                        "lucene:" + built.resolve("index"),
                        "-k",
                        "1",
                        "--json");
        int found = 0;
        for (String line : hits.out().split("\n")) {
            JsonNode hit = new ObjectMapper().readTree(line);
            assertThat(words(hit.get("text").asText() + " " + hit.get("id").asText()))
                    .as(line)
                    .doesNotContainAnyElementsOf(words(hit.get("query").asText()));
            found++;
        }
        assertThat(found).isEqualTo(Demo.QUERIES.size());

        Outcome second = MainTest.run("a large striped cat\n", "demo", "--dir", built.toString());
        assertThat(second.out()).isEqualTo(first.out());
        assertThat(second.err()).isEqualTo("Using the index of the last demo: " + built + "\n");
    }
}

package io.github.flinksplade.app;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.github.flinksplade.app.MainTest.Outcome;
import io.github.flinksplade.app.console.ExitCode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** {@code copy}, and {@code search --idf}, with the built-in model. */
class CopyITCase {

    private static final ObjectMapper JSON = new ObjectMapper();

    @TempDir private static Path directory;

    /** An index and a directory of vectors that the tests copy. */
    @BeforeAll
    static void documents() throws IOException {
        StringBuilder documents = new StringBuilder();
        for (int i = 0; i < 12; i++) {
            documents.append(
                    "{\"id\":\"car "
                            + i
                            + "\",\"text\":\"A car of the "
                            + i
                            + "th kind on the road.\",\"version\":"
                            + (i + 3)
                            + ",\"n\":"
                            + i
                            + "}\n");
        }
        documents.append("{\"id\":\"boat\",\"text\":\"A boat on the lake.\",\"version\":7}\n");
        documents.append("{\"id\":\"gone\",\"text\":\"A train.\",\"version\":1}\n");
        documents.append("{\"id\":\"gone\",\"op\":\"delete\",\"version\":2}\n");
        Files.writeString(directory.resolve("docs.jsonl"), documents);
        succeeds(
                "run",
                "--from",
                at("file:", "docs.jsonl"),
                "--to",
                at("lucene:", "idx"),
                "--to",
                at("file:", "vectors") + "?text=true");
    }

    private static String at(String scheme, String name) {
        return scheme + directory.resolve(name);
    }

    private static Outcome succeeds(String... arguments) {
        Outcome outcome = MainTest.run("", arguments);
        assertThat(outcome.code()).as(outcome.err()).isZero();
        return outcome;
    }

    /** The line of the newest change of each id. */
    private static Map<String, JsonNode> lines(String folder) throws IOException {
        Map<String, JsonNode> newest = new TreeMap<>();
        List<Path> parts;
        try (Stream<Path> files = Files.list(directory.resolve(folder))) {
            parts = files.filter(file -> file.toString().endsWith(".jsonl")).toList();
        }
        for (Path part : parts) {
            for (String text : Files.readAllLines(part)) {
                JsonNode line = JSON.readTree(text);
                JsonNode before = newest.get(line.get("id").textValue());
                if (before == null
                        || before.get("version").longValue() <= line.get("version").longValue()) {
                    newest.put(line.get("id").textValue(), line);
                }
            }
        }
        newest.values().removeIf(line -> line.has("op"));
        return newest;
    }

    @Test
    void copiesIdenticalVectorsWithoutEncoding() throws IOException {
        Outcome copy =
                succeeds(
                        "copy",
                        "--from",
                        at("lucene:", "idx"),
                        "--to",
                        at("lucene:", "idx2"),
                        "--to",
                        at("file:", "copied") + "?text=true");
        assertThat(copy.err()).contains("read 13; encoded 0; written 13 to lucene:");
        assertThat(lines("copied")).isEqualTo(lines("vectors")).hasSize(13);
        String[] search = {"search", "--json", "--index", at("lucene:", "idx"), "fast car"};
        String first = succeeds(search).out();
        search[3] = at("lucene:", "idx2");
        assertThat(succeeds(search).out()).isEqualTo(first).isNotEmpty();
    }

    @Test
    void copyingAgainKeepsNewerVersions() throws IOException {
        String[] copy = {"copy", "--from", at("lucene:", "idx"), "--to", at("lucene:", "newer")};
        succeeds(copy);
        Files.writeString(
                directory.resolve("newer.jsonl"),
                "{\"id\":\"boat\",\"text\":\"A ship on the sea.\",\"version\":8}\n");
        succeeds("run", "--from", at("file:", "newer.jsonl"), "--to", at("lucene:", "newer"));
        succeeds(copy);
        Outcome found =
                succeeds("search", "--index", at("lucene:", "newer"), "-k", "1", "--json", "boat");
        assertThat(found.out()).contains("A ship on the sea.");
    }

    @Test
    void copiesAnEmptyIndex() throws IOException {
        Files.writeString(directory.resolve("none.jsonl"), "");
        succeeds("run", "--from", at("file:", "none.jsonl"), "--to", at("lucene:", "empty"));
        Outcome copy =
                succeeds("copy", "--from", at("lucene:", "empty"), "--to", at("lucene:", "empty2"));
        assertThat(copy.err()).contains("read 0;");
    }

    @Test
    void reportsWhatCannotBeCopied() {
        Outcome outcome =
                MainTest.run(
                        "",
                        "copy",
                        "--from",
                        at("file:", "docs.jsonl"),
                        "--to",
                        at("lucene:", "idx3"));
        assertThat(outcome.code()).isEqualTo(ExitCode.INPUT);
        assertThat(outcome.err()).contains("cannot be copied from");
    }

    @Test
    void idfReducesTheWeightOfFrequentTerms() throws IOException {
        String[] plain = {
            "search", "--json", "--index", at("lucene:", "idx"), "-k", "13", "car boat"
        };
        String[] byIdf = {
            "search", "--json", "--idf", "--index", at("lucene:", "idx"), "-k", "13", "car boat"
        };
        assertThat(weight(plain, "boat", "boat") / weight(plain, "car 1", "car"))
                .isLessThan(weight(byIdf, "boat", "boat") / weight(byIdf, "car 1", "car"));
    }

    /** The contribution of a term to the score of a document. */
    private static double weight(String[] search, String id, String term) throws IOException {
        for (String line : succeeds(search).out().lines().toList()) {
            JsonNode hit = JSON.readTree(line);
            if (hit.get("id").textValue().equals(id)) {
                return hit.get("terms").get(term).doubleValue();
            }
        }
        throw new AssertionError(id + " is not found");
    }
}

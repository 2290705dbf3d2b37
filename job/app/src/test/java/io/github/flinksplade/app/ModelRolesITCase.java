package io.github.flinksplade.app;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.flinksplade.app.MainTest.Outcome;
import io.github.flinksplade.encoder.RandomMaskedLanguageModel;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Commands with models whose queries are encoded by something else than the documents. */
class ModelRolesITCase {

    @TempDir Path directory;
    private Path model;

    @BeforeEach
    void write() {
        model = new RandomMaskedLanguageModel().write(directory.resolve("model"));
    }

    private Outcome run(String... arguments) {
        return MainTest.run(
                "",
                Stream.concat(
                                Stream.of(arguments),
                                Stream.of("--model-cache", directory.resolve("cache").toString()))
                        .toArray(String[]::new));
    }

    private static String onlyLine(Outcome outcome) {
        assertThat(outcome.code()).as(outcome.err()).isZero();
        assertThat(outcome.out().lines()).hasSize(1);
        return outcome.out().strip();
    }

    @Test
    void searchesWithQueriesFromATable() throws IOException {
        Files.writeString(model.resolve("idf.json"), "{\"hello\": 2.0, \"world\": 0.5}");
        assertThat(
                        onlyLine(
                                run(
                                        "encode",
                                        "--role",
                                        "query",
                                        "--model",
                                        model.toString(),
                                        "hello the HELLO world")))
                .isEqualTo("{\"indices\":[57,58],\"values\":[2.0,0.5]}");
        Path documents = directory.resolve("docs.jsonl");
        Files.writeString(
                documents,
                "{\"id\":\"1\",\"text\":\"hello world\"}\n{\"id\":\"2\",\"text\":\"w100 w101\"}\n");
        String index = "lucene:" + directory.resolve("index");
        Outcome job =
                run("run", "--from", "file:" + documents, "--to", index, "--model", model + "");
        assertThat(job.code()).as(job.err()).isZero();
        Outcome found = run("search", "--index", index, "--json", "hello");
        assertThat(found.code()).as(found.err()).isZero();
        Set<String> terms = new TreeSet<>();
        Pattern.compile("\"terms\":\\{([^}]*)}")
                .matcher(found.out())
                .results()
                .map(MatchResult::group)
                .forEach(terms::add);
        assertThat(terms).isNotEmpty().allMatch(term -> term.startsWith("\"terms\":{\"hello\":"));
    }

    @Test
    void encodesQueriesWithTheQueryModel() {
        Path other = new RandomMaskedLanguageModel().seed(2).write(directory.resolve("other"));
        List<String> query = List.of("encode", "--role", "query", "hello world", "--model");
        String expected = onlyLine(run(with(query, other.toString())));
        assertThat(onlyLine(run(with(query, model.toString(), "--query-model", other.toString()))))
                .isEqualTo(expected)
                .isNotEqualTo(onlyLine(run(with(query, model.toString()))));
        Path larger = new RandomMaskedLanguageModel().vocabulary(210).write(directory.resolve("l"));
        Outcome rejected = run(with(query, model.toString(), "--query-model", larger.toString()));
        assertThat(rejected.code()).isNotZero();
        assertThat(rejected.err())
                .contains("there are 203 terms for documents, but 210 for queries");
    }

    @Test
    void searchesWithTheQueryModelThatTheIndexStores() throws IOException {
        Path other = new RandomMaskedLanguageModel().seed(2).write(directory.resolve("other"));
        Path documents = directory.resolve("docs.jsonl");
        Files.writeString(
                documents,
                "{\"id\":\"1\",\"text\":\"hello world\"}\n{\"id\":\"2\",\"text\":\"w100 w101\"}\n");
        List<String> job = List.of("run", "--from", "file:" + documents, "--model", model + "");
        String pair = "lucene:" + directory.resolve("pair");
        String single = "lucene:" + directory.resolve("single");
        Outcome written = run(with(job, "--to", pair, "--query-model", other.toString()));
        assertThat(written.code()).as(written.err()).isZero();
        run(with(job, "--to", single));
        List<String> search = List.of("search", "--json", "hello", "--index");
        String found = run(with(search, pair)).out();
        assertThat(found)
                .isEqualTo(run(with(search, single, "--query-model", other.toString())).out())
                .isNotEqualTo(run(with(search, single)).out())
                .isNotEmpty();
        assertThat(run(with(search, pair, "--query-model", model.toString())).out())
                .isEqualTo(run(with(search, single)).out());

        Path larger = new RandomMaskedLanguageModel().vocabulary(210).write(directory.resolve("l"));
        Outcome rejected = run(with(job, "--to", pair + "2", "--query-model", larger.toString()));
        assertThat(rejected.code()).isNotZero();
        assertThat(rejected.err())
                .contains("there are 203 terms for documents, but 210 for queries");
    }

    private static String[] with(List<String> arguments, String... more) {
        return Stream.concat(arguments.stream(), Stream.of(more)).toArray(String[]::new);
    }

    @Test
    void describesBothSides() throws IOException {
        Files.writeString(model.resolve("idf.json"), "{\"hello\": 2.0}");
        Files.writeString(
                model.resolve("config.json"),
                "{\"model_type\":\"bert\",\"architectures\":[\"BertForMaskedLM\"],"
                        + "\"num_hidden_layers\":2,\"vocab_size\":203}");
        Outcome info = run("model", "info", model.toString());
        assertThat(info.code()).as(info.err()).isZero();
        assertThat(info.out())
                .contains("\narchitecture:     BertForMaskedLM, 2 layers\n")
                .contains("\nvocabulary:       203 terms\n")
                .contains(
                        "\npooling:          max\n"
                                + "activation:       relu\n"
                                + "formula:          max of log(1 + relu(logit)), special tokens"
                                + " excluded\n")
                .containsPattern("\nfingerprint:      [0-9a-f]{16}\n")
                .containsPattern(
                        "\nqueries:          token weights of idf.json \\(SHA-256 [0-9a-f]{64}\\)\n")
                .containsPattern("\nstated by its files:\n  formula: ");
    }
}

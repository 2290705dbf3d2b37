package io.github.flinksplade.app;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.github.flinksplade.app.MainTest.Outcome;
import io.github.flinksplade.app.console.ExitCode;
import io.github.flinksplade.encoder.RandomMaskedLanguageModel;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** {@code run --dry-run} and {@code run --json}. */
class DryRunITCase {

    @TempDir private Path directory;

    private Outcome run(String model, String... more) {
        List<String> arguments =
                new ArrayList<>(
                        List.of(
                                "run",
                                "--from",
                                "file:" + directory.resolve("docs.jsonl"),
                                "--to",
                                "lucene:" + directory.resolve("idx"),
                                "--to",
                                "file:" + directory.resolve("vectors"),
                                "--state",
                                directory.resolve("state").toString(),
                                "--model",
                                model));
        arguments.addAll(List.of(more));
        return MainTest.run("", arguments.toArray(new String[0]));
    }

    private String model(String name, int seed) throws IOException {
        return new RandomMaskedLanguageModel().seed(seed).write(directory.resolve(name)).toString();
    }

    private List<String> files() throws IOException {
        try (Stream<Path> files = Files.list(directory)) {
            return files.map(file -> file.getFileName().toString()).sorted().toList();
        }
    }

    @Test
    void checksEverythingAndWritesNothing() throws IOException {
        String model = model("model", 1);
        Path documents = directory.resolve("docs.jsonl");
        Files.writeString(documents, "{\"id\":\"a\",\"text\":\"b\"}\n{\"id\":\"c\"}\n");

        Outcome invalid = run(model, "--dry-run", "--json");
        assertThat(invalid.code()).as(invalid.err()).isEqualTo(ExitCode.FINDINGS);
        assertThat(invalid.err())
                .contains("idx is missing or empty, the job creates it.")
                .contains("Records: read 2; 1 would be dead letters.")
                .contains("1 x \"text\" is missing, first at " + documents + " line 2")
                .contains("Nothing was written.");
        JsonNode json = new ObjectMapper().readTree(invalid.out());
        assertThat(json.path("read").asInt()).isEqualTo(2);
        assertThat(json.path("dead_letters").asInt()).isEqualTo(1);
        assertThat(json.at("/notices/0/first_at").asText()).isEqualTo(documents + " line 2");
        assertThat(files()).containsExactly("docs.jsonl", "model");

        Files.writeString(documents, "{\"id\":\"a\",\"text\":\"b\"}\n");
        Outcome valid = run(model, "--dry-run", "--quiet");
        assertThat(valid.code()).as(valid.err()).isZero();
        assertThat(valid.err()).isEmpty();
        assertThat(files()).containsExactly("docs.jsonl", "model");

        Outcome written = run(model, "--json");
        assertThat(written.code()).as(written.err()).isZero();
        JsonNode summary = new ObjectMapper().readTree(written.out());
        assertThat(summary.path("read").asInt()).isEqualTo(1);
        assertThat(summary.at("/written").path("lucene:" + directory.resolve("idx")).asInt())
                .isEqualTo(1);
        assertThat(summary.path("dead_letters").asInt()).isZero();

        // The state and the targets exist now.
        Outcome again = run(model, "--dry-run");
        assertThat(again.code()).as(again.err()).isZero();
        assertThat(again.err()).contains("idx exists, and its vectors are of the same encoder.");
        Outcome other = run(model("other", 2), "--dry-run");
        assertThat(other.code()).isEqualTo(ExitCode.INPUT);
        assertThat(other.err()).contains("contains vectors of the model").doesNotContain("Nothing");
    }
}

package io.github.flinksplade.app;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.github.flinksplade.app.MainTest.Outcome;
import io.github.flinksplade.app.console.ExitCode;
import io.github.flinksplade.app.local.StateDirectory;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The real job with the built-in model, in this JVM. */
class LocalRunITCase {

    private static final ObjectMapper JSON = new ObjectMapper();

    @TempDir private Path directory;

    @BeforeEach
    void documents() throws IOException {
        Files.writeString(
                directory.resolve("docs.jsonl"),
                """
                {"id": "1", "text": "The physician examined the patient's heart.", "ward": "B2"}
                {"id": "2", "text": "Bake the bread until the crust is brown."}
                not JSON
                {"id": "3", "text": "The carburettor mixes air and fuel for the engine."}
                """);
    }

    private Outcome run(String... more) {
        List<String> arguments =
                new ArrayList<>(
                        List.of("run", "--from", "file:" + directory.resolve("docs.jsonl")));
        for (String argument : more) {
            arguments.add(argument.replace("@", directory + "/"));
        }
        return MainTest.run("", arguments.toArray(new String[0]));
    }

    private List<JsonNode> vectors() throws IOException {
        List<JsonNode> vectors = new ArrayList<>();
        try (Stream<Path> parts = Files.walk(directory.resolve("vectors"))) {
            for (Path part : parts.filter(path -> path.toString().endsWith(".jsonl")).toList()) {
                for (String line : Files.readAllLines(part)) {
                    vectors.add(JSON.readTree(line));
                }
            }
        }
        return vectors;
    }

    @Test
    void writesVectorsAndAnIndex() throws IOException {
        Outcome outcome =
                run("--to", "file:@vectors", "--to", "lucene:@idx", "--dead-letters", "file:@dead");
        assertThat(outcome.code()).as(outcome.err()).isZero();
        assertThat(outcome.out()).isEmpty();
        assertThat(outcome.err())
                .contains("Documents: read 4; encoded 3; written 3 to file:" + directory)
                .contains("Dead letters: 1, in file:" + directory.resolve("dead") + ".");
        assertThat(vectors())
                .extracting(vector -> vector.get("id").asText())
                .containsExactlyInAnyOrder("1", "2", "3");

        Outcome search =
                MainTest.run(
                        "",
                        "search",
                        "--index",
                        "lucene:" + directory.resolve("idx"),
                        "-k",
                        "1",
                        "doctor");
        assertThat(search.code()).as(search.err()).isZero();
        assertThat(search.out())
                .contains("  1  The physician examined the patient's heart.")
                .contains("doctor ");

        Outcome json =
                MainTest.run(
                        "doctor\n\nmotor\n",
                        "search",
                        "--index",
                        "lucene:" + directory.resolve("idx"),
                        "-k",
                        "1",
                        "--json");
        List<JsonNode> hits = new ArrayList<>();
        for (String line : json.out().split("\n")) {
            hits.add(JSON.readTree(line));
        }
        assertThat(hits).extracting(hit -> hit.get("id").asText()).containsExactly("1", "3");
        assertThat(hits.get(0).get("fields").get("ward").asText()).isEqualTo("B2");
        double parts = 0;
        for (JsonNode part : hits.get(0).get("terms")) {
            parts += part.asDouble();
        }
        assertThat(parts)
                .isCloseTo(
                        hits.get(0).get("score").asDouble(),
                        org.assertj.core.data.Offset.offset(1e-4));
    }

    @Test
    void writesOnlyChangesWhenStartedAgain() throws IOException {
        String[] job = {"--to", "file:@vectors", "--state", "@state"};
        assertThat(run(job).err()).contains("encoded 3; written 3 ").contains("skipped 0");
        assertThat(directory.resolve("state/dead-letters.jsonl")).exists();

        Outcome unchanged = run(job);
        assertThat(unchanged.code()).isZero();
        assertThat(unchanged.err())
                .contains(
                        "the last run finished; reading the sources again, unchanged documents are"
                                + " skipped")
                .contains("encoded 0; written 0 ")
                .contains("skipped 3");

        Files.writeString(
                directory.resolve("docs.jsonl"),
                """
                {"id": "1", "text": "The physician examined the patient's heart.", "ward": "C3"}
                {"id": "2", "text": "Bake the cake until the crust is brown."}
                {"id": "3", "text": "The carburettor mixes air and fuel for the engine."}
                """);
        assertThat(run(job).err()).contains("encoded 1; written 2 ").contains("skipped 1");

        Outcome added = run("--to", "file:@vectors", "--state", "@state", "--to", "lucene:@idx");
        assertThat(added.err())
                .contains("a sink was added; reading the sources from the beginning and writing")
                .contains("encoded 0; ")
                .contains("written 3 to lucene:");

        Outcome again = run("--to", "lucene:@idx", "--state", "@state", "--reindex");
        assertThat(again.err())
                .contains("writing everything again")
                .contains("written 3 to lucene:")
                .contains("skipped 0");

        Outcome other = run("--to", "lucene:@idx2", "--state", "@state", "--prune", "top_k=5");
        assertThat(other.err())
                .contains("the model or its options changed")
                .contains("encoded 3; written 3 ");
    }

    @Test
    void rejectsAnIndexOfAnotherEncoder() {
        assertThat(run("--to", "lucene:@idx", "--dead-letters", "file:@dead").code()).isZero();
        Outcome other =
                run(
                        "--to",
                        "lucene:@idx",
                        "--dead-letters",
                        "file:@dead",
                        "--document-tokens",
                        "64");
        assertThat(other.code()).isEqualTo(ExitCode.INPUT);
        assertThat(other.err().strip().split("\n")).hasSizeLessThanOrEqualTo(3);
        assertThat(other.err()).contains(directory.resolve("idx").toString());
    }

    @Test
    void failsAfterThreeAttempts() {
        FailingConnector.RECORDS.set(0);
        FailingConnector.FAILURES.set(0);
        Outcome outcome =
                run(
                        "--to",
                        "failing:1?times=1000",
                        "--dead-letters",
                        "file:@dead",
                        "-Drestart-strategy.exponential-delay.initial-backoff=10ms",
                        "-Drestart-strategy.exponential-delay.max-backoff=20ms");
        assertThat(outcome.code()).isEqualTo(ExitCode.INPUT);
        assertThat(outcome.err())
                .endsWith("flink-splade: failed on purpose\n")
                .doesNotContain("Exception");
        assertThat(FailingConnector.FAILURES).hasValue(4); // the first failure and three attempts
    }

    @Test
    void rejectsAStateDirectoryInUse() {
        StateDirectory state = StateDirectory.open(directory.resolve("state"));
        try {
            Outcome outcome = run("--to", "file:@vectors", "--state", "@state");
            assertThat(outcome.code()).isEqualTo(ExitCode.INPUT);
            assertThat(outcome.err())
                    .startsWith("flink-splade: another run uses the state directory ");
        } finally {
            state.close();
        }
    }
}

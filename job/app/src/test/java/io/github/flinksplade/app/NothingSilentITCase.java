package io.github.flinksplade.app;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.flinksplade.app.MainTest.Outcome;
import io.github.flinksplade.app.console.ExitCode;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A run reports every record that has no effect. */
class NothingSilentITCase {

    @TempDir private Path directory;

    private Outcome run(String documents, String options, String... more) throws IOException {
        Files.writeString(directory.resolve("docs.jsonl"), documents);
        List<String> arguments =
                new ArrayList<>(
                        List.of(
                                "run",
                                "--from",
                                "file:" + directory.resolve("docs.jsonl") + options,
                                "--to",
                                "lucene:" + directory.resolve("idx")));
        arguments.addAll(List.of(more));
        if (!arguments.contains("--state")) {
            arguments.addAll(List.of("--state", directory.resolve("state").toString()));
        }
        return MainTest.run("", arguments.toArray(new String[0]));
    }

    private String at(int line) {
        return "first at " + directory.resolve("docs.jsonl") + " line " + line;
    }

    @Test
    void failsWithReasonsWhenAllRecordsAreRejected() throws IOException {
        String nested =
                """
                {"id": "1", "title": "A", "body": "one"}
                {"id": "2", "title": "B", "body": "two"}
                """;
        Outcome outcome = run(nested, "");
        assertThat(outcome.code()).isEqualTo(ExitCode.FINDINGS);
        assertThat(outcome.err())
                .contains("Dead letters: 2, in file:")
                .contains("  2 x \"text\" is missing, " + at(1) + ": the document has \"id\",")
                .contains("If the text has another name, add text=NAME to the source's URI")
                .contains("flink-splade: no record was accepted.");
        // the corrected file is read again with the same state
        Outcome corrected = run(nested.replace("body", "text"), "");
        assertThat(corrected.code()).as(corrected.err()).isZero();
        assertThat(corrected.err()).contains("read 2; encoded 2;").contains("Dead letters: 0.");
    }

    @Test
    void listsInvalidVersionsByReason() throws IOException {
        String odd =
                """
                {"id":"a","version":"2.4.1","text":"tool one"}
                {"id":"b","version":"3","text":"tool two"}
                {"id":"c","version":1.0,"text":"tool three"}
                {"id":"d","version":null,"text":"tool four"}
                {"id":"e","op":"c","text":"tool five"}
                """;
        Outcome outcome = run(odd, "");
        assertThat(outcome.code()).as(outcome.err()).isZero();
        assertThat(outcome.err())
                .contains("read 5; encoded 1;")
                .contains(
                        "  3 x \"version\" is not an integer from 0 to 2^62 - 2, "
                                + at(1)
                                + ": \"2.4.1\". A version must")
                .contains(
                        "  1 x \"op\" is neither \"upsert\" nor \"delete\", " + at(5) + ": \"c\".");

        Outcome without = run(odd, "?version=none");
        assertThat(without.err())
                .contains("read 5; encoded 3; written 4 to")
                .contains("Dead letters: 1, in")
                .doesNotContain("2^62");
        Outcome wrong = run(odd, "?version=text");
        assertThat(wrong.code()).isEqualTo(ExitCode.INPUT);
        assertThat(wrong.err()).contains("is not a field that can contain a version");
    }

    @Test
    void reportsAnEqualVersionWithOtherContent() throws IOException {
        run("{\"id\":\"a\",\"version\":1,\"text\":\"old\"}\n", "");
        Outcome outcome = run("{\"id\":\"a\",\"version\":1,\"text\":\"new\"}\n", "");
        assertThat(outcome.code()).isZero();
        assertThat(outcome.err())
                .contains("superseded 0;")
                .contains(
                        "Please check:\n  1 x equal version with other content, not written, "
                                + at(1)
                                + ": id 'a', version 1. A version must grow with each change");
    }

    @Test
    void reportsAMovedStateDirectoryInOneSentence() throws IOException {
        String documents = "{\"id\":\"a\",\"text\":\"x\"}\n";
        assertThat(run(documents, "").code()).isZero();
        Path moved = Files.move(directory.resolve("state"), directory.resolve("moved"));
        Outcome outcome = run(documents, "", "--state", moved.toString());
        assertThat(outcome.code()).isEqualTo(ExitCode.INPUT);
        assertThat(outcome.err())
                .startsWith("flink-splade: the state in " + moved + " was moved or copied from ")
                .hasLineCount(1);
        Files.createSymbolicLink(directory.resolve("state"), moved);
        Outcome linked = run(documents, "", "--state", moved.toString());
        assertThat(linked.code()).as(linked.err()).isZero();
        assertThat(linked.err()).contains("skipped 1;");
    }

    @Test
    void failsImmediatelyOnTooManyDeadLetters() throws IOException {
        String bad = "{\"id\":\"1\",\"text\":\"x\"}\n" + "no JSON\n".repeat(5);
        Outcome outcome = run(bad, "", "--max-dead-letters", "3");
        assertThat(outcome.code()).isEqualTo(ExitCode.INPUT);
        assertThat(outcome.err())
                .contains(
                        "flink-splade: 4 dead letters of 5 records read exceed max-dead-letters (3)."
                                + " Correct the records, or raise max-dead-letters.")
                .contains("Reasons: 4 x the value is not one JSON object, " + at(2))
                .doesNotContain("Restarting");
        Outcome more = run(bad, "", "--max-dead-letters", "90 %");
        assertThat(more.code()).as(more.err()).isZero();
        assertThat(more.err()).contains("Dead letters: 5, in");
    }
}

package io.github.flinksplade.app;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.github.flinksplade.app.MainTest.Outcome;
import io.github.flinksplade.app.cluster.ClusterJob;
import io.github.flinksplade.app.console.ExitCode;
import io.github.flinksplade.connector.ConnectorException;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Stream;
import java.util.zip.GZIPOutputStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Runs that read standard input. */
class StandardInputITCase {

    private static final ObjectMapper JSON = new ObjectMapper();
    private static final String FIRST = "{\"id\": \"1\", \"text\": \"A heart.\"}\n";
    private static final String SECOND = "{\"id\": \"2\", \"text\": \"Bread.\"}\n";

    @TempDir private Path directory;

    @Test
    void readsJsonLinesAndReportsThePositionOfInvalidOnes() throws IOException {
        Outcome outcome = run(FIRST + "no JSON\n" + SECOND, "-");
        assertThat(outcome.code()).as(outcome.err()).isZero();
        assertThat(outcome.err())
                .contains("read 3; encoded 2; written 2 ")
                .contains(", first at standard input line 2");
        assertThat(texts()).isEqualTo(Map.of("1", "A heart.", "2", "Bread."));
        JsonNode dead = JSON.readTree(directory.resolve("dead.jsonl").toFile());
        assertThat(dead.toString()).contains("\"standard input\"");
    }

    @Test
    void readsOtherFormatsAndCompressedInput() throws IOException {
        ByteArrayOutputStream compressed = new ByteArrayOutputStream();
        try (OutputStream out = new GZIPOutputStream(compressed)) {
            out.write("sku;name;maker\na;Desk;Oak & Co\nb;Shelf;x\n".getBytes(UTF_8));
        }
        Outcome csv =
                run(compressed.toByteArray(), "-?format=csv&delimiter=;&id=sku&text=name,maker");
        assertThat(csv.code()).as(csv.err()).isZero();
        assertThat(texts()).isEqualTo(Map.of("a", "Desk\nOak & Co", "b", "Shelf\nx"));

        assertThat(run("one\n\ntwo\n", "-?format=text").code()).isZero();
        assertThat(texts()).isEqualTo(Map.of("stdin:1", "one", "stdin:3", "two"));

        assertThat(run(new byte[] {0x1F, (byte) 0x8B, 8}, "-").err())
                .contains("cannot read standard input: it is truncated: its gzip data");
    }

    /** A run over a file with the same content must report the same. */
    @Test
    void reportsWhatARunOverAFileReports() throws IOException {
        assertReportsLikeFile("", "");
        assertReportsLikeFile("", "?format=csv");
        assertReportsLikeFile("id,id\n1,2\n", "?format=csv");
        assertReportsLikeFile("{\"id\": 1, \"title\": \"Other field\"}\n", "");
        assertReportsLikeFile(FIRST, "?text=body");
        assertReportsLikeFile(FIRST, "?delimiter=;");
        assertReportsLikeFile(FIRST, "?txt=body");
    }

    private void assertReportsLikeFile(String input, String options) throws IOException {
        Path file = directory.resolve("docs.jsonl");
        Files.writeString(file, input);
        Outcome ofFile = run("", "file:" + file + options);
        Outcome ofInput = run(input, "-" + options);
        assertThat(ofInput.code()).as(options).isEqualTo(ofFile.code());
        assertThat(comparable(ofInput.err(), "stdin:-", "standard input"))
                .isEqualTo(comparable(ofFile.err(), "file:" + file, file.toString()));
    }

    private static String comparable(String err, String uri, String path) {
        return err.replace(uri, "URI")
                .replace(path, "PATH")
                // no time is compared, and the options of files are more
                .replaceAll("(?s)[0-9.,]+ ?(s|documents/s)\\b", "N")
                .replaceAll("Known: .*", "Known: ...")
                .replaceAll("out\\d+", "OUT");
    }

    @Test
    void readsTheInputAgainWhenTheJobRestarts() {
        FailingConnector.RECORDS.set(0);
        FailingConnector.FAILURES.set(0);
        Outcome outcome =
                MainTest.run(
                        FIRST + SECOND,
                        "run",
                        "--from",
                        "-",
                        "--to",
                        "failing:2?times=1",
                        "--dead-letters",
                        "file:" + directory.resolve("dead.jsonl"),
                        "-Drestart-strategy.exponential-delay.initial-backoff=10ms");
        assertThat(outcome.code()).as(outcome.err()).isZero();
        assertThat(FailingConnector.FAILURES).hasValue(1);
        assertThat(FailingConnector.RECORDS.get()).isGreaterThanOrEqualTo(3);
    }

    @Test
    void readsTheInputOfEachRunFromItsBeginning() throws IOException {
        String[] state = {"--state", directory.resolve("state").toString()};
        assertThat(run(FIRST, "-", state).err()).contains("encoded 1; written 1 ");
        Outcome next = run(FIRST + SECOND, "-", state);
        assertThat(next.err())
                .contains("reading the sources again, unchanged documents are skipped")
                .contains("read 2; encoded 1; written 1 ")
                .contains("skipped 1");

        // as if the last run had been killed
        Path manifest = directory.resolve("state/job.json");
        String json = Files.readString(manifest);
        assertThat(json).contains("\"finished\" : true");
        Files.writeString(manifest, json.replace("\"finished\" : true", "\"finished\" : false"));
        Outcome resumed = run(SECOND + FIRST.replace("heart", "lung"), "-", state);
        assertThat(resumed.err())
                .contains("sources that the last run did not have are read from their beginning")
                .contains("read 2; encoded 1; written 1 ")
                .contains("skipped 1");
        try (Stream<Path> work = Files.list(directory.resolve("state"))) {
            assertThat(work.map(path -> path.getFileName().toString())).doesNotContain("work");
        }
    }

    @Test
    void rejectsWhatStandardInputCannotDo() {
        assertThat(run("", "-?watch=true").err()).contains("unknown option 'watch' in stdin:-");
        assertThat(run("", "-?format=file").err()).contains("format=file in stdin:-");
        assertThat(run("", "stdin:docs.jsonl").err())
                .contains("stdin:docs.jsonl has a location. Write - for standard input");
        Outcome twice = run("", "-", "--from", "-?format=text");
        assertThat(twice.code()).isEqualTo(ExitCode.INPUT);
        assertThat(twice.err()).contains("standard input is listed as a source twice");
        Outcome sink = MainTest.run("", "run", "--from", "-", "--to", "-");
        assertThat(sink.code()).isEqualTo(ExitCode.INPUT);
        assertThat(sink.err()).contains("stdin:- cannot be written to: - reads standard input");
    }

    @Test
    void isRejectedOnACluster() throws IOException {
        Path job = directory.resolve("job.yaml");
        Files.writeString(job, "from: \"-\"\nto: file:vectors\ndead-letters: file:dead\n");
        assertThatThrownBy(() -> ClusterJob.execute(job, name -> null))
                .isInstanceOf(ConnectorException.class)
                .hasMessageContaining("- is the standard input of a local run")
                .hasMessageContaining("that every TaskManager can read");
    }

    private int runs;

    private Outcome run(String input, String from, String... more) {
        return run(input.getBytes(UTF_8), from, more);
    }

    private Outcome run(byte[] input, String from, String... more) {
        if (more.length == 0 || !more[0].equals("--state")) {
            runs++;
        }
        List<String> arguments =
                new ArrayList<>(
                        List.of(
                                "run",
                                "--from",
                                from,
                                "--to",
                                "file:" + directory.resolve("out" + runs) + "?text=true",
                                "--dead-letters",
                                "file:" + directory.resolve("dead.jsonl")));
        arguments.addAll(List.of(more));
        return MainTest.run(input, arguments.toArray(new String[0]));
    }

    /** The texts that the last run wrote, by id. */
    private Map<String, String> texts() throws IOException {
        Map<String, String> texts = new TreeMap<>();
        try (Stream<Path> parts = Files.list(directory.resolve("out" + runs))) {
            for (Path part : parts.filter(p -> p.toString().endsWith(".jsonl")).toList()) {
                for (String line : Files.readAllLines(part)) {
                    JsonNode vector = JSON.readTree(line);
                    texts.put(vector.get("id").asText(), vector.get("text").asText());
                }
            }
        }
        return texts;
    }
}

package io.github.flinksplade.app;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Kills or stops a local run repeatedly and restarts it with the same state. */
class RestartITCase {

    private static final int DOCUMENTS = 4_000;

    @TempDir private Path directory;

    private Process start(String... more) throws IOException {
        List<String> command = new ArrayList<>();
        command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
        command.addAll(Distribution.SHORT_RUN);
        for (String part : List.of("util", "lang", "time", "nio", "net")) {
            command.add("--add-opens=java.base/java." + part + "=ALL-UNNAMED");
        }
        command.addAll(
                List.of(
                        "-Xmx1g",
                        "-cp",
                        System.getProperty("java.class.path"),
                        Main.class.getName(),
                        "run",
                        "--from",
                        "file:docs.jsonl",
                        "--to",
                        "file:vectors",
                        "--state",
                        "state",
                        "--checkpoint-interval",
                        "300ms"));
        command.addAll(List.of(more));
        return new ProcessBuilder(command)
                .directory(directory.toFile())
                .redirectErrorStream(true)
                .redirectOutput(ProcessBuilder.Redirect.appendTo(log().toFile()))
                .start();
    }

    private Path log() {
        return directory.resolve("log");
    }

    private List<Path> parts() throws IOException {
        Path vectors = directory.resolve("vectors");
        if (!Files.isDirectory(vectors)) {
            return List.of();
        }
        try (Stream<Path> files = Files.list(vectors)) {
            return files.filter(
                            file -> {
                                String name = file.getFileName().toString();
                                return name.endsWith(".jsonl") && !name.startsWith(".");
                            })
                    .toList();
        }
    }

    private List<String> ids() throws IOException {
        ObjectMapper json = new ObjectMapper();
        List<String> ids = new ArrayList<>();
        for (Path part : parts()) {
            for (String line : Files.readAllLines(part)) {
                ids.add(json.readTree(line).get("id").asText());
            }
        }
        return ids;
    }

    private void await(Process process, BooleanSupplier condition) throws Exception {
        Instant deadline = Instant.now().plus(Duration.ofMinutes(3));
        while (!condition.getAsBoolean()) {
            assertThat(process.isAlive()).as(Files.readString(log())).isTrue();
            assertThat(Instant.now()).as(Files.readString(log())).isBefore(deadline);
            process.waitFor(20, TimeUnit.MILLISECONDS);
        }
    }

    private List<Path> savepoints() throws IOException {
        try (Stream<Path> files = Files.walk(directory.resolve("state/checkpoints"), 2)) {
            return files.filter(file -> file.getFileName().toString().startsWith("savepoint-"))
                    .toList();
        }
    }

    private boolean morePartsThan(int parts) {
        try {
            return parts().size() > parts;
        } catch (IOException e) {
            throw new java.io.UncheckedIOException(e);
        }
    }

    @Test
    void losesAndDuplicatesNothing() throws Exception {
        Files.write(
                directory.resolve("docs.jsonl"),
                IntStream.range(0, DOCUMENTS)
                        .mapToObj(
                                i ->
                                        "{\"id\":\"%d\",\"text\":\"document %d of a corpus about cars, trees and the sea\"}"
                                                .formatted(i, i))
                        .toList());

        Process killed = start();
        await(killed, () -> morePartsThan(0));
        killed.destroyForcibly().waitFor(); // SIGKILL
        assertThat(ids().size()).isLessThan(DOCUMENTS);
        int first = parts().size();

        Process stopped = start();
        await(stopped, () -> morePartsThan(first));
        stopped.destroy(); // SIGTERM
        assertThat(stopped.waitFor(60, TimeUnit.SECONDS)).isTrue();
        assertThat(stopped.exitValue()).as(Files.readString(log())).isEqualTo(143);
        assertThat(Files.readString(log()))
                .containsPattern(
                        "State in state: resuming from the checkpoint of .* \\(run-1/chk-\\d+\\)")
                .containsPattern("The checkpoint contains [1-9]\\d* changes written to file:")
                .contains("Stopped with a savepoint. Run it again with the same --state");
        assertThat(ids().size()).isLessThan(DOCUMENTS);

        assertThat(savepoints()).hasSize(1);

        Process last = start();
        assertThat(last.waitFor(3, TimeUnit.MINUTES)).isTrue();
        assertThat(last.exitValue()).as(Files.readString(log())).isZero();
        assertThat(Files.readString(log())).contains("resuming from the savepoint of ");
        assertThat(ids()).hasSize(DOCUMENTS);
        assertThat(new TreeSet<>(ids())).hasSize(DOCUMENTS);
        try (Stream<Path> runs = Files.list(directory.resolve("state/checkpoints"))) {
            assertThat(runs).hasSize(1); // the checkpoints of older runs were deleted
        }
        assertThat(directory.resolve("state/work")).doesNotExist();
    }

    /** A text of passages with the given numbers. */
    private static String text(IntStream passages) {
        return passages.mapToObj(n -> "part " + n + " speaks of the sea, of ships and of wind.")
                .collect(Collectors.joining("\\n\\n"));
    }

    /** Documents that shrink from eight passages to three, or are deleted. */
    @Test
    void passagesEqualTheDocumentsAfterKills() throws Exception {
        int documents = 400;
        List<String> lines = new ArrayList<>();
        Set<String> expected = new TreeSet<>();
        for (int i = 0; i < documents; i++) {
            lines.add(
                    "{\"id\":\"d%d\",\"version\":1,\"text\":\"%s\"}"
                            .formatted(i, text(IntStream.range(i, i + 8))));
        }
        for (int i = 0; i < documents; i++) {
            boolean delete = i % 5 == 0;
            lines.add(
                    delete
                            ? "{\"id\":\"d%d\",\"version\":2,\"op\":\"delete\"}".formatted(i)
                            : "{\"id\":\"d%d\",\"version\":2,\"text\":\"%s\"}"
                                    .formatted(i, text(IntStream.range(i + 2, i + 5))));
            for (int passage = 0; passage < 3 && !delete; passage++) {
                expected.add("d" + i + "#" + passage + " part " + (i + 2 + passage));
            }
        }
        Files.write(directory.resolve("docs.jsonl"), lines);
        String[] options = {
            "--long-documents", "passages", "--passage-tokens", "16", "--to", "lucene:index"
        };
        Process first = start(options);
        await(first, () -> morePartsThan(0));
        first.destroyForcibly().waitFor();
        int before = parts().size();
        Process second = start(options);
        // on a slow machine the first one may have left nothing to write
        await(second, () -> morePartsThan(before) || !second.isAlive());
        second.destroyForcibly().waitFor();
        Process last = start(options);
        assertThat(last.waitFor(3, TimeUnit.MINUTES)).isTrue();
        assertThat(last.exitValue()).as(Files.readString(log())).isZero();

        Map<String, JsonNode> newest = new TreeMap<>();
        List<String> changes = new ArrayList<>();
        ObjectMapper json = new ObjectMapper();
        for (Path part : parts()) {
            for (String line : Files.readAllLines(part)) {
                JsonNode change = json.readTree(line);
                String id = change.get("id").asText();
                changes.add(id + " " + change.get("version"));
                newest.merge(
                        id,
                        change,
                        (a, b) -> a.get("version").asLong() > b.get("version").asLong() ? a : b);
            }
        }
        assertThat(changes).as("every change once").doesNotHaveDuplicates();
        Set<String> written = new TreeSet<>();
        newest.forEach(
                (id, change) -> {
                    if (!change.path("op").asText().equals("delete")) {
                        assertThat(change.at("/fields/parent").asText() + "#")
                                .isEqualTo(id.substring(0, id.indexOf('#') + 1));
                        written.add(id);
                    }
                });
        assertThat(written)
                .isEqualTo(
                        expected.stream()
                                .map(passage -> passage.substring(0, passage.indexOf(' ')))
                                .collect(Collectors.toCollection(TreeSet::new)));

        Set<String> found = new TreeSet<>();
        for (String line :
                MainTest.run(
                                "",
                                "search",
                                "--index",
                                "lucene:" + directory.resolve("index"),
                                "--passages",
                                "--json",
                                "-k",
                                "9999",
                                "ships on the sea")
                        .out()
                        .split("\n")) {
            JsonNode hit = json.readTree(line);
            String text = hit.get("text").asText();
            found.add(hit.get("id").asText() + " " + text.substring(0, text.indexOf(" speaks")));
        }
        assertThat(found).isEqualTo(expected);
    }
}

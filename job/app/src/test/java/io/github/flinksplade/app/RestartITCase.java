package io.github.flinksplade.app;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.TreeSet;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Kills or stops a local run repeatedly and restarts it with the same state. */
class RestartITCase {

    private static final int DOCUMENTS = 4_000;

    @TempDir private Path directory;

    private Process start() throws IOException {
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
}

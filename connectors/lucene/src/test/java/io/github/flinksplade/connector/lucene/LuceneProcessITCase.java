package io.github.flinksplade.connector.lucene;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assumptions.assumeThat;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Writers in separate processes. */
@Timeout(120)
class LuceneProcessITCase {

    @TempDir Path folder;

    private static List<String> java(Path directory, int letters) {
        return new ArrayList<>(
                List.of(
                        Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                        "-Xmx256m",
                        "-XX:-UsePerfData",
                        "-cp",
                        System.getProperty("java.class.path"),
                        WriterProcess.class.getName(),
                        directory.toString(),
                        Integer.toString(letters)));
    }

    @Test
    void keepsCommitsAndReleasesTheLockWhenAWriterIsKilled() throws Exception {
        TestIndex index = new TestIndex(folder.resolve("index"));
        Process writer =
                new ProcessBuilder(java(index.directory, 0)).redirectErrorStream(true).start();
        CommitPoint point = null;
        try (BufferedReader lines = writer.inputReader()) {
            for (int commits = 0; commits < 5; ) {
                String line = lines.readLine();
                assertThat(line).as("the process ended").isNotNull();
                if (line.startsWith("commit ")) {
                    String[] parts = line.split(" ");
                    point = new CommitPoint(Long.parseLong(parts[1]), parts[2]);
                    commits++;
                }
            }
            assertThatThrownBy(index::check).hasMessageContaining("has locked its write.lock");
        } finally {
            writer.destroyForcibly();
        }
        assertThat(writer.waitFor(60, TimeUnit.SECONDS)).isTrue();
        assertThat(writer.exitValue()).isEqualTo(137);

        index.check();
        try (LuceneWriter restored = index.restore(point)) {
            restored.write(TestIndex.upsert("after", 1), null);
            restored.snapshotState(6);
        }
        assertThat(index.idsWith(1))
                .hasSize(5 * WriterProcess.DOCUMENTS_PER_CHECKPOINT + 1)
                .contains("d000001", "d000100", "after");
    }

    /** The write fails for the first segment, and when small segments are merged. */
    @ParameterizedTest
    @ValueSource(ints = {30_000, 4_000})
    void keepsTheLastCommitWhenTheDiskIsFull(int letters) throws Exception {
        assumeThat(Files.isExecutable(Path.of("/bin/bash"))).as("bash sets the limit").isTrue();
        TestIndex index = new TestIndex(folder.resolve("index"));
        List<String> command = new ArrayList<>(List.of("/bin/bash", "-c"));
        command.add("ulimit -f 1000; exec \"$@\""); // KB
        command.add("bash");
        command.addAll(java(index.directory, letters));
        Process writer = new ProcessBuilder(command).redirectErrorStream(true).start();
        List<String> failures;
        int commits;
        try (BufferedReader lines = writer.inputReader()) {
            // the process has no logger
            List<String> output = lines.lines().filter(line -> !line.startsWith("SLF4J:")).toList();
            failures = output.stream().filter(line -> line.startsWith("failed ")).toList();
            commits = (int) output.stream().filter(line -> line.startsWith("commit ")).count();
            assertThat(output).hasSize(failures.size() + commits);
        } catch (UncheckedIOException e) {
            throw new IOException("the output of the process ended early", e);
        } finally {
            writer.destroyForcibly();
        }
        assertThat(failures)
                .containsExactly(
                        "failed cannot write the index in " + index.directory + ": File too large");
        assertThat(writer.waitFor()).isEqualTo(3);
        System.out.println(failures.get(0) + " (after " + commits + " commits)");
        assertThat(commits > 0).isEqualTo(letters < 10_000);
        assertThat(index.idsWith(1)).hasSize(commits * WriterProcess.DOCUMENTS_PER_CHECKPOINT);
        try (LuceneWriter later = index.open()) {
            later.write(TestIndex.upsert("after", 1), null);
            later.snapshotState(1);
        }
        assertThat(index.idsWith(1)).contains("after");
    }
}

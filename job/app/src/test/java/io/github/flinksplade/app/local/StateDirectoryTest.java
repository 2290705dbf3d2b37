package io.github.flinksplade.app.local;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.github.flinksplade.app.console.UserException;
import io.github.flinksplade.app.local.StateDirectory.Manifest;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Set;
import java.util.regex.Pattern;
import org.apache.flink.runtime.checkpoint.Checkpoints;
import org.apache.flink.runtime.checkpoint.FullyFinishedOperatorState;
import org.apache.flink.runtime.checkpoint.OperatorState;
import org.apache.flink.runtime.checkpoint.metadata.CheckpointMetadata;
import org.apache.flink.runtime.jobgraph.OperatorID;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class StateDirectoryTest {

    @TempDir private Path parent;

    private Path path() {
        return parent.resolve("state");
    }

    @Test
    void rejectsASecondRun() {
        try (StateDirectory first = StateDirectory.open(path())) {
            assertThat(first.path()).isDirectory();
            assertThatThrownBy(() -> StateDirectory.open(path()))
                    .isInstanceOf(UserException.class)
                    .hasMessage(
                            "another run uses the state directory %s. Wait until it ends, stop it,"
                                    + " or specify another --state",
                            path());
        }
        StateDirectory.open(path()).close();
    }

    @Test
    void rejectsDirectoriesWithOtherFiles() throws IOException {
        Files.createDirectories(path());
        Files.writeString(path().resolve("thesis.txt"), "mine");
        assertThatThrownBy(() -> StateDirectory.open(path()))
                .hasMessage(
                        "the state directory %s contains other files, such as thesis.txt. Specify"
                                + " an empty or a new directory",
                        path());
        Path file = Files.writeString(parent.resolve("file"), "x");
        assertThatThrownBy(() -> StateDirectory.open(file))
                .hasMessage("the state %s is a file. Specify a directory", file);
    }

    @Test
    void readsTheManifestItWrote() {
        Manifest manifest =
                Manifest.first("1a2b3c4d", List.of("file:a"), List.of("lucene:b"), "feed", false);
        try (StateDirectory state = StateDirectory.open(path())) {
            assertThat(state.manifest()).isNull();
            state.write(manifest);
            state.write(manifest.asFinished());
        }
        try (StateDirectory state = StateDirectory.open(path())) {
            assertThat(state.manifest())
                    .usingRecursiveComparison()
                    .ignoringFields("directory")
                    .isEqualTo(manifest.asFinished());
            assertThat(state.manifest().directory()).isEqualTo(path().toString());
        }
    }

    @Test
    void reportsADamagedManifest() throws IOException {
        try (StateDirectory state = StateDirectory.open(path())) {
            Path file = path().resolve("job.json");
            for (String text : List.of("{\"format\": 1, ", "{\"format\": 1}", "[]")) {
                Files.writeString(file, text);
                assertThatThrownBy(state::manifest)
                        .isInstanceOf(UserException.class)
                        .hasMessageMatching(
                                Pattern.quote(file.toString())
                                        + " is damaged( \\(line \\d+, column \\d+\\))?\\. Restore a"
                                        + " copy of it, or specify another --state\\.");
            }
            Manifest later = Manifest.first("x", List.of(), List.of(), "feed", false);
            state.write(new Manifest(2, "x", List.of(), List.of(), "feed", 1, false, false, null));
            assertThat(later.format()).isEqualTo(1);
            assertThatThrownBy(state::manifest).hasMessageContaining("has format 2");
        }
    }

    @Test
    void findsTheNewestCompleteCheckpoint() throws IOException {
        try (StateDirectory state = StateDirectory.open(path())) {
            assertThat(state.newestCheckpoint(Set.of())).isNull();
            Path first = state.newRun();
            Path second = state.newRun();
            Path third = state.newRun();
            assertThat(third).hasFileName("run-3");
            checkpoint(first, 7);
            Path ninth = checkpoint(second, 9);
            Path tenth = checkpoint(second, 10);
            Files.createDirectories(second.resolve("job/chk-11")); // incomplete
            Files.createDirectories(third.resolve("job/chk-1"));
            assertThat(state.newestCheckpoint(Set.of())).isEqualTo(tenth);
            assertThat(state.newestCheckpoint(Set.of("change-detector"))).isEqualTo(tenth);

            // taken after the change detector had finished
            Path late =
                    checkpoint(
                            second,
                            12,
                            new FullyFinishedOperatorState(
                                    "ChangeDetector", "change-detector", new OperatorID(), 1, 128));
            assertThat(state.newestCheckpoint(Set.of())).isEqualTo(late);
            assertThat(state.newestCheckpoint(Set.of("change-detector"))).isEqualTo(tenth);
            assertThat(state.newestCheckpoint(Set.of("sequencer"))).isEqualTo(late);

            assertThat(StateDirectory.hasCheckpoint(second)).isTrue();
            assertThat(StateDirectory.hasCheckpoint(third)).isFalse();
            state.deleteOtherRuns(second);
            assertThat(first).doesNotExist();
            assertThat(third).doesNotExist();
            assertThat(ninth).exists();
            assertThat(state.newRun()).hasFileName("run-3");
        }
    }

    @Test
    void rejectsACheckpointOfAMovedDirectory() throws IOException {
        try (StateDirectory state = StateDirectory.open(path())) {
            state.write(Manifest.first("x", List.of(), List.of(), "feed", false));
            Path checkpoint = checkpoint(state.newRun(), 1);
            state.checkNotMoved(state.manifest(), checkpoint);
        }
        Path moved = Files.move(path(), parent.resolve("moved"));
        try (StateDirectory state = StateDirectory.open(moved)) {
            Manifest manifest = state.manifest();
            Path checkpoint = state.newestCheckpoint(Set.of());
            assertThatThrownBy(() -> state.checkNotMoved(manifest, checkpoint))
                    .isInstanceOf(UserException.class)
                    .hasMessage(
                            "the state in %s was moved or copied from %s, which its checkpoints"
                                    + " contain as the path of their files. Move it back, link the old"
                                    + " path to the new one, or specify another --state.",
                            moved, path());
            state.checkNotMoved(manifest, null);
            state.checkNotMoved(manifest, moved.resolve("checkpoints/run-1/savepoint-1"));
            Files.createSymbolicLink(path(), moved);
            state.checkNotMoved(manifest, checkpoint);
        }
    }

    @Test
    void reportsADamagedCheckpoint() throws IOException {
        try (StateDirectory state = StateDirectory.open(path())) {
            Path broken = checkpoint(state.newRun(), 1);
            Files.writeString(broken.resolve("_metadata"), "nothing");
            assertThatThrownBy(() -> state.newestCheckpoint(Set.of("change-detector")))
                    .isInstanceOf(UserException.class)
                    .hasMessageStartingWith("the checkpoint " + broken + " is damaged: ");
        }
    }

    @Test
    void deletesATemporaryDirectory() throws IOException {
        Path path;
        try (StateDirectory state = StateDirectory.temporary()) {
            path = state.path();
            Files.createDirectories(state.work().resolve("a/b"));
            Files.writeString(state.work().resolve("a/b/c"), "x");
        }
        assertThat(path).doesNotExist();
    }

    private static Path checkpoint(Path run, long number, OperatorState... operators)
            throws IOException {
        Path checkpoint = Files.createDirectories(run.resolve("job").resolve("chk-" + number));
        try (OutputStream out = Files.newOutputStream(checkpoint.resolve("_metadata"))) {
            Checkpoints.storeCheckpointMetadata(
                    new CheckpointMetadata(number, List.of(operators), List.of()), out);
        }
        return checkpoint;
    }
}

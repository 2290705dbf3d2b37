package io.github.flinksplade.app.finish;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.github.flinksplade.app.console.UserException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class CheckpointDirectoryTest {

    @TempDir private Path directory;

    private Path completed(String name, long modifiedAt) throws IOException {
        Path checkpoint = Files.createDirectories(directory.resolve(name));
        Path metadata = Files.createFile(checkpoint.resolve("_metadata"));
        Files.setLastModifiedTime(metadata, FileTime.fromMillis(modifiedAt));
        return checkpoint;
    }

    private static void assertNewest(String location, Path expected) {
        assertThat(Path.of(CheckpointDirectory.newest(location).getPath())).isEqualTo(expected);
    }

    @Test
    void findsTheNewestCompletedCheckpointOfAllStarts() throws IOException {
        completed("job-1/chk-9", 1_000);
        completed("job-2/chk-2", 2_000);
        Path newest = completed("job-2/chk-10", 2_000);
        Files.createDirectories(directory.resolve("job-2/chk-11"));
        Files.createDirectories(directory.resolve("job-2/shared"));
        assertNewest(directory.toString(), newest);
        assertNewest(directory.toUri().toString(), newest);
        assertNewest(directory.resolve("job-2").toString(), newest);
        assertNewest(newest.toString(), newest);
        assertNewest(newest.resolve("_metadata").toUri().toString(), newest);
    }

    @Test
    void findsANewerSavepoint() throws IOException {
        completed("job/chk-3", 1_000);
        Path savepoint = completed("savepoint-1a2b3c", 2_000);
        assertNewest(directory.toString(), savepoint);
        assertNewest(savepoint.toString(), savepoint);
    }

    @Test
    void rejectsACheckpointNextToANewerOne() throws IOException {
        Path older = completed("job/chk-9", 2_000);
        completed("job/chk-10", 1_000);
        assertThatThrownBy(() -> CheckpointDirectory.newest(older.toString()))
                .isInstanceOf(UserException.class)
                .hasMessageContaining("is not the job's newest checkpoint: chk-10 is completed");
    }

    @Test
    void reportsWhatIsMissing() throws IOException {
        Files.createDirectories(directory.resolve("job/chk-1"));
        assertThatThrownBy(() -> CheckpointDirectory.newest(directory.toString()))
                .isInstanceOf(UserException.class)
                .hasMessageContaining("contains no completed checkpoint");
        assertThatThrownBy(() -> CheckpointDirectory.newest(directory + "/missing"))
                .isInstanceOf(UserException.class)
                .hasMessageContaining("missing does not exist. Correct --checkpoint");
        assertThatThrownBy(() -> CheckpointDirectory.newest("nosuch://bucket/path"))
                .isInstanceOf(UserException.class)
                .hasMessageStartingWith("cannot read the checkpoint nosuch://bucket/path: ");
    }
}

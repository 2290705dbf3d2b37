package io.github.flinksplade.connector.files;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class PartFileSinkTest {

    @TempDir Path folder;

    @Test
    void assignsEachUnfinishedPartFileToOneSubtask() throws IOException {
        String job = String.format("%08x", "job".hashCode());
        String other = String.format("%08x", "another job".hashCode());
        String name = "-4f3e-1.jsonl.inprogress.77aa";
        for (int subtask = 0; subtask < 12; subtask++) {
            touch(".part-" + job + "-" + subtask + name);
            touch(".part-" + other + "-" + subtask + name);
            touch("part-" + job + "-" + subtask + "-4f3e-0.jsonl");
        }
        touch(".part-x.jsonl.inprogress.1");

        assertThat(unfinished(0, 12)).containsExactly(".part-" + job + "-0" + name);
        assertThat(unfinished(10, 12)).containsExactly(".part-" + job + "-10" + name);
        // the parallelism was reduced
        assertThat(unfinished(1, 6))
                .containsExactlyInAnyOrder(
                        ".part-" + job + "-1" + name, ".part-" + job + "-7" + name);
        assertThat(unfinished(0, 1)).hasSize(12);
    }

    private List<String> unfinished(int subtask, int parallelism) throws IOException {
        return new PartFileSink(folder.toString(), null, "job")
                .unfinishedParts(subtask, parallelism).stream()
                        .map(file -> file.getFileName().toString())
                        .toList();
    }

    private void touch(String name) throws IOException {
        Files.writeString(folder.resolve(name), "x");
    }
}

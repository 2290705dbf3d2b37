package io.github.flinksplade.app.cluster;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.github.flinksplade.app.console.UserException;
import java.io.DataOutputStream;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.apache.flink.runtime.checkpoint.Checkpoints;
import org.apache.flink.runtime.checkpoint.OperatorState;
import org.apache.flink.runtime.checkpoint.metadata.CheckpointMetadata;
import org.apache.flink.runtime.jobgraph.OperatorID;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class SourceGenerationTest {

    private static final List<String> SOURCES = List.of("topic-a", "topic-b");
    private static final List<String> SINKS = List.of("index");

    @TempDir private Path directory;

    private String savepoint(String... uids) throws IOException {
        List<OperatorState> operators = new ArrayList<>();
        for (String uid : uids) {
            operators.add(new OperatorState(uid, uid, new OperatorID(), 1, 128));
        }
        Path savepoint = Files.createTempDirectory(directory, "savepoint");
        try (DataOutputStream out =
                new DataOutputStream(Files.newOutputStream(savepoint.resolve("_metadata")))) {
            Checkpoints.storeCheckpointMetadata(
                    new CheckpointMetadata(1, operators, List.of()), out);
        }
        return savepoint.toString();
    }

    private static SourceGeneration resumed(boolean reindex, String savepoint) {
        return SourceGeneration.of(reindex, savepoint, false, SOURCES, SINKS);
    }

    @Test
    void eachReindexReadsTheSourcesAgain() throws IOException {
        String never = savepoint("source-topic-a", "source-topic-b", "change-detector");
        SourceGeneration first = resumed(true, never);
        assertThat(first).isEqualTo(new SourceGeneration("#reindex", true, true));
        String once = savepoint("source-topic-a#reindex", "source-topic-b#reindex", "sink-index");
        assertThat(resumed(true, once)).isEqualTo(new SourceGeneration("", true, true));
    }

    @Test
    void aJobWithoutReindexContinuesFromThePositionsOfTheSavepoint() throws IOException {
        for (String generation : List.of("", "#reindex")) {
            String savepoint = savepoint("source-topic-a" + generation, "sink-index");
            assertThat(resumed(false, savepoint))
                    .isEqualTo(new SourceGeneration(generation, false, false));
            assertThat(resumed(false, savepoint + "/_metadata").name()).isEqualTo(generation);
        }
    }

    @Test
    void theImageContinuesAnInterruptedReindex() throws IOException {
        String before = savepoint("source-topic-a");
        String during = savepoint("source-topic-a#reindex");
        assertThat(SourceGeneration.of(true, before, true, SOURCES, SINKS))
                .isEqualTo(new SourceGeneration("#reindex", true, true));
        assertThat(SourceGeneration.of(true, during, true, SOURCES, SINKS))
                .isEqualTo(new SourceGeneration("#reindex", false, false));
    }

    @Test
    void stateOfARemovedSourceOrSinkIsNotDropped() throws IOException {
        assertThat(resumed(true, savepoint("source-topic-a", "source-topic-c")))
                .isEqualTo(new SourceGeneration("#reindex", true, false));
        assertThat(resumed(true, savepoint("source-topic-a", "sink-other")))
                .isEqualTo(new SourceGeneration("#reindex", true, false));
    }

    @Test
    void onlyAReindexRequiresThatTheSavepointCanBeRead() {
        String missing = directory.resolve("missing").toString();
        assertThat(resumed(false, missing)).isEqualTo(new SourceGeneration("", false, false));
        assertThatThrownBy(() -> resumed(true, missing))
                .isInstanceOf(UserException.class)
                .hasMessageContaining("'reindex: true'")
                .hasMessageContaining(missing);
    }

    @Test
    void aJobWithoutStateReadsItsSourcesFromTheBeginning() {
        assertThat(resumed(false, null)).isEqualTo(new SourceGeneration("", false, false));
        assertThat(resumed(true, null)).isEqualTo(new SourceGeneration("#reindex", true, false));
    }
}

package io.github.flinksplade.pipeline.internal;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.tuple;

import io.github.flinksplade.connector.SourceRecord;
import io.github.flinksplade.encoder.FakeEncoder;
import io.github.flinksplade.pipeline.Counters;
import io.github.flinksplade.pipeline.PipelineOptions;
import io.github.flinksplade.pipeline.internal.Jobs.Written;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.apache.flink.configuration.CheckpointingOptions;
import org.apache.flink.configuration.Configuration;
import org.apache.flink.configuration.RestartStrategyOptions;
import org.apache.flink.configuration.StateRecoveryOptions;
import org.apache.flink.streaming.api.environment.StreamExecutionEnvironment;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

/**
 * A savepoint of the whole job that an earlier build wrote can be resumed: every operator finds its
 * state under its uid, and the state means the same. {@code src/test/resources/state/job-1} is
 * never overwritten: a change of the job's state adds a savepoint, which {@link #main} writes, and
 * a test that resumes it.
 */
@Timeout(120)
class JobCompatibilityITCase {

    private static final Path STATE = Path.of("src", "test", "resources", "state");
    private static final int DOCUMENTS = 50;
    private static final int BEFORE = DOCUMENTS + 1;

    /** Part of what the state depends on, like the name of the sink. */
    private static final Jobs JOBS = new Jobs("compatibility");

    private static SourceRecord upsert(int offset, int number, String text) {
        return upsert(offset, number, text, "");
    }

    private static SourceRecord upsert(int offset, int number, String text, String fields) {
        String json = "{\"id\":\"%d\",\"text\":\"%s\"%s}".formatted(number, text, fields);
        return PipelineITCase.record(0, offset, null, json);
    }

    /** The first {@link #BEFORE} records are before the savepoint. */
    private static ScriptedSource.Script script() {
        ScriptedSource.Script script = new ScriptedSource.Script();
        List<SourceRecord> records = script.partitions.get(0);
        for (int i = 0; i < DOCUMENTS; i++) {
            records.add(upsert(i, i, "text " + i));
        }
        records.add(PipelineITCase.record(0, DOCUMENTS, "7", null));
        records.add(upsert(DOCUMENTS + 1, 1, "text 1"));
        records.add(upsert(DOCUMENTS + 2, 2, "text 2", ",\"price\":5"));
        records.add(upsert(DOCUMENTS + 3, 3, "another text"));
        records.add(upsert(DOCUMENTS + 4, 7, "text 7"));
        records.add(PipelineITCase.record(0, DOCUMENTS + 5, "4", null));
        records.add(upsert(DOCUMENTS + 6, DOCUMENTS, "a new document"));
        return script;
    }

    private static StreamExecutionEnvironment environment(Path savepoint) {
        Configuration configuration = new Configuration();
        configuration.set(CheckpointingOptions.CHECKPOINTING_INTERVAL, Duration.ofMillis(50));
        configuration.set(RestartStrategyOptions.RESTART_STRATEGY, "none");
        if (savepoint != null) {
            configuration.set(StateRecoveryOptions.SAVEPOINT_PATH, savepoint.toUri().toString());
        }
        return StreamExecutionEnvironment.createLocalEnvironment(1, configuration);
    }

    /** Writes a savepoint to the directory that is the only argument. */
    public static void main(String[] args) throws Exception {
        ScriptedSource.Script script = script();
        script.pauseAt = BEFORE;
        String savepoint =
                PipelineITCase.runAndStop(
                        environment(null),
                        JOBS,
                        script,
                        JOBS.sinks("index"),
                        PipelineOptions.defaults(),
                        Path.of(args[0]));
        System.out.println(savepoint);
    }

    @Test
    void resumesSavepoint1() throws Exception {
        ScriptedSource.Script script = script();
        Path savepoint = STATE.resolve("job-1");
        try (Stream<Path> files = Files.list(savepoint)) {
            assertThat(files).isNotEmpty();
        }
        // fails if an operator does not claim its state
        Map<String, Object> counts =
                PipelineITCase.finish(
                        PipelineITCase.start(
                                environment(savepoint),
                                JOBS,
                                "docs",
                                new ScriptedSource(JOBS.name(), script),
                                JOBS.sinks("index"),
                                PipelineOptions.defaults()));
        // what the savepoint had pre-committed is committed first
        List<Written> written = JOBS.written("index");
        assertThat(written)
                .hasSizeLessThanOrEqualTo(BEFORE + 5)
                .extracting(Written::id, Written::delete, Written::text)
                .endsWith(
                        tuple("2", false, "text 2"),
                        tuple("3", false, "another text"),
                        tuple("7", false, "text 7"),
                        tuple("4", true, null),
                        tuple(DOCUMENTS + "", false, "a new document"));
        assertThat(written.get(written.size() - 5).vector())
                .isEqualTo(FakeEncoder.vector("text 2"));
        assertThat(JOBS.factory().documents()).as("encoded").isEqualTo(3);
        assertThat((long) counts.get(Counters.SKIPPED)).isEqualTo(1);
        assertThat(JOBS.dead()).isEmpty();
    }
}

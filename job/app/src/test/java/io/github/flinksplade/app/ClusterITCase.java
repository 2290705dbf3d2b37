package io.github.flinksplade.app;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.github.flinksplade.app.MainTest.Outcome;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.net.ServerSocket;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * The distribution on a Flink cluster with one JobManager and one TaskManager in separate JVMs. The
 * job is submitted twice, because native libraries in the wrong class loader fail only the second
 * time.
 */
class ClusterITCase {

    @TempDir Path directory;

    @Test
    void runsTheSameJobTwiceAndReplacesADeadProcess() throws Exception {
        Path documents = directory.resolve("docs.jsonl");
        StringBuilder text = new StringBuilder();
        for (int i = 0; i < 40; i++) {
            text.append(
                    "{\"id\":\"d" + i + "\",\"text\":\"a car number " + i + " on the road\"}\n");
        }
        Files.writeString(documents, text);
        Map<String, String> expected = new TreeMap<>();
        Outcome local =
                MainTest.run(
                        "",
                        "run",
                        "--from",
                        "file:" + documents,
                        "--to",
                        "file:" + directory.resolve("local"));
        assertThat(local.code()).as(local.err()).isZero();
        for (String line : Distribution.parts(directory.resolve("local"))) {
            JsonNode json = new ObjectMapper().readTree(line);
            expected.put(json.get("id").asText(), json.get("indices") + " " + json.get("values"));
        }
        assertThat(expected).hasSize(40);

        int rest = freePort();
        int rpc = freePort();
        Map<String, String> environment =
                Map.of(
                        "FLINK_SPLADE_CLUSTER", directory.resolve("cluster").toString(),
                        "FLINK_SPLADE_REST_PORT", String.valueOf(rest),
                        "FLINK_SPLADE_RPC_PORT", String.valueOf(rpc),
                        "FLINK_SPLADE_METRICS_PORTS", metricsPorts(rest, rpc));
        Path scripts = Distribution.home().resolve("deploy/cluster");
        command(environment, scripts.resolve("start").toString(), "-Dparallelism.default=2")
                .expect(0);
        try {
            assertThat(Files.readString(directory.resolve("cluster/conf/config.yaml")))
                    .containsPattern("parallelism:\\s+default: ['\"]?2");
            for (String run : List.of("first", "second")) {
                Path job = directory.resolve(run + ".yaml");
                Files.writeString(
                        job,
                        "from: file:%s\nto: file:%s\ndead-letters: file:%s\n"
                                .formatted(
                                        documents,
                                        directory.resolve(run),
                                        directory.resolve(run + "-dead-letters.jsonl")));
                command(environment, scripts.resolve("submit").toString(), job.toString())
                        .expect(0);
                Map<String, String> vectors = new TreeMap<>();
                List<String> lines = Distribution.parts(directory.resolve(run));
                for (String line : lines) {
                    JsonNode json = new ObjectMapper().readTree(line);
                    vectors.put(
                            json.get("id").asText(),
                            json.get("indices") + " " + json.get("values"));
                }
                assertThat(lines).as(run).hasSize(40);
                assertThat(vectors).as(run).isEqualTo(expected);
            }
            logsNoWarnings();
            reportsTheLastCauseOfAFailure(environment, scripts);
            stopsARunningJobWithASavepoint(environment, scripts, documents);
            startReplacesADeadProcess(environment, scripts);
        } finally {
            command(environment, scripts.resolve("stop").toString()).expect(0);
        }
    }

    /**
     * Ten ports, of which each process uses a free one; the others of the cluster are not in them.
     */
    private static String metricsPorts(int... others) throws Exception {
        while (true) {
            int first = Math.min(freePort(), 65_000);
            if (IntStream.of(others).noneMatch(port -> port >= first && port < first + 10)) {
                return first + "-" + (first + 9);
            }
        }
    }

    private void logsNoWarnings() throws IOException {
        List<String> warnings = new ArrayList<>();
        try (Stream<Path> logs = Files.list(directory.resolve("cluster/log"))) {
            for (Path log : (Iterable<Path>) logs::iterator) {
                for (String line : Files.readAllLines(log)) {
                    // a job that ends aborts the checkpoint in progress, and Flink warns of it
                    if ((line.contains(" WARN ") || line.contains(" ERROR "))
                            && !line.contains("CheckpointFailureManager")) {
                        warnings.add(log.getFileName() + ": " + line);
                    }
                }
            }
        }
        assertThat(warnings).isEmpty();
    }

    /** The TaskManager serves the metrics of the running job, with readable labels. */
    private void servesMetrics() throws Exception {
        Matcher port =
                Pattern.compile("Started PrometheusReporter HTTP server on port (\\d+)")
                        .matcher(
                                Files.readString(
                                        directory.resolve("cluster/log/taskmanager-1.log")));
        assertThat(port.find()).isTrue();
        URI metrics = URI.create("http://127.0.0.1:" + port.group(1) + "/metrics");
        String written = "flink_taskmanager_job_task_operator_splade_sink_numRecordsSend{";
        String sink = "sink=\"file:" + directory.resolve("endless") + "\"";
        Distribution.await(
                "metrics of the sink",
                () ->
                        read(metrics)
                                        .lines()
                                        .filter(
                                                line ->
                                                        line.startsWith(written)
                                                                && line.contains(sink)
                                                                && !line.contains("operator_id="))
                                        .mapToDouble(
                                                line ->
                                                        Double.parseDouble(
                                                                line.substring(
                                                                        line.lastIndexOf(' '))))
                                        .sum()
                                == 40);
    }

    private static String read(URI uri) {
        try (InputStream content = uri.toURL().openStream()) {
            return new String(content.readAllBytes(), StandardCharsets.UTF_8);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private void reportsTheLastCauseOfAFailure(Map<String, String> environment, Path scripts)
            throws Exception {
        Path job = directory.resolve("failing.yaml");
        Files.writeString(
                job, "from: file:nowhere.jsonl\nto: nosuch:x\ndead-letters: file:y.jsonl\n");
        Distribution.Answer answer =
                command(environment, scripts.resolve("submit").toString(), job.toString())
                        .expect(1);
        assertThat(answer.err()).startsWith("failed: no connector for 'nosuch:'");
        assertThat(answer.out() + answer.err()).doesNotContain("\tat ");
    }

    private void stopsARunningJobWithASavepoint(
            Map<String, String> environment, Path scripts, Path documents) throws Exception {
        Path watched = Files.createDirectory(directory.resolve("watched"));
        Files.copy(documents, watched.resolve("docs.jsonl"));
        Path job = directory.resolve("endless.yaml");
        Files.writeString(
                job,
                "from: file:%s?watch=true\nto: file:%s\ndead-letters: file:%s\n"
                        .formatted(
                                watched,
                                directory.resolve("endless"),
                                directory.resolve("endless-dead-letters.jsonl")));
        command(environment, scripts.resolve("submit").toString(), "-d", job.toString()).expect(0);
        servesMetrics();
        Distribution.Answer answer =
                command(environment, scripts.resolve("savepoint").toString(), "--stop").expect(0);
        Path savepoint = savepoint(answer);
        Path endless = directory.resolve("endless");
        assertThat(Distribution.parts(endless)).hasSize(40);
        Files.writeString(job, Files.readString(job) + "reindex: true\n");
        for (int written = 80; written <= 120; written += 40) {
            int expected = written;
            Distribution.Answer resumed =
                    command(
                                    environment,
                                    scripts.resolve("submit").toString(),
                                    "-d",
                                    "-s",
                                    savepoint.toString(),
                                    job.toString())
                            .expect(0);
            assertThat(resumed.out()).contains("Reading the sources from the beginning");
            Distribution.await(
                    written + " vectors", () -> Distribution.parts(endless).size() == expected);
            savepoint =
                    savepoint(
                            command(environment, scripts.resolve("savepoint").toString(), "--stop")
                                    .expect(0));
        }
    }

    private static Path savepoint(Distribution.Answer answer) {
        Matcher path = Pattern.compile("Path: file:(\\S+)").matcher(answer.out());
        assertThat(path.find()).as(answer.out()).isTrue();
        Path savepoint = Path.of(path.group(1));
        assertThat(savepoint.resolve("_metadata")).isRegularFile();
        return savepoint;
    }

    private void startReplacesADeadProcess(Map<String, String> environment, Path scripts)
            throws Exception {
        Path pids = directory.resolve("cluster/pids");
        String jobManager = Files.readString(pids.resolve("jobmanager"));
        String taskManager = Files.readString(pids.resolve("taskmanager-1")).strip();
        ProcessHandle.of(Long.parseLong(taskManager)).orElseThrow().destroyForcibly();
        Distribution.await(
                "the end of the TaskManager",
                () -> ProcessHandle.of(Long.parseLong(taskManager)).isEmpty());

        Distribution.Answer answer =
                command(environment, scripts.resolve("start").toString()).expect(0);

        assertThat(answer.out()).contains("(started: taskmanager-1)");
        assertThat(Files.readString(pids.resolve("jobmanager"))).isEqualTo(jobManager);
        Path logs = directory.resolve("cluster/log");
        assertThat(logs.resolve("taskmanager-1.log")).isRegularFile();
        assertThat(logs.resolve("taskmanager-1.log.1")).isRegularFile();
        assertThat(command(environment, scripts.resolve("start").toString()).expect(0).out())
                .startsWith("Flink is already running");
    }

    @Test
    void aStandbyJobManagerTakesOverTheJob() throws Exception {
        int rest = freePort();
        Map<String, String> environment =
                Map.of(
                        "FLINK_SPLADE_CLUSTER", directory.resolve("cluster").toString(),
                        "FLINK_SPLADE_REST_PORT", String.valueOf(rest),
                        "FLINK_SPLADE_RPC_PORT", String.valueOf(freePort()));
        Path scripts = Distribution.home().resolve("deploy/cluster");
        String start = scripts.resolve("start").toString();
        assertThat(command(environment, start, "--standby").expect(1).err())
                .startsWith("--standby requires high availability");
        int zooKeeperPort = freePort();
        Process zooKeeper =
                HighlyAvailableCluster.startZooKeeper(
                        directory, zooKeeperPort, directory.resolve("zookeeper.log"));
        try {
            command(
                            environment,
                            start,
                            "--standby",
                            "-Dhigh-availability.type=zookeeper",
                            "-Dhigh-availability.zookeeper.quorum=127.0.0.1:" + zooKeeperPort,
                            "-Dhigh-availability.zookeeper.client.session-timeout=4000",
                            "-Dhigh-availability.storageDir=file://" + directory.resolve("ha"))
                    .expect(0);
            Path watched = Files.createDirectory(directory.resolve("watched"));
            Path job = directory.resolve("job.yaml");
            Path vectors = directory.resolve("vectors");
            Files.writeString(
                    job,
                    "from: file:%s?watch=true\nto: file:%s\ndead-letters: file:%s\n"
                            .formatted(watched, vectors, directory.resolve("dead-letters.jsonl")));
            Files.writeString(
                    watched.resolve("first.jsonl"), "{\"id\":\"1\",\"text\":\"a car\"}\n");
            command(environment, scripts.resolve("submit").toString(), "-d", job.toString())
                    .expect(0);
            Distribution.await("a vector", () -> Distribution.parts(vectors).size() == 1);

            String leader = leader();
            Path pids = directory.resolve("cluster/pids");
            ProcessHandle process = ProcessHandle.of(pid(pids.resolve(leader))).orElseThrow();
            process.destroyForcibly();
            process.onExit().join();
            Files.writeString(
                    watched.resolve("second.jsonl"), "{\"id\":\"2\",\"text\":\"a road\"}\n");
            Distribution.await("two vectors", () -> Distribution.parts(vectors).size() == 2);

            assertThat(command(environment, start).expect(0).out())
                    .contains("(started: " + leader + ")");
            savepoint(
                    command(environment, scripts.resolve("savepoint").toString(), "--stop")
                            .expect(0));
        } finally {
            command(environment, scripts.resolve("stop").toString()).expect(0);
            zooKeeper.destroyForcibly().waitFor();
        }
    }

    /** The JobManager that runs the jobs. */
    private String leader() throws IOException {
        List<String> leaders = new ArrayList<>();
        for (String name : List.of("jobmanager", "jobmanager-2")) {
            String log = Files.readString(directory.resolve("cluster/log/" + name + ".log"));
            if (log.contains("DefaultDispatcherRunner was granted leadership")) {
                leaders.add(name);
            }
        }
        assertThat(leaders).hasSize(1);
        return leaders.get(0);
    }

    private static long pid(Path file) throws IOException {
        return Long.parseLong(Files.readString(file).strip());
    }

    @Test
    void validatesArgumentsBeforeStartingAProcess() {
        Path scripts = Distribution.home().resolve("deploy/cluster");
        Path cluster = directory.resolve("none");
        Map<String, String> environment = Map.of("FLINK_SPLADE_CLUSTER", cluster.toString());
        for (String script : List.of("start", "stop", "submit", "savepoint")) {
            String path = scripts.resolve(script).toString();
            assertThat(command(environment, path, "--help").expect(0).out())
                    .contains("usage: deploy/cluster/" + script);
            assertThat(command(environment, path, "--no-such-option").expect(2).err())
                    .contains("--no-such-option", "--help");
        }
        String start = scripts.resolve("start").toString();
        for (String invalid : List.of("0", "-1", "two", "99999", "", "-Denv.java.opts=x")) {
            assertThat(command(environment, start, invalid).expect(2).err())
                    .contains("'" + invalid + "'");
        }
        assertThat(cluster).doesNotExist();
    }

    @Test
    void stopDoesNotKillAnUnrelatedProcessWithTheSameId() throws Exception {
        Path pids = Files.createDirectories(directory.resolve("stale/pids"));
        Process other = new ProcessBuilder("sleep", "600").start();
        try {
            Files.writeString(pids.resolve("taskmanager-1"), other.pid() + "\n");
            Distribution.Answer answer =
                    command(
                                    Map.of(
                                            "FLINK_SPLADE_CLUSTER",
                                            directory.resolve("stale").toString()),
                                    Distribution.home().resolve("deploy/cluster/stop").toString())
                            .expect(0);
            assertThat(answer.out()).startsWith("no cluster is running");
            assertThat(other.isAlive()).isTrue();
        } finally {
            other.destroyForcibly().waitFor();
        }
    }

    private Distribution.Answer command(Map<String, String> environment, String... command) {
        return Distribution.execute(directory, "", environment, List.of(command));
    }

    private static int freePort() throws Exception {
        try (ServerSocket socket = new ServerSocket(0)) {
            return socket.getLocalPort();
        }
    }
}

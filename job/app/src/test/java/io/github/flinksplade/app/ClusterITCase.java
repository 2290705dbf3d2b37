package io.github.flinksplade.app;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * The distribution on a Flink cluster of separate JVMs: one JobManager, one TaskManager. The job is
 * submitted twice in a row, because native libraries in the wrong class loader fail only the second
 * time.
 */
class ClusterITCase {

    @TempDir Path directory;

    @Test
    void twoSubmissionsInARowBothEndWithTheRightVectors() throws Exception {
        Path documents = directory.resolve("docs.jsonl");
        StringBuilder text = new StringBuilder();
        for (int i = 0; i < 40; i++) {
            text.append(
                    "{\"id\":\"d" + i + "\",\"text\":\"a car number " + i + " on the road\"}\n");
        }
        Files.writeString(documents, text);
        Map<String, String> expected = new TreeMap<>();
        Distribution.run(
                        directory,
                        "run",
                        "--from",
                        "file:" + documents,
                        "--to",
                        "file:" + directory.resolve("local"))
                .expect(0);
        for (String line : Distribution.parts(directory.resolve("local"))) {
            JsonNode json = new ObjectMapper().readTree(line);
            expected.put(json.get("id").asText(), json.get("indices") + " " + json.get("values"));
        }
        assertThat(expected).hasSize(40);

        Map<String, String> environment =
                Map.of(
                        "FLINK_SPLADE_CLUSTER", directory.resolve("cluster").toString(),
                        "FLINK_SPLADE_REST_PORT", String.valueOf(freePort()),
                        "FLINK_SPLADE_RPC_PORT", String.valueOf(freePort()));
        Path scripts = Distribution.home().resolve("deploy/cluster");
        command(environment, scripts.resolve("start").toString()).expect(0);
        try {
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
                Map<String, String> found = new TreeMap<>();
                List<String> lines = Distribution.parts(directory.resolve(run));
                for (String line : lines) {
                    JsonNode json = new ObjectMapper().readTree(line);
                    found.put(
                            json.get("id").asText(),
                            json.get("indices") + " " + json.get("values"));
                }
                assertThat(lines).as(run).hasSize(40);
                assertThat(found).as(run).isEqualTo(expected);
            }
        } finally {
            command(environment, scripts.resolve("stop").toString()).expect(0);
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

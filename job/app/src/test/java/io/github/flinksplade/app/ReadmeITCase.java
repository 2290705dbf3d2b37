package io.github.flinksplade.app;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.flinksplade.connector.kafka.KafkaBroker;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Runs the shell blocks of README.md unchanged, by heading. */
class ReadmeITCase {

    @TempDir Path directory;
    private String readme;

    @BeforeEach
    void prepare() throws Exception {
        readme = Files.readString(Distribution.root().resolve("README.md"));
        // The checkout's launcher only adds the build, which has just been done.
        Path launcher = directory.resolve("flink-splade");
        Files.writeString(
                launcher,
                "#!/bin/sh\nexec '" + Distribution.home() + "/bin/flink-splade' \"$@\"\n");
        assertThat(launcher.toFile().setExecutable(true)).isTrue();
    }

    @Test
    void runsEveryBlockInATest() {
        Matcher heading = Pattern.compile("(?m)^## (.*)\n(?s:(.*?))(?=^## |\\z)").matcher(readme);
        List<String> withBlocks = new ArrayList<>();
        while (heading.find()) {
            if (heading.group(2).contains("```sh")) {
                withBlocks.add(heading.group(1));
            }
        }
        assertThat(withBlocks)
                .containsExactly(
                        "Start",
                        "Index your own text",
                        "From Kafka to Kafka",
                        "Write to search engines and vector databases",
                        "Only encode",
                        "Models",
                        "Faster: int8 and GPUs",
                        "Measure",
                        "On a cluster",
                        "Build and test");
    }

    @Test
    void start() {
        Distribution.Answer answer = shell(blocks("Start"), "a large striped cat\n");
        assertThat(answer.out()).contains("a large striped cat");
    }

    @Test
    void indexYourOwnText() throws Exception {
        Distribution.Answer answer = shell(blocks("Index your own text"), "");
        assertThat(answer.out()).contains("The physician examined the patient's heart.");
        assertThat(answer.out()).doesNotContain("Bake the bread");
        assertThat(Distribution.parts(directory.resolve("vectors")))
                .hasSize(3)
                .allMatch(
                        line ->
                                line.contains("\"id\":")
                                        && line.contains("\"indices\":[")
                                        && line.contains("\"values\":["));
    }

    @Test
    void fromKafkaToKafka() throws Exception {
        try (KafkaBroker broker = KafkaBroker.start()) {
            broker.createTopic("documents", 1);
            List<ProducerRecord<byte[], byte[]>> records = new ArrayList<>();
            records.add(record("1", "{\"text\": \"a car on the road\"}"));
            records.add(record("2", "no JSON"));
            broker.produce(records);
            String command =
                    blocks("From Kafka to Kafka")
                            .replace("localhost:9092", broker.bootstrapServers());
            Path log = directory.resolve("log");
            ProcessBuilder builder =
                    new ProcessBuilder("bash", "-ec", command)
                            .directory(directory.toFile())
                            .redirectErrorStream(true)
                            .redirectOutput(log.toFile());
            // In a Turkish locale, the connector would not recognize its own start modes.
            builder.environment()
                    .put("FLINK_SPLADE_JAVA_OPTS", "-Duser.language=tr -Duser.country=TR");
            Process job = builder.start();
            try {
                Distribution.await(
                        "a vector and a dead letter",
                        () ->
                                broker.readCommitted("vectors").size() == 1
                                        && broker.readCommitted("documents-dead-letters").size()
                                                == 1);
            } finally {
                job.descendants().forEach(ProcessHandle::destroy);
                job.destroy();
                job.waitFor();
            }
        }
    }

    @Test
    void intoSearchEngines() throws Exception {
        Path servers = Files.createDirectory(directory.resolve("servers"));
        try (ServerProcess openSearch = ServerProcess.openSearch(servers.resolve("opensearch"));
                ServerProcess qdrant = ServerProcess.qdrant(servers.resolve("qdrant"))) {
            Files.writeString(
                    directory.resolve("docs.jsonl"),
                    "{\"id\": \"1\", \"text\": \"The physician examined the heart.\"}\n"
                            + "{\"id\": \"2\", \"text\": \"Bake the bread until it is brown.\"}\n");
            String commands =
                    blocks("Write to search engines and vector databases")
                            // so that the second command need not wait for the server's refresh
                            .replace(
                                    "localhost:9200/docs",
                                    openSearch.authority() + "/docs?refresh=true")
                            .replace("localhost:6334", qdrant.authority());
            Distribution.Answer answer = shell(commands, "");
            assertThat(answer.out()).contains("The physician examined the heart.");
            assertThat(answer.err()).contains("read 2; encoded 0; written 2 to qdrant://");
        }
    }

    @Test
    void justEncode() {
        Distribution.Answer answer = shell(blocks("Only encode"), "");
        String[] lines = answer.out().split("\n");
        assertThat(lines[0]).startsWith("{\"indices\":[").contains("\"values\":[");
        assertThat(lines[1]).startsWith("{\"");
        assertThat(answer.out()).contains("number of actual dimensions");
    }

    @Test
    void models() {
        assertThat(shell(blocks("Models"), "").out()).contains("builtin:minilm");
    }

    @Test
    void fasterWithIntegers() {
        String out = shell(blocks("Faster: int8 and GPUs"), "").out();
        assertThat(out).startsWith("{\"indices\":[");
        assertThat(out).contains("reference", "fp32", "int8", "RSS MB");
    }

    @Test
    void measure() {
        assertThat(shell(blocks("Measure"), "").out())
                .contains("encoder", "ratio", "p99 ms", "90 %");
    }

    @Test
    void onACluster() {
        // ClusterITCase runs these scripts; here, that they are the ones the README names
        for (String line : blocks("On a cluster").strip().split("\n")) {
            assertThat(Distribution.root().resolve(line.split(" ")[0])).isExecutable();
        }
    }

    @Test
    void buildAndTest() throws Exception {
        String command = blocks("Build and test").strip();
        assertThat(Files.readString(Distribution.root().resolve(".ci/run"))).contains(command);
    }

    private static ProducerRecord<byte[], byte[]> record(String key, String value) {
        return new ProducerRecord<>("documents", key.getBytes(), value.getBytes());
    }

    /** All shell blocks under a heading of the second level, one after another. */
    private String blocks(String heading) {
        int start = readme.indexOf("\n## " + heading + "\n");
        assertThat(start).as(heading).isNotNegative();
        int end = readme.indexOf("\n## ", start + 4);
        String section = readme.substring(start, end < 0 ? readme.length() : end);
        Matcher block = Pattern.compile("```sh\n(.*?)```", Pattern.DOTALL).matcher(section);
        StringBuilder all = new StringBuilder();
        while (block.find()) {
            all.append(block.group(1));
        }
        return all.toString();
    }

    private Distribution.Answer shell(String script, String input) {
        return Distribution.execute(
                        directory,
                        input,
                        Map.of("XDG_CACHE_HOME", directory.resolve("cache").toString()),
                        List.of("bash", "-ec", script))
                .expect(0);
    }
}

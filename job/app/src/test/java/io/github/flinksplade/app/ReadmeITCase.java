package io.github.flinksplade.app;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.flinksplade.connector.kafka.KafkaBroker;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Runs the shell blocks of README.md unchanged, by heading. */
class ReadmeITCase {

    /** Shared, because it contains the built-in model, which has 93 MB. */
    @TempDir static Path cache;

    @TempDir Path directory;
    private PageScripts readme;

    @BeforeEach
    void prepare() throws Exception {
        readme = new PageScripts("README.md", directory, cache);
    }

    @Test
    void runsEveryBlockInATest() {
        assertThat(readme.headingsOfBlocks())
                .containsExactly(
                        "Start", // in DemoITCase
                        "Index your own text",
                        "From Kafka to Kafka",
                        "Write to search engines and vector databases",
                        "Only encode",
                        "Models",
                        "Faster: int8 and GPUs",
                        "Measure",
                        "Measure quality",
                        "On a cluster",
                        "Build and test");
    }

    @Test
    void indexYourOwnText() throws Exception {
        Distribution.Answer answer = readme.shell(readme.blocks("Index your own text"), "");
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
                    readme.blocks("From Kafka to Kafka")
                            .replace("localhost:9092", broker.bootstrapServers());
            Path log = directory.resolve("log");
            ProcessBuilder builder =
                    new ProcessBuilder("bash", "-ec", command)
                            .directory(directory.toFile())
                            .redirectErrorStream(true)
                            .redirectOutput(log.toFile());
            // In a Turkish locale, the connector would not recognize its own start modes.
            builder.environment()
                    .put(
                            "FLINK_SPLADE_JAVA_OPTS",
                            String.join(" ", Distribution.SHORT_RUN)
                                    + " -Duser.language=tr -Duser.country=TR");
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
                    readme.blocks("Write to search engines and vector databases")
                            // so that the second command need not wait for the server's refresh
                            .replace(
                                    "localhost:9200/docs",
                                    openSearch.authority() + "/docs?refresh=true")
                            .replace("localhost:6334", qdrant.authority());
            Distribution.Answer answer = readme.shell(commands, "");
            assertThat(answer.out()).contains("The physician examined the heart.");
            assertThat(answer.err()).contains("read 2; encoded 0; written 2 to qdrant://");
        }
    }

    @Test
    void justEncode() {
        Distribution.Answer answer = readme.shell(readme.blocks("Only encode"), "");
        String[] lines = answer.out().split("\n");
        assertThat(lines[0]).startsWith("{\"indices\":[").contains("\"values\":[");
        assertThat(lines[1]).startsWith("{\"");
        assertThat(answer.out()).contains("number of actual dimensions");
    }

    @Test
    void models() {
        assertThat(readme.shell(readme.blocks("Models"), "").out()).contains("builtin:minilm");
    }

    @Test
    void fasterWithIntegers() {
        String out = readme.shell(readme.blocks("Faster: int8 and GPUs"), "").out();
        assertThat(out).startsWith("{\"indices\":[");
        assertThat(out).contains("reference", "fp32", "int8", "RSS MB");
    }

    @Test
    void measure() {
        assertThat(readme.shell(readme.blocks("Measure"), "").out())
                .contains("encoder", "ratio", "p99 ms", "90 %");
    }

    @Test
    void measureQuality() {
        assertThat(readme.shell(readme.blocks("Measure quality"), "").out())
                .startsWith("tiny: 2 documents, 1 queries\n")
                .contains("BM25 (k1=0.9, b=0.4)", "builtin:minilm", "prune=top_k=32");
        assertThat(directory.resolve("quality/report.html")).isNotEmptyFile();
    }

    @Test
    void onACluster() {
        // ClusterITCase runs these scripts; here, that they are the ones the README names
        for (String line : readme.blocks("On a cluster").strip().split("\n")) {
            assertThat(Distribution.root().resolve(line.split(" ")[0])).isExecutable();
        }
    }

    @Test
    void buildAndTest() throws Exception {
        String command = readme.blocks("Build and test").strip();
        assertThat(Files.readString(Distribution.root().resolve(".ci/run"))).contains(command);
    }

    private static ProducerRecord<byte[], byte[]> record(String key, String value) {
        return new ProducerRecord<>("documents", key.getBytes(), value.getBytes());
    }
}

package io.github.flinksplade.app;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.flinksplade.connector.kafka.KafkaBroker;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
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
                        "Serve queries",
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
    void serveQueries() throws Exception {
        String indexing = readme.blocks("Index your own text");
        readme.shell(indexing.substring(0, indexing.indexOf("./flink-splade search")), "");
        String script = readme.blocks("Serve queries");
        assertThat(script).contains("serve --index");
        Path log = directory.resolve("serve.log");
        Process server =
                new ProcessBuilder("bash", "-ec", script.replace("serve", "serve --port 0"))
                        .directory(directory.toFile())
                        .redirectErrorStream(true)
                        .redirectOutput(log.toFile())
                        .start();
        try {
            Distribution.await("the server", () -> read(log).contains("Listening on "));
            String uri = read(log).replaceAll("(?s).*Listening on (\\S+).*", "$1");
            String page = Files.readString(Distribution.root().resolve("README.md"));
            Matcher request =
                    Pattern.compile(
                                    "curl http://localhost:8080(/\\w+) -H 'Content-Type:"
                                            + " application/json' \\\\\n  -d '(.*)'")
                            .matcher(page);
            List<String> answers = new ArrayList<>();
            while (request.find()) {
                answers.add(
                        HttpClient.newHttpClient()
                                .send(
                                        HttpRequest.newBuilder(URI.create(uri + request.group(1)))
                                                .header("Content-Type", "application/json")
                                                .POST(BodyPublishers.ofString(request.group(2)))
                                                .build(),
                                        BodyHandlers.ofString())
                                .body());
            }
            assertThat(answers).hasSize(2);
            assertThat(answers.get(0)).contains("The physician examined the patient's heart.");
            assertThat(answers.get(1)).startsWith("[[{\"index\":");
        } finally {
            server.descendants().forEach(ProcessHandle::destroy);
            server.destroy();
            server.waitFor();
        }
    }

    private static String read(Path file) {
        try {
            return Files.exists(file) ? Files.readString(file) : "";
        } catch (IOException e) {
            throw new UncheckedIOException(e);
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

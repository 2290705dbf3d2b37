package io.github.flinksplade.app;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.github.flinksplade.app.MainTest.Outcome;
import io.github.flinksplade.connector.kafka.KafkaBroker;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * A topic that Debezium wrote for a table of PostgreSQL, with invalid events between the others.
 */
class ChangeTopicITCase {

    private static final ObjectMapper JSON = new ObjectMapper();

    @TempDir private Path directory;

    @Test
    void readsATopicOfDebezium() throws IOException {
        List<byte[]> keysAndValues = new ArrayList<>();
        try (BufferedReader lines =
                new BufferedReader(
                        new InputStreamReader(
                                ChangeTopicITCase.class.getResourceAsStream(
                                        "/debezium-postgres.topic.jsonl"),
                                UTF_8))) {
            for (String line : lines.lines().toList()) {
                JsonNode record = JSON.readTree(line);
                keysAndValues.add(bytes(record.get("key")));
                keysAndValues.add(bytes(record.get("value")));
            }
        }
        Outcome outcome;
        try (KafkaBroker broker = KafkaBroker.start()) {
            broker.createTopic("debezium-postgres", 1);
            broker.produce("debezium-postgres", keysAndValues.toArray(byte[][]::new));
            outcome =
                    MainTest.run(
                            "",
                            "run",
                            "--from",
                            "kafka://"
                                    + broker.bootstrapServers()
                                    + "/debezium-postgres?format=debezium-json&text=title,body"
                                    + "&bounded=true",
                            "--to",
                            "file:" + directory.resolve("out") + "?text=true",
                            "--dead-letters",
                            "file:" + directory.resolve("dead.jsonl"));
        }
        assertThat(outcome.code()).as(outcome.err()).isZero();
        Map<String, JsonNode> documents = documents();
        assertThat(documents.keySet()).containsExactly("101", "102");
        assertThat(documents.get("101").get("text").asText())
                .isEqualTo("Snapshot row\nfrom the first read");
        assertThat(documents.get("101").get("fields").toString())
                .isEqualTo("{\"price\":10.5,\"tags\":null}");
        assertThat(documents.get("102").get("text").asText())
                .isEqualTo("Updated\nthe row, changed");
        assertThat(documents.get("102").get("fields").toString())
                .isEqualTo("{\"price\":10.5,\"qty\":9007199254740993}");
        assertThat(deadLetterOffsets()).containsExactly(0, 7, 8, 9, 10);
        assertThat(outcome.err())
                .contains("Dead letters: 5,")
                .contains("the table was truncated")
                .contains("first at debezium-postgres-0@0")
                .contains(
                        "the change event has no row in \"after\", first at debezium-postgres-0@7")
                .contains("\"op\" of the change event is not c, r, u, d or t, first at")
                .contains("the value is not a change event of Debezium");
    }

    private static byte[] bytes(JsonNode text) {
        return text.isNull() ? null : text.asText().getBytes(UTF_8);
    }

    /** What remains: the last line of each id, without deletes. */
    private Map<String, JsonNode> documents() throws IOException {
        Map<String, JsonNode> documents = new TreeMap<>();
        try (Stream<Path> parts = Files.list(directory.resolve("out"))) {
            for (Path part : parts.filter(p -> p.toString().endsWith(".jsonl")).toList()) {
                for (String line : Files.readAllLines(part)) {
                    JsonNode document = JSON.readTree(line);
                    JsonNode before = documents.get(document.get("id").asText());
                    if (before == null
                            || before.get("version").asLong() <= document.get("version").asLong()) {
                        documents.put(document.get("id").asText(), document);
                    }
                }
            }
        }
        documents.values().removeIf(document -> document.has("op"));
        return documents;
    }

    private List<Integer> deadLetterOffsets() throws IOException {
        List<Integer> offsets = new ArrayList<>();
        for (String line : Files.readAllLines(directory.resolve("dead.jsonl"))) {
            for (JsonNode header : JSON.readTree(line).findValues("__connect.errors.offset")) {
                offsets.add(header.asInt());
            }
        }
        return offsets.stream().sorted().toList();
    }
}

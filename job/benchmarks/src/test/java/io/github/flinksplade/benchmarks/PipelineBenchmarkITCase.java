package io.github.flinksplade.benchmarks;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.github.flinksplade.app.Distribution;
import io.github.flinksplade.connector.kafka.KafkaBroker;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.apache.kafka.clients.admin.Admin;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** {@code bench pipeline} with a real broker, run as a process. */
class PipelineBenchmarkITCase {

    private static final int DOCUMENTS = 300;
    private static final int ROUNDS = 2;

    /** Shared, because it contains the built-in model, which has 93 MB. */
    @TempDir static Path cache;

    @TempDir Path directory;

    @Test
    void measuresOnAGivenBroker() throws Exception {
        Path corpus = directory.resolve("corpus.jsonl");
        Files.writeString(
                corpus,
                "{\"text\": \"a car on the road\"}\n{\"text\": \"two words\"}\n"
                        + "{\"text\": \"the third of three texts\"}\n");
        JsonNode report;
        try (KafkaBroker broker = KafkaBroker.start()) {
            Distribution.Answer answer =
                    bench(
                            "--kafka",
                            broker.bootstrapServers(),
                            "--documents",
                            "" + DOCUMENTS,
                            "--rounds",
                            "" + ROUNDS,
                            "--corpus",
                            corpus.toString(),
                            "--json",
                            "report.json");
            assertThat(answer.expect(0).out())
                    .contains("lost 0", "per core-second", "tokenize", "total");
            try (Admin admin =
                    Admin.create(Map.of("bootstrap.servers", broker.bootstrapServers()))) {
                Set<String> topics = admin.listTopics().names().get();
                assertThat(topics).noneMatch(topic -> topic.startsWith("flink-splade-bench"));
                assertThat(admin.listGroups().all().get())
                        .noneMatch(group -> group.groupId().startsWith("flink-splade-bench"));
            }
        }
        report = new ObjectMapper().readTree(directory.resolve("report.json").toFile());
        JsonNode counts = report.get("counts");
        int all = DOCUMENTS * (ROUNDS + 2);
        assertThat(counts.get("sent").asLong()).isEqualTo(all);
        assertThat(counts.get("received").asLong()).isEqualTo(all);
        for (String none : List.of("lost", "repeated", "deadLetters")) {
            assertThat(counts.get(none).asLong()).as(none).isZero();
        }
        assertThat(report.at("/run/texts").asInt()).isEqualTo(3);
        assertThat(report.at("/run/terms").asInt()).isEqualTo(120);
        assertThat(report.at("/run/meanTokens").asDouble()).isBetween(4.0, 8.0);

        JsonNode statistics = report.get("statistics");
        assertThat(statistics).hasSize(5);
        for (JsonNode statistic : statistics) {
            assertThat(statistic.get("median").asDouble())
                    .as(statistic.toString())
                    .isNotNegative()
                    .isBetween(statistic.get("min").asDouble(), statistic.get("max").asDouble());
        }
        assertThat(named(statistics, "per core-second").get("median").asDouble()).isPositive();

        double sum = 0;
        for (JsonNode stage : report.get("stages")) {
            assertThat(stage.get("micros").asDouble()).as(stage.toString()).isNotNegative();
            sum += stage.get("micros").asDouble();
        }
        // both are of the same rounds, so the mean is between the minimum and the maximum
        JsonNode rate = named(statistics, "per core-second");
        assertThat(1e6 / sum)
                .isBetween(.8 * rate.get("min").asDouble(), 1.25 * rate.get("max").asDouble());
        // with so few documents the other stages may finish before the rounds start
        assertThat(named(report.get("stages"), "sequence and write").get("micros").asDouble())
                .isPositive();
        assertThat(report.get("isolated"))
                .extracting(part -> part.get("name").asText())
                .containsExactly(
                        "parse JSON", "tokenize", "engine, one text per run", "write JSON");
    }

    @Test
    void deletesItsOwnBrokerAndFiles() throws Exception {
        Path temporary = Files.createDirectory(directory.resolve("tmp"));
        Distribution.Answer answer =
                Distribution.execute(
                        directory,
                        "",
                        Map.of(
                                "FLINK_SPLADE_JAVA_OPTS",
                                String.join(" ", Distribution.SHORT_RUN)
                                        + " -Djava.io.tmpdir="
                                        + temporary),
                        List.of(
                                Distribution.root().resolve("job/benchmarks/run").toString(),
                                "bench",
                                "pipeline",
                                "--documents",
                                "50",
                                "--rounds",
                                "1",
                                "--model-cache",
                                cache.toString()));
        assertThat(answer.expect(0).out()).contains("sent 150, received 150, lost 0, repeated 0");
        try (var left = Files.list(temporary)) {
            assertThat(left).noneMatch(file -> file.getFileName().toString().startsWith("flink-s"));
        }
        assertThat(ProcessHandle.allProcesses())
                .noneMatch(
                        process ->
                                process.info()
                                        .commandLine()
                                        .filter(line -> line.contains(temporary.toString()))
                                        .isPresent());
    }

    @Test
    void reportsAnUnreachableBroker() {
        Distribution.Answer answer =
                bench("--kafka", "127.0.0.1:1", "--documents", "10", "--rounds", "1").expect(1);
        assertThat(answer.err()).contains("cannot create topics on Kafka at 127.0.0.1:1");
    }

    private Distribution.Answer bench(String... options) {
        List<String> command = new ArrayList<>();
        command.add(Distribution.root().resolve("job/benchmarks/run").toString());
        command.addAll(List.of("bench", "pipeline"));
        command.addAll(List.of(options));
        command.addAll(List.of("--model-cache", cache.toString()));
        return Distribution.execute(directory, "", Map.of(), command);
    }

    private static JsonNode named(JsonNode list, String name) {
        for (JsonNode one : list) {
            if (one.get("name").asText().equals(name)) {
                return one;
            }
        }
        throw new AssertionError("no " + name + " in " + list);
    }
}

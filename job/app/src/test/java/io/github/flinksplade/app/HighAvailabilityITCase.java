package io.github.flinksplade.app;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.ObjectMapper;
import io.github.flinksplade.connector.Address;
import io.github.flinksplade.connector.Connectors;
import io.github.flinksplade.connector.VectorRecord;
import io.github.flinksplade.connector.VectorSource;
import io.github.flinksplade.connector.kafka.KafkaBroker;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.IntStream;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Application mode with high availability: the JobManager is killed with SIGKILL while everything
 * is healthy, and again while the broker is unavailable for longer than the job waits for one
 * answer at its start. Each sink ends with every document exactly once.
 */
class HighAvailabilityITCase {

    private static final int DOCUMENTS = 150;

    @TempDir Path directory;

    @Test
    void resumesExactlyAfterTheJobManagerWasKilled() throws Exception {
        try (ServerProcess server = ServerProcess.kafka(directory.resolve("kafka"))) {
            KafkaBroker broker = KafkaBroker.at(server.authority());
            for (String topic : List.of("documents", "vectors", "dead-letters")) {
                broker.createTopic(topic, 2);
            }
            Path job = directory.resolve("job.yaml");
            Files.writeString(
                    job,
                    """
                    from: kafka://%1$s/documents
                    to: [kafka://%1$s/vectors, lucene:%2$s/idx, file:%2$s/vectors]
                    dead-letters: kafka://%1$s/dead-letters
                    """
                            .formatted(server.authority(), directory));
            try (ApplicationCluster cluster =
                    new ApplicationCluster(directory.resolve("cluster"), job)) {
                cluster.startJobManager();
                cluster.startTaskManager();
                produce(broker, 0);
                awaitVectors(broker, cluster, DOCUMENTS / 3);

                cluster.kill("jobmanager");
                produce(broker, 1);
                cluster.startJobManager();
                awaitVectors(broker, cluster, 2 * DOCUMENTS);

                server.kill();
                cluster.kill("jobmanager");
                cluster.startJobManager();
                Distribution.await(
                        "the JobManager to wait for the broker",
                        () -> log(cluster, "jobmanager").contains("Waiting: "));
                server.start();
                produce(broker, 2);
                awaitVectors(broker, cluster, 3 * DOCUMENTS);

                List<String> expected =
                        IntStream.range(0, 3 * DOCUMENTS).mapToObj(String::valueOf).toList();
                assertThat(keys(broker)).containsExactlyInAnyOrderElementsOf(expected);
                Distribution.await("all files", () -> ids().size() >= expected.size());
                assertThat(ids()).containsExactlyInAnyOrderElementsOf(expected);
                Distribution.await("the index", () -> indexed().size() >= expected.size());
                assertThat(indexed()).containsExactlyInAnyOrderElementsOf(expected);
                assertThat(broker.readCommitted("dead-letters")).isEmpty();
                assertThat(cluster.log("jobmanager"))
                        .doesNotContain("switched from state RUNNING to FAILED");
            }
        }
    }

    private static void produce(KafkaBroker broker, int part) {
        broker.produce(
                IntStream.range(part * DOCUMENTS, (part + 1) * DOCUMENTS)
                        .mapToObj(
                                i ->
                                        new ProducerRecord<>(
                                                "documents",
                                                String.valueOf(i).getBytes(UTF_8),
                                                "{\"text\":\"document %d about cars\"}"
                                                        .formatted(i)
                                                        .getBytes(UTF_8)))
                        .toList());
    }

    private static List<String> keys(KafkaBroker broker) {
        return broker.readCommitted("vectors").stream()
                .map(vector -> new String(vector.key(), UTF_8))
                .toList();
    }

    private static void awaitVectors(KafkaBroker broker, ApplicationCluster cluster, int count) {
        Distribution.await(
                count + " vectors",
                () -> {
                    assertThat(cluster.isAlive("jobmanager"))
                            .as(log(cluster, "jobmanager"))
                            .isTrue();
                    return keys(broker).size() >= count;
                });
    }

    private static String log(ApplicationCluster cluster, String process) {
        try {
            return cluster.log(process);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private List<String> ids() {
        try {
            List<String> ids = new ArrayList<>();
            for (String line : Distribution.parts(directory.resolve("vectors"))) {
                ids.add(new ObjectMapper().readTree(line).get("id").asText());
            }
            return ids;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private List<String> indexed() {
        Address index = Address.parse("lucene:" + directory.resolve("idx"));
        VectorSource vectors = Connectors.of(index).vectors(index);
        List<String> ids = new ArrayList<>();
        try (VectorSource.Reader reader = vectors.open()) {
            for (long i = 0; i < vectors.positions(); i++) {
                VectorRecord record = reader.read(i);
                if (record != null) {
                    ids.add(record.id());
                }
            }
        }
        return ids;
    }
}

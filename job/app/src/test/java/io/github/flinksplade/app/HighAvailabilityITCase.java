package io.github.flinksplade.app;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.github.flinksplade.app.console.Failure;
import io.github.flinksplade.connector.ConnectorUri;
import io.github.flinksplade.connector.Connectors;
import io.github.flinksplade.connector.VectorRecord;
import io.github.flinksplade.connector.VectorSource;
import io.github.flinksplade.connector.kafka.KafkaBroker;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Random;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Application mode with high availability while processes fail: JobManager, TaskManagers, broker
 * and OpenSearch are killed with SIGKILL, and the broker is stopped with SIGSTOP. Kafka must
 * receive every change exactly once and in order, and every other sink must end in the same state.
 *
 * <p>{@code -Dflinksplade.kill.changes=20000 -Dflinksplade.kill.rounds=30} runs more, {@code
 * -Dflinksplade.kill.seed=N} in another order, {@code -Dflinksplade.kill.outage=300} waits that
 * many seconds before a broker is available again.
 */
class HighAvailabilityITCase {

    private static final int CHANGES = Integer.getInteger("flinksplade.kill.changes", 1_500);
    private static final int ROUNDS =
            Integer.getInteger("flinksplade.kill.rounds", Failure.values().length);
    private static final long SEED = Long.getLong("flinksplade.kill.seed", 20_263L);
    private static final int OUTAGE_SECONDS = Integer.getInteger("flinksplade.kill.outage", 2);
    private static final List<String> TASK_MANAGERS = List.of("taskmanager-1", "taskmanager-2");
    private static final ObjectMapper JSON = new ObjectMapper();

    /** The failures that are caused. */
    private enum Failure {
        JOB_MANAGER_KILLED,
        TASK_MANAGER_KILLED,
        BROKER_FROZEN,
        BROKER_KILLED,
        OPENSEARCH_KILLED,
        BROKER_AND_JOB_MANAGER_KILLED,
        JOB_MANAGER_AND_TASK_MANAGER_KILLED
    }

    @TempDir private Path directory;
    private final Random random = new Random(SEED);
    private ServerProcess kafka;
    private ServerProcess openSearch;
    private ApplicationCluster cluster;

    @BeforeEach
    void start() throws IOException {
        kafka = ServerProcess.kafka(directory.resolve("kafka"));
        openSearch = ServerProcess.openSearch(directory.resolve("opensearch"));
        Path job = directory.resolve("job.yaml");
        Files.writeString(
                job,
                """
                from: kafka://%1$s/documents
                to:
                  - kafka://%1$s/vectors
                  - lucene:%2$s/idx
                  - file:%2$s/vectors
                  - opensearch://%3$s/vectors?refresh=true
                dead-letters: kafka://%1$s/dead-letters
                """
                        .formatted(kafka.authority(), directory, openSearch.authority()));
        cluster = new ApplicationCluster(directory.resolve("cluster"), job);
    }

    @AfterEach
    void stop() {
        Stream.of(cluster, openSearch, kafka)
                .filter(Objects::nonNull)
                .forEach(HighAvailabilityITCase::close);
    }

    private static void close(AutoCloseable process) {
        try {
            process.close();
        } catch (Exception e) {
            throw new IllegalStateException(e);
        }
    }

    @Test
    void everySinkIsCorrectAfterEveryFailure() throws Exception {
        KafkaBroker broker = KafkaBroker.at(kafka.authority());
        broker.createTopic("documents", 3);
        broker.createTopic("vectors", 3);
        broker.createTopic("dead-letters", 1);
        ChangeLedger ledger = new ChangeLedger(CHANGES, Math.max(40, CHANGES / 20), SEED);
        cluster.startJobManager();
        for (String taskManager : TASK_MANAGERS) {
            cluster.startTaskManager(taskManager);
        }
        try (CommittedRecords vectors = new CommittedRecords(kafka.authority(), "vectors")) {
            int sent = 0;
            for (int round = 0; round < ROUNDS; round++) {
                int end = (int) ((long) CHANGES * (round + 1) / ROUNDS);
                broker.produce(ledger.records.subList(sent, end));
                // Now some are written, some are in flight, and some have not been read.
                int before = ledger.expectedCount(sent);
                int after = ledger.expectedCount(end);
                awaitVectors(vectors, before + random.nextInt(Math.max(1, after - before)));
                Failure failure = Failure.values()[round % Failure.values().length];
                System.out.printf("High availability, round %d: %s%n", round + 1, failure);
                cause(failure);
                sent = end;
            }
            awaitVectors(vectors, ledger.expectedCount());
            awaitLastStates(ledger);
            Distribution.await(
                    "the end of all transactions", () -> vectors.openTransactions().isEmpty());
        }
        ledger.compare(
                "High availability, %d failures, seed %d".formatted(ROUNDS, SEED),
                broker.readCommitted("vectors"),
                broker.readCommitted("dead-letters"));
        // An application that fails loses its checkpoints.
        assertThat(cluster.log("jobmanager"))
                .doesNotContain("switched from state RUNNING to FAILED");
    }

    private void cause(Failure failure) throws Exception {
        String taskManager = TASK_MANAGERS.get(random.nextInt(TASK_MANAGERS.size()));
        switch (failure) {
            case JOB_MANAGER_KILLED -> {
                cluster.kill("jobmanager");
                cluster.startJobManager();
            }
            case TASK_MANAGER_KILLED -> {
                cluster.kill(taskManager);
                cluster.startTaskManager(taskManager);
            }
            case BROKER_FROZEN -> {
                kafka.freeze();
                outage();
                kafka.thaw();
            }
            case BROKER_KILLED -> {
                kafka.kill();
                outage();
                kafka.start();
            }
            case OPENSEARCH_KILLED -> {
                openSearch.kill();
                outage();
                openSearch.start();
            }
            case BROKER_AND_JOB_MANAGER_KILLED -> {
                int waits = waits();
                kafka.kill();
                cluster.kill("jobmanager");
                cluster.startJobManager();
                Distribution.await("the JobManager to wait for the broker", () -> waits() > waits);
                outage();
                kafka.start();
            }
            case JOB_MANAGER_AND_TASK_MANAGER_KILLED -> {
                cluster.kill("jobmanager");
                cluster.kill(taskManager);
                cluster.startJobManager();
                cluster.startTaskManager(taskManager);
            }
        }
    }

    /** The duration of the fault itself; no condition is waited for. */
    private static void outage() throws InterruptedException {
        TimeUnit.SECONDS.sleep(OUTAGE_SECONDS);
    }

    /** How many times a JobManager has reported that it waits. */
    private int waits() {
        return cluster.log("jobmanager").split("Waiting: ", -1).length;
    }

    private void awaitVectors(CommittedRecords vectors, int count) {
        Distribution.await(
                count + " vectors",
                () -> {
                    assertThat(cluster.isAlive("jobmanager"))
                            .as(cluster.log("jobmanager"))
                            .isTrue();
                    return vectors.count() >= count;
                });
    }

    /**
     * Waits until every sink except Kafka contains the last state of each document, and no more.
     */
    private void awaitLastStates(ChangeLedger ledger) throws Exception {
        Map<String, String> expected = ledger.lastStates();
        Distribution.await("Lucene's last state", () -> inLucene().equals(expected));
        Distribution.await("OpenSearch's last state", () -> inOpenSearch().equals(expected));
        Distribution.await("all files", () -> files().size() >= ledger.expectedCount());
        assertThat(files()).hasSize(ledger.expectedCount()).doesNotHaveDuplicates();
        Map<String, JsonNode> newest = new TreeMap<>();
        for (String line : files()) {
            JsonNode change = JSON.readTree(line);
            newest.merge(
                    change.get("id").textValue(),
                    change,
                    (one, other) ->
                            one.get("version").longValue() > other.get("version").longValue()
                                    ? one
                                    : other);
        }
        Map<String, String> inFiles = new TreeMap<>();
        newest.forEach(
                (id, change) -> {
                    if (change.has("fields")) {
                        inFiles.put(id, ChangeLedger.state(change.get("fields")));
                    }
                });
        assertThat(inFiles).isEqualTo(expected);
    }

    private List<String> files() {
        return Distribution.parts(directory.resolve("vectors"));
    }

    private Map<String, String> inLucene() {
        ConnectorUri index = ConnectorUri.parse("lucene:" + directory.resolve("idx"));
        VectorSource vectors = Connectors.of(index).vectors(index);
        Map<String, String> states = new TreeMap<>();
        try (VectorSource.Reader reader = vectors.open()) {
            for (long i = 0; i < vectors.positions(); i++) {
                VectorRecord record = reader.read(i);
                if (record != null) {
                    states.put(record.id(), ChangeLedger.state(record.fields()));
                }
            }
        }
        return states;
    }

    private Map<String, String> inOpenSearch() {
        URI search =
                URI.create(
                        "http://%s/vectors/_search?size=10000&_source=id,fields"
                                .formatted(openSearch.authority()));
        try {
            String answer =
                    HttpClient.newHttpClient()
                            .send(
                                    HttpRequest.newBuilder(search).build(),
                                    HttpResponse.BodyHandlers.ofString())
                            .body();
            Map<String, String> states = new TreeMap<>();
            for (JsonNode hit : JSON.readTree(answer).path("hits").path("hits")) {
                JsonNode document = hit.get("_source");
                states.put(
                        document.get("id").textValue(), ChangeLedger.state(document.get("fields")));
            }
            return states;
        } catch (IOException e) {
            return Map.of(); // starting
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException(e);
        }
    }
}

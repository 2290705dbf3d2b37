package io.github.flinksplade.app;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.github.flinksplade.app.HighlyAvailableCluster.Mode;
import io.github.flinksplade.connector.ConnectorUri;
import io.github.flinksplade.connector.Connectors;
import io.github.flinksplade.connector.Operation;
import io.github.flinksplade.connector.VectorRecord;
import io.github.flinksplade.connector.VectorSource;
import io.github.flinksplade.connector.kafka.KafkaBroker;
import io.github.flinksplade.encoder.EncodedText;
import io.github.flinksplade.encoder.EncoderOptions;
import io.github.flinksplade.encoder.RandomMaskedLanguageModel;
import io.github.flinksplade.encoder.Role;
import io.github.flinksplade.encoder.SpladeEncoder;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.Random;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;
import java.util.function.Supplier;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * A job with high availability while processes fail: JobManager, TaskManagers, brokers and
 * OpenSearch are killed with SIGKILL, a broker is stopped with SIGSTOP, and a TaskManager is
 * missing for a while, during which a job with the adaptive scheduler runs with half its
 * parallelism. Documents are split into passages: Kafka and the files must receive every change of
 * a passage exactly once and in order, and every other sink must end with exactly the passages of
 * the last texts, with their fields and the encoder's own vectors.
 *
 * <p>{@code -Dflinksplade.kill.documents=10000 -Dflinksplade.kill.changes=30000
 * -Dflinksplade.kill.rounds=35} runs more, {@code -Dflinksplade.kill.seed=N} in another order,
 * {@code -Dflinksplade.kill.outage=300} waits that many seconds before a broker is available again,
 * {@code -Dflinksplade.kill.brokers=3} runs as many brokers, {@code
 * -Dflinksplade.kill.mode=session} a session cluster, and {@code
 * -Dflinksplade.kill.scheduler=adaptive} rescales the job.
 */
class HighAvailabilityITCase {

    private static final int CHANGES = Integer.getInteger("flinksplade.kill.changes", 1_500);
    private static final int DOCUMENTS =
            Integer.getInteger("flinksplade.kill.documents", Math.max(40, CHANGES / 20));
    private static final int ROUNDS =
            Integer.getInteger("flinksplade.kill.rounds", Failure.values().length);
    private static final long SEED = Long.getLong("flinksplade.kill.seed", 20_263L);
    private static final int OUTAGE_SECONDS = Integer.getInteger("flinksplade.kill.outage", 2);
    private static final int BROKERS = Integer.getInteger("flinksplade.kill.brokers", 1);
    private static final Mode MODE =
            Mode.valueOf(
                    System.getProperty("flinksplade.kill.mode", "application")
                            .toUpperCase(Locale.ROOT));
    private static final String SCHEDULER =
            System.getProperty("flinksplade.kill.scheduler", "default");
    private static final List<String> TASK_MANAGERS = List.of("taskmanager-1", "taskmanager-2");
    private static final ObjectMapper JSON = new ObjectMapper();
    private static final HttpClient HTTP = HttpClient.newHttpClient();

    /** The failures that are caused. */
    private enum Failure {
        JOB_MANAGER_KILLED,
        TASK_MANAGER_KILLED,
        TASK_MANAGER_MISSING,
        BROKER_FROZEN,
        BROKER_KILLED,
        OPENSEARCH_KILLED,
        BROKER_AND_JOB_MANAGER_KILLED,
        JOB_MANAGER_AND_TASK_MANAGER_KILLED
    }

    @TempDir private Path directory;
    private final Random random = new Random(SEED);
    private String model;
    private String brokers;
    private List<ServerProcess> kafka = List.of();
    private ServerProcess openSearch;
    private HighlyAvailableCluster cluster;

    @BeforeEach
    void start() throws IOException {
        kafka = ServerProcess.kafka(directory.resolve("kafka"), BROKERS);
        brokers = kafka.stream().map(ServerProcess::authority).collect(Collectors.joining(","));
        openSearch = ServerProcess.openSearch(directory.resolve("opensearch"));
        model =
                new RandomMaskedLanguageModel()
                        .positions(PassageLedger.PASSAGE_TOKENS)
                        .write(directory.resolve("model"))
                        .toString();
        Path job = directory.resolve("job.yaml");
        Files.writeString(
                job,
                """
                from: kafka://%1$s/documents
                to:
                  - kafka://%1$s/vectors?text=true
                  - lucene:%2$s/idx
                  - file:%2$s/vectors?text=true
                  - opensearch://%3$s/vectors?refresh=true
                dead-letters: kafka://%1$s/dead-letters
                model: %4$s
                long-documents: passages
                """
                        .formatted(brokers, directory, openSearch.authority(), model));
        cluster = new HighlyAvailableCluster(directory.resolve("cluster"), job, MODE, SCHEDULER);
    }

    @AfterEach
    void stop() {
        Stream.concat(Stream.of(cluster, openSearch), kafka.stream())
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
        KafkaBroker broker = KafkaBroker.at(brokers);
        broker.createTopic("documents", 3);
        broker.createTopic("vectors", 3);
        broker.createTopic("dead-letters", 1);
        PassageLedger ledger = ledger();
        cluster.startJobManager();
        for (String taskManager : TASK_MANAGERS) {
            cluster.startTaskManager(taskManager);
        }
        try (CommittedRecords vectors = new CommittedRecords(brokers, "vectors")) {
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
            awaitPassages("Lucene", ledger, this::inLucene);
            awaitPassages("OpenSearch", ledger, this::inOpenSearch);
            Distribution.await("all files", () -> files().size() >= ledger.expectedCount());
            Distribution.await(
                    "the end of all transactions", () -> vectors.openTransactions().isEmpty());
        }
        Set<String> passages = ledger.lastStates().keySet();
        System.out.printf(
                "High availability, %d failures, seed %d: %d documents with %d passages,"
                        + " %d dead letters expected%n",
                ROUNDS,
                SEED,
                passages.stream().filter(id -> id.endsWith("#0")).count(),
                passages.size(),
                ledger.invalid.size());
        ledger.compareChanges("Kafka", inKafka(broker.readCommitted("vectors")));
        ledger.compareChanges("files", inFiles());
        assertThat(broker.readCommitted("dead-letters"))
                .extracting(letter -> new String(letter.value(), StandardCharsets.UTF_8))
                .containsExactlyInAnyOrderElementsOf(ledger.invalid);
        // An application that fails loses its checkpoints.
        assertThat(cluster.log("jobmanager"))
                .doesNotContain("switched from state RUNNING to FAILED");
    }

    private void cause(Failure failure) throws Exception {
        String taskManager = TASK_MANAGERS.get(random.nextInt(TASK_MANAGERS.size()));
        ServerProcess broker = kafka.get(random.nextInt(kafka.size()));
        switch (failure) {
            case JOB_MANAGER_KILLED -> {
                cluster.kill("jobmanager");
                cluster.startJobManager();
            }
            case TASK_MANAGER_KILLED -> {
                cluster.kill(taskManager);
                cluster.startTaskManager(taskManager);
            }
            case TASK_MANAGER_MISSING -> {
                cluster.kill(taskManager);
                outage();
                if (SCHEDULER.equals("adaptive")) {
                    awaitParallelism(1);
                }
                cluster.startTaskManager(taskManager);
                if (SCHEDULER.equals("adaptive")) {
                    awaitParallelism(2);
                }
            }
            case BROKER_FROZEN -> {
                broker.freeze();
                outage();
                broker.thaw();
            }
            case BROKER_KILLED -> {
                broker.kill();
                outage();
                broker.start();
            }
            case OPENSEARCH_KILLED -> {
                openSearch.kill();
                outage();
                openSearch.start();
            }
            case BROKER_AND_JOB_MANAGER_KILLED -> {
                int waits = waits();
                broker.kill();
                cluster.kill("jobmanager");
                cluster.startJobManager();
                if (BROKERS == 1 && MODE == Mode.APPLICATION) {
                    Distribution.await(
                            "the JobManager to wait for the broker", () -> waits() > waits);
                }
                outage();
                broker.start();
            }
            case JOB_MANAGER_AND_TASK_MANAGER_KILLED -> {
                cluster.kill("jobmanager");
                cluster.kill(taskManager);
                cluster.startJobManager();
                cluster.startTaskManager(taskManager);
            }
        }
    }

    private void awaitParallelism(int expected) {
        Distribution.await("a parallelism of " + expected, () -> cluster.parallelism() == expected);
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

    /** The changes, and the vectors that an encoder which is not part of the job returns. */
    private PassageLedger ledger() {
        try (SpladeEncoder encoder = SpladeEncoder.open(model, EncoderOptions.defaults())) {
            return new PassageLedger(
                    CHANGES,
                    DOCUMENTS,
                    SEED,
                    texts ->
                            encoder.encode(texts, Role.DOCUMENT).stream()
                                    .map(EncodedText::vector)
                                    .toList());
        }
    }

    /** Waits until an index contains exactly the passages of the last texts. */
    private static void awaitPassages(
            String sink, PassageLedger ledger, Supplier<Map<String, String>> stored) {
        List<String> differences = new ArrayList<>();
        try {
            Distribution.await(
                    "the passages in " + sink,
                    () -> {
                        differences.clear();
                        differences.addAll(ledger.differences(stored.get()));
                        return differences.isEmpty();
                    });
        } catch (AssertionError e) {
            throw new AssertionError(
                    differences.size()
                            + " passages differ: "
                            + differences.subList(0, Math.min(5, differences.size())),
                    e);
        }
    }

    private List<String> files() {
        return Distribution.parts(directory.resolve("vectors"));
    }

    private static Map<String, List<String>> inKafka(List<ConsumerRecord<byte[], byte[]>> records)
            throws IOException {
        Map<String, List<String>> states = new TreeMap<>();
        for (ConsumerRecord<byte[], byte[]> record : records) {
            states.computeIfAbsent(
                            new String(record.key(), StandardCharsets.UTF_8),
                            key -> new ArrayList<>())
                    .add(
                            record.value() == null
                                    ? PassageLedger.deleted()
                                    : PassageLedger.state(JSON.readTree(record.value())));
        }
        return states;
    }

    /** In the order of versions: a file has the changes of a checkpoint in any order. */
    private Map<String, List<String>> inFiles() throws IOException {
        Map<String, TreeMap<Long, String>> ordered = new TreeMap<>();
        for (String line : files()) {
            JsonNode change = JSON.readTree(line);
            boolean isDelete = change.has("op") && !change.has("replaced");
            long order =
                    VectorRecord.order(
                            change.get("version").longValue(),
                            isDelete ? Operation.DELETE : Operation.UPSERT);
            String state = PassageLedger.state(change);
            ordered.computeIfAbsent(change.get("id").textValue(), key -> new TreeMap<>())
                    .merge(order, state, (one, other) -> one + ", again: " + other);
        }
        Map<String, List<String>> states = new TreeMap<>();
        ordered.forEach((id, changes) -> states.put(id, List.copyOf(changes.values())));
        return states;
    }

    private Map<String, String> inLucene() {
        ConnectorUri index = ConnectorUri.parse("lucene:" + directory.resolve("idx"));
        VectorSource vectors = Connectors.of(index).vectors(index);
        Map<String, String> states = new TreeMap<>();
        try (VectorSource.Reader reader = vectors.open()) {
            for (long i = 0; i < vectors.positions(); i++) {
                VectorRecord record = reader.read(i);
                if (record != null) {
                    String before =
                            states.put(
                                    record.id(),
                                    PassageLedger.state(
                                            JSON.readTree(record.fields()),
                                            record.text(),
                                            record.vector().indices(),
                                            record.vector().values()));
                    assertThat(before).as("a second document of " + record.id()).isNull();
                }
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return states;
    }

    private Map<String, String> inOpenSearch() {
        Map<String, String> states = new TreeMap<>();
        try {
            JsonNode page =
                    openSearch("/vectors/_search?scroll=1m", "{\"size\":1000,\"sort\":[\"_doc\"]}");
            while (!page.at("/hits/hits").isEmpty()) {
                for (JsonNode hit : page.at("/hits/hits")) {
                    JsonNode document = hit.get("_source");
                    String before =
                            states.put(
                                    document.get("id").textValue(),
                                    PassageLedger.state(
                                            document.get("fields"),
                                            document.get("text").textValue(),
                                            document.get("weights")));
                    assertThat(before).as("a second document of " + document.get("id")).isNull();
                }
                page =
                        openSearch(
                                "/_search/scroll",
                                "{\"scroll\":\"1m\",\"scroll_id\":" + page.get("_scroll_id") + "}");
            }
            return states;
        } catch (IOException e) {
            return Map.of(); // starting
        }
    }

    private JsonNode openSearch(String path, String body) throws IOException {
        try {
            return JSON.readTree(
                    HTTP.send(
                                    HttpRequest.newBuilder(
                                                    URI.create(
                                                            "http://"
                                                                    + openSearch.authority()
                                                                    + path))
                                            .header("Content-Type", "application/json")
                                            .POST(HttpRequest.BodyPublishers.ofString(body))
                                            .build(),
                                    HttpResponse.BodyHandlers.ofString())
                            .body());
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException(e);
        }
    }
}

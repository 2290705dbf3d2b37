package io.github.flinksplade.app;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.github.flinksplade.connector.kafka.KafkaBroker;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;
import org.apache.kafka.clients.consumer.ConsumerRecord;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Documents from a real Kafka broker through the real job with the built-in model back to Kafka,
 * read at read_committed: while the job fails and is restored several times, and while its process
 * is killed with SIGKILL and started again. Nothing may be lost, doubled or out of order within an
 * id, and exactly the bad records may become dead letters.
 */
class KafkaToKafkaITCase {

    private static final int IDS = 40;

    @TempDir Path directory;
    private KafkaBroker broker;
    private Ledger ledger;

    @BeforeEach
    void start() {
        broker = KafkaBroker.start();
        broker.createTopic("documents", 3);
        broker.createTopic("vectors", 3);
        broker.createTopic("dead-letters", 1);
    }

    @AfterEach
    void stop() {
        broker.close();
    }

    @Test
    void exactlyOnceWhileTheJobFailsAndIsRestored() {
        ledger = new Ledger(1500, 20261);
        broker.produce(ledger.records);
        FailingConnector.RECORDS.set(0);
        FailingConnector.FAILURES.set(0);
        ByteArrayOutputStream err = new ByteArrayOutputStream();
        int code =
                Main.run(
                        new String[] {
                            "run",
                            "--from",
                            "kafka://" + broker.bootstrapServers() + "/documents?bounded=true",
                            "--to",
                            vectors(),
                            "--to",
                            "failing:450?times=3",
                            "--dead-letters",
                            deadLetters(),
                            "--checkpoint-interval",
                            "500ms"
                        },
                        new ByteArrayInputStream(new byte[0]),
                        new ByteArrayOutputStream(),
                        new PrintStream(err, true, StandardCharsets.UTF_8));
        assertThat(code).as(err.toString(StandardCharsets.UTF_8)).isZero();
        assertThat(FailingConnector.FAILURES).hasValue(3);
        ledger.compare("failed and restored 3 times", broker);
    }

    @Test
    void exactlyOnceWhileTheProcessIsKilled() throws Exception {
        ledger = new Ledger(3000, 20262);
        broker.produce(ledger.records);
        String[] command = {
            "run",
            "--from",
            "kafka://" + broker.bootstrapServers() + "/documents?group=killed",
            "--to",
            vectors(),
            "--dead-letters",
            deadLetters(),
            "--checkpoint-interval",
            "500ms",
            "--state",
            "state"
        };
        Path log = directory.resolve("log");
        int kills = 0;
        for (int share : new int[] {1, 3}) {
            Process job = Distribution.start(directory, log, command);
            int enough = ledger.expectedCount() * share / 5;
            Distribution.await(
                    enough + " vectors",
                    () -> !job.isAlive() || committed("vectors").size() >= enough);
            assertThat(job.isAlive()).as(Files.readString(log)).isTrue();
            job.destroyForcibly().waitFor(); // SIGKILL: the launcher has become the JVM
            kills++;
        }
        Process job = Distribution.start(directory, log, command);
        Distribution.await(
                "all vectors and dead letters",
                () ->
                        !job.isAlive()
                                || committed("vectors").size() >= ledger.expectedCount()
                                        && committed("dead-letters").size() >= ledger.bad.size());
        assertThat(job.isAlive()).as(Files.readString(log)).isTrue();
        job.destroy(); // SIGTERM: whatever is still to come is committed, or never will be
        job.waitFor();
        ledger.compare("killed with SIGKILL " + kills + " times", broker);
    }

    private String vectors() {
        return "kafka://" + broker.bootstrapServers() + "/vectors";
    }

    private String deadLetters() {
        return "kafka://" + broker.bootstrapServers() + "/dead-letters";
    }

    private List<ConsumerRecord<byte[], byte[]>> committed(String topic) {
        return broker.readCommitted(topic, 0, Duration.ofSeconds(60));
    }

    /** What was sent, and what must come out of it. */
    private static final class Ledger {

        final List<ProducerRecord<byte[], byte[]>> records = new ArrayList<>();
        final List<String> bad = new ArrayList<>();
        final Map<String, List<String>> expected = new TreeMap<>();
        private int sent;

        Ledger(int count, long seed) {
            System.out.println("Kafka to Kafka: seed " + seed);
            Random random = new Random(seed);
            Map<String, String> last = new HashMap<>();
            String[] words = "car road house bread river stone music paper".split(" ");
            for (int n = 0; n < count; n++) {
                String id = "id-" + random.nextInt(IDS);
                int kind = random.nextInt(100);
                if (kind < 2) {
                    String value = "{\"id\":\"" + id + "\",\"text\":" + n;
                    bad.add(value);
                    add(id, value);
                } else if (kind < 4) {
                    String value = "{\"id\":\"" + id + "\",\"title\":\"no text " + n + "\"}";
                    bad.add(value);
                    add(id, value);
                } else if (kind < 10) {
                    // a tombstone; that of an id that is gone already says nothing new
                    add(id, null);
                    if (!"".equals(last.put(id, ""))) {
                        expect(id, "deleted");
                    }
                } else if (kind < 15 && last.containsKey(id) && !last.get(id).isEmpty()) {
                    add(id, last.get(id)); // repeats what was sent last: nothing comes out
                } else {
                    // two of three change the text, the others the field alone
                    String text =
                            words[random.nextInt(words.length)]
                                    + " and "
                                    + words[random.nextInt(words.length)]
                                    + (kind < 70 ? " " + n : "");
                    String value =
                            "{\"id\":\"%s\",\"text\":\"%s\",\"n\":%d}".formatted(id, text, n);
                    add(id, value);
                    last.put(id, value);
                    expect(id, "n=" + n);
                }
            }
        }

        private void add(String id, String value) {
            sent++;
            records.add(
                    new ProducerRecord<>(
                            "documents", id.getBytes(), value == null ? null : value.getBytes()));
        }

        private void expect(String id, String change) {
            expected.computeIfAbsent(id, key -> new ArrayList<>()).add(change);
        }

        int expectedCount() {
            return expected.values().stream().mapToInt(List::size).sum();
        }

        void compare(String what, KafkaBroker broker) {
            Map<String, List<String>> received = new TreeMap<>();
            for (ConsumerRecord<byte[], byte[]> record : broker.readCommitted("vectors")) {
                received.computeIfAbsent(new String(record.key()), key -> new ArrayList<>())
                        .add(change(record));
            }
            int count = received.values().stream().mapToInt(List::size).sum();
            int duplicates = 0;
            int lost = 0;
            int outOfOrder = 0;
            for (String id : expected.keySet()) {
                List<String> wanted = expected.get(id);
                List<String> got = received.getOrDefault(id, List.of());
                List<String> surplus = new ArrayList<>(got);
                wanted.forEach(surplus::remove);
                List<String> missing = new ArrayList<>(wanted);
                got.forEach(missing::remove);
                duplicates += surplus.size();
                lost += missing.size();
                if (surplus.isEmpty() && missing.isEmpty() && !wanted.equals(got)) {
                    outOfOrder++;
                }
            }
            List<String> dead = new ArrayList<>();
            broker.readCommitted("dead-letters")
                    .forEach(record -> dead.add(new String(record.value())));
            System.out.printf(
                    "Kafka to Kafka, %s: sent %d, expected %d, received %d, duplicates %d, lost %d,"
                            + " out of order %d, dead letters %d of %d%n",
                    what,
                    sent,
                    expectedCount(),
                    count,
                    duplicates,
                    lost,
                    outOfOrder,
                    dead.size(),
                    bad.size());
            assertThat(received).isEqualTo(expected);
            assertThat(dead).containsExactlyInAnyOrderElementsOf(bad);
        }

        private static String change(ConsumerRecord<byte[], byte[]> record) {
            if (record.value() == null) {
                return "deleted";
            }
            try {
                JsonNode json = new ObjectMapper().readTree(record.value());
                assertThat(json.get("indices")).isNotEmpty();
                assertThat(json.get("values")).hasSameSizeAs(json.get("indices"));
                return "n=" + json.get("fields").get("n");
            } catch (java.io.IOException e) {
                throw new java.io.UncheckedIOException(e);
            }
        }
    }
}

package io.github.flinksplade.app;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.flinksplade.connector.kafka.KafkaBroker;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * The job with the built-in model from Kafka to Kafka, read with read_committed, while it fails and
 * is restored several times, and while its process is killed with SIGKILL and restarted. No change
 * may be lost, duplicated or out of order within an id, and exactly the invalid records must become
 * dead letters.
 */
class KafkaToKafkaITCase {

    private static final int IDS = 40;

    @TempDir Path directory;
    private KafkaBroker broker;
    private ChangeLedger ledger;

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
    void isExactlyOnceWhenTheJobIsRestored() {
        ledger = new ChangeLedger(1500, IDS, 20261);
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
        compare("failed and restored 3 times");
    }

    @Test
    void isExactlyOnceWhenTheProcessIsKilled() throws Exception {
        ledger = new ChangeLedger(3000, IDS, 20262);
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
        Process job;
        try (CommittedRecords vectors = committed("vectors");
                CommittedRecords deadLetters = committed("dead-letters")) {
            for (int share : new int[] {1, 3}) {
                Process killed = Distribution.start(directory, log, command);
                int minimum = ledger.expectedCount() * share / 5;
                Distribution.await(
                        minimum + " vectors",
                        () -> !killed.isAlive() || vectors.count() >= minimum);
                assertThat(killed.isAlive()).as(Files.readString(log)).isTrue();
                killed.destroyForcibly().waitFor(); // SIGKILL, of the JVM: the launcher uses exec
                kills++;
            }
            Process last = Distribution.start(directory, log, command);
            Distribution.await(
                    "all vectors and dead letters",
                    () ->
                            !last.isAlive()
                                    || vectors.count() >= ledger.expectedCount()
                                            && deadLetters.count() >= ledger.invalid.size());
            job = last;
        }
        assertThat(job.isAlive()).as(Files.readString(log)).isTrue();
        job.destroy(); // SIGTERM: commits what is pending
        job.waitFor();
        compare("killed with SIGKILL " + kills + " times");
    }

    private String vectors() {
        return "kafka://" + broker.bootstrapServers() + "/vectors";
    }

    private String deadLetters() {
        return "kafka://" + broker.bootstrapServers() + "/dead-letters";
    }

    private void compare(String what) {
        ledger.compare(
                "Kafka to Kafka, " + what,
                broker.readCommitted("vectors"),
                broker.readCommitted("dead-letters"));
    }

    private CommittedRecords committed(String topic) {
        return new CommittedRecords(broker.bootstrapServers(), topic);
    }
}

package io.github.flinksplade.app;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.flinksplade.app.MainTest.Outcome;
import io.github.flinksplade.app.console.ExitCode;
import io.github.flinksplade.connector.kafka.KafkaBroker;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.ExecutionException;
import java.util.regex.MatchResult;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.clients.admin.ListTransactionsOptions;
import org.apache.kafka.clients.admin.TransactionListing;
import org.apache.kafka.clients.admin.TransactionState;
import org.apache.kafka.clients.producer.ProducerRecord;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Jobs that are killed with SIGKILL between a checkpoint and the commit of its Kafka transactions,
 * because a proxy withholds the commits. {@code finish} commits what the checkpoint contains, and
 * reports what is lost after the transactions have timed out.
 */
class FinishITCase {

    private static final int BATCH = 60;
    private static final String COMMITTED =
            "committed (\\d+) transactions? with ([\\d,]+) records?";

    @TempDir Path directory;
    private CommitBlockingProxy proxy;
    private KafkaBroker broker;
    private Path log;

    @BeforeEach
    void start() throws IOException {
        log = directory.resolve("log");
        proxy = new CommitBlockingProxy();
        broker =
                KafkaBroker.start(
                        Map.of(
                                "advertised.listeners",
                                "PLAINTEXT://127.0.0.1:" + proxy.port(),
                                "transaction.abort.timed.out.transaction.cleanup.interval.ms",
                                "200"));
        String servers = broker.bootstrapServers();
        proxy.forwardTo(Integer.parseInt(servers.substring(servers.lastIndexOf(':') + 1)));
        broker.createTopic("documents", 2);
        broker.createTopic("vectors", 3);
        broker.createTopic("copies", 2);
        broker.createTopic("others", 2);
        broker.createTopic("dead-letters", 1);
    }

    @AfterEach
    void stop() throws IOException {
        broker.close();
        proxy.close();
    }

    private String uri(String topic) {
        return "kafka://" + broker.bootstrapServers() + "/" + topic;
    }

    /** Writes five records that become dead letters, and {@link #BATCH} documents. */
    private void produce(int from) {
        List<ProducerRecord<byte[], byte[]>> records = new ArrayList<>();
        for (int i = from; i < from + 5; i++) {
            records.add(record(i, "not JSON"));
        }
        for (int i = from; i < from + BATCH; i++) {
            String text = "document " + i + " speaks of ships, trees and the sea";
            records.add(record(i, "{\"text\":\"" + text + "\"}"));
        }
        broker.produce(records);
    }

    private static ProducerRecord<byte[], byte[]> record(int id, String value) {
        return new ProducerRecord<>(
                "documents",
                id % 2,
                String.valueOf(id).getBytes(StandardCharsets.UTF_8),
                value.getBytes(StandardCharsets.UTF_8));
    }

    private Process run(String state, List<String> sinks, String... more) throws IOException {
        List<String> command = new ArrayList<>();
        command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
        command.addAll(Distribution.SHORT_RUN);
        for (String part : List.of("util", "lang", "time", "nio", "net")) {
            command.add("--add-opens=java.base/java." + part + "=ALL-UNNAMED");
        }
        command.addAll(List.of("-Xmx768m", "-cp", System.getProperty("java.class.path")));
        command.addAll(
                List.of(
                        Main.class.getName(),
                        "run",
                        "--from",
                        uri("documents?group=" + state),
                        "--checkpoint-interval",
                        "500ms",
                        "--state",
                        state,
                        "-Dparallelism.default=2"));
        command.addAll(sinks);
        command.addAll(List.of(more));
        return new ProcessBuilder(command)
                .directory(directory.toFile())
                .redirectErrorStream(true)
                .redirectOutput(ProcessBuilder.Redirect.appendTo(log.toFile()))
                .start();
    }

    private void awaitCommitted(Process job, String topic, int records) throws IOException {
        try (CommittedRecords committed = new CommittedRecords(broker.bootstrapServers(), topic)) {
            Distribution.await(
                    records + " records in " + topic,
                    () -> !job.isAlive() || committed.count() >= records);
        }
        assertThat(job.isAlive()).as(Files.readString(log)).isTrue();
    }

    /** Waits until the job cannot commit a checkpoint, and kills it. */
    private void killWhileCommitting(Process job, String... topics) throws Exception {
        Distribution.await(
                "a commit",
                () ->
                        !job.isAlive()
                                || List.of(topics).stream()
                                        .allMatch(
                                                topic ->
                                                        proxy.hasWithheld(
                                                                "flink-splade:" + topic + ":")));
        assertThat(job.isAlive()).as(Files.readString(log)).isTrue();
        job.destroyForcibly().waitFor(); // SIGKILL
    }

    /** The start of the transactional ids of a topic. */
    private static String prefix(String topic) {
        return "flink-splade:" + topic + ":";
    }

    /** Ids of the open transactions that write to a topic. */
    private Set<String> open(String topic) throws Exception {
        try (Admin admin = Admin.create(Map.of("bootstrap.servers", broker.bootstrapServers()))) {
            Collection<TransactionListing> open =
                    admin.listTransactions(
                                    new ListTransactionsOptions()
                                            .filterStates(Set.of(TransactionState.ONGOING)))
                            .all()
                            .get();
            return open.stream()
                    .map(TransactionListing::transactionalId)
                    .filter(id -> id.startsWith(prefix(topic)))
                    .collect(Collectors.toCollection(TreeSet::new));
        } catch (ExecutionException e) {
            throw new IllegalStateException(e.getCause());
        }
    }

    private List<String> ids(String topic) {
        return broker.readCommitted(topic).stream()
                .map(record -> new String(record.key(), StandardCharsets.UTF_8))
                .toList();
    }

    private static Set<String> expected(int documents) {
        return IntStream.range(0, documents)
                .mapToObj(String::valueOf)
                .collect(Collectors.toCollection(TreeSet::new));
    }

    private Outcome finish(String... arguments) {
        List<String> command = new ArrayList<>(List.of("finish"));
        command.addAll(List.of(arguments));
        return MainTest.run("", command.toArray(String[]::new));
    }

    private static int number(String output, String location, String pattern) {
        Matcher matcher = Pattern.compile(Pattern.quote(location) + ": " + pattern).matcher(output);
        assertThat(matcher.find()).as(output).isTrue();
        MatchResult found = matcher.toMatchResult();
        return Integer.parseInt(found.group(2).replace(",", ""));
    }

    @Test
    void commitsWhatTheCheckpointContainsSoThatTheJobResumesWithoutDuplicates() throws Exception {
        String state = directory.resolve("state").toString();
        List<String> sinks =
                List.of(
                        "--to",
                        uri("vectors"),
                        "--to",
                        uri("copies"),
                        "--dead-letters",
                        uri("dead-letters"));
        produce(0);
        Process job = run("state", sinks);
        Process other = run("other", List.of("--to", uri("others")));
        awaitCommitted(job, "vectors", BATCH);
        awaitCommitted(job, "copies", BATCH);
        awaitCommitted(job, "dead-letters", 5);
        awaitCommitted(other, "others", BATCH);

        List<String> arguments = new ArrayList<>(List.of("--state", state));
        arguments.addAll(sinks);
        Outcome running = finish(arguments.toArray(String[]::new));
        assertThat(running.code()).isEqualTo(ExitCode.INPUT);
        assertThat(running.err()).contains("another run uses the state directory");
        List<String> asCluster =
                new ArrayList<>(List.of("--checkpoint", state + "/checkpoints/run-1"));
        asCluster.addAll(sinks);
        Outcome alive = finish(asCluster.toArray(String[]::new));
        assertThat(alive.code()).as(alive.err()).isEqualTo(ExitCode.INPUT);
        assertThat(alive.err()).contains("have changed within 12 s, so the job is running");

        // A checkpoint whose dead letters cannot be committed would prevent later ones.
        proxy.block(prefix("vectors"), prefix("copies"), prefix("others"));
        produce(BATCH);
        killWhileCommitting(other, "others");
        killWhileCommitting(job, "vectors", "copies");
        proxy.unblock();
        assertThat(ids("vectors")).hasSize(BATCH);
        assertThat(open("vectors")).isNotEmpty();
        assertThat(open("copies")).isNotEmpty();
        Set<String> openOfOther = open("others");
        assertThat(openOfOther).isNotEmpty();

        Outcome incomplete = finish("--state", state, "--to", uri("vectors"));
        assertThat(incomplete.code()).isEqualTo(ExitCode.INPUT);
        assertThat(incomplete.err())
                .containsPattern("contains the sink kafka://[^ ]+/copies, which no --to names");
        Outcome withoutDeadLetters =
                finish("--state", state, "--to", uri("vectors"), "--to", uri("copies"));
        assertThat(withoutDeadLetters.code()).isEqualTo(ExitCode.INPUT);
        assertThat(withoutDeadLetters.err())
                .contains("writes dead letters to kafka:, but no --dead-letters is given");
        assertThat(open("vectors")).isNotEmpty();

        Outcome finished = finish(arguments.toArray(String[]::new));
        assertThat(finished.code()).as(finished.err()).isZero();
        assertThat(finished.err())
                .containsPattern("State in .*: the checkpoint of .* \\(run-1/chk-\\d+\\)\\.");
        for (String topic : List.of("vectors", "copies")) {
            int committed = number(finished.out(), uri(topic), COMMITTED);
            assertThat(open(topic)).isEmpty();
            assertThat(ids(topic)).hasSize(BATCH + committed).doesNotHaveDuplicates();
            assertThat(committed).isPositive();
        }
        assertThat(new TreeSet<>(ids("vectors"))).isEqualTo(new TreeSet<>(ids("copies")));
        assertThat(open("dead-letters")).isEmpty();
        assertThat(open("others")).isEqualTo(openOfOther);
        assertThat(ids("others")).hasSize(BATCH);

        Outcome repeated = finish(arguments.toArray(String[]::new));
        assertThat(repeated.code()).as(repeated.err()).isZero();
        assertThat(repeated.out())
                .contains(uri("vectors") + ": nothing is left to commit")
                .contains(uri("dead-letters") + ": nothing is left to commit");

        Outcome second =
                finish("--state", directory.resolve("other").toString(), "--to", uri("others"));
        assertThat(second.code()).as(second.err()).isZero();
        assertThat(ids("others")).hasSize(BATCH + number(second.out(), uri("others"), COMMITTED));

        Process resumed = run("state", sinks);
        awaitCommitted(resumed, "vectors", 2 * BATCH);
        awaitCommitted(resumed, "copies", 2 * BATCH);
        awaitCommitted(resumed, "dead-letters", 10);
        resumed.destroy(); // SIGTERM: commits what is pending
        resumed.waitFor();
        for (String topic : List.of("vectors", "copies")) {
            assertThat(ids(topic)).as(topic).hasSize(2 * BATCH).doesNotHaveDuplicates();
            assertThat(new TreeSet<>(ids(topic))).as(topic).isEqualTo(expected(2 * BATCH));
        }
        assertThat(broker.readCommitted("dead-letters")).hasSize(10);
    }

    @Test
    void reportsWhatIsLostAfterTheTimeout() throws Exception {
        String sink = uri("vectors?transaction-timeout=11s");
        Path file = directory.resolve("job.yaml");
        Files.writeString(
                file,
                "from: %s\nto: %s\ndead-letters: file:dead.jsonl\n"
                        .formatted(uri("documents"), sink));
        List<String> sinks = List.of("--to", sink, "-Dexecution.checkpointing.timeout=5s");
        produce(0);
        Process job = run("state", sinks);
        awaitCommitted(job, "vectors", BATCH);
        proxy.block(prefix("vectors"));
        produce(BATCH);
        killWhileCommitting(job, "vectors");
        proxy.unblock();
        Distribution.await(
                "the timeout of the transactions",
                () -> {
                    try {
                        return open("vectors").isEmpty();
                    } catch (Exception e) {
                        throw new IllegalStateException(e);
                    }
                });

        String checkpoints = directory.resolve("state/checkpoints").toUri().getPath();
        String[] arguments = {
            "--checkpoint", "elsewhere://" + checkpoints + "/run-1", "--config", file.toString()
        };
        Outcome finished = finish(arguments);
        assertThat(finished.code()).as(finished.out()).isEqualTo(ExitCode.FINDINGS);
        assertThat(finished.err())
                .containsPattern("Checkpoint \\S+/chk-\\d+\\.")
                .containsPattern("flink-splade: \\d+ transactions? of the checkpoint with \\d+")
                .contains("run it with --reindex");
        int lost = number(finished.out(), sink, "lost (\\d+) transactions? with ([\\d,]+) record");
        assertThat(lost).isPositive();
        Matcher partitions = Pattern.compile("partition \\d: (\\d+)").matcher(finished.out());
        assertThat(partitions.results().mapToInt(one -> Integer.parseInt(one.group(1))).sum())
                .as(finished.out())
                .isEqualTo(lost);
        assertThat(finish(arguments).out()).isEqualTo(finished.out());

        // the loss is what the job does not write when it resumes
        Process resumed = run("state", sinks);
        awaitCommitted(resumed, "vectors", 2 * BATCH - lost);
        produce(2 * BATCH);
        awaitCommitted(resumed, "vectors", 3 * BATCH - lost);
        resumed.destroy();
        resumed.waitFor();
        assertThat(ids("vectors")).hasSize(3 * BATCH - lost).doesNotHaveDuplicates();

        Process reindexed = run("state", sinks, "--reindex");
        awaitCommitted(reindexed, "vectors", 6 * BATCH - lost);
        reindexed.destroy();
        reindexed.waitFor();
        assertThat(new TreeSet<>(ids("vectors"))).isEqualTo(expected(3 * BATCH));
    }
}

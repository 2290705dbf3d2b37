package io.github.flinksplade.connector.files;

import static io.github.flinksplade.connector.files.CompressedBytes.concat;
import static io.github.flinksplade.connector.files.CompressedBytes.gzip;
import static io.github.flinksplade.connector.files.CompressedBytes.zstd;
import static java.nio.charset.StandardCharsets.UTF_16LE;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.github.flinksplade.connector.ConnectorException;
import io.github.flinksplade.connector.ConnectorUri;
import io.github.flinksplade.connector.DeadLetter;
import io.github.flinksplade.connector.DocumentSource;
import io.github.flinksplade.connector.FlinkSink;
import io.github.flinksplade.connector.SourceRecord;
import io.github.flinksplade.connector.StartMode;
import io.github.flinksplade.connector.VectorRecord;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.Callable;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.locks.LockSupport;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.apache.flink.api.common.JobID;
import org.apache.flink.api.common.JobStatus;
import org.apache.flink.api.common.eventtime.WatermarkStrategy;
import org.apache.flink.api.common.functions.MapFunction;
import org.apache.flink.api.common.state.CheckpointListener;
import org.apache.flink.configuration.Configuration;
import org.apache.flink.configuration.MemorySize;
import org.apache.flink.configuration.TaskManagerOptions;
import org.apache.flink.core.execution.JobClient;
import org.apache.flink.core.execution.SavepointFormatType;
import org.apache.flink.runtime.execution.ExecutionState;
import org.apache.flink.runtime.executiongraph.AccessExecutionGraph;
import org.apache.flink.runtime.executiongraph.AccessExecutionVertex;
import org.apache.flink.runtime.minicluster.MiniCluster;
import org.apache.flink.runtime.testutils.MiniClusterResourceConfiguration;
import org.apache.flink.streaming.api.datastream.DataStream;
import org.apache.flink.streaming.api.environment.StreamExecutionEnvironment;
import org.apache.flink.test.junit5.InjectMiniCluster;
import org.apache.flink.test.junit5.MiniClusterExtension;
import org.apache.flink.util.ExceptionUtils;
import org.apache.flink.util.FileUtils;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.api.io.TempDir;

/** Real jobs from files to vectors and dead letters, which fail and resume. */
class FilesITCase {

    private static final int PARALLELISM = 2;

    @RegisterExtension
    private static final MiniClusterExtension CLUSTER =
            new MiniClusterExtension(
                    new MiniClusterResourceConfiguration.Builder()
                            .setConfiguration(memory())
                            .setNumberTaskManagers(1)
                            .setNumberSlotsPerTaskManager(PARALLELISM)
                            .build());

    /**
     * The number of records that the jobs of the current test have read, including repeated ones.
     */
    private static final AtomicInteger SEEN = new AtomicInteger();

    /** The records that the jobs of the current test have read, in order. */
    private static final Queue<String> VALUES = new ConcurrentLinkedQueue<>();

    private static final AtomicInteger FAILURES_LEFT = new AtomicInteger();

    /** Whether each record is delayed. */
    private static final AtomicBoolean SLOW = new AtomicBoolean();

    /** How often a job resumed within a file. */
    private static final AtomicInteger RESUMED = new AtomicInteger();

    @TempDir Path folder;

    private MiniCluster cluster;

    private static Configuration memory() {
        Configuration configuration = new Configuration();
        configuration.set(TaskManagerOptions.MANAGED_MEMORY_SIZE, MemorySize.ofMebiBytes(16));
        return configuration;
    }

    @BeforeEach
    void reset(@InjectMiniCluster MiniCluster cluster) throws IOException {
        this.cluster = cluster;
        SEEN.set(0);
        VALUES.clear();
        SLOW.set(false);
        RESUMED.set(0);
        FAILURES_LEFT.set(0);
        Files.createDirectories(folder.resolve("in"));
    }

    @Test
    void writesEveryLineOnceThroughFailures() throws Exception {
        write("in/a.txt", lines("a", 0, 3000));
        write("in/b.txt.gz", concat(gzip(lines("b", 0, 2000)), gzip(lines("b", 2000, 3000))));
        write("in/c.txt.zst", zstd(lines("c", 0, 3000)));
        FAILURES_LEFT.set(4);

        JobClient job = start(bounded(), "file:" + folder + "/in", Duration.ofMillis(50), null);
        job.getJobExecutionResult().get(60, TimeUnit.SECONDS);

        assertThat(FAILURES_LEFT).hasValue(0);
        assertThat(RESUMED).hasPositiveValue();
        assertThat(SEEN.get()).isGreaterThanOrEqualTo(9000);
        List<String> expected = new ArrayList<>();
        List<String> expectedDead = new ArrayList<>();
        for (String name : List.of("a", "b", "c")) {
            IntStream.range(0, 3000)
                    .forEach(i -> (i % 100 == 7 ? expectedDead : expected).add(name + i));
        }
        assertThat(ids()).containsExactlyInAnyOrderElementsOf(expected);
        assertThat(deadLetters()).containsExactlyInAnyOrderElementsOf(expectedDead);
    }

    @Test
    void publishesPartFilesWithCheckpointsAndResumes() throws Exception {
        write("in/a.txt", lines("a", 0, 10));
        String from = "file:" + folder + "/in?watch=true&interval=50ms";
        JobClient job = start(unbounded(), from, Duration.ofHours(1), null);
        eventually(() -> SEEN.get() == 10);
        assertThat(ids()).isEmpty();
        checkpoint(job);
        eventually(() -> ids().size() == 9);

        // Hidden files and files of another format are not read.
        write("in/.b.txt", lines("b", 0, 10));
        write("in/_c.txt", lines("c", 0, 10));
        write("in/d.tsv", lines("d", 0, 10));
        Files.move(folder.resolve("in/.b.txt"), folder.resolve("in/b.txt"));
        eventually(() -> SEEN.get() == 20);
        String checkpoint = checkpoint(job);
        eventually(() -> ids().size() == 18);
        write("in/e.txt", lines("e", 0, 10));
        eventually(() -> SEEN.get() == 30);
        job.cancel().get(30, TimeUnit.SECONDS);
        ended(job.getJobID());
        assertThat(ids()).hasSize(18);

        assertThatThrownBy(() -> start(unbounded(), from, Duration.ofHours(1), checkpoint))
                .isInstanceOf(ConnectorException.class)
                .hasMessageContaining("mixes formats: a.txt and d.tsv");
        Files.delete(folder.resolve("in/d.tsv"));
        JobClient again = start(unbounded(), from, Duration.ofHours(1), checkpoint);
        eventually(() -> SEEN.get() == 40);
        write("in/f.txt", lines("f", 0, 10));
        eventually(() -> SEEN.get() == 50);
        checkpoint(again);
        List<String> expected =
                Stream.of("a", "b", "e", "f")
                        .flatMap(name -> IntStream.range(0, 10).mapToObj(i -> name + i))
                        .filter(id -> !id.endsWith("7"))
                        .toList();
        eventually(() -> ids().size() >= expected.size());
        assertThat(ids()).containsExactlyInAnyOrderElementsOf(expected);
        assertThat(deadLetters()).containsExactlyInAnyOrder("a7", "b7", "e7", "f7");
        again.cancel().get(30, TimeUnit.SECONDS);
        ended(again.getJobID());
    }

    @Test
    void rereadsWatchedFilesThatChange() throws Exception {
        write("in/a.txt", lines("a", 0, 10));
        write("in/b.txt", lines("b", 0, 10));
        String from = "file:" + folder + "/in?watch=true&interval=50ms";
        JobClient job = start(unbounded(), from, Duration.ofHours(1), null);
        eventually(() -> SEEN.get() == 20);

        moveOver("in/a.txt", lines("c", 0, 10));
        eventually(() -> SEEN.get() == 30);
        assertThat(VALUES).endsWith("c8", "c9");
        append("in/b.txt", "b10\n");
        eventually(() -> SEEN.get() == 41);
        assertThat(VALUES).endsWith("b9", "b10");

        String checkpoint = checkpoint(job);
        job.cancel().get(30, TimeUnit.SECONDS);
        ended(job.getJobID());
        moveOver("in/a.txt", lines("d", 0, 10));
        append("in/b.txt", "b11\n");

        JobClient again = start(unbounded(), from, Duration.ofHours(1), checkpoint);
        eventually(() -> SEEN.get() == 41 + 10 + 12);
        assertThat(VALUES).contains("d9", "b11");
        Files.delete(folder.resolve("in/a.txt"));
        write("in/a.txt", lines("d", 0, 10));
        eventually(() -> SEEN.get() == 41 + 10 + 12 + 10);
        again.cancel().get(30, TimeUnit.SECONDS);
        ended(again.getJobID());
    }

    @Test
    void followsADocumentPerFile() throws Exception {
        Files.createDirectories(folder.resolve("in/sub"));
        write("in/a.md", "a".getBytes(UTF_8));
        write("in/sub/b.txt", "b".getBytes(UTF_8));
        write("in/sub/c.html", "c".getBytes(UTF_8));
        write("in/logo.png", "png".getBytes(UTF_8));
        String from = "file:" + folder + "/in?format=file&watch=true&interval=50ms";
        JobClient job = start(unbounded(), from, Duration.ofHours(1), null);
        eventually(() -> SEEN.get() == 3);

        moveOver("in/a.md", "a2".getBytes(UTF_8));
        eventually(() -> VALUES.contains("a2"));
        Files.delete(folder.resolve("in/sub/b.txt"));
        eventually(() -> VALUES.contains("deleted sub/b.txt"));
        write("in/sub/b.txt", "b2".getBytes(UTF_8));
        eventually(() -> VALUES.contains("b2"));
        assertThat(SEEN).hasValue(6);

        String checkpoint = checkpoint(job);
        job.cancel().get(30, TimeUnit.SECONDS);
        ended(job.getJobID());
        Files.delete(folder.resolve("in/sub/c.html"));
        write("in/d.md", "d".getBytes(UTF_8));
        JobClient again = start(unbounded(), from, Duration.ofHours(1), checkpoint);
        eventually(() -> VALUES.contains("deleted sub/c.html") && VALUES.contains("d"));
        assertThat(SEEN).hasValue(8);
        assertThat(VALUES).doesNotContain("png");
        again.cancel().get(30, TimeUnit.SECONDS);
        ended(again.getJobID());
    }

    @Test
    void readsRecordsThatSpanLinesOnceThroughFailures() throws Exception {
        StringBuilder array = new StringBuilder("[");
        StringBuilder csv = new StringBuilder("id,text\n");
        List<String> objects = new ArrayList<>();
        List<String> rows = new ArrayList<>();
        for (int i = 0; i < 2000; i++) {
            objects.add("{\n  \"n\": " + i + "\n}");
            array.append(i == 0 ? "" : ",").append(objects.get(i));
            rows.add(i + ",\"x\n" + i + "\"");
            csv.append(rows.get(i)).append("\r\n");
        }
        write("in/a.json.gz", gzip(array.append("]").toString().getBytes(UTF_8)));
        readsOnceThroughFailures(objects);

        Files.delete(folder.resolve("in/a.json.gz"));
        write("in/a.csv", ("\ufeff" + csv).getBytes(UTF_16LE));
        readsOnceThroughFailures(rows);
    }

    private void readsOnceThroughFailures(List<String> expected) throws Exception {
        RESUMED.set(0);
        FAILURES_LEFT.set(3);
        start(bounded(), "file:" + folder + "/in", Duration.ofMillis(50), null)
                .getJobExecutionResult()
                .get(60, TimeUnit.SECONDS);
        assertThat(RESUMED).hasPositiveValue();
        assertThat(ids()).containsExactlyInAnyOrderElementsOf(expected);
        FileUtils.deleteDirectory(folder.resolve("out").toFile());
    }

    @Test
    void rereadsASingleWatchedFileThatChanges() throws Exception {
        write("in/a.txt", lines("a", 0, 10));
        JobClient job =
                start(
                        unbounded(),
                        "file:" + folder + "/in/a.txt?watch=true&interval=50ms",
                        Duration.ofHours(1),
                        null);
        eventually(() -> SEEN.get() == 10);
        append("in/a.txt", "a10\n");
        eventually(() -> SEEN.get() == 21);
        moveOver("in/a.txt", lines("b", 0, 10));
        eventually(() -> SEEN.get() == 31);

        // for longer than a listing takes
        Files.move(folder.resolve("in/a.txt"), folder.resolve("moved-away.txt"));
        String before = checkpoint(job);
        assertThat(before).isNotNull();
        Files.move(folder.resolve("moved-away.txt"), folder.resolve("in/a.txt"));
        append("in/a.txt", "b10\n");
        eventually(() -> VALUES.contains("b10"));
        job.cancel().get(30, TimeUnit.SECONDS);
        ended(job.getJobID());
    }

    /** While the job is stopped, one file changes and another is added. */
    @Test
    void listsFilesAgainWhenABoundedJobResumes() throws Exception {
        write("in/a.txt", lines("a", 0, 100));
        write("in/b.txt", lines("b", 0, 6000));
        write("in/c.txt", lines("c", 0, 6000));
        String from = "file:" + folder + "/in";
        SLOW.set(true);
        JobClient job = start(unbounded(), from, Duration.ofHours(1), null);
        eventually(() -> VALUES.contains("c1"));
        String checkpoint = checkpoint(job);
        job.cancel().get(30, TimeUnit.SECONDS);
        ended(job.getJobID());
        moveOver("in/a.txt", lines("d", 0, 100));
        write("in/e.txt", lines("e", 0, 100));

        SLOW.set(false);
        VALUES.clear();
        start(bounded(), from, Duration.ofHours(1), checkpoint)
                .getJobExecutionResult()
                .get(60, TimeUnit.SECONDS);

        assertThat(VALUES.stream().filter(value -> value.startsWith("d"))).hasSize(100);
        assertThat(VALUES.stream().filter(value -> value.startsWith("e"))).hasSize(100);
        assertThat(VALUES).doesNotHaveDuplicates();
    }

    /**
     * A savepoint does not commit: its part files are in the state that a crash leaves between a
     * checkpoint and its commit.
     */
    @Test
    void commitsAndCleansUpAfterAKillBeforeTheCommit() throws Exception {
        write("in/a.txt", lines("a", 0, 10));
        write("in/b.txt", lines("b", 0, 10));
        String from = "file:" + folder + "/in?watch=true&interval=50ms";
        JobClient job = start(unbounded(), from, Duration.ofHours(1), null);
        eventually(() -> SEEN.get() == 20);
        running(job);
        String savepoint =
                job.triggerSavepoint(
                                folder.resolve("savepoints").toString(),
                                SavepointFormatType.CANONICAL)
                        .get(30, TimeUnit.SECONDS);
        write("in/c.txt", lines("c", 0, 10));
        write("in/d.txt", lines("d", 0, 10));
        eventually(() -> SEEN.get() == 40);
        job.cancel().get(30, TimeUnit.SECONDS);
        ended(job.getJobID());
        assertThat(ids()).isEmpty();
        List<Path> killed = unfinished();
        assertThat(killed).hasSizeGreaterThanOrEqualTo(2);
        Path other = Files.writeString(out(".part-ffffffff-0-x-0.jsonl.inprogress.x"), "x");

        JobClient again = start(unbounded(), from, Duration.ofHours(1), savepoint);
        eventually(() -> ids().size() == 18);
        eventually(() -> SEEN.get() == 60);
        checkpoint(again);
        eventually(() -> ids().size() == 36);
        assertThat(ids()).doesNotHaveDuplicates();
        assertThat(unfinished()).containsExactly(other);

        again.stopWithSavepoint(
                        false,
                        folder.resolve("savepoints").toString(),
                        SavepointFormatType.CANONICAL)
                .get(30, TimeUnit.SECONDS);
        again.getJobExecutionResult().get(30, TimeUnit.SECONDS);
        assertThat(unfinished()).containsExactly(other);
    }

    /** With two subtasks and three files, the enumerator has the third when the job is stopped. */
    @Test
    void readsAWaitingFileAfterResuming() throws Exception {
        for (String name : List.of("a", "b", "c")) {
            write("in/" + name + ".txt", lines(name, 0, 3000));
        }
        String from = "file:" + folder + "/in";
        SLOW.set(true);
        JobClient job = start(unbounded(), from, Duration.ofHours(1), null);
        eventually(() -> SEEN.get() > 10);
        String checkpoint = checkpoint(job);
        job.cancel().get(30, TimeUnit.SECONDS);
        ended(job.getJobID());
        assertThat(SEEN).hasValueLessThan(6000);

        SLOW.set(false);
        JobClient again = start(bounded(), from, Duration.ofHours(1), checkpoint);
        again.getJobExecutionResult().get(60, TimeUnit.SECONDS);

        assertThat(RESUMED).hasPositiveValue();
        assertThat(ids()).hasSize(9000 - 90).doesNotHaveDuplicates();
        assertThat(deadLetters()).hasSize(90).doesNotHaveDuplicates();
    }

    @Test
    void rereadsAFileReplacedWhileTheJobIsStopped() throws Exception {
        byte[] old = lines("a", 1000, 7000);
        write("in/a.txt", old);
        write("in/b.txt.gz", gzip(lines("b", 1000, 7000)));
        String from = "file:" + folder + "/in";
        SLOW.set(true);
        JobClient job = start(unbounded(), from, Duration.ofHours(1), null);
        eventually(() -> SEEN.get() > 10);
        String checkpoint = checkpoint(job);
        job.cancel().get(30, TimeUnit.SECONDS);
        ended(job.getJobID());
        assertThat(SEEN).hasValueLessThan(12_000);

        assertThat(lines("c", 1000, 7000)).hasSameSizeAs(old);
        moveOver("in/a.txt", lines("c", 1000, 7000));
        write("in/b.txt.gz", gzip(lines("d", 1000, 7000)));
        SLOW.set(false);
        JobClient again = start(bounded(), from, Duration.ofHours(1), checkpoint);
        again.getJobExecutionResult().get(60, TimeUnit.SECONDS);

        for (String name : List.of("c", "d")) {
            assertThat(ids().stream().filter(id -> id.startsWith(name)).distinct())
                    .hasSize(6000 - 60);
        }
    }

    @Test
    void failsAtTheFirstAttemptOnATruncatedFile() throws Exception {
        byte[] compressed = gzip(lines("a", 0, 1000));
        write("in/a.txt.gz", Arrays.copyOf(compressed, compressed.length - 20));

        JobClient job = start(bounded(), "file:" + folder + "/in", Duration.ofHours(1), null);

        assertFails(
                job,
                "cannot read "
                        + folder
                        + "/in/a.txt.gz: it is truncated: its gzip data is incomplete."
                        + " Replace the file and start the job again");
        assertThat(attempts(job)).isEqualTo(1);
    }

    @Test
    void failsWhenAWatchedFolderIsRemoved() throws Exception {
        write("in/a.txt", lines("a", 0, 10));
        JobClient job =
                start(
                        unbounded(),
                        "file:" + folder + "/in?watch=true&interval=50ms",
                        Duration.ofHours(1),
                        null);
        eventually(() -> SEEN.get() == 10);

        Files.move(folder.resolve("in"), folder.resolve("removed"));

        assertFails(
                job,
                "file or folder " + folder + "/in (from file:" + folder + "/in) does not exist");
        assertThat(attempts(job))
                .isEqualTo(5); // it may be mounted again, so the failure is not permanent
    }

    private int attempts(JobClient job) throws Exception {
        int attempts = 0;
        AccessExecutionGraph graph = cluster.getExecutionGraph(job.getJobID()).get();
        for (AccessExecutionVertex task : graph.getAllExecutionVertices()) {
            attempts = Math.max(attempts, task.getCurrentExecutionAttempt().getAttemptNumber() + 1);
        }
        return attempts;
    }

    private static void assertFails(JobClient job, String message) {
        assertThatThrownBy(() -> job.getJobExecutionResult().get(60, TimeUnit.SECONDS))
                .satisfies(
                        e ->
                                assertThat(
                                                ExceptionUtils.findThrowable(
                                                        e, ConnectorException.class))
                                        .hasValueSatisfying(
                                                cause -> assertThat(cause).hasMessage(message)));
    }

    /** Fails before a checkpoint is due: the job starts from scratch. */
    @Test
    void duplicatesNothingAfterAFailureBeforeTheFirstCheckpoint() throws Exception {
        write("in/a.txt", lines("a", 0, 500));
        FAILURES_LEFT.set(2);

        JobClient job = start(bounded(), "file:" + folder + "/in", Duration.ofHours(1), null);
        job.getJobExecutionResult().get(60, TimeUnit.SECONDS);

        assertThat(FAILURES_LEFT).hasValue(0);
        assertThat(RESUMED).hasValue(0);
        assertThat(ids()).hasSize(495).doesNotHaveDuplicates();
        assertThat(deadLetters()).containsExactly("a7", "a107", "a207", "a307", "a407");
    }

    private Configuration bounded() {
        return new Configuration();
    }

    private Configuration unbounded() {
        Configuration configuration = new Configuration();
        configuration.setString(
                "execution.checkpointing.externalized-checkpoint-retention",
                "RETAIN_ON_CANCELLATION");
        return configuration;
    }

    /** Lines whose number ends with 07 become dead letters, all others vectors. */
    private JobClient start(
            Configuration configuration, String from, Duration interval, String checkpoint)
            throws Exception {
        configuration.setString("pipeline.generic-types", "false");
        configuration.setString("pipeline.auto-generate-uids", "false");
        configuration.setString("restart-strategy.type", "fixed-delay");
        configuration.setString("restart-strategy.fixed-delay.attempts", "4");
        configuration.setString("restart-strategy.fixed-delay.delay", "10 ms");
        configuration.setString(
                "execution.checkpointing.dir", folder.resolve("state").toUri() + "");
        configuration.setString("execution.checkpointing.interval", interval.toMillis() + " ms");
        if (interval.toMinutes() > 0) {
            // otherwise Flink triggers a checkpoint as soon as the tasks run
            configuration.setString(
                    "execution.checkpointing.min-pause", interval.toMillis() + " ms");
        }
        if (checkpoint != null) {
            configuration.setString("execution.state-recovery.path", checkpoint);
        }
        StreamExecutionEnvironment env =
                StreamExecutionEnvironment.getExecutionEnvironment(configuration);
        env.setParallelism(PARALLELISM);

        FilesConnector files = new FilesConnector();
        DocumentSource documents = files.source(ConnectorUri.parse(from));
        documents.check();
        DataStream<SourceRecord> records =
                env.fromSource(documents.source(), WatermarkStrategy.noWatermarks(), "source")
                        .uid("source")
                        .map(new FailingMap(interval.toMinutes() == 0))
                        .uid("fail");
        FlinkSink sink =
                (FlinkSink)
                        new FilesSink(ConnectorUri.parse("file:" + folder + "/out/vectors.jsonl"))
                                .prepare(
                                        TestRecords.context(),
                                        checkpoint == null ? StartMode.NEW : StartMode.RESUME);
        records.filter(record -> !isBad(record))
                .uid("good")
                .map(record -> TestRecords.upsert(text(record)))
                .returns(VectorRecord.class)
                .uid("encode")
                .sinkTo(sink.sink())
                .uid("vectors");
        records.filter(FilesITCase::isBad)
                .uid("bad")
                .map(
                        record ->
                                new DeadLetter(
                                        record, DeadLetter.Stage.PARSE, null, "Bad", "is bad"))
                .returns(DeadLetter.class)
                .uid("letter")
                .sinkTo(
                        files.deadLetters(
                                        ConnectorUri.parse(
                                                "file:" + folder + "/dead-letters.jsonl"))
                                .prepare("job")
                                .sink())
                .setParallelism(1)
                .uid("dead");
        return env.executeAsync();
    }

    private static boolean isBad(SourceRecord record) {
        return text(record).matches("[a-z](.*0)?7");
    }

    private static String text(SourceRecord record) {
        return record.value() == null
                ? "deleted " + new String(record.key(), UTF_8)
                : new String(record.value(), UTF_8);
    }

    /**
     * Counts records, and fails as often as the test requires: after 100 records, and if
     * checkpoints are expected, not before one has completed.
     */
    private static final class FailingMap
            implements MapFunction<SourceRecord, SourceRecord>, CheckpointListener {

        private static final long serialVersionUID = 1L;

        private int count;
        private boolean completed;

        FailingMap(boolean awaitsCheckpoint) {
            this.completed = !awaitsCheckpoint;
        }

        @Override
        public SourceRecord map(SourceRecord record) {
            SEEN.incrementAndGet();
            VALUES.add(text(record));
            if (count++ == 0 && record.offset() > 0) {
                RESUMED.incrementAndGet();
            }
            if (SLOW.get() || FAILURES_LEFT.get() > 0 && !completed) {
                LockSupport.parkNanos(2_000_000);
            }
            if (completed
                    && count >= 100
                    && FAILURES_LEFT.getAndUpdate(n -> Math.max(0, n - 1)) > 0) {
                throw new IllegalStateException("failure injected by the test");
            }
            return record;
        }

        @Override
        public void notifyCheckpointComplete(long checkpointId) {
            completed = true;
        }
    }

    private List<String> ids() throws IOException {
        List<String> ids = new ArrayList<>();
        ObjectMapper mapper = new ObjectMapper();
        try (Stream<Path> files = Files.list(folder.resolve("out/vectors.jsonl"))) {
            for (Path part :
                    files.filter(file -> file.getFileName().toString().startsWith("part-"))
                            .toList()) {
                assertThat(part.getFileName().toString()).endsWith(".jsonl");
                for (String line : Files.readAllLines(part)) {
                    JsonNode json = mapper.readTree(line);
                    assertThat(json.get("indices")).hasSize(2);
                    ids.add(json.get("id").textValue());
                }
            }
        }
        return ids;
    }

    private Path out(String name) {
        return folder.resolve("out/vectors.jsonl").resolve(name);
    }

    private List<Path> unfinished() throws IOException {
        try (Stream<Path> files = Files.list(out(""))) {
            return files.filter(file -> file.getFileName().toString().contains(".inprogress."))
                    .toList();
        }
    }

    private List<String> deadLetters() throws IOException {
        List<String> values = new ArrayList<>();
        ObjectMapper mapper = new ObjectMapper();
        for (String line : Files.readAllLines(folder.resolve("dead-letters.jsonl"))) {
            values.add(new String(mapper.readTree(line).get("value").binaryValue(), UTF_8));
        }
        return values;
    }

    private static byte[] lines(String prefix, int from, int to) {
        StringBuilder lines = new StringBuilder();
        IntStream.range(from, to).forEach(i -> lines.append(prefix).append(i).append('\n'));
        return lines.toString().getBytes(UTF_8);
    }

    private void append(String name, String text) throws IOException {
        Files.writeString(folder.resolve(name), text, StandardOpenOption.APPEND);
    }

    private void moveOver(String name, byte[] bytes) throws IOException {
        Path file = Files.write(folder.resolve("moved"), bytes);
        Files.move(file, folder.resolve(name), StandardCopyOption.REPLACE_EXISTING);
    }

    private void write(String name, byte[] bytes) throws IOException {
        Files.write(folder.resolve(name), bytes);
    }

    /** Takes a checkpoint as soon as every task runs, and returns its path. */
    private String checkpoint(JobClient job) throws Exception {
        running(job);
        return cluster.triggerCheckpoint(job.getJobID()).get(30, TimeUnit.SECONDS);
    }

    private void running(JobClient job) throws Exception {
        eventually(
                () -> {
                    AccessExecutionGraph graph = cluster.getExecutionGraph(job.getJobID()).get();
                    for (AccessExecutionVertex task : graph.getAllExecutionVertices()) {
                        if (task.getExecutionState() != ExecutionState.RUNNING) {
                            return false;
                        }
                    }
                    return true;
                });
    }

    private void ended(JobID job) throws Exception {
        eventually(() -> cluster.getJobStatus(job).get().equals(JobStatus.CANCELED));
    }

    private static void eventually(Callable<Boolean> condition) throws Exception {
        long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(60);
        while (!condition.call()) {
            assertThat(System.nanoTime()).as("deadline").isLessThan(deadline);
            TimeUnit.MILLISECONDS.sleep(20);
        }
    }
}

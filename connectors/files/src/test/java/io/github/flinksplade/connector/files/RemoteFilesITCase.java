package io.github.flinksplade.connector.files;

import static io.github.flinksplade.connector.files.CompressedBytes.gzip;
import static io.github.flinksplade.connector.files.CompressedBytes.zstd;
import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.github.flinksplade.connector.ConnectorException;
import io.github.flinksplade.connector.ConnectorUri;
import io.github.flinksplade.connector.Connectors;
import io.github.flinksplade.connector.DocumentSource;
import io.github.flinksplade.connector.SourceRecord;
import io.github.flinksplade.connector.UnreachableException;
import java.io.OutputStream;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Queue;
import java.util.concurrent.Callable;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.concurrent.locks.LockSupport;
import java.util.stream.IntStream;
import org.apache.flink.api.common.eventtime.WatermarkStrategy;
import org.apache.flink.api.connector.sink2.Sink;
import org.apache.flink.configuration.Configuration;
import org.apache.flink.configuration.MemorySize;
import org.apache.flink.configuration.TaskManagerOptions;
import org.apache.flink.core.execution.JobClient;
import org.apache.flink.core.execution.SavepointFormatType;
import org.apache.flink.core.fs.FileSystem;
import org.apache.flink.core.plugin.PluginUtils;
import org.apache.flink.runtime.testutils.MiniClusterResourceConfiguration;
import org.apache.flink.streaming.api.environment.StreamExecutionEnvironment;
import org.apache.flink.streaming.api.functions.sink.v2.DiscardingSink;
import org.apache.flink.test.junit5.MiniClusterExtension;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.extension.RegisterExtension;
import org.junit.jupiter.api.io.TempDir;

/**
 * Real jobs that read from an S3 server, S3Proxy in a separate process, with Flink's plugin in its
 * own class loader.
 */
class RemoteFilesITCase {

    private static final String SECRET = "a-secret-key";

    @RegisterExtension
    private static final MiniClusterExtension CLUSTER =
            new MiniClusterExtension(
                    new MiniClusterResourceConfiguration.Builder()
                            .setConfiguration(memory())
                            .setNumberTaskManagers(1)
                            .setNumberSlotsPerTaskManager(1)
                            .build());

    /** The records that the jobs of the current test have read, in order. */
    private static final Queue<String> VALUES = new ConcurrentLinkedQueue<>();

    /** Whether each record is delayed. */
    private static final AtomicBoolean SLOW = new AtomicBoolean();

    @TempDir private static Path server;

    private static Process process;
    private static int port;

    @TempDir Path folder;

    private static Configuration memory() {
        Configuration configuration = new Configuration();
        configuration.set(TaskManagerOptions.MANAGED_MEMORY_SIZE, MemorySize.ofMebiBytes(16));
        return configuration;
    }

    @BeforeAll
    static void startServer() throws Exception {
        try (ServerSocket free = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            port = free.getLocalPort();
        }
        Files.createDirectories(server.resolve("data/documents"));
        Path properties = server.resolve("s3proxy.conf");
        Files.writeString(
                properties,
                String.join(
                        "\n",
                        "s3proxy.endpoint=http://127.0.0.1:" + port,
                        "s3proxy.authorization=aws-v2-or-v4",
                        "s3proxy.identity=tester",
                        "s3proxy.credential=" + SECRET,
                        "jclouds.provider=filesystem-nio2",
                        "jclouds.identity=unused",
                        "jclouds.credential=unused",
                        "jclouds.filesystem.basedir=" + server.resolve("data")));
        process =
                new ProcessBuilder(
                                ProcessHandle.current().info().command().orElseThrow(),
                                "-jar",
                                System.getProperty("s3proxy.jar"),
                                "--properties",
                                properties.toString())
                        .redirectErrorStream(true)
                        .redirectOutput(server.resolve("log").toFile())
                        .start();
        eventually(
                () -> {
                    assertThat(process.isAlive())
                            .withFailMessage(() -> log(server.resolve("log")))
                            .isTrue();
                    try (Socket socket = new Socket(InetAddress.getLoopbackAddress(), port)) {
                        return socket.isConnected();
                    } catch (java.net.ConnectException e) {
                        return false;
                    }
                });
    }

    private static String log(Path file) {
        try {
            return Files.readString(file);
        } catch (java.io.IOException e) {
            return e.toString();
        }
    }

    @AfterAll
    static void stopServer() throws Exception {
        FileSystem.initialize(new Configuration(), null);
        process.destroyForcibly().waitFor();
    }

    @BeforeEach
    void connect() {
        VALUES.clear();
        SLOW.set(false);
        initialize(port, SECRET);
    }

    private static void initialize(int port, String secret) {
        Configuration flink = new Configuration();
        flink.setString("s3.endpoint", "http://127.0.0.1:" + port);
        flink.setString("s3.path.style.access", "true");
        flink.setString("s3.access-key", "tester");
        flink.setString("s3.secret-key", secret);
        flink.setString("s3.attempts.maximum", "1");
        flink.setString("s3.retry.limit", "1");
        FileSystem.initialize(flink, PluginUtils.createPluginManagerFromRootFolder(flink));
    }

    @Test
    void readsObjectsThatMatchAPattern() throws Exception {
        write("documents/glob/a.txt.gz", gzip(lines("a", 0, 1000)));
        write("documents/glob/sub/b.txt.gz", gzip(lines("b", 0, 1000)));
        write("documents/glob/sub/c.txt.zst", zstd(lines("c", 0, 1000)));
        write("documents/glob/_tmp/d.txt.gz", gzip(lines("d", 0, 10)));
        write("documents/glob/.e.txt.gz", gzip(lines("e", 0, 10)));

        read("s3://documents/glob/*.gz");
        assertThat(VALUES).containsExactlyElementsOf(values("a", 0, 1000));

        VALUES.clear();
        read("s3a://documents/glob/**/*.{gz,zst}");
        assertThat(VALUES)
                .hasSize(3000)
                .containsAll(values("b", 0, 1000))
                .containsAll(values("c", 0, 1000));
    }

    @Test
    void readsAFolderAndAnObject() throws Exception {
        write("documents/folder/a.txt", lines("a", 0, 10));
        write("documents/folder/b c%.txt", lines("b", 0, 10));
        write("documents/folder/sub/d.txt", lines("d", 0, 10));

        read("s3://documents/folder/");
        assertThat(VALUES).hasSize(20).containsAll(values("b", 0, 10));

        VALUES.clear();
        read("s3://documents/folder/b c%.txt");
        assertThat(VALUES).containsExactlyElementsOf(values("b", 0, 10));

        VALUES.clear();
        read("s3://documents/folder?format=file");
        assertThat(VALUES).hasSize(3);
    }

    @Test
    void readsAWatchedPrefixThatGainsAndChangesObjects() throws Exception {
        JobClient job =
                start("s3://documents/watched/*.txt?watch=true&interval=100 ms&format=text", null);
        write("documents/watched/a.txt", lines("a", 0, 10));
        eventually(() -> VALUES.containsAll(values("a", 0, 10)));
        write("documents/watched/b.txt", lines("b", 0, 10));
        eventually(() -> VALUES.containsAll(values("b", 0, 10)));
        write("documents/watched/a.txt", lines("c", 0, 20));
        eventually(() -> VALUES.containsAll(values("c", 0, 20)));
        job.cancel().get(30, TimeUnit.SECONDS);

        // the server may change the time of an object that is already listed, which is then read
        // again; one that does not change is not
        assertThat(VALUES).hasSizeBetween(40, 80);
    }

    @Test
    void deletesTheDocumentOfADeletedObject() throws Exception {
        write("documents/pages/a.txt", lines("a", 0, 1));
        write("documents/pages/sub/b.txt", lines("b", 0, 1));
        JobClient job = start("s3://documents/pages?watch=true&interval=100 ms&format=file", null);
        eventually(() -> VALUES.size() >= 2);
        path("documents/pages/sub/b.txt")
                .getFileSystem()
                .delete(path("documents/pages/sub/b.txt"), false);
        eventually(() -> VALUES.contains("deleted sub/b.txt"));
        job.cancel().get(30, TimeUnit.SECONDS);
    }

    @Test
    void resumesInTheMiddleOfAnObject() throws Exception {
        for (String name : List.of("documents/resumed/a.txt", "documents/resumed/b.txt.gz")) {
            byte[] lines = lines("a", 0, 20_000);
            write(name, name.endsWith(".gz") ? gzip(lines) : lines);
            VALUES.clear();
            SLOW.set(true);
            JobClient job = start("s3://" + name, null);
            eventually(() -> VALUES.size() > 700);
            String savepoint =
                    job.stopWithSavepoint(
                                    false,
                                    folder.resolve("savepoints").toUri().toString(),
                                    SavepointFormatType.CANONICAL)
                            .get(60, TimeUnit.SECONDS);
            assertThat(VALUES).hasSizeBetween(700, 19_999);

            SLOW.set(false);
            start("s3://" + name, savepoint).getJobExecutionResult().get(60, TimeUnit.SECONDS);
            assertThat(VALUES).containsExactlyElementsOf(values("a", 0, 20_000));
        }
    }

    @Test
    void explainsWhatIsMissing() throws Exception {
        write("documents/some/a.txt", lines("a", 0, 1));
        assertThatThrownBy(() -> source("s3://documents/none").check())
                .isInstanceOf(ConnectorException.class)
                .hasMessage(
                        "file or folder s3://documents/none (from s3://documents/none) does not"
                                + " exist");
        for (String pattern : List.of("s3://documents/none/*.txt", "s3://documents/some/*.gz")) {
            assertThatThrownBy(() -> source(pattern).check())
                    .isInstanceOf(ConnectorException.class)
                    .hasMessageStartingWith("no file matches " + pattern);
        }
        for (String uri :
                List.of("s3://no-bucket/a.txt", "s3://no-bucket/*.txt", "s3://no-bucket")) {
            assertThatThrownBy(() -> source(uri + "?watch=true&format=text").check())
                    .isInstanceOf(ConnectorException.class)
                    .hasMessageContaining("the bucket of s3://no-bucket")
                    .hasMessageContaining(" does not exist. Check its name");
        }
    }

    @Test
    void explainsWrongCredentials() {
        initialize(port, "another-secret");
        assertThatThrownBy(() -> source("s3://documents/some/*.txt").check())
                .isInstanceOf(ConnectorException.class)
                .hasMessage(
                        "cannot list the files of s3://documents/some/*.txt: permission denied."
                                + " Check the credentials, such as s3.access-key, and their"
                                + " permissions")
                .hasStackTraceContaining("403")
                .satisfies(
                        e ->
                                assertThat(
                                                org.apache.flink.util.ExceptionUtils
                                                        .stringifyException(e))
                                        .doesNotContain("another-secret"));
    }

    @Test
    void reportsAnUnreachableServer() throws Exception {
        int unused;
        try (ServerSocket free = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
            unused = free.getLocalPort();
        }
        initialize(unused, SECRET);
        assertThatThrownBy(() -> source("s3://documents/some/*.txt").check())
                .isInstanceOf(UnreachableException.class)
                .hasMessageContaining("the storage of s3://documents/some is unreachable: ");
    }

    @Test
    void requiresThePlugin() {
        FileSystem.initialize(new Configuration(), null);
        assertThatThrownBy(() -> source("s3://documents/some/*.txt").check())
                .isInstanceOf(ConnectorException.class)
                .hasMessageStartingWith(
                        "s3://documents/some cannot be read without a plugin of Flink. Put"
                                + " flink-s3-fs-hadoop-VERSION.jar into a folder");
        assertThatThrownBy(() -> source("hdfs://namenode/some/*.txt").check())
                .isInstanceOf(ConnectorException.class)
                .hasMessageContaining("HADOOP_CLASSPATH");
    }

    private static DocumentSource source(String uri) {
        ConnectorUri parsed = ConnectorUri.parse(uri);
        return Connectors.of(parsed).source(parsed);
    }

    private void read(String from) throws Exception {
        start(from, null).getJobExecutionResult().get(60, TimeUnit.SECONDS);
    }

    private JobClient start(String from, String savepoint) throws Exception {
        Configuration configuration = new Configuration();
        configuration.setString("execution.checkpointing.interval", "1 h");
        configuration.setString(
                "execution.checkpointing.dir", folder.resolve("state").toUri().toString());
        if (savepoint != null) {
            configuration.setString("execution.state-recovery.path", savepoint);
        }
        StreamExecutionEnvironment env =
                StreamExecutionEnvironment.getExecutionEnvironment(configuration);
        env.setParallelism(1);
        DocumentSource documents = source(from);
        documents.check();
        Sink<SourceRecord> discarding = new DiscardingSink<>();
        env.fromSource(documents.source(), WatermarkStrategy.noWatermarks(), "source")
                .uid("source")
                .map(RemoteFilesITCase::collect)
                .returns(SourceRecord.class)
                .uid("collect")
                .sinkTo(discarding)
                .uid("sink");
        return env.executeAsync();
    }

    private static SourceRecord collect(SourceRecord record) {
        VALUES.add(
                record.value() == null
                        ? "deleted " + new String(record.key(), UTF_8)
                        : new String(record.value(), UTF_8));
        if (SLOW.get()) {
            LockSupport.parkNanos(1_000_000);
        }
        return record;
    }

    private static org.apache.flink.core.fs.Path path(String object) {
        return new org.apache.flink.core.fs.Path("s3://" + object);
    }

    private static void write(String object, byte[] bytes) throws Exception {
        try (OutputStream out =
                path(object).getFileSystem().create(path(object), FileSystem.WriteMode.OVERWRITE)) {
            out.write(bytes);
        }
    }

    private static byte[] lines(String prefix, int from, int to) {
        return (String.join("\n", values(prefix, from, to)) + "\n").getBytes(UTF_8);
    }

    private static List<String> values(String prefix, int from, int to) {
        return IntStream.range(from, to).mapToObj(i -> prefix + i).toList();
    }

    private static void eventually(Callable<Boolean> condition) throws Exception {
        long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(60);
        while (!condition.call()) {
            assertThat(System.nanoTime()).as("deadline").isLessThan(deadline);
            TimeUnit.MILLISECONDS.sleep(20);
        }
    }
}

package io.github.flinksplade.benchmarks;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Properties;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.stream.Stream;
import org.apache.kafka.clients.admin.Admin;
import org.apache.kafka.common.Uuid;

/**
 * A Kafka broker in a separate process, so that its CPU time is not attributed to this one. It
 * listens on the loopback interface. {@link #close}, or the end of this process, ends it and
 * deletes its directory.
 */
public final class BrokerProcess implements AutoCloseable {

    private static final int PORT_ATTEMPTS = 3;
    private static final long START_SECONDS = 60;
    private static final long STOP_SECONDS = 10;
    private static final long POLL_MILLIS = 200;

    private final Path directory;
    private final Process process;
    private final String servers;
    private final Thread hook;

    private BrokerProcess(Path directory, Process process, String servers) {
        this.directory = directory;
        this.process = process;
        this.servers = servers;
        hook = new Thread(this::stopAndDelete, "flink-splade-bench-broker-end");
        Runtime.getRuntime().addShutdownHook(hook);
    }

    /**
     * Starts a broker and waits until it responds, which takes several seconds.
     *
     * @param classPath the class path of the broker
     * @throws IOException when it does not start; the message contains the end of its log
     */
    public static BrokerProcess start(String classPath) throws IOException, InterruptedException {
        IOException failure = null;
        for (int attempt = 0; attempt < PORT_ATTEMPTS; attempt++) {
            // another process may take a free port before the broker binds it
            try {
                return startOnce(classPath);
            } catch (IOException e) {
                failure = e;
            }
        }
        throw failure;
    }

    private static BrokerProcess startOnce(String classPath)
            throws IOException, InterruptedException {
        Path directory = Files.createTempDirectory("flink-splade-bench-broker-");
        Path log = directory.resolve("broker.log");
        try {
            int[] ports = freePorts();
            String servers = "127.0.0.1:" + ports[0];
            Path settings = directory.resolve("server.properties");
            try (var out = Files.newOutputStream(settings)) {
                properties(directory.resolve("data"), servers, ports[1]).store(out, null);
            }
            Process format =
                    java(
                            classPath,
                            log,
                            "kafka.tools.StorageTool",
                            "format",
                            "-t",
                            Uuid.randomUuid().toString(),
                            "-c",
                            settings.toString());
            if (!format.waitFor(START_SECONDS, TimeUnit.SECONDS) || format.exitValue() != 0) {
                format.destroyForcibly();
                throw new IOException("cannot format the directory of a Kafka broker");
            }
            Process process = java(classPath, log, "kafka.Kafka", settings.toString());
            BrokerProcess broker = new BrokerProcess(directory, process, servers);
            if (!broker.awaitResponse()) {
                broker.close(false);
                throw new IOException("the Kafka broker did not start");
            }
            return broker;
        } catch (IOException e) {
            String end = lastLines(log);
            delete(directory);
            throw end.isEmpty() ? e : new IOException(e.getMessage() + ": " + end);
        }
    }

    private static Process java(String classPath, Path log, String... arguments)
            throws IOException {
        List<String> command = new ArrayList<>();
        command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
        command.addAll(List.of("-Xmx512m", "-cp", classPath));
        command.addAll(List.of(arguments));
        return new ProcessBuilder(command)
                .redirectErrorStream(true)
                .redirectOutput(ProcessBuilder.Redirect.appendTo(log.toFile()))
                .start();
    }

    private static Properties properties(Path data, String servers, int controllerPort) {
        String controller = "127.0.0.1:" + controllerPort;
        Properties properties = new Properties();
        properties.putAll(
                Map.of(
                        "process.roles",
                        "broker,controller",
                        "node.id",
                        "1",
                        "controller.quorum.voters",
                        "1@" + controller,
                        "listeners",
                        "PLAINTEXT://" + servers + ",CONTROLLER://" + controller,
                        "advertised.listeners",
                        "PLAINTEXT://" + servers,
                        "controller.listener.names",
                        "CONTROLLER",
                        "inter.broker.listener.name",
                        "PLAINTEXT",
                        "listener.security.protocol.map",
                        "PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT",
                        "log.dirs",
                        data.toString()));
        // a single node has no replicas
        for (String key :
                List.of(
                        "offsets.topic.num.partitions",
                        "offsets.topic.replication.factor",
                        "transaction.state.log.num.partitions",
                        "transaction.state.log.replication.factor",
                        "transaction.state.log.min.isr",
                        "share.coordinator.state.topic.replication.factor",
                        "share.coordinator.state.topic.min.isr")) {
            properties.setProperty(key, "1");
        }
        properties.setProperty("auto.create.topics.enable", "false");
        properties.setProperty("group.initial.rebalance.delay.ms", "0");
        return properties;
    }

    /** Two different free ports. */
    private static int[] freePorts() throws IOException {
        InetAddress loopback = InetAddress.getLoopbackAddress();
        try (ServerSocket first = new ServerSocket(0, 1, loopback);
                ServerSocket second = new ServerSocket(0, 1, loopback)) {
            return new int[] {first.getLocalPort(), second.getLocalPort()};
        }
    }

    private boolean awaitResponse() throws InterruptedException {
        long deadline = System.nanoTime() + TimeUnit.SECONDS.toNanos(START_SECONDS);
        while (process.isAlive() && System.nanoTime() < deadline) {
            // do not create a client earlier: it would log each refused connection
            if (isListening()) {
                try (Admin admin = Admin.create(Map.of("bootstrap.servers", servers))) {
                    admin.describeCluster().nodes().get(START_SECONDS, TimeUnit.SECONDS);
                    return true;
                } catch (ExecutionException | TimeoutException e) {
                    return false;
                }
            }
            TimeUnit.MILLISECONDS.sleep(POLL_MILLIS);
        }
        return false;
    }

    private boolean isListening() {
        try (Socket socket = new Socket()) {
            int colon = servers.indexOf(':');
            socket.connect(
                    new InetSocketAddress(
                            servers.substring(0, colon),
                            Integer.parseInt(servers.substring(colon + 1))));
            return true;
        } catch (IOException e) {
            return false;
        }
    }

    /** {@code host:port}. */
    public String servers() {
        return servers;
    }

    @Override
    public void close() {
        close(true);
    }

    private void close(boolean withDirectory) {
        Runtime.getRuntime().removeShutdownHook(hook);
        stop();
        if (withDirectory) {
            delete(directory);
        }
    }

    private void stopAndDelete() {
        stop();
        delete(directory);
    }

    /** Kills the process; its data is deleted anyway, so it need not shut down cleanly. */
    private void stop() {
        process.destroyForcibly();
        try {
            process.waitFor(STOP_SECONDS, TimeUnit.SECONDS);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
        }
    }

    private static String lastLines(Path log) {
        try {
            List<String> lines = Files.readAllLines(log);
            return String.join(" | ", lines.subList(Math.max(0, lines.size() - 5), lines.size()));
        } catch (IOException e) {
            return "";
        }
    }

    private static void delete(Path directory) {
        try (Stream<Path> files = Files.walk(directory)) {
            for (Path file : files.sorted(Comparator.reverseOrder()).toList()) {
                Files.deleteIfExists(file);
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}

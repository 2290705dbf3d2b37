package io.github.flinksplade.app;

import java.io.File;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import org.apache.kafka.common.Uuid;

/** A server of a connector's tests in a separate process, which can be killed and restarted. */
final class ServerProcess implements AutoCloseable {

    private final List<String> command;
    private final Path log;
    private final int port;
    private Process process;

    private ServerProcess(List<String> command, Path log, int port) {
        this.command = command;
        this.log = log;
        this.port = port;
    }

    /** A real OpenSearch node, which stores its data in the folder. */
    static ServerProcess openSearch(Path folder) throws IOException {
        int port = freePort();
        return of("opensearch", "OpenSearchProcess", folder, port, folder.toString(), "" + port);
    }

    /** The fake Qdrant server, which stores its data in memory. */
    static ServerProcess qdrant(Path folder) throws IOException {
        int port = freePort();
        return of("qdrant", "QdrantProcess", folder, port, "" + port);
    }

    /** A Kafka broker, which stores its data in the folder. */
    static ServerProcess kafka(Path folder) throws IOException {
        return kafka(folder, 1).get(0);
    }

    /**
     * A Kafka cluster. Of several brokers, each partition has up to three replicas, and a write
     * must reach two of them.
     */
    static List<ServerProcess> kafka(Path folder, int brokers) throws IOException {
        List<String> controllers = new ArrayList<>();
        for (int node = 1; node <= brokers; node++) {
            controllers.add("127.0.0.1:" + freePort());
        }
        List<String> voters = new ArrayList<>();
        for (int node = 1; node <= brokers; node++) {
            voters.add(node + "@" + controllers.get(node - 1));
        }
        String clusterId = Uuid.randomUuid().toString();
        List<String> java = new ArrayList<>();
        java.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
        java.addAll(Distribution.SHORT_RUN);
        java.addAll(List.of("-Xmx384m", "-cp", System.getProperty("java.class.path")));
        List<ServerProcess> servers = new ArrayList<>();
        for (int node = 1; node <= brokers; node++) {
            Path own = Files.createDirectories(folder.resolve("node-" + node));
            int port = freePort();
            Path settings = own.resolve("server.properties");
            Files.writeString(
                    settings,
                    """
                    process.roles=broker,controller
                    node.id=%1$d
                    controller.quorum.voters=%2$s
                    listeners=PLAINTEXT://127.0.0.1:%3$d,CONTROLLER://%4$s
                    advertised.listeners=PLAINTEXT://127.0.0.1:%3$d
                    controller.listener.names=CONTROLLER
                    inter.broker.listener.name=PLAINTEXT
                    listener.security.protocol.map=CONTROLLER:PLAINTEXT,PLAINTEXT:PLAINTEXT
                    log.dirs=%5$s
                    auto.create.topics.enable=false
                    group.initial.rebalance.delay.ms=0
                    default.replication.factor=%6$d
                    min.insync.replicas=%7$d
                    offsets.topic.num.partitions=1
                    offsets.topic.replication.factor=%6$d
                    transaction.state.log.num.partitions=%6$d
                    transaction.state.log.replication.factor=%6$d
                    transaction.state.log.min.isr=%7$d
                    share.coordinator.state.topic.replication.factor=%6$d
                    share.coordinator.state.topic.min.isr=%7$d
                    """
                            .formatted(
                                    node,
                                    String.join(",", voters),
                                    port,
                                    controllers.get(node - 1),
                                    own.resolve("data"),
                                    Math.min(3, brokers),
                                    Math.min(2, brokers)));
            List<String> format = new ArrayList<>(java);
            format.addAll(List.of("kafka.tools.StorageTool", "format", "-c", settings.toString()));
            format.addAll(List.of("-t", clusterId));
            Distribution.execute(own, "", Map.of(), format).expect(0);
            List<String> command = new ArrayList<>(java);
            command.addAll(List.of("kafka.Kafka", settings.toString()));
            servers.add(
                    new ServerProcess(
                            command, folder.resolveSibling("kafka-" + node + ".log"), port));
        }
        // none of them is available before most of them run
        for (ServerProcess server : servers) {
            server.launch();
        }
        for (ServerProcess server : servers) {
            server.awaitListening();
        }
        return servers;
    }

    private static ServerProcess of(
            String module, String main, Path folder, int port, String... arguments)
            throws IOException {
        Path target = Distribution.root().resolve("connectors/" + module + "/target");
        String libraries = Files.readString(target.resolve("test-class-path")).strip();
        List<String> command = new ArrayList<>();
        command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
        command.addAll(Distribution.SHORT_RUN);
        command.addAll(List.of("-Xmx512m", "-cp"));
        command.add(
                String.join(
                        File.pathSeparator,
                        target.resolve("test-classes").toString(),
                        target.resolve("classes").toString(),
                        libraries));
        command.add("io.github.flinksplade.connector." + module + "." + main);
        command.addAll(List.of(arguments));
        ServerProcess server =
                new ServerProcess(command, folder.resolveSibling(module + ".log"), port);
        server.start();
        return server;
    }

    private static int freePort() throws IOException {
        try (ServerSocket free = new ServerSocket(0)) {
            return free.getLocalPort();
        }
    }

    /** Host and port. */
    String authority() {
        return "127.0.0.1:" + port;
    }

    /** Starts the process and waits until it accepts connections. */
    void start() throws IOException {
        launch();
        awaitListening();
    }

    private void launch() throws IOException {
        process =
                new ProcessBuilder(command)
                        .redirectErrorStream(true)
                        .redirectOutput(ProcessBuilder.Redirect.appendTo(log.toFile()))
                        .start();
    }

    private void awaitListening() {
        Distribution.await("the server at " + authority() + "; see " + log, this::isListening);
    }

    private boolean isListening() {
        if (!process.isAlive()) {
            throw new IllegalStateException("the server has ended; see " + log);
        }
        try (Socket socket = new Socket("127.0.0.1", port)) {
            return socket.isConnected();
        } catch (IOException e) {
            return false;
        }
    }

    boolean isAlive() {
        return process.isAlive();
    }

    /** SIGKILL. */
    void kill() {
        process.destroyForcibly().onExit().join();
    }

    /** SIGSTOP: the kernel accepts connections, but the server does not respond. */
    void freeze() {
        signal("STOP");
    }

    /** SIGCONT. */
    void thaw() {
        signal("CONT");
    }

    private void signal(String name) {
        try {
            int code =
                    new ProcessBuilder("kill", "-" + name, String.valueOf(process.pid()))
                            .inheritIO()
                            .start()
                            .waitFor();
            if (code != 0) {
                throw new IllegalStateException("kill -" + name + " ended with " + code);
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException(e);
        }
    }

    @Override
    public void close() {
        kill();
    }
}

package io.github.flinksplade.app;

import java.io.File;
import java.io.IOException;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/**
 * A server of a connector's tests, in a process of its own that can be killed and started again.
 */
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

    /** A real OpenSearch node, which keeps what it holds in the folder. */
    static ServerProcess openSearch(Path folder) throws IOException {
        int port = freePort();
        return of("opensearch", "OpenSearchProcess", folder, port, folder.toString(), "" + port);
    }

    /** The stand-in for Qdrant, which keeps what it holds in memory. */
    static ServerProcess qdrant(Path folder) throws IOException {
        int port = freePort();
        return of("qdrant", "QdrantProcess", folder, port, "" + port);
    }

    private static ServerProcess of(
            String module, String main, Path folder, int port, String... arguments)
            throws IOException {
        Path target = Distribution.root().resolve("connectors/" + module + "/target");
        String libraries = Files.readString(target.resolve("test-class-path")).strip();
        List<String> command = new ArrayList<>();
        command.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
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

    /** Starts it, if it does not run, and waits until it can be connected to. */
    void start() throws IOException {
        process =
                new ProcessBuilder(command)
                        .redirectErrorStream(true)
                        .redirectOutput(ProcessBuilder.Redirect.appendTo(log.toFile()))
                        .start();
        Distribution.await("a server at " + authority() + "; see " + log, this::answers);
    }

    private boolean answers() {
        if (!process.isAlive()) {
            throw new IllegalStateException("the server has ended; see " + log);
        }
        try (Socket socket = new Socket("127.0.0.1", port)) {
            return socket.isConnected();
        } catch (IOException e) {
            return false;
        }
    }

    /** SIGKILL. */
    void kill() {
        process.destroyForcibly().onExit().join();
    }

    @Override
    public void close() {
        kill();
    }
}

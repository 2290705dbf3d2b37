package io.github.flinksplade.app;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.net.ServerSocket;
import java.net.Socket;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * No library opens a connection on its own: the sockets of a whole run, from loading the native
 * libraries to the end of the job, are observed in the kernel's tables. Linux only.
 */
class QuietITCase {

    private static final List<String> TABLES = List.of("tcp", "tcp6", "udp", "udp6");

    @TempDir Path directory;

    @Test
    void runConnectsToLoopbackOnly() throws Exception {
        assumeTrue(
                Files.isReadable(Path.of("/proc/net/tcp")),
                "requires /proc/net, which only Linux has");
        StringBuilder documents = new StringBuilder();
        for (int i = 0; i < 50; i++) {
            documents.append("{\"id\":\"" + i + "\",\"text\":\"a quiet document " + i + "\"}\n");
        }
        Files.writeString(directory.resolve("docs.jsonl"), documents);
        Process run =
                Distribution.start(
                        directory,
                        directory.resolve("log"),
                        "run",
                        "--from",
                        "file:docs.jsonl",
                        "--to",
                        "file:vectors",
                        "--to",
                        "lucene:idx");
        Set<String> remote = new TreeSet<>();
        while (!run.waitFor(2, TimeUnit.MILLISECONDS)) {
            remote.addAll(remoteAddresses(run.pid()));
        }
        assertThat(run.exitValue()).as(Files.readString(directory.resolve("log"))).isZero();
        assertThat(Distribution.parts(directory.resolve("vectors"))).hasSize(50);
        assertThat(remote.stream().filter(address -> !isLoopback(address))).isEmpty();
    }

    @Test
    void observesAConnection() throws Exception {
        assumeTrue(
                Files.isReadable(Path.of("/proc/net/tcp")),
                "requires /proc/net, which only Linux has");
        try (ServerSocket server = new ServerSocket(0);
                Socket client = new Socket("127.0.0.1", server.getLocalPort())) {
            assertThat(client.isConnected()).isTrue();
            assertThat(remoteAddresses(ProcessHandle.current().pid()))
                    .anyMatch(QuietITCase::isLoopback);
        }
    }

    /** The remote addresses, in the format of the kernel, of all sockets of a process. */
    private static Set<String> remoteAddresses(long pid) throws IOException {
        Set<String> inodes = new HashSet<>();
        try (Stream<Path> descriptors = Files.list(Path.of("/proc/" + pid + "/fd"))) {
            for (Path descriptor : (Iterable<Path>) descriptors::iterator) {
                try {
                    String target = Files.readSymbolicLink(descriptor).toString();
                    if (target.startsWith("socket:[")) {
                        inodes.add(target.substring(8, target.length() - 1));
                    }
                } catch (NoSuchFileException closedMeanwhile) {
                    continue;
                }
            }
        } catch (NoSuchFileException ended) {
            return Set.of();
        }
        Set<String> remote = new TreeSet<>();
        for (String table : TABLES) {
            List<String> lines;
            try {
                lines = Files.readAllLines(Path.of("/proc/" + pid + "/net/" + table));
            } catch (IOException ended) { // the process has ended
                return remote;
            }
            for (String line : lines) {
                String[] columns = line.strip().split("\\s+");
                if (columns.length > 9 && inodes.contains(columns[9])) {
                    String address = columns[2].split(":")[0];
                    if (!address.matches("0+")) { // a listening socket has no remote address
                        remote.add(address);
                    }
                }
            }
        }
        return remote;
    }

    /** 127.x.x.x, ::1 and ::ffff:127.x.x.x, in the kernel's byte order. */
    private static boolean isLoopback(String address) {
        return address.length() == 8
                ? address.endsWith("7F")
                : address.equals("00000000000000000000000001000000")
                        || address.startsWith("0000000000000000FFFF0000") && address.endsWith("7F");
    }
}

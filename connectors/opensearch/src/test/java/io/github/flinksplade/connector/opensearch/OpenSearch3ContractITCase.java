package io.github.flinksplade.connector.opensearch;

import static org.assertj.core.api.Assumptions.assumeThat;

import io.github.flinksplade.connector.contract.InstalledJava;
import java.io.BufferedReader;
import java.io.File;
import java.io.IOException;
import java.io.Writer;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.io.TempDir;

/**
 * Runs with a real OpenSearch 3 in a separate process, because it requires Java 21. {@code mvn
 * -Popensearch3} downloads it; without it, or without such a Java, all tests are skipped.
 */
class OpenSearch3ContractITCase extends OpenSearchContract {

    private static final int MIN_JAVA = 21;

    @TempDir private static Path folder;

    /** Empty without the profile. */
    private static String classPathFile;

    private static Path java;
    private static Process process;
    private static FaultyServer server;

    @BeforeAll
    static void start() throws Exception {
        classPathFile = System.getProperty("opensearch3.class.path.file", "");
        java = InstalledJava.newest(MIN_JAVA);
        if (isAvailable()) {
            OpenSearchBackend backend = new OpenSearchBackend(startNode());
            server = new FaultyServer(backend, backend::reject);
        }
    }

    private static boolean isAvailable() {
        return !classPathFile.isEmpty()
                && java != null
                && System.getProperty("flinksplade.opensearch.url") == null;
    }

    /** Starts the class that starts OpenSearch 2 in other tests, with the jars of OpenSearch 3. */
    private static String startNode() throws Exception {
        Path classes =
                Path.of(
                        OpenSearchProcess.class
                                .getProtectionDomain()
                                .getCodeSource()
                                .getLocation()
                                .toURI());
        process =
                new ProcessBuilder(
                                List.of(
                                        java.toString(),
                                        "-Xmx1g",
                                        "-cp",
                                        classes
                                                + File.pathSeparator
                                                + Files.readString(Path.of(classPathFile)).strip(),
                                        OpenSearchProcess.class.getName(),
                                        folder.toString(),
                                        Integer.toString(OpenSearchNode.freePort())))
                        .redirectErrorStream(true)
                        .start();
        StringBuilder output = new StringBuilder();
        BufferedReader reader = process.inputReader();
        for (String line = reader.readLine(); line != null; line = reader.readLine()) {
            if (line.startsWith("http://")) {
                discard(reader);
                return line;
            }
            output.append(line).append('\n');
        }
        throw new IOException("OpenSearch 3 did not start:\n" + output);
    }

    /** A full pipe would block the process. */
    private static void discard(BufferedReader reader) {
        Thread thread =
                new Thread(
                        () -> {
                            try {
                                reader.transferTo(Writer.nullWriter());
                            } catch (IOException e) {
                                // the process has ended
                            }
                        },
                        "opensearch-3-output");
        thread.setDaemon(true);
        thread.start();
    }

    @AfterAll
    static void stop() {
        if (server != null) {
            server.close();
        }
        if (process != null) {
            process.destroyForcibly();
        }
    }

    /** For each test, because tests of a class that is skipped as a whole are not counted. */
    @BeforeEach
    void requireOpenSearch3() {
        assumeThat(System.getProperty("flinksplade.opensearch.url"))
                .as("OpenSearchContractITCase runs with the configured server")
                .isNull();
        assumeThat(classPathFile)
                .as("OpenSearch 3, which mvn -Popensearch3 downloads")
                .isNotEmpty();
        assumeThat(java).as("a JDK " + MIN_JAVA + " or later").isNotNull();
    }

    @Override
    FaultyServer server() {
        return server;
    }
}

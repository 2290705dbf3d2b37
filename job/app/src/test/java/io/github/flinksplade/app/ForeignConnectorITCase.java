package io.github.flinksplade.app;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.jar.JarEntry;
import java.util.jar.JarOutputStream;
import java.util.stream.Stream;
import javax.tools.ToolProvider;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * A sink that this project does not know is added as CONTRIBUTING.md says: one class, one service
 * file, one jar in {@code usrlib/} of a distribution. Nothing else is touched.
 */
class ForeignConnectorITCase {

    private static final String CONNECTOR =
            """
            package example;

            import io.github.flinksplade.connector.*;
            import java.io.IOException;
            import java.nio.file.*;
            import org.apache.flink.api.connector.sink2.*;

            public class ExampleConnector implements Connector {
                public String scheme() { return "example"; }
                public String usage() { return "write example:FILE"; }

                public VectorSink target(ConnectorUri address) {
                    return new ExampleSink(address.allowOptions().location());
                }

                record ExampleSink(String file) implements VectorSink {
                    public String identity() { return "example:" + file; }
                    public PreparedSink prepare(SinkContext context, StartMode start) {
                        return new Prepared(file);
                    }
                }

                record Prepared(String file) implements FlinkSink {
                    public Sink<VectorRecord> sink() { return new ExampleSink(file); }
                    public int maxParallelism() { return 1; }
                }

                record ExampleSink(String file) implements Sink<VectorRecord> {
                    public SinkWriter<VectorRecord> createWriter(WriterInitContext context) {
                        return new SinkWriter<>() {
                            public void write(VectorRecord r, Context c) throws IOException {
                                Files.writeString(Path.of(file), r.id() + " " + r.indices().length + "\\n",
                                        StandardOpenOption.CREATE, StandardOpenOption.APPEND);
                            }
                            public void flush(boolean end) {}
                            public void close() {}
                        };
                    }
                }
            }
            """;

    @TempDir Path directory;

    @Test
    void aJarInUsrlibIsEnough() throws Exception {
        Path source = directory.resolve("ExampleConnector.java");
        Files.writeString(source, CONNECTOR);
        Path classes = Files.createDirectory(directory.resolve("classes"));
        Path home = Distribution.home();
        String classPath = jars(home.resolve("flink")) + ":" + jars(home.resolve("usrlib"));
        assertThat(
                        ToolProvider.getSystemJavaCompiler()
                                .run(
                                        null,
                                        null,
                                        null,
                                        "-cp",
                                        classPath,
                                        "-d",
                                        classes.toString(),
                                        source.toString()))
                .isZero();

        Path copy = directory.resolve("distribution");
        link(home, copy);
        jar(classes, copy.resolve("usrlib/example.jar"));

        Files.writeString(
                directory.resolve("docs.jsonl"),
                "{\"id\":\"a\",\"text\":\"a car\"}\n{\"id\":\"b\",\"text\":\"a house\"}\n");
        Distribution.execute(
                        directory,
                        "",
                        Map.of(),
                        List.of(
                                copy.resolve("bin/flink-splade").toString(),
                                "run",
                                "--from",
                                "file:docs.jsonl",
                                "--to",
                                "example:" + directory.resolve("out.txt")))
                .expect(0);
        assertThat(Files.readAllLines(directory.resolve("out.txt")))
                .hasSize(2)
                .allMatch(line -> line.matches("[ab] [1-9][0-9]*"));
    }

    private static String jars(Path directory) throws IOException {
        try (Stream<Path> files = Files.list(directory)) {
            return String.join(":", files.map(Path::toString).toList());
        }
    }

    /** The same distribution in another place, its files as links. */
    private static void link(Path from, Path to) throws IOException {
        try (Stream<Path> files = Files.walk(from)) {
            for (Path file : files.toList()) {
                Path twin = to.resolve(from.relativize(file).toString());
                if (Files.isDirectory(file)) {
                    Files.createDirectories(twin);
                } else if (file.startsWith(from.resolve("bin"))) {
                    Files.copy(file, twin, java.nio.file.StandardCopyOption.COPY_ATTRIBUTES);
                } else {
                    Files.createSymbolicLink(twin, file);
                }
            }
        }
    }

    private static void jar(Path classes, Path jar) throws IOException {
        try (OutputStream out = Files.newOutputStream(jar);
                JarOutputStream entries = new JarOutputStream(out);
                Stream<Path> files = Files.walk(classes)) {
            entries.putNextEntry(
                    new JarEntry("META-INF/services/io.github.flinksplade.connector.Connector"));
            entries.write("example.ExampleConnector\n".getBytes());
            for (Path file : files.filter(Files::isRegularFile).toList()) {
                entries.putNextEntry(new JarEntry(classes.relativize(file).toString()));
                Files.copy(file, entries);
            }
        }
    }
}

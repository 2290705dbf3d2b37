package io.github.flinksplade.app;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A sink that is not part of the product is added by its jar in {@code usrlib/}. */
class ForeignConnectorITCase {

    @TempDir Path directory;

    @Test
    void findsTheConnectorOfAJarInUsrlib() throws Exception {
        Path copy = directory.resolve("distribution");
        link(Distribution.home(), copy);
        Files.copy(exampleJar(), copy.resolve("usrlib/example.jar"));
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
                                "example:out"))
                .expect(0);
        try (Stream<Path> files = Files.list(directory.resolve("out"))) {
            assertThat(files)
                    .hasSize(3)
                    .filteredOn(file -> !file.endsWith("provenance.json"))
                    .allSatisfy(
                            file ->
                                    assertThat(file)
                                            .content()
                                            .containsPattern(
                                                    "\"id\":\"[ab]\",.*\"indices\":\\[[0-9]"));
        }
    }

    private static Path exampleJar() throws IOException {
        try (Stream<Path> files =
                Files.list(Distribution.root().resolve("connectors/example/target"))) {
            return files.filter(file -> file.toString().endsWith(".jar")).findFirst().orElseThrow();
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
}

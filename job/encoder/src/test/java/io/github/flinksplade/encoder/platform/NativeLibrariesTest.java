package io.github.flinksplade.encoder.platform;

import static org.assertj.core.api.Assertions.assertThat;

import ai.djl.util.Utils;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class NativeLibrariesTest {

    @TempDir Path directory;

    private String message(Path where, Throwable e) {
        return NativeLibraries.loadFailure("a library", where, "OPTION", e).getMessage();
    }

    @Test
    void reportsDirectoryAndOption() throws Exception {
        Throwable mapping =
                new UnsatisfiedLinkError(
                        "/t/lib.so: /t/lib.so: failed to map segment from shared object");
        // the error of a second use of the class
        for (Throwable e : List.of(mapping, new NoClassDefFoundError("x").initCause(mapping))) {
            assertThat(message(directory, e))
                    .isEqualTo(
                            "the native library of a library cannot be loaded: "
                                    + directory
                                    + " is on a file system mounted noexec; choose another directory"
                                    + " with OPTION");
        }
        Throwable other = new UnsatisfiedLinkError("version `GLIBC_2.99' not found");
        assertThat(message(directory, other))
                .contains("cannot be loaded: version `GLIBC_2.99' not found; ");
        assertThat(message(directory.resolve("missing"), other))
                .contains(": " + directory.resolve("missing") + " does not exist; ");
        Path file = Files.writeString(directory.resolve("file"), "");
        assertThat(message(file.resolve("below"), other))
                .contains(": " + file + " is not a directory; ");
    }

    @Test
    void unpacksTokenizersIntoTheHomeDirectory() throws IOException {
        Path temporary = directory.resolve("tmp");
        Path home = Files.createDirectory(directory.resolve("home"));
        Map<String, String> environment = Map.of("HOME", home.toString());
        assertThat(NativeLibraries.tokenizerCache(environment, temporary))
                .isEqualTo(home.resolve(".djl.ai"));
        Files.createDirectories(home.resolve(".djl.ai/tokenizers/1.0-cpu"));
        assertThat(NativeLibraries.tokenizerCache(environment, temporary))
                .isEqualTo(home.resolve(".djl.ai"));
        // a file instead of the directory, which stops root too
        Path file = Files.writeString(directory.resolve("file"), "");
        Path taken = file.resolve("home");
        assertThat(NativeLibraries.tokenizerCache(Map.of("HOME", taken.toString()), temporary))
                .isEqualTo(temporary.resolve(".djl.ai"));
    }

    @Test
    void unpackedFilesAreReadableForOtherUsers() throws IOException {
        NativeLibraries.tokenizers();
        Path unpacked = Utils.getEngineCacheDir("tokenizers");
        try (Stream<Path> versions = Files.list(unpacked)) {
            assertThat(versions)
                    .isNotEmpty()
                    .allSatisfy(
                            version ->
                                    assertThat(Files.getPosixFilePermissions(version))
                                            .isEqualTo(Files.getPosixFilePermissions(unpacked)));
        }
    }
}

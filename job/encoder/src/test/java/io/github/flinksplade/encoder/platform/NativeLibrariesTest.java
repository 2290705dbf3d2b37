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

    private String unusable(Path where, Throwable e) {
        return NativeLibraries.loadFailure("a library", where, "OPTION", e).getMessage();
    }

    @Test
    void namesTheDirectoryAndTheWayOut() throws Exception {
        Throwable mapping =
                new UnsatisfiedLinkError(
                        "/t/lib.so: /t/lib.so: failed to map segment from shared object");
        // what a second use of the class gives
        for (Throwable e : List.of(mapping, new NoClassDefFoundError("x").initCause(mapping))) {
            assertThat(unusable(directory, e))
                    .isEqualTo(
                            "the native library of a library cannot be loaded: "
                                    + directory
                                    + " is on a file system mounted noexec; choose another directory"
                                    + " with OPTION");
        }
        Throwable other = new UnsatisfiedLinkError("version `GLIBC_2.99' not found");
        assertThat(unusable(directory, other))
                .contains("cannot be loaded: version `GLIBC_2.99' not found; ");
        assertThat(unusable(directory.resolve("missing"), other))
                .contains(": " + directory.resolve("missing") + " does not exist; ");
        Path file = Files.writeString(directory.resolve("file"), "");
        assertThat(unusable(file.resolve("below"), other))
                .contains(": " + file + " is not a directory; ");
    }

    @Test
    void theTokenizersAreUnpackedInTheHomeDirectory() throws IOException {
        Path temporary = directory.resolve("tmp");
        Path home = Files.createDirectory(directory.resolve("home"));
        Map<String, String> environment = Map.of("HOME", home.toString());
        assertThat(NativeLibraries.tokenizerCache(environment, temporary))
                .isEqualTo(home.resolve(".djl.ai"));
        Files.createDirectories(home.resolve(".djl.ai/tokenizers/1.0-cpu"));
        assertThat(NativeLibraries.tokenizerCache(environment, temporary))
                .isEqualTo(home.resolve(".djl.ai"));
        // the place of the directory is taken, which hinders root too
        Path file = Files.writeString(directory.resolve("file"), "");
        Path taken = file.resolve("home");
        assertThat(NativeLibraries.tokenizerCache(Map.of("HOME", taken.toString()), temporary))
                .isEqualTo(temporary.resolve(".djl.ai"));
    }

    @Test
    void otherUsersCanReadWhatIsUnpacked() throws IOException {
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

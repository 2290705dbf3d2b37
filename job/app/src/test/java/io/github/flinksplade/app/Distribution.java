package io.github.flinksplade.app;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.function.BooleanSupplier;

/** Runs the distribution of this build as a user does, in separate processes. */
public final class Distribution {

    public static final Duration TIMEOUT =
            Duration.ofMinutes(Integer.getInteger("flinksplade.timeoutMinutes", 4));

    /**
     * Options of JVMs that run for seconds: without the optimizing compiler and the threads of G1,
     * a start takes a third less CPU time.
     */
    public static final List<String> SHORT_RUN =
            List.of("-XX:TieredStopAtLevel=1", "-XX:+UseSerialGC");

    private static final String JAVA_OPTS = "FLINK_SPLADE_JAVA_OPTS";

    private Distribution() {}

    /** The root of the checkout. */
    public static Path root() {
        Path here = Path.of("").toAbsolutePath();
        while (!Files.exists(here.resolve("docker-compose.yml"))) {
            here = here.getParent();
            if (here == null) {
                throw new IllegalStateException("these tests require a checkout");
            }
        }
        return here;
    }

    public static Path home() {
        Path home = root().resolve("job/app/target/distribution");
        if (!Files.exists(home.resolve("usrlib/flink-splade-job.jar"))) {
            throw new IllegalStateException(
                    "no distribution at " + home + "; run the tests with mvn verify");
        }
        return home;
    }

    /** The result of a command. */
    public record Answer(int code, String out, String err) {

        public Answer expect(int expected) {
            if (code != expected) {
                throw new AssertionError(
                        "exit code " + code + ", not " + expected + "\n" + out + "\n" + err);
            }
            return this;
        }
    }

    /**
     * Runs a command in a directory and waits until it ends. {@code FLINK_SPLADE_JAVA_OPTS}
     * contains {@link #SHORT_RUN}, unless {@code environment} sets it.
     */
    public static Answer execute(
            Path directory, String input, Map<String, String> environment, List<String> command) {
        try {
            Path in = Files.createTempFile(directory, "stdin", "");
            Path out = Files.createTempFile(directory, "stdout", "");
            Path err = Files.createTempFile(directory, "stderr", "");
            Files.writeString(in, input);
            ProcessBuilder builder =
                    new ProcessBuilder(command)
                            .directory(directory.toFile())
                            .redirectInput(in.toFile())
                            .redirectOutput(out.toFile())
                            .redirectError(err.toFile());
            builder.environment().put(JAVA_OPTS, String.join(" ", SHORT_RUN));
            builder.environment().putAll(environment);
            Process process = builder.start();
            boolean ended = process.waitFor(TIMEOUT.toSeconds(), TimeUnit.SECONDS);
            if (!ended) {
                process.descendants().forEach(ProcessHandle::destroyForcibly);
                process.destroyForcibly().waitFor();
            }
            Answer answer = new Answer(process.exitValue(), read(out), read(err));
            Files.delete(in);
            Files.delete(out);
            Files.delete(err);
            if (!ended) {
                throw new AssertionError(
                        command + " did not end within " + TIMEOUT + "\n" + answer);
            }
            return answer;
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException(e);
        }
    }

    /** Starts {@code flink-splade}; its output is appended to {@code log}. */
    public static Process start(Path directory, Path log, String... arguments) throws IOException {
        List<String> command = new ArrayList<>();
        command.add(home().resolve("bin/flink-splade").toString());
        command.addAll(List.of(arguments));
        ProcessBuilder builder =
                new ProcessBuilder(command)
                        .directory(directory.toFile())
                        .redirectErrorStream(true)
                        .redirectOutput(ProcessBuilder.Redirect.appendTo(log.toFile()));
        builder.environment().put(JAVA_OPTS, String.join(" ", SHORT_RUN));
        return builder.start();
    }

    /** Polls a condition until it is true, for at most {@link #TIMEOUT}. */
    public static void await(String what, BooleanSupplier condition) {
        long deadline = System.nanoTime() + TIMEOUT.toNanos();
        while (!condition.getAsBoolean()) {
            if (System.nanoTime() > deadline) {
                throw new AssertionError("waited " + TIMEOUT + " for " + what);
            }
            try {
                TimeUnit.MILLISECONDS.sleep(20);
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
                throw new IllegalStateException(e);
            }
        }
    }

    /** The lines of a file sink, without what depends on the model and the clock. */
    public static List<String> partsWithoutVectors(Path directory) {
        return parts(directory).stream()
                .map(
                        line ->
                                line.replaceAll("\"(indices|values)\":\\[.*?\\],", "")
                                        .replaceAll(",\"version\":-?\\d+", "")
                                        .replaceAll(",?\"tokens\":.*", "}"))
                .toList();
    }

    /** The lines of all {@code *.jsonl} files that a file sink has committed. */
    public static List<String> parts(Path directory) {
        List<String> lines = new ArrayList<>();
        if (!Files.isDirectory(directory)) {
            return lines;
        }
        try (var files = Files.list(directory)) {
            for (Path part : files.sorted().toList()) {
                String name = part.getFileName().toString();
                if (name.endsWith(".jsonl") && !name.startsWith(".")) {
                    lines.addAll(Files.readAllLines(part));
                }
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return lines;
    }

    private static String read(Path file) throws IOException {
        return new String(Files.readAllBytes(file), StandardCharsets.UTF_8);
    }
}

package io.github.flinksplade.bench;

import io.github.flinksplade.encoder.EncoderOptions;
import io.github.flinksplade.encoder.MicroBatcher;
import io.github.flinksplade.encoder.Precision;
import io.github.flinksplade.encoder.SpladeEncoder;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/** Opens a model in a process of its own, encodes, and tells the memory that took. */
public final class MemoryProbe {

    private static final int REPETITIONS = 3;

    private MemoryProbe() {}

    /** Resident memory while encoding, and the most there was since the start; 0: not known. */
    record Memory(long residentBytes, long peakBytes) {
        static final Memory UNKNOWN = new Memory(0, 0);
    }

    static Memory measure(
            String model, EncoderOptions options, String precision, List<String> texts)
            throws IOException, InterruptedException {
        if (!Files.isReadable(Path.of("/proc/self/status"))) {
            return Memory.UNKNOWN;
        }
        Path file = Files.createTempFile("flink-splade-bench", ".txt");
        try {
            Files.write(
                    file,
                    (Iterable<String>)
                            texts.stream().map(text -> text.replaceAll("[\r\n]", " "))::iterator);
            Process probe =
                    new ProcessBuilder(
                                    Path.of(System.getProperty("java.home"), "bin", "java")
                                            .toString(),
                                    "-Xmx256m",
                                    "-cp",
                                    System.getProperty("java.class.path"),
                                    MemoryProbe.class.getName(),
                                    model,
                                    precision,
                                    Integer.toString(options.threads()),
                                    options.cacheDirectory() == null
                                            ? ""
                                            : options.cacheDirectory(),
                                    file.toString())
                            .redirectError(ProcessBuilder.Redirect.DISCARD)
                            .start();
            String answer =
                    new String(probe.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
            if (probe.waitFor() != 0) {
                throw new IOException(
                        "the process that measures memory ended with " + probe.exitValue());
            }
            String[] numbers = answer.strip().split(" ");
            return new Memory(1024 * Long.parseLong(numbers[0]), 1024 * Long.parseLong(numbers[1]));
        } finally {
            Files.delete(file);
        }
    }

    /** The process: model, precision, threads, cache directory and a file of texts. */
    public static void main(String[] arguments) throws IOException {
        EncoderOptions options =
                EncoderOptions.defaults()
                        .withPrecision(Precision.parse(arguments[1]))
                        .withThreads(Integer.parseInt(arguments[2]))
                        .withCacheDirectory(arguments[3].isEmpty() ? null : arguments[3]);
        List<String> texts = Corpus.read(Path.of(arguments[4]), Integer.MAX_VALUE);
        try (SpladeEncoder encoder = SpladeEncoder.open(arguments[0], options);
                MicroBatcher batcher = new MicroBatcher(encoder)) {
            for (int i = 0; i < REPETITIONS; i++) {
                EncodeBenchmark.encodeAll(batcher, texts);
            }
            System.out.println(kilobytes("VmRSS") + " " + kilobytes("VmHWM"));
        }
        System.exit(0);
    }

    private static String kilobytes(String name) {
        return Machine.line("/proc/self/status", name).replaceAll("\\D", "");
    }
}

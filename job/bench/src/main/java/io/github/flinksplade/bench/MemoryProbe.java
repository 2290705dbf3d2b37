package io.github.flinksplade.bench;

import io.github.flinksplade.encoder.Device;
import io.github.flinksplade.encoder.EncoderOptions;
import io.github.flinksplade.encoder.MicroBatcher;
import io.github.flinksplade.encoder.Precision;
import io.github.flinksplade.encoder.SpladeEncoder;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/** Measures the memory of opening a model and encoding with it, in a separate process. */
public final class MemoryProbe {

    private MemoryProbe() {}

    /**
     * Resident memory; 0 where it is unknown.
     *
     * @param earlyBytes memory after about a tenth of the documents
     * @param residentBytes memory after all of them
     * @param peakBytes peak memory since the start
     */
    record Memory(long earlyBytes, long residentBytes, long peakBytes) {
        static final Memory UNKNOWN = new Memory(0, 0, 0);
    }

    static Memory measure(
            String model,
            EncoderOptions options,
            String precision,
            List<String> texts,
            int documents)
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
                                    file.toString(),
                                    options.device().toString(),
                                    Integer.toString(documents))
                            .redirectError(ProcessBuilder.Redirect.DISCARD)
                            .start();
            String output =
                    new String(probe.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
            if (probe.waitFor() != 0) {
                throw new IOException(
                        "the process that measures memory ended with " + probe.exitValue());
            }
            String[] numbers = output.strip().split(" ");
            return new Memory(
                    1024 * Long.parseLong(numbers[0]),
                    1024 * Long.parseLong(numbers[1]),
                    1024 * Long.parseLong(numbers[2]));
        } finally {
            Files.delete(file);
        }
    }

    /**
     * The separate process. Its arguments are model, precision, threads, cache directory, a file of
     * texts, device, and the number of documents to encode; the texts are repeated.
     */
    public static void main(String[] arguments) throws IOException {
        EncoderOptions options =
                EncoderOptions.builder()
                        .precision(Precision.parse(arguments[1]))
                        .threads(Integer.parseInt(arguments[2]))
                        .device(Device.parse(arguments[5]))
                        .cacheDirectory(arguments[3].isEmpty() ? null : arguments[3])
                        .build();
        List<String> texts = Corpus.read(Path.of(arguments[4]), Integer.MAX_VALUE);
        try (SpladeEncoder encoder = SpladeEncoder.open(arguments[0], options);
                MicroBatcher batcher = new MicroBatcher(encoder)) {
            int documents = Integer.parseInt(arguments[6]);
            String early = null;
            for (int done = 0; done < documents; ) {
                // no more in flight than in a job
                int start = done % texts.size();
                int end = Math.min(Math.min(texts.size(), start + 256), start + documents - done);
                EncodeBenchmark.encodeAll(batcher, texts.subList(start, end));
                done += end - start;
                if (early == null && done >= documents / 10) {
                    early = kilobytes("VmRSS");
                }
            }
            System.out.println(early + " " + kilobytes("VmRSS") + " " + kilobytes("VmHWM"));
        }
        System.exit(0);
    }

    private static String kilobytes(String name) {
        return Machine.line("/proc/self/status", name).replaceAll("\\D", "");
    }
}

package io.github.flinksplade.bench;

import ai.onnxruntime.OrtException;
import com.sun.management.ThreadMXBean;
import io.github.flinksplade.encoder.Device;
import io.github.flinksplade.encoder.EncodedText;
import io.github.flinksplade.encoder.EncoderOptions;
import io.github.flinksplade.encoder.Formula;
import io.github.flinksplade.encoder.MicroBatcher;
import io.github.flinksplade.encoder.ModelException;
import io.github.flinksplade.encoder.ModelFiles;
import io.github.flinksplade.encoder.ModelStore;
import io.github.flinksplade.encoder.Precision;
import io.github.flinksplade.encoder.Progress;
import io.github.flinksplade.encoder.Role;
import io.github.flinksplade.encoder.SpladeEncoder;
import io.github.flinksplade.vector.SparseVector;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.EnumSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.OptionalInt;
import java.util.concurrent.CompletableFuture;
import java.util.function.Consumer;

/**
 * Measures the encoder and the reference implementation with the same texts in the same process,
 * interleaved, so that other load on the machine affects all of them equally.
 */
public final class EncodeBenchmark {

    private static final String REFERENCE = "reference";

    /** Documents per round for an encoder on a GPU, which encodes hundreds in milliseconds. */
    private static final int GPU_DOCUMENTS = 20_000;

    private final String model;
    private final EncoderOptions options;
    private final Precision[] precisions;
    private final List<String> texts;
    private final int rounds;
    private final int memoryDocuments;
    private final Progress progress;
    private final Consumer<String> progressListener;

    /**
     * @param rounds measured rounds, after one warm-up round
     * @param memoryDocuments documents that a separate process encodes to measure its memory; the
     *     texts are repeated
     * @param progressListener receives a line about each step
     */
    public EncodeBenchmark(
            String model,
            EncoderOptions options,
            Precision[] precisions,
            List<String> texts,
            int rounds,
            int memoryDocuments,
            Progress progress,
            Consumer<String> progressListener) {
        this.model = model;
        this.options = options;
        this.precisions = precisions.clone();
        this.texts = List.copyOf(texts);
        this.rounds = rounds;
        this.memoryDocuments = memoryDocuments;
        this.progress = progress;
        this.progressListener = progressListener;
    }

    /**
     * The first texts of a file: the {@code text} of each line of {@code *.jsonl}, else each line.
     *
     * @throws IOException when it cannot be read, or a line has no text
     */
    public static List<String> read(Path file, int max) throws IOException {
        return Corpus.read(file, max);
    }

    /**
     * The result of one contender.
     *
     * @param name "reference", "reference-lean", or a precision
     * @param docsPerSecond median over the rounds
     * @param minDocsPerSecond docs/s of the slowest round
     * @param maxDocsPerSecond docs/s of the fastest round
     * @param ofReference docsPerSecond divided by that of the reference
     * @param usefulTokensPerSecond tokens of the texts without padding
     * @param paddingShare share of the tokens that are padding
     * @param gflops billions of operations per second in MatMuls with weights, without padding
     * @param shareOfGemm gflops divided by the measured MatMul rate of the machine in this
     *     precision
     * @param modelMicros time in the model per text, in microseconds of one thread
     * @param otherMicros other time in the engine per text: creating inputs and copying the vector
     * @param tokenizerMicros time to tokenize a text on one thread
     * @param allocatedBytes bytes of heap allocated per text
     * @param earlyRssBytes resident memory of a separate process after about a tenth of its
     *     documents; 0 if not measured
     * @param rssBytes resident memory of that process after all documents
     * @param peakBytes peak memory of that process, including loading
     * @param maxDifference max difference of a weight from the lean reference
     * @param topOverlap mean share of the reference's 20 largest terms among the contender's 20
     *     largest
     */
    public record Result(
            String name,
            double docsPerSecond,
            double minDocsPerSecond,
            double maxDocsPerSecond,
            double ofReference,
            double usefulTokensPerSecond,
            double paddingShare,
            double gflops,
            double shareOfGemm,
            double modelMicros,
            double otherMicros,
            double tokenizerMicros,
            double allocatedBytes,
            long earlyRssBytes,
            long rssBytes,
            long peakBytes,
            double maxDifference,
            double topOverlap) {}

    /** The results with the machine and the model. */
    public record Report(
            Map<String, Object> machine, Map<String, Object> model, List<Result> results)
            implements BenchmarkReport {

        /** {@code {"machine": {...}, "model": {...}, "results": [{"name": ..., ...}, ...]}}. */
        @Override
        public String toJson() {
            return ReportJson.of(this);
        }

        @Override
        public BarChart toChart() {
            return new BarChart(
                    "Encoder, " + model.get("name"),
                    "documents per second",
                    results.stream()
                            .map(
                                    one ->
                                            new BarChart.Bar(
                                                    "",
                                                    one.name(),
                                                    one.docsPerSecond(),
                                                    one.minDocsPerSecond(),
                                                    one.maxDocsPerSecond()))
                            .toList());
        }

        @Override
        public String toText() {
            StringBuilder text = new StringBuilder();
            text.append(line("machine", machine)).append(line("model", model));
            text.append(
                    String.format(
                            Locale.ROOT,
                            "%n%-15s %8s %17s %7s %9s %7s %7s %6s%n",
                            "",
                            "docs/s",
                            "(min..max)",
                            "ratio",
                            "tokens/s",
                            "padding",
                            "GOP/s",
                            "of GEMM"));
            for (Result result : results) {
                text.append(
                        String.format(
                                Locale.ROOT,
                                "%-15s %8.2f %17s %7.2f %9.0f %6.1f%% %7.0f %6.0f%%%n",
                                result.name(),
                                result.docsPerSecond(),
                                String.format(
                                        Locale.ROOT,
                                        "%.2f..%.2f",
                                        result.minDocsPerSecond(),
                                        result.maxDocsPerSecond()),
                                result.ofReference(),
                                result.usefulTokensPerSecond(),
                                100 * result.paddingShare(),
                                result.gflops(),
                                100 * result.shareOfGemm()));
            }
            text.append(
                    String.format(
                            Locale.ROOT,
                            "%n%-15s %9s %9s %9s %9s %8s %8s %8s %10s %8s%n",
                            "per text",
                            "model us",
                            "other us",
                            "token us",
                            "alloc KB",
                            "RSS 1/10",
                            "RSS MB",
                            "peak MB",
                            "max diff",
                            "top 20"));
            for (Result result : results) {
                text.append(
                        String.format(
                                Locale.ROOT,
                                "%-15s %9.0f %9.0f %9.0f %9.1f %8d %8d %8d %10.2g %7.1f%%%n",
                                result.name(),
                                result.modelMicros(),
                                result.otherMicros(),
                                result.tokenizerMicros(),
                                result.allocatedBytes() / 1024,
                                result.earlyRssBytes() >> 20,
                                result.rssBytes() >> 20,
                                result.peakBytes() >> 20,
                                result.maxDifference(),
                                100 * result.topOverlap()));
            }
            return text.toString();
        }

        static String line(String name, Map<String, Object> facts) {
            List<String> parts = new ArrayList<>();
            facts.forEach((key, value) -> parts.add(key + " " + value));
            return name + ": " + String.join(", ", parts) + "\n";
        }
    }

    /** A program that encodes all texts. */
    private interface Contender {
        SparseVector[] encode() throws Exception;

        /** How many times {@link #encode} encodes each text. */
        default int copies() {
            return 1;
        }

        void close() throws Exception;
    }

    private static final class Samples {
        final List<Double> rates = new ArrayList<>();
        SparseVector[] vectors;
        MicroBatcher.Stats stats;
        long modelNanos;
        int documents;
        double allocated;
    }

    /** Runs the benchmark; this takes minutes with a large model. */
    public Report run() throws Exception {
        ModelFiles resolved = ModelStore.resolve(model, options, progress);
        requireComparable(resolved);
        Path directory = Files.createTempDirectory("bench-encode-");
        try {
            return run(resolved.withGraph(ModelStore.onnx(resolved, options, directory, progress)));
        } finally {
            for (Path file : List.of(directory.resolve("model.onnx"), directory)) {
                Files.deleteIfExists(file);
            }
        }
    }

    /** The reference implementation pools logits by their maximum. */
    private static void requireComparable(ModelFiles files) {
        if (files.metadata().formula().pooling() != Formula.Pooling.MAX
                || files.metadata().tokenHead().isPresent()) {
            throw new ModelException(
                    files.name()
                            + " has another formula than the reference implementation, which takes"
                            + " the maximum of logits; benchmark a model with max pooling");
        }
    }

    /**
     * @param files with an ONNX file
     */
    private Report run(ModelFiles files) throws Exception {
        int threads =
                options.threads() > 0
                        ? options.threads()
                        : Runtime.getRuntime().availableProcessors();
        Machine machine;
        Map<String, Samples> samples = new LinkedHashMap<>();
        Map<String, Contender> contenders = new LinkedHashMap<>();
        double tokenizerMicros;
        long tokens = 0;
        long padded = 0;
        int vocabulary;
        String device;
        try (SpladeEncoder exact =
                SpladeEncoder.open(model, options, EnumSet.of(Role.DOCUMENT), progress)) {
            vocabulary = exact.info().vocabularySize();
            device = exact.info().device();
            // after opening, which states plainly why a device cannot be used
            progressListener.accept("measuring the rate of matrix multiplications ...");
            machine = Machine.measure(threads, gpu());
            contenders.put(REFERENCE, reference(files, exact, threads, false));
            contenders.put(REFERENCE + "-lean", reference(files, exact, threads, true));
            for (Precision precision : precisions) {
                String name = precision.name().toLowerCase(Locale.ROOT);
                samples.put(name, new Samples());
                contenders.put(name, encoder(precision, samples.get(name)));
            }
            int[] lengths = tokenLengths(exact);
            long start = System.nanoTime();
            tokenLengths(exact);
            tokenizerMicros = (System.nanoTime() - start) / 1e3 / texts.size();
            for (int i = 0; i < lengths.length; i += ReferenceImplementation.BATCH) {
                int[] batch =
                        Arrays.copyOfRange(
                                lengths,
                                i,
                                Math.min(lengths.length, i + ReferenceImplementation.BATCH));
                tokens += Arrays.stream(batch).sum();
                padded += (long) batch.length * Arrays.stream(batch).max().orElseThrow();
            }
            for (int round = 0; round <= rounds; round++) {
                progressListener.accept(
                        round == 0
                                ? "warming up ..."
                                : "round " + round + " of " + rounds + " ...");
                for (Map.Entry<String, Contender> contender : contenders.entrySet()) {
                    System.gc(); // so that no contender collects the garbage of the one before
                    long begin = System.nanoTime();
                    SparseVector[] vectors = contender.getValue().encode();
                    double rate =
                            (double) texts.size()
                                    * contender.getValue().copies()
                                    / ((System.nanoTime() - begin) / 1e9);
                    Samples result =
                            samples.computeIfAbsent(contender.getKey(), unused -> new Samples());
                    result.vectors = vectors;
                    if (round > 0) {
                        result.rates.add(rate);
                    }
                }
            }
        } finally {
            for (Contender contender : contenders.values()) {
                contender.close();
            }
        }
        double perToken = 2.0 * GraphCost.multiplicationsPerToken(files.graph());
        List<Result> results = new ArrayList<>();
        for (String name : contenders.keySet()) {
            boolean isEncoder = !name.startsWith(REFERENCE);
            MemoryProbe.Memory memory = MemoryProbe.Memory.UNKNOWN;
            // on a GPU the memory of the process is not meaningful
            if (isEncoder && gpu().isEmpty()) {
                progressListener.accept("memory of " + name + " ...");
                memory = MemoryProbe.measure(model, options, name, texts, memoryDocuments);
            }
            results.add(
                    result(
                            name,
                            samples,
                            machine,
                            isEncoder ? tokenizerMicros : 0,
                            tokens,
                            isEncoder ? 0 : 1 - (double) tokens / padded,
                            perToken,
                            memory));
        }
        Map<String, Object> about = new LinkedHashMap<>();
        about.put("name", model);
        about.put("sha256", files.sha256());
        about.put("vocabulary", vocabulary);
        about.put("device", device);
        about.put("texts", texts.size());
        about.put("meanTokens", rounded((double) tokens / texts.size()));
        about.put("rounds", rounds);
        about.put("documentsPerRound", texts.size() * copies());
        return new Report(facts(machine), about, results);
    }

    static Map<String, Object> facts(Machine machine) {
        Map<String, Object> facts = new LinkedHashMap<>();
        facts.put("processor", machine.processor());
        facts.put("cores", machine.cores());
        facts.put("memoryMegabytes", machine.memoryBytes() >> 20);
        facts.put("system", machine.system());
        facts.put("java", machine.java());
        facts.put("onnxruntime", machine.onnxRuntime());
        if (machine.gpuGemm() == 0) {
            facts.put("gemmGflops", rounded(machine.gemm()));
            facts.put("integerGemmGops", rounded(machine.integerGemm()));
        } else {
            facts.put("gpuGemmGflops", rounded(machine.gpuGemm()));
            facts.put("gpuTf32GemmGflops", rounded(machine.gpuTf32Gemm()));
            facts.put("gpuHalfGemmGflops", rounded(machine.gpuHalfGemm()));
        }
        return facts;
    }

    static double rounded(double number) {
        return Math.round(number * 10) / 10.0;
    }

    private int[] tokenLengths(SpladeEncoder encoder) {
        return texts.stream()
                .mapToInt(text -> encoder.tokenizer().tokenize(text, Role.DOCUMENT).ids().length)
                .toArray();
    }

    private Contender reference(ModelFiles files, SpladeEncoder exact, int threads, boolean lean)
            throws OrtException {
        ReferenceImplementation reference =
                new ReferenceImplementation(
                        files.graph(),
                        exact.tokenizer(),
                        exact.info().vocabularySize(),
                        files.metadata().formula(),
                        threads,
                        lean,
                        gpu());
        return new Contender() {
            @Override
            public SparseVector[] encode() throws OrtException {
                return reference.encode(texts);
            }

            @Override
            public void close() throws OrtException {
                reference.close();
            }
        };
    }

    private Contender encoder(Precision precision, Samples samples) {
        SpladeEncoder encoder =
                SpladeEncoder.open(
                        model,
                        options.toBuilder().precision(precision).build(),
                        EnumSet.of(Role.DOCUMENT),
                        progress);
        MicroBatcher batcher = new MicroBatcher(encoder);
        return new Contender() {
            private boolean warm;

            @Override
            public SparseVector[] encode() {
                MicroBatcher.Stats before = batcher.stats();
                long modelBefore = encoder.engine(Role.DOCUMENT).modelNanos();
                long allocatedBefore = allocated();
                List<String> documents =
                        Collections.nCopies(copies(), texts).stream()
                                .flatMap(List::stream)
                                .toList();
                SparseVector[] vectors = Arrays.copyOf(encodeAll(batcher, documents), texts.size());
                if (warm) {
                    samples.allocated = (double) (allocated() - allocatedBefore) / documents.size();
                    samples.documents = documents.size();
                    samples.modelNanos = encoder.engine(Role.DOCUMENT).modelNanos() - modelBefore;
                    samples.stats = difference(batcher.stats(), before);
                }
                warm = true;
                return vectors;
            }

            @Override
            public int copies() {
                return EncodeBenchmark.this.copies();
            }

            @Override
            public void close() {
                batcher.close();
                encoder.close();
            }
        };
    }

    /** How many times the encoder encodes each text per round; the reference encodes each once. */
    private int copies() {
        return gpu().isPresent() ? (GPU_DOCUMENTS + texts.size() - 1) / texts.size() : 1;
    }

    static SparseVector[] encodeAll(MicroBatcher batcher, List<String> texts) {
        List<CompletableFuture<EncodedText>> encoded =
                texts.stream().map(text -> batcher.submit(text, Role.DOCUMENT)).toList();
        return encoded.stream().map(text -> text.join().vector()).toArray(SparseVector[]::new);
    }

    private static MicroBatcher.Stats difference(
            MicroBatcher.Stats after, MicroBatcher.Stats before) {
        return new MicroBatcher.Stats(
                after.documents() - before.documents(),
                after.failed() - before.failed(),
                after.truncated() - before.truncated(),
                after.batches() - before.batches(),
                after.batchedDocuments() - before.batchedDocuments(),
                after.tokens() - before.tokens(),
                after.paddedTokens() - before.paddedTokens(),
                after.queueWaitNanos() - before.queueWaitNanos(),
                after.inferenceNanos() - before.inferenceNanos(),
                after.waiting());
    }

    /** Bytes that all live threads have allocated. */
    private static long allocated() {
        ThreadMXBean threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();
        return Arrays.stream(threads.getThreadAllocatedBytes(threads.getAllThreadIds()))
                .filter(bytes -> bytes > 0)
                .sum();
    }

    private Result result(
            String name,
            Map<String, Samples> all,
            Machine machine,
            double tokenizerMicros,
            long tokens,
            double padding,
            double perToken,
            MemoryProbe.Memory memory) {
        Samples samples = all.get(name);
        double rate = median(samples.rates);
        double tokenRate = rate * tokens / texts.size();
        double gflops = tokenRate * perToken / 1e9;
        double peak = peakRate(name, machine);
        boolean isEncoder = samples.stats != null;
        SparseVector[] expected = all.get(REFERENCE + "-lean").vectors;
        double maxDifference = 0;
        double overlap = 0;
        for (int i = 0; i < expected.length; i++) {
            maxDifference =
                    Math.max(
                            maxDifference,
                            Agreement.maxDifference(expected[i], samples.vectors[i]));
            overlap += Agreement.topOverlap(expected[i], samples.vectors[i], 20);
        }
        return new Result(
                name,
                rate,
                samples.rates.stream().mapToDouble(r -> r).min().orElseThrow(),
                samples.rates.stream().mapToDouble(r -> r).max().orElseThrow(),
                rate / median(all.get(REFERENCE).rates),
                tokenRate,
                isEncoder
                        ? 1 - (double) samples.stats.tokens() / samples.stats.paddedTokens()
                        : padding,
                gflops,
                gflops / peak,
                isEncoder ? samples.modelNanos / 1e3 / samples.documents : 0,
                isEncoder
                        ? (samples.stats.inferenceNanos() - samples.modelNanos)
                                / 1e3
                                / samples.documents
                        : 0,
                tokenizerMicros,
                samples.allocated,
                memory.earlyBytes(),
                memory.residentBytes(),
                memory.peakBytes(),
                maxDifference,
                overlap / expected.length);
    }

    /** The measured MatMul rate in the precision of a contender. */
    private double peakRate(String name, Machine machine) {
        if (gpu().isPresent()) {
            return switch (name) {
                case "fp16" -> machine.gpuHalfGemm();
                case "fp32" -> machine.gpuGemm();
                default -> machine.gpuTf32Gemm();
            };
        }
        return name.equals("int8") ? machine.integerGemm() : machine.gemm();
    }

    /** The GPU that all contenders run on, if any. */
    private OptionalInt gpu() {
        Device device = options.device();
        return device.kind() == Device.Kind.CUDA || device.kind() == Device.Kind.TENSORRT
                ? OptionalInt.of(device.number())
                : OptionalInt.empty();
    }

    /** The median of at least one number. */
    public static double median(List<Double> numbers) {
        List<Double> sorted = numbers.stream().sorted().toList();
        int middle = sorted.size() / 2;
        return sorted.size() % 2 == 1
                ? sorted.get(middle)
                : (sorted.get(middle - 1) + sorted.get(middle)) / 2;
    }
}

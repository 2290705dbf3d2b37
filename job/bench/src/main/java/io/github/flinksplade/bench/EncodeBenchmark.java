package io.github.flinksplade.bench;

import ai.onnxruntime.OrtException;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.sun.management.ThreadMXBean;
import io.github.flinksplade.encoder.Device;
import io.github.flinksplade.encoder.EncodedText;
import io.github.flinksplade.encoder.EncoderOptions;
import io.github.flinksplade.encoder.MicroBatcher;
import io.github.flinksplade.encoder.ModelFiles;
import io.github.flinksplade.encoder.ModelStore;
import io.github.flinksplade.encoder.Precision;
import io.github.flinksplade.encoder.Progress;
import io.github.flinksplade.encoder.Role;
import io.github.flinksplade.encoder.SpladeEncoder;
import io.github.flinksplade.vector.SparseVector;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.OptionalInt;
import java.util.concurrent.CompletableFuture;
import java.util.function.Consumer;

/**
 * Measures the encoder beside the recipe of the models' cards: the same texts, in the same process,
 * in turns, so that what else the machine does falls on all of them.
 */
public final class EncodeBenchmark {

    private static final String REFERENCE = "reference";

    /** Documents that an encoder on a GPU gets per round: a few hundred take it milliseconds. */
    private static final int GPU_DOCUMENTS = 20_000;

    private final String model;
    private final EncoderOptions options;
    private final Precision[] precisions;
    private final List<String> texts;
    private final int rounds;
    private final int memoryDocuments;
    private final Progress progress;
    private final Consumer<String> narrator;

    /**
     * @param rounds rounds that count, after one that does not
     * @param memoryDocuments documents to encode in a process of its own for its memory: the texts,
     *     again and again
     * @param narrator is told what is being done, a line each
     */
    public EncodeBenchmark(
            String model,
            EncoderOptions options,
            Precision[] precisions,
            List<String> texts,
            int rounds,
            int memoryDocuments,
            Progress progress,
            Consumer<String> narrator) {
        this.model = model;
        this.options = options;
        this.precisions = precisions.clone();
        this.texts = List.copyOf(texts);
        this.rounds = rounds;
        this.memoryDocuments = memoryDocuments;
        this.progress = progress;
        this.narrator = narrator;
    }

    /**
     * The first texts of a file: of {@code *.jsonl} each line's {@code text}, else each line.
     *
     * @throws IOException when it cannot be read, or a line has no text
     */
    public static List<String> read(Path file, int most) throws IOException {
        return Corpus.read(file, most);
    }

    /**
     * What one way of encoding has done.
     *
     * @param name "reference", "reference-lean", or a precision
     * @param docsPerSecond median over the rounds
     * @param slowest docs/s of the slowest round
     * @param fastest docs/s of the fastest round
     * @param ofReference docsPerSecond over the reference's
     * @param usefulTokensPerSecond tokens of the texts, padding not counted
     * @param paddingShare share of the model's positions that are padding
     * @param gflops billions of operations a second in products with weights, useful tokens only
     * @param shareOfGemm gflops over the machine's measured rate in this arithmetic
     * @param modelMicros time in the model for a text, in microseconds of one thread
     * @param otherMicros time in the engine beside the model: inputs, and reading the vector out
     * @param tokenizerMicros time to tokenise a text on one thread
     * @param allocatedBytes bytes of heap allocated for a text
     * @param earlyRssBytes resident memory of a process of its own after about a tenth of what it
     *     encodes, 0 if not measured
     * @param rssBytes resident memory of that process after all of it
     * @param peakBytes the most it had since its start, loading included
     * @param worstDifference greatest difference of a weight from the lean reference's
     * @param topOverlap mean share of the reference's 20 largest terms among one's own 20 largest
     */
    public record Row(
            String name,
            double docsPerSecond,
            double slowest,
            double fastest,
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
            double worstDifference,
            double topOverlap) {}

    /** What was measured, on what. */
    public record Report(Map<String, Object> machine, Map<String, Object> model, List<Row> rows) {

        /** {@code {"machine": {...}, "model": {...}, "rows": [{"name": ..., ...}, ...]}}. */
        public String toJson() {
            try {
                return new ObjectMapper().writerWithDefaultPrettyPrinter().writeValueAsString(this)
                        + "\n";
            } catch (JsonProcessingException e) {
                throw new IllegalStateException(e);
            }
        }

        /** A table to read. */
        public String toText() {
            StringBuilder text = new StringBuilder();
            text.append(line("machine", machine)).append(line("model", model));
            text.append(
                    String.format(
                            Locale.ROOT,
                            "%n%-15s %8s %17s %7s %9s %7s %7s %6s%n",
                            "",
                            "docs/s",
                            "(least..greatest)",
                            "ratio",
                            "tokens/s",
                            "padding",
                            "GOP/s",
                            "of GEMM"));
            for (Row row : rows) {
                text.append(
                        String.format(
                                Locale.ROOT,
                                "%-15s %8.2f %17s %7.2f %9.0f %6.1f%% %7.0f %6.0f%%%n",
                                row.name(),
                                row.docsPerSecond(),
                                String.format(
                                        Locale.ROOT, "%.2f..%.2f", row.slowest(), row.fastest()),
                                row.ofReference(),
                                row.usefulTokensPerSecond(),
                                100 * row.paddingShare(),
                                row.gflops(),
                                100 * row.shareOfGemm()));
            }
            text.append(
                    String.format(
                            Locale.ROOT,
                            "%n%-15s %9s %9s %9s %9s %8s %8s %8s %10s %8s%n",
                            "for a text",
                            "model us",
                            "other us",
                            "token us",
                            "alloc KB",
                            "RSS 1/10",
                            "RSS MB",
                            "peak MB",
                            "worst diff",
                            "top 20"));
            for (Row row : rows) {
                text.append(
                        String.format(
                                Locale.ROOT,
                                "%-15s %9.0f %9.0f %9.0f %9.1f %8d %8d %8d %10.2g %7.1f%%%n",
                                row.name(),
                                row.modelMicros(),
                                row.otherMicros(),
                                row.tokenizerMicros(),
                                row.allocatedBytes() / 1024,
                                row.earlyRssBytes() >> 20,
                                row.rssBytes() >> 20,
                                row.peakBytes() >> 20,
                                row.worstDifference(),
                                100 * row.topOverlap()));
            }
            return text.toString();
        }

        static String line(String name, Map<String, Object> facts) {
            List<String> parts = new ArrayList<>();
            facts.forEach((key, value) -> parts.add(key + " " + value));
            return name + ": " + String.join(", ", parts) + "\n";
        }
    }

    /** A way to encode all texts. */
    private interface Way {
        SparseVector[] encode() throws Exception;

        /** How often {@link #encode} encodes each text. */
        default int copies() {
            return 1;
        }

        void close() throws Exception;
    }

    private static final class Measured {
        final List<Double> rates = new ArrayList<>();
        SparseVector[] vectors;
        MicroBatcher.Stats stats;
        long modelNanos;
        int documents;
        double allocated;
    }

    /** Measures; takes minutes with a large model. */
    public Report run() throws Exception {
        ModelFiles files = ModelStore.resolve(model, options, progress);
        int threads =
                options.threads() > 0
                        ? options.threads()
                        : Runtime.getRuntime().availableProcessors();
        Machine machine;
        Map<String, Measured> measured = new LinkedHashMap<>();
        Map<String, Way> ways = new LinkedHashMap<>();
        double tokenizerMicros;
        long tokens = 0;
        long padded = 0;
        int vocabulary;
        String device;
        try (SpladeEncoder exact = SpladeEncoder.open(model, options, progress)) {
            vocabulary = exact.info().vocabularySize();
            device = exact.info().device();
            // after opening, which states plainly why a device cannot be used
            narrator.accept("measuring the rate of matrix multiplications ...");
            machine = Machine.measure(threads, gpu());
            ways.put(REFERENCE, reference(files, exact, threads, false));
            ways.put(REFERENCE + "-lean", reference(files, exact, threads, true));
            for (Precision precision : precisions) {
                String name = precision.name().toLowerCase(Locale.ROOT);
                measured.put(name, new Measured());
                ways.put(name, encoder(precision, measured.get(name)));
            }
            int[] lengths = tokenised(exact);
            long start = System.nanoTime();
            tokenised(exact);
            tokenizerMicros = (System.nanoTime() - start) / 1e3 / texts.size();
            for (int i = 0; i < lengths.length; i += ReferenceRecipe.BATCH) {
                int[] batch =
                        Arrays.copyOfRange(
                                lengths, i, Math.min(lengths.length, i + ReferenceRecipe.BATCH));
                tokens += Arrays.stream(batch).sum();
                padded += (long) batch.length * Arrays.stream(batch).max().orElseThrow();
            }
            for (int round = 0; round <= rounds; round++) {
                narrator.accept(
                        round == 0
                                ? "warming up ..."
                                : "round " + round + " of " + rounds + " ...");
                for (Map.Entry<String, Way> way : ways.entrySet()) {
                    System.gc(); // what the one before has left is not to be cleared by this one
                    long begin = System.nanoTime();
                    SparseVector[] vectors = way.getValue().encode();
                    double rate =
                            (double) texts.size()
                                    * way.getValue().copies()
                                    / ((System.nanoTime() - begin) / 1e9);
                    Measured result =
                            measured.computeIfAbsent(way.getKey(), unused -> new Measured());
                    result.vectors = vectors;
                    if (round > 0) {
                        result.rates.add(rate);
                    }
                }
            }
        } finally {
            for (Way way : ways.values()) {
                way.close();
            }
        }
        double perToken = 2.0 * GraphCost.multiplicationsPerToken(files.graph());
        List<Row> rows = new ArrayList<>();
        for (String name : ways.keySet()) {
            boolean ours = !name.startsWith(REFERENCE);
            MemoryProbe.Memory memory = MemoryProbe.Memory.UNKNOWN;
            // of a GPU the process's own memory says little
            if (ours && gpu().isEmpty()) {
                narrator.accept("memory of " + name + " ...");
                memory = MemoryProbe.measure(model, options, name, texts, memoryDocuments);
            }
            rows.add(
                    row(
                            name,
                            measured,
                            machine,
                            ours ? tokenizerMicros : 0,
                            tokens,
                            ours ? 0 : 1 - (double) tokens / padded,
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
        return new Report(facts(machine), about, rows);
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

    private int[] tokenised(SpladeEncoder encoder) {
        return texts.stream()
                .mapToInt(text -> encoder.tokenizer().tokenize(text, Role.DOCUMENT).ids().length)
                .toArray();
    }

    private Way reference(ModelFiles files, SpladeEncoder exact, int threads, boolean lean)
            throws OrtException {
        ReferenceRecipe recipe =
                new ReferenceRecipe(
                        files.graph(),
                        exact.tokenizer(),
                        exact.info().vocabularySize(),
                        threads,
                        lean,
                        gpu());
        return new Way() {
            @Override
            public SparseVector[] encode() throws OrtException {
                return recipe.encode(texts);
            }

            @Override
            public void close() throws OrtException {
                recipe.close();
            }
        };
    }

    private Way encoder(Precision precision, Measured result) {
        SpladeEncoder encoder =
                SpladeEncoder.open(
                        model, options.toBuilder().precision(precision).build(), progress);
        MicroBatcher batcher = new MicroBatcher(encoder);
        return new Way() {
            private boolean warm;

            @Override
            public SparseVector[] encode() {
                MicroBatcher.Stats before = batcher.stats();
                long modelBefore = encoder.engine().modelNanos();
                long allocatedBefore = allocated();
                List<String> documents =
                        Collections.nCopies(copies(), texts).stream()
                                .flatMap(List::stream)
                                .toList();
                SparseVector[] vectors = Arrays.copyOf(encodeAll(batcher, documents), texts.size());
                if (warm) {
                    result.allocated = (double) (allocated() - allocatedBefore) / documents.size();
                    result.documents = documents.size();
                    result.modelNanos = encoder.engine().modelNanos() - modelBefore;
                    result.stats = difference(batcher.stats(), before);
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

    /** How often the encoder gets each text per round; the recipe gets each once. */
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

    /** Bytes that all living threads have allocated. */
    private static long allocated() {
        ThreadMXBean threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();
        return Arrays.stream(threads.getThreadAllocatedBytes(threads.getAllThreadIds()))
                .filter(bytes -> bytes > 0)
                .sum();
    }

    private Row row(
            String name,
            Map<String, Measured> all,
            Machine machine,
            double tokenizerMicros,
            long tokens,
            double padding,
            double perToken,
            MemoryProbe.Memory memory) {
        Measured measured = all.get(name);
        double rate = median(measured.rates);
        double tokenRate = rate * tokens / texts.size();
        double gflops = tokenRate * perToken / 1e9;
        double peak = peak(name, machine);
        boolean ours = measured.stats != null;
        SparseVector[] expected = all.get(REFERENCE + "-lean").vectors;
        double worst = 0;
        double overlap = 0;
        for (int i = 0; i < expected.length; i++) {
            worst = Math.max(worst, Agreement.worst(expected[i], measured.vectors[i]));
            overlap += Agreement.topOverlap(expected[i], measured.vectors[i], 20);
        }
        return new Row(
                name,
                rate,
                measured.rates.stream().mapToDouble(r -> r).min().orElseThrow(),
                measured.rates.stream().mapToDouble(r -> r).max().orElseThrow(),
                rate / median(all.get(REFERENCE).rates),
                tokenRate,
                ours
                        ? 1 - (double) measured.stats.tokens() / measured.stats.paddedTokens()
                        : padding,
                gflops,
                gflops / peak,
                ours ? measured.modelNanos / 1e3 / measured.documents : 0,
                ours
                        ? (measured.stats.inferenceNanos() - measured.modelNanos)
                                / 1e3
                                / measured.documents
                        : 0,
                tokenizerMicros,
                measured.allocated,
                memory.earlyBytes(),
                memory.residentBytes(),
                memory.peakBytes(),
                worst,
                overlap / expected.length);
    }

    /** The measured MatMul rate in the arithmetic of that name. */
    private double peak(String name, Machine machine) {
        if (gpu().isPresent()) {
            return switch (name) {
                case "fp16" -> machine.gpuHalfGemm();
                case "fp32" -> machine.gpuGemm();
                default -> machine.gpuTf32Gemm();
            };
        }
        return name.equals("int8") ? machine.integerGemm() : machine.gemm();
    }

    /** The GPU that all ways run on, if they do. */
    private OptionalInt gpu() {
        Device device = options.device();
        return device.kind() == Device.Kind.CUDA || device.kind() == Device.Kind.TENSORRT
                ? OptionalInt.of(device.number())
                : OptionalInt.empty();
    }

    static double median(List<Double> numbers) {
        List<Double> sorted = numbers.stream().sorted().toList();
        int middle = sorted.size() / 2;
        return sorted.size() % 2 == 1
                ? sorted.get(middle)
                : (sorted.get(middle - 1) + sorted.get(middle)) / 2;
    }
}

package io.github.flinksplade.benchmarks;

import io.github.flinksplade.bench.Agreement;
import io.github.flinksplade.encoder.Device;
import io.github.flinksplade.encoder.EncodedText;
import io.github.flinksplade.encoder.EncoderOptions;
import io.github.flinksplade.encoder.MicroBatcher;
import io.github.flinksplade.encoder.Precision;
import io.github.flinksplade.encoder.Progress;
import io.github.flinksplade.encoder.Role;
import io.github.flinksplade.encoder.SpladeEncoder;
import io.github.flinksplade.vector.SparseVector;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.EnumSet;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.CompletableFuture;
import java.util.function.Consumer;

/**
 * Checks that a GPU computes the same vectors as the CPU in every batch, every time and with little
 * memory, and measures its speed with several batch sizes.
 */
public final class DeviceCheck {

    /** Max difference of a weight from the CPU in fp32, and between batches. */
    static final double FP32_TOLERANCE = 2e-3;

    static final double FP16_TOLERANCE = .05;

    private static final int[] BATCH_TOKENS = {4096, 16_384, 65_536};
    private static final int[] EMULATION_BATCH_TOKENS = {256, 512};
    private static final long LITTLE_MEMORY = 768L << 20;

    private final String model;
    private final EncoderOptions options;
    private final List<String> texts;
    private final Progress progress;
    private final Consumer<String> progressListener;

    /**
     * The result of one check.
     *
     * @param detail the result as text
     */
    public record Item(String name, boolean passed, String detail) {}

    /**
     * @param options options with the device to check
     */
    public DeviceCheck(
            String model,
            EncoderOptions options,
            List<String> texts,
            Progress progress,
            Consumer<String> progressListener) {
        this.model = model;
        this.options = options;
        this.texts = List.copyOf(texts);
        this.progress = progress;
        this.progressListener = progressListener;
    }

    /** The items as lines of a table. */
    public static List<String> table(List<Item> items) {
        return items.stream()
                .map(
                        item ->
                                String.format(
                                        Locale.ROOT,
                                        "%-7s %-28s %s",
                                        item.passed() ? "passed" : "FAILED",
                                        item.name(),
                                        item.detail()))
                .toList();
    }

    /**
     * Runs all checks. A failed check is an item, not an exception; if the device cannot be used,
     * that is the only item.
     */
    public List<Item> run() {
        List<Item> items = new ArrayList<>();
        progressListener.accept("vectors on the CPU ...");
        SparseVector[] expected;
        try (SpladeEncoder cpu =
                SpladeEncoder.open(
                        model,
                        options.toBuilder().device(Device.CPU).build(),
                        EnumSet.of(Role.DOCUMENT),
                        progress)) {
            expected = vectors(cpu);
        }
        for (Precision precision : new Precision[] {Precision.FP32, Precision.FP16}) {
            String name = precision.name().toLowerCase(Locale.ROOT);
            progressListener.accept(name + " on " + options.device() + " ...");
            try {
                vectors(items, precision, expected);
            } catch (RuntimeException e) {
                items.add(new Item(name, false, String.valueOf(e.getMessage())));
                return items;
            }
        }
        for (int tokens : isGpu() ? BATCH_TOKENS : EMULATION_BATCH_TOKENS) {
            progressListener.accept("batches of " + tokens + " tokens ...");
            check(items, "fp16, " + tokens + " tokens", () -> rate(tokens));
        }
        return items;
    }

    private boolean isGpu() {
        return options.device().kind() != Device.Kind.CPU_EMULATION;
    }

    /** A check: returns its result as text, or throws an exception. */
    private interface Check {
        String run();
    }

    private static void check(List<Item> items, String name, Check check) {
        try {
            items.add(new Item(name, true, check.run()));
        } catch (RuntimeException e) {
            items.add(new Item(name, false, String.valueOf(e.getMessage())));
        }
    }

    private void vectors(List<Item> items, Precision precision, SparseVector[] expected) {
        String name = precision.name().toLowerCase(Locale.ROOT);
        double tolerance = precision == Precision.FP32 ? FP32_TOLERANCE : FP16_TOLERANCE;
        try (SpladeEncoder gpu =
                SpladeEncoder.open(
                        model,
                        options.toBuilder().precision(precision).build(),
                        EnumSet.of(Role.DOCUMENT),
                        progress)) {
            items.add(
                    new Item(
                            name + " opens",
                            true,
                            gpu.info().device() + "; " + gpu.info().graph()));
            SparseVector[] batched = vectors(gpu);
            items.add(compare(name + " compared to the CPU in fp32", expected, batched, tolerance));
            SparseVector[] unbatched =
                    texts.stream()
                            .map(text -> gpu.encode(text, Role.DOCUMENT).vector())
                            .toArray(SparseVector[]::new);
            items.add(compare(name + " unbatched and batched", unbatched, batched, tolerance));
            items.add(compare(name + " repeated", batched, vectors(gpu), tolerance));
            long empty = Arrays.stream(batched).filter(vector -> vector.size() == 0).count();
            items.add(
                    new Item(
                            name + " has terms",
                            empty < batched.length,
                            batched.length - empty + " of " + batched.length + " texts"));
        }
        check(
                items,
                name + " with little memory",
                () -> withLittleMemory(precision, expected, tolerance));
    }

    /** Under a memory limit, halves a batch that does not fit until its parts fit. */
    private String withLittleMemory(
            Precision precision, SparseVector[] expected, double tolerance) {
        int budget = isGpu() ? 1 << 20 : 1 << 10;
        try (SpladeEncoder gpu =
                SpladeEncoder.open(
                        model,
                        options.toBuilder()
                                .precision(precision)
                                .batchTokens(budget)
                                .deviceMemory(LITTLE_MEMORY)
                                .build(),
                        EnumSet.of(Role.DOCUMENT),
                        progress)) {
            Item same = compare("", expected, vectors(gpu), tolerance);
            int left = gpu.engine(Role.DOCUMENT).limits().maxTokens();
            String detail =
                    same.detail()
                            + "; the budget of "
                            + budget
                            + " tokens became "
                            + left
                            + " in "
                            + (LITTLE_MEMORY >> 20)
                            + " MB";
            if (!same.passed() || isGpu() && left == budget) {
                throw new IllegalStateException(detail);
            }
            return detail;
        }
    }

    private String rate(int tokens) {
        try (SpladeEncoder gpu =
                        SpladeEncoder.open(
                                model,
                                options.toBuilder()
                                        .precision(Precision.FP16)
                                        .batchTokens(tokens)
                                        .build(),
                                EnumSet.of(Role.DOCUMENT),
                                progress);
                MicroBatcher batcher = new MicroBatcher(gpu)) {
            // enough to fill the batches
            int copies = isGpu() ? Math.max(1, 20_000 / texts.size()) : 1;
            double best = 0;
            for (int round = 0; round < 3; round++) {
                long start = System.nanoTime();
                List<CompletableFuture<EncodedText>> encoded = new ArrayList<>();
                for (int copy = 0; copy < copies; copy++) {
                    texts.forEach(text -> encoded.add(batcher.submit(text, Role.DOCUMENT)));
                }
                encoded.forEach(CompletableFuture::join);
                double seconds = (System.nanoTime() - start) / 1e9;
                best = Math.max(best, encoded.size() / seconds);
            }
            MicroBatcher.Stats stats = batcher.stats();
            return String.format(
                    Locale.ROOT,
                    "%.0f docs/s, %.0f texts per batch, %.1f %% padding",
                    best,
                    (double) stats.batchedDocuments() / stats.batches(),
                    100 * (1 - (double) stats.tokens() / stats.paddedTokens()));
        }
    }

    private SparseVector[] vectors(SpladeEncoder encoder) {
        return encoder.encode(texts, Role.DOCUMENT).stream()
                .map(EncodedText::vector)
                .toArray(SparseVector[]::new);
    }

    private static Item compare(
            String name, SparseVector[] expected, SparseVector[] actual, double tolerance) {
        double max = 0;
        double overlap = 0;
        for (int i = 0; i < expected.length; i++) {
            max = Math.max(max, Agreement.maxDifference(expected[i], actual[i]));
            overlap += Agreement.topOverlap(expected[i], actual[i], 20);
        }
        return new Item(
                name,
                max <= tolerance,
                String.format(
                        Locale.ROOT,
                        "max difference %.2g (tolerance %.2g), 20 largest terms %.2f %% the same",
                        max,
                        tolerance,
                        100 * overlap / expected.length));
    }
}

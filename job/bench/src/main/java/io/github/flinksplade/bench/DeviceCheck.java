package io.github.flinksplade.bench;

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
import java.util.List;
import java.util.Locale;
import java.util.concurrent.CompletableFuture;
import java.util.function.Consumer;

/**
 * Checks a GPU: that it gives the CPU's vectors, the same in every batch and every time, and that
 * it comes through with little memory; and how fast it is with batches of several sizes.
 */
public final class DeviceCheck {

    /** The greatest difference of a weight from the CPU's in 32 bits, and between batches. */
    static final double FP32_TOLERANCE = 2e-3;

    static final double FP16_TOLERANCE = .05;

    private static final int[] BATCH_TOKENS = {4096, 16_384, 65_536};
    private static final int[] EMULATED_BATCH_TOKENS = {256, 512};
    private static final long LITTLE_MEMORY = 768L << 20;

    private final String model;
    private final EncoderOptions options;
    private final List<String> texts;
    private final Progress progress;
    private final Consumer<String> narrator;

    /**
     * One thing that was checked.
     *
     * @param detail what was found, in words and figures
     */
    public record Item(String name, boolean good, String detail) {}

    /**
     * @param options with the device to check
     */
    public DeviceCheck(
            String model,
            EncoderOptions options,
            List<String> texts,
            Progress progress,
            Consumer<String> narrator) {
        this.model = model;
        this.options = options;
        this.texts = List.copyOf(texts);
        this.progress = progress;
        this.narrator = narrator;
    }

    /** The items as lines to read. */
    public static List<String> table(List<Item> items) {
        return items.stream()
                .map(
                        item ->
                                String.format(
                                        Locale.ROOT,
                                        "%-7s %-28s %s",
                                        item.good() ? "good" : "FAILED",
                                        item.name(),
                                        item.detail()))
                .toList();
    }

    /**
     * Checks everything. What fails is an item, not an exception; where the device cannot be used
     * at all that is the only item.
     */
    public List<Item> run() {
        List<Item> items = new ArrayList<>();
        narrator.accept("vectors on the CPU ...");
        SparseVector[] expected;
        try (SpladeEncoder cpu =
                SpladeEncoder.open(
                        model, options.toBuilder().device(Device.CPU).build(), progress)) {
            expected = vectors(cpu);
        }
        for (Precision precision : new Precision[] {Precision.FP32, Precision.FP16}) {
            String name = precision.name().toLowerCase(Locale.ROOT);
            narrator.accept(name + " on " + options.device() + " ...");
            try {
                vectors(items, precision, expected);
            } catch (RuntimeException e) {
                items.add(new Item(name, false, String.valueOf(e.getMessage())));
                return items;
            }
        }
        for (int tokens : isGpu() ? BATCH_TOKENS : EMULATED_BATCH_TOKENS) {
            narrator.accept("batches of " + tokens + " tokens ...");
            check(items, "fp16, " + tokens + " tokens", () -> rate(tokens));
        }
        return items;
    }

    private boolean isGpu() {
        return options.device().kind() != Device.Kind.CPU_EMULATION;
    }

    /** Something that is checked: its figures, or an exception. */
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
                        model, options.toBuilder().precision(precision).build(), progress)) {
            items.add(
                    new Item(
                            name + " opens",
                            true,
                            gpu.info().device() + "; " + gpu.info().graph()));
            SparseVector[] together = vectors(gpu);
            items.add(compared(name + " beside the CPU in fp32", expected, together, tolerance));
            SparseVector[] alone =
                    texts.stream()
                            .map(text -> gpu.encode(text, Role.DOCUMENT).vector())
                            .toArray(SparseVector[]::new);
            items.add(compared(name + " alone and in batches", alone, together, tolerance));
            items.add(compared(name + " a second time", together, vectors(gpu), tolerance));
            long empty = Arrays.stream(together).filter(vector -> vector.size() == 0).count();
            items.add(
                    new Item(
                            name + " has terms",
                            empty < together.length,
                            together.length - empty + " of " + together.length + " texts"));
        }
        check(
                items,
                name + " with little memory",
                () -> withLittleMemory(precision, expected, tolerance));
    }

    /** A batch that never fits, under a limit of memory: it is halved until its parts do. */
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
                        progress)) {
            Item same = compared("", expected, vectors(gpu), tolerance);
            int left = gpu.engine().limits().maxTokens();
            String detail =
                    same.detail()
                            + "; the budget of "
                            + budget
                            + " tokens became "
                            + left
                            + " in "
                            + (LITTLE_MEMORY >> 20)
                            + " MB";
            if (!same.good() || isGpu() && left == budget) {
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
                                progress);
                MicroBatcher batcher = new MicroBatcher(gpu)) {
            // enough that batches are full
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
                    "%.0f docs/s, %.0f texts a batch, %.1f %% padding",
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

    private static Item compared(
            String name, SparseVector[] expected, SparseVector[] found, double tolerance) {
        double worst = 0;
        double overlap = 0;
        for (int i = 0; i < expected.length; i++) {
            worst = Math.max(worst, Agreement.worst(expected[i], found[i]));
            overlap += Agreement.topOverlap(expected[i], found[i], 20);
        }
        return new Item(
                name,
                worst <= tolerance,
                String.format(
                        Locale.ROOT,
                        "greatest difference %.2g of %.2g allowed, 20 largest terms %.2f %% the same",
                        worst,
                        tolerance,
                        100 * overlap / expected.length));
    }
}

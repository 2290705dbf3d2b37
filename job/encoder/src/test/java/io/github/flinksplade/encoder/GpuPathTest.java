package io.github.flinksplade.encoder;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import io.github.flinksplade.vector.SparseVector;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Compares the graph, the padded batches and the outputs for GPUs, emulated on the CPU, with those
 * for CPUs.
 */
class GpuPathTest {

    private static final Device CPU_EMULATION = Device.parse("cpu-emulation");

    @TempDir Path directory;

    private SpladeEncoder open(Path model, Device device, Precision precision) {
        return open(model, device, precision, options -> options);
    }

    private SpladeEncoder open(
            Path model, Device device, Precision precision, UnaryOperator<EncoderOptions> change) {
        return SpladeEncoder.open(
                RandomMaskedLanguageModel.files(model),
                change.apply(
                        EncoderOptions.builder()
                                .device(device)
                                .precision(precision)
                                .documentTokens(30)
                                .queryTokens(7)
                                .batchTokens(1024)
                                .cacheDirectory(
                                        directory
                                                .resolve("cache-" + model.getFileName())
                                                .toString())
                                .build()));
    }

    private static double[] dense(SparseVector vector, int terms) {
        double[] dense = new double[terms];
        for (int i = 0; i < vector.size(); i++) {
            dense[vector.indices()[i]] = vector.values()[i];
        }
        return dense;
    }

    private static void assertClose(
            List<EncodedText> found, List<EncodedText> expected, double tolerance, int terms) {
        assertThat(found).hasSameSizeAs(expected);
        for (int i = 0; i < found.size(); i++) {
            assertThat(dense(found.get(i).vector(), terms))
                    .as("text " + i)
                    .containsExactly(dense(expected.get(i).vector(), terms), within(tolerance));
            assertThat(found.get(i).tokens()).isEqualTo(expected.get(i).tokens());
            assertThat(found.get(i).truncated()).isEqualTo(expected.get(i).truncated());
        }
    }

    @ParameterizedTest
    @EnumSource(FormulaTest.Form.class)
    void matchesTheCpu(FormulaTest.Form form) {
        Path model = form.change.apply(form.reference.get()).write(directory.resolve("model"));
        try (SpladeEncoder cpu = open(model, Device.CPU, Precision.FP32);
                SpladeEncoder gpu = open(model, CPU_EMULATION, Precision.FP32)) {
            assertThat(gpu.info().device()).isEqualTo("cpu-emulation");
            boolean isUnbatched = form.name().matches(".*(FIXED|PAIRS).*");
            assertThat(gpu.engine(Role.DOCUMENT).limits().maxDocuments() == 1)
                    .isEqualTo(isUnbatched);
            assertThat(gpu.engine(Role.DOCUMENT).limits().equalLengths())
                    .isEqualTo(isUnbatched || form == FormulaTest.Form.NO_MASK);
            boolean hasNoMask = form == FormulaTest.Form.NO_MASK;
            assertThat(gpu.info().graph().contains("fused attention")).isEqualTo(!hasNoMask);
            assertThat(gpu.info().graph().contains("terms selected"))
                    .isEqualTo(!form.name().contains("PAIRS"));
            for (Role role : Role.values()) {
                assertClose(
                        gpu.encode(FormulaTest.TEXTS, role),
                        cpu.encode(FormulaTest.TEXTS, role),
                        form.tolerance(),
                        cpu.info().vocabularySize());
            }
        }
    }

    @ParameterizedTest
    @EnumSource(PrecisionTest.Form.class)
    void fp16IsCloseToFp32(PrecisionTest.Form form) {
        Path model = form.model.get().write(directory.resolve("model"));
        for (Device device : List.of(Device.CPU, CPU_EMULATION)) {
            try (SpladeEncoder exact = open(model, Device.CPU, Precision.FP32);
                    SpladeEncoder half = open(model, device, Precision.FP16)) {
                assertThat(half.info().precision()).isEqualTo("fp16");
                assertThat(half.info().sha256()).isEqualTo(exact.info().sha256());
                assertClose(
                        half.encode(FormulaTest.TEXTS, Role.DOCUMENT),
                        exact.encode(FormulaTest.TEXTS, Role.DOCUMENT),
                        .02,
                        exact.info().vocabularySize());
            }
        }
    }

    /** One text of the batch has few terms, the other more than the graph selects. */
    @ParameterizedTest
    @EnumSource(names = {"FP32", "FP16"})
    void returnsAllTermsOfTextsWithMoreThanAreSelected(Precision precision) {
        Path model =
                new RandomMaskedLanguageModel()
                        .vocabulary(20_001)
                        .shift(4f)
                        .write(directory.resolve("model"));
        List<String> texts = List.of("", "w70 w71 w72 w73 w74 w75 w76 w77 w78 w79 ".repeat(3));
        try (SpladeEncoder cpu = open(model, Device.CPU, precision);
                SpladeEncoder gpu = open(model, CPU_EMULATION, precision)) {
            assertThat(gpu.info().graph()).contains("top 1024 terms selected");
            List<EncodedText> expected = cpu.encode(texts, Role.DOCUMENT);
            assertThat(expected.get(0).vector().size()).isBetween(1, 1024);
            assertThat(expected.get(1).vector().size()).isGreaterThan(1024);
            double tolerance = precision == Precision.FP32 ? 1e-4 : .02;
            assertClose(gpu.encode(texts, Role.DOCUMENT), expected, tolerance, 20_001);
        }
    }

    @Test
    void vectorsDoNotDependOnBatchOrPadding() {
        Path model =
                new RandomMaskedLanguageModel().vocabulary(9001).write(directory.resolve("model"));
        Random random = new Random(5);
        List<String> texts = new ArrayList<>();
        for (int i = 0; i < 300; i++) {
            StringBuilder text = new StringBuilder();
            for (int word = random.nextInt(40); word > 0; word--) {
                text.append('w').append(67 + random.nextInt(130)).append(' ');
            }
            texts.add(text.toString());
        }
        try (SpladeEncoder gpu =
                        open(
                                model,
                                CPU_EMULATION,
                                Precision.FP32,
                                o -> o.toBuilder().batchTokens(512).build());
                MicroBatcher batcher = new MicroBatcher(gpu)) {
            List<EncodedText> alone =
                    texts.stream().map(text -> gpu.encode(text, Role.DOCUMENT)).toList();
            assertClose(gpu.encode(texts, Role.DOCUMENT), alone, 1e-4, 9001);
            List<Integer> order = new ArrayList<>();
            for (int i = 0; i < texts.size(); i++) {
                order.add(i);
            }
            Collections.shuffle(order, random);
            List<CompletableFuture<EncodedText>> submitted =
                    order.stream().map(i -> batcher.submit(texts.get(i), Role.DOCUMENT)).toList();
            List<EncodedText> found = submitted.stream().map(CompletableFuture::join).toList();
            assertClose(found, order.stream().map(alone::get).toList(), 1e-4, 9001);
            assertThat(batcher.stats().paddedTokens()).isGreaterThan(batcher.stats().tokens());
            assertThat(batcher.stats().batches()).isLessThan(texts.size());
        }
    }

    @ParameterizedTest
    @ValueSource(floats = {Float.NaN, Float.POSITIVE_INFINITY})
    void nonFiniteValuesFailOnlyTheirText(float poison) {
        Path model =
                new RandomMaskedLanguageModel()
                        .vocabulary(9001)
                        .poison(poison)
                        .write(directory.resolve("model"));
        try (SpladeEncoder gpu = open(model, CPU_EMULATION, Precision.FP32);
                MicroBatcher batcher = new MicroBatcher(gpu)) {
            CompletableFuture<EncodedText> bad =
                    batcher.submit("hello poison world", Role.DOCUMENT);
            CompletableFuture<EncodedText> good = batcher.submit("hello world", Role.DOCUMENT);
            assertThat(good.join()).isEqualTo(gpu.encode("hello world", Role.DOCUMENT));
            assertThatThrownBy(bad::join).hasCauseInstanceOf(EncodingException.class);
        }
    }

    @Test
    void paddingIsLimitedToTheModelsMaxTokens() {
        Path model =
                new RandomMaskedLanguageModel().positions(29).write(directory.resolve("model"));
        try (SpladeEncoder cpu =
                        open(
                                model,
                                Device.CPU,
                                Precision.FP32,
                                o -> o.toBuilder().documentTokens(0).build());
                SpladeEncoder gpu =
                        open(
                                model,
                                CPU_EMULATION,
                                Precision.FP32,
                                o -> o.toBuilder().documentTokens(0).build())) {
            assertThat(gpu.info().documentTokens()).isEqualTo(29);
            assertClose(
                    gpu.encode(FormulaTest.TEXTS, Role.DOCUMENT),
                    cpu.encode(FormulaTest.TEXTS, Role.DOCUMENT),
                    1e-4,
                    203);
        }
    }

    @Test
    void rejectsUnavailableGpuWithAdvice() {
        Path model = new RandomMaskedLanguageModel().write(directory.resolve("model"));
        for (String name : List.of("cuda", "cuda:3", "tensorrt")) {
            assertThatThrownBy(() -> open(model, Device.parse(name), Precision.FP32))
                    .isInstanceOf(ModelException.class)
                    .hasMessageContaining("the device " + Device.parse(name) + " cannot be used")
                    .hasMessageContaining("--device cpu");
        }
        try (SpladeEncoder auto = open(model, Device.AUTO, Precision.FP32)) {
            assertThat(auto.info().device()).startsWith("cpu");
        }
        assertThatThrownBy(() -> open(model, CPU_EMULATION, Precision.INT8))
                .isInstanceOf(ModelException.class)
                .hasMessageContaining("--precision fp16");
    }

    @Test
    void parsesDevices() {
        assertThat(Device.parse("auto")).isEqualTo(Device.AUTO).hasToString("auto");
        assertThat(Device.parse("cpu")).isEqualTo(Device.CPU).hasToString("cpu");
        assertThat(Device.parse("cuda")).hasToString("cuda");
        assertThat(Device.parse("cuda").number()).isZero();
        assertThat(Device.parse("cuda:0")).hasToString("cuda:0");
        assertThat(Device.parse("tensorrt:2")).hasToString("tensorrt:2");
        assertThat(Device.parse("cuda").orNumber(1)).isEqualTo(Device.parse("cuda:1"));
        assertThat(Device.parse("cuda:2").orNumber(1)).isEqualTo(Device.parse("cuda:2"));
        assertThat(Device.AUTO.orNumber(1).number()).isEqualTo(1);
        assertThat(Device.CPU.orNumber(1)).isEqualTo(Device.CPU);
        for (String invalid : List.of("", "gpu", "cuda:", "cuda:-1", "cpu:1", "CUDA")) {
            assertThatThrownBy(() -> Device.parse(invalid))
                    .isInstanceOf(IllegalArgumentException.class)
                    .hasMessageContaining("'" + invalid + "'")
                    .hasMessageContaining("cuda:N");
        }
    }
}

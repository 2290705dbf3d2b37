package io.github.flinksplade.encoder;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.github.flinksplade.encoder.RandomMaskedLanguageModel.Decoder;
import io.github.flinksplade.encoder.RandomMaskedLanguageModel.Tail;
import io.github.flinksplade.vector.SparseVector;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import java.util.concurrent.CompletableFuture;
import java.util.function.Supplier;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

/** Properties of vectors in every precision, and the error of int8. */
class PrecisionTest {

    @TempDir Path directory;

    private SpladeEncoder open(Path model, Precision precision, int threads) {
        return SpladeEncoder.open(
                RandomMaskedLanguageModel.files(model),
                EncoderOptions.builder()
                        .precision(precision)
                        .threads(threads)
                        .cacheDirectory(directory.resolve("cache").toString())
                        .build());
    }

    /** Texts of every length, from empty to longer than the limit. */
    private static List<String> texts() {
        Random random = new Random(11);
        List<String> texts = new ArrayList<>();
        for (int length = 0; length < 70; length++) {
            for (int copy = 0; copy < 2; copy++) {
                StringBuilder text = new StringBuilder();
                for (int word = 0; word < length; word++) {
                    text.append('w').append(67 + random.nextInt(130)).append(' ');
                }
                texts.add(text.toString());
            }
        }
        return texts;
    }

    @ParameterizedTest
    @CsvSource({
        "FP32, 203, 1", "FP32, 203, 2", "FP32, 203, 5", "FP32, 9001, 2",
        "INT8, 203, 1", "INT8, 203, 2", "INT8, 203, 5", "INT8, 9001, 2"
    })
    void vectorsDependOnlyOnTheirText(Precision precision, int vocabulary, int threads) {
        Path model =
                new RandomMaskedLanguageModel()
                        .vocabulary(vocabulary)
                        .write(directory.resolve("model"));
        List<String> texts = texts();
        List<EncodedText> alone;
        try (SpladeEncoder encoder = open(model, precision, 1)) {
            alone = texts.stream().map(text -> encoder.encode(text, Role.DOCUMENT)).toList();
        }
        try (SpladeEncoder encoder = open(model, precision, threads);
                MicroBatcher batcher = new MicroBatcher(encoder)) {
            assertThat(encoder.encode(texts, Role.DOCUMENT)).isEqualTo(alone);
            List<Integer> order = new ArrayList<>();
            for (int repetition = 0; repetition < 3; repetition++) {
                for (int i = 0; i < texts.size(); i++) {
                    order.add(i);
                }
            }
            Collections.shuffle(order, new Random(12));
            List<CompletableFuture<EncodedText>> found =
                    order.stream().map(i -> batcher.submit(texts.get(i), Role.DOCUMENT)).toList();
            for (int i = 0; i < order.size(); i++) {
                assertThat(found.get(i).join()).isEqualTo(alone.get(order.get(i)));
            }
        }
    }

    /** The forms in which exporters write models; the weights are the same. */
    enum Form {
        MATRIX(() -> model()),
        OPSET_11(() -> model().opset(11)),
        OPSET_20(() -> model().opset(20)),
        TIED(() -> model().decoder(Decoder.TIED)),
        GEMM(() -> model().decoder(Decoder.GEMM)),
        NO_BIAS(() -> model().decoder(Decoder.NO_BIAS)),
        ROBERTA(() -> model().roberta()),
        EXTERNAL(() -> model().vocabulary(703).external()),
        BLOCKS(() -> model().vocabulary(9001)),
        BLOCKS_TIED(() -> model().vocabulary(9001).decoder(Decoder.TIED)),
        FIXED(() -> model().fixedTokens(30)),
        WEIGHTS(() -> model().tail(Tail.WEIGHTS)),
        PAIRS(() -> model().tail(Tail.PAIRS));

        final Supplier<RandomMaskedLanguageModel> model;

        Form(Supplier<RandomMaskedLanguageModel> model) {
            this.model = model;
        }

        private static RandomMaskedLanguageModel model() {
            return new RandomMaskedLanguageModel().seed(20261124);
        }
    }

    @ParameterizedTest
    @EnumSource
    void int8IsCloseToTheFormula(Form form) throws IOException {
        Path model = form.model.get().write(directory.resolve("model"));
        try (SpladeEncoder exact = open(model, Precision.FP32, 1);
                SpladeEncoder integer = open(model, Precision.INT8, 1)) {
            assertThat(exact.info().precision()).isEqualTo("fp32");
            assertThat(integer.info().precision()).isEqualTo("int8");
            assertThat(integer.info().sha256()).isEqualTo(exact.info().sha256());
            double error = 0;
            long terms = 0;
            for (String text : texts().subList(0, 60)) {
                SparseVector expected = exact.encode(text, Role.DOCUMENT).vector();
                SparseVector found = integer.encode(text, Role.DOCUMENT).vector();
                terms += expected.size();
                error += distance(expected, found);
                assertThat(found).isNotEqualTo(expected); // else nothing was quantized
            }
            // weights are around 1; 8 bits are coarse for such narrow layers
            assertThat(error / terms).as("mean error of a weight").isLessThan(.05);
        }
        try (Stream<Path> kept = Files.list(directory.resolve("cache/models"))) {
            assertThat(kept).hasSize(1);
        }
    }

    /** The sum of the absolute differences of all weights. */
    private static double distance(SparseVector one, SparseVector other) {
        double sum = 0;
        int i = 0;
        int j = 0;
        while (i < one.size() || j < other.size()) {
            int a = i < one.size() ? one.indices()[i] : Integer.MAX_VALUE;
            int b = j < other.size() ? other.indices()[j] : Integer.MAX_VALUE;
            float left = a <= b ? one.values()[i++] : 0;
            float right = b <= a ? other.values()[j++] : 0;
            sum += Math.abs(left - right);
        }
        return sum;
    }

    @Test
    void quantizedModelCanBeOpenedDirectly() {
        Path model = new RandomMaskedLanguageModel().write(directory.resolve("model"));
        Path quantized = directory.resolve("quantized");
        ModelStore.quantize(
                RandomMaskedLanguageModel.files(model),
                EncoderOptions.defaults(),
                quantized,
                Progress.SILENT);
        try (SpladeEncoder made = open(model, Precision.INT8, 1);
                SpladeEncoder named =
                        SpladeEncoder.open(quantized.toString(), EncoderOptions.defaults())) {
            assertThat(named.info().precision()).isEqualTo("int8");
            for (String text : texts().subList(0, 20)) {
                assertThat(named.encode(text, Role.DOCUMENT))
                        .isEqualTo(made.encode(text, Role.DOCUMENT));
            }
        }
    }

    @Test
    void rejectsModelWithoutFp32Weights() {
        Path model = new RandomMaskedLanguageModel().halfWeights().write(directory.resolve("half"));
        assertThatThrownBy(() -> open(model, Precision.INT8, 1))
                .isInstanceOf(ModelException.class)
                .hasMessageContaining("model.onnx has no matrix multiplications")
                .hasMessageContaining("without --precision int8");
    }

    /** Damaged weights would only change vectors, so they must be detected on opening. */
    @Test
    void recreatesDamagedOrTruncatedFile() throws IOException {
        Path model = new RandomMaskedLanguageModel().write(directory.resolve("model"));
        EncodedText expected;
        try (SpladeEncoder encoder = open(model, Precision.INT8, 1)) {
            expected = encoder.encode("w70 w71", Role.DOCUMENT);
        }
        Path kept;
        try (Stream<Path> files = Files.list(directory.resolve("cache/models"))) {
            kept = files.findFirst().orElseThrow();
        }
        assertThat(Files.getPosixFilePermissions(kept))
                .isEqualTo(
                        Files.getPosixFilePermissions(
                                Files.writeString(directory.resolve("plain"), "")));
        byte[] whole = Files.readAllBytes(kept);
        List<byte[]> damaged = new ArrayList<>();
        for (int at : new int[] {whole.length / 2, whole.length - 1, whole.length - 100}) {
            byte[] flipped = whole.clone();
            flipped[at] ^= 4;
            damaged.add(flipped);
        }
        for (int length : new int[] {0, 10, whole.length / 2, whole.length - 1}) {
            damaged.add(Arrays.copyOf(whole, length));
        }
        damaged.add(Arrays.copyOf(whole, whole.length + 1));
        ModelFiles files = RandomMaskedLanguageModel.files(model);
        EncoderOptions options =
                EncoderOptions.builder()
                        .precision(Precision.INT8)
                        .cacheDirectory(directory.resolve("cache").toString())
                        .build();
        for (byte[] content : damaged) {
            Files.write(kept, content);
            List<String> warnings = new ArrayList<>();
            Progress progress = new RecordedWarnings(warnings);
            assertThat(ModelStore.inPrecision(files, options, progress).graph()).isEqualTo(kept);
            assertThat(kept).hasBinaryContent(whole);
            assertThat(warnings)
                    .containsExactly(
                            kept + " is damaged and is created again from " + files.graph());
            warnings.clear();
            ModelStore.inPrecision(files, options, progress);
            assertThat(warnings).isEmpty();
        }
        try (SpladeEncoder encoder = open(model, Precision.INT8, 1)) {
            assertThat(encoder.encode("w70 w71", Role.DOCUMENT)).isEqualTo(expected);
        }
    }

    @Test
    void reportsCacheThatCannotBeWritten() throws IOException {
        Path model = new RandomMaskedLanguageModel().write(directory.resolve("model"));
        Files.writeString(directory.resolve("cache"), "a file");
        assertThatThrownBy(() -> open(model, Precision.INT8, 1))
                .isInstanceOf(ModelException.class)
                .hasMessageContaining("cannot be written")
                .hasMessageContaining("cache");
    }
}

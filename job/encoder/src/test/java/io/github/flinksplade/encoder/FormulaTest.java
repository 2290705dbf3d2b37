package io.github.flinksplade.encoder;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import ai.onnxruntime.NodeInfo;
import ai.onnxruntime.OnnxJavaType;
import ai.onnxruntime.OnnxTensor;
import ai.onnxruntime.OrtEnvironment;
import ai.onnxruntime.OrtException;
import ai.onnxruntime.OrtSession;
import ai.onnxruntime.TensorInfo;
import io.github.flinksplade.encoder.RandomMaskedLanguageModel.Decoder;
import io.github.flinksplade.encoder.RandomMaskedLanguageModel.Tail;
import io.github.flinksplade.vector.SparseVector;
import java.nio.FloatBuffer;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Supplier;
import java.util.function.UnaryOperator;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * Compares vectors with the formula in double arithmetic over the logits of the unchanged graph.
 */
class FormulaTest {

    static final List<String> TEXTS =
            List.of(
                    "hello world",
                    "",
                    "the house of hello [MASK] world a b c zz w80 w90",
                    "日本 é 😀 hello [SEP] world",
                    "w70 w71 w72 w73 w74 w75 w76 w77 w78 w79 ".repeat(20));

    /** The forms in which exporters write models. */
    enum Form {
        OPSET_11(() -> model().opset(11)),
        OPSET_12(() -> model().opset(12)),
        OPSET_13(() -> model().opset(13)),
        OPSET_17(() -> model().opset(17)),
        OPSET_18(() -> model().opset(18)),
        OPSET_20(() -> model().opset(20)),
        OTHER_OUTPUT_NAME(() -> model().logitsName("prediction_scores")),
        UNKNOWN_SHAPES(() -> model().withoutShapes()),
        TIED(() -> model().decoder(Decoder.TIED)),
        GEMM(() -> model().decoder(Decoder.GEMM)),
        NO_BIAS(() -> model().decoder(Decoder.NO_BIAS)),
        FUNCTION(() -> model().decoder(Decoder.FUNCTION)),
        DISTILBERT(() -> model().withoutSegments()),
        XLM_ROBERTA(() -> model().roberta()),
        XLM_ROBERTA_11(() -> model().roberta().opset(11)),
        XLM_ROBERTA_INT32(() -> model().roberta().int32Inputs()),
        BERT_NAMES(() -> model().bertNames()),
        INT32(() -> model().int32Inputs()),
        NO_MASK(() -> model().withoutMask()),
        POSITION_INPUT(() -> model().withPositionInput()),
        EXTERNAL(() -> model().vocabulary(703).external()),
        BLOCKS_11(() -> model().vocabulary(9001).opset(11)),
        BLOCKS(() -> model().vocabulary(9001)),
        BLOCKS_20(() -> model().vocabulary(9001).opset(20)),
        BLOCKS_TIED(() -> model().vocabulary(9001).decoder(Decoder.TIED)),
        BLOCKS_NO_BIAS(() -> model().vocabulary(9001).decoder(Decoder.NO_BIAS)),
        BLOCKS_EXTERNAL(() -> model().vocabulary(9001).external()),
        BLOCKS_FIXED(() -> model().vocabulary(9001), model -> model.fixedTokens(30)),
        LARGE_IN_FILE(() -> model().vocabulary(703)),
        PADDED_VOCABULARY(() -> model().columns(256)),
        PADDED_TO_A_HUNDRED(() -> model().columns(300)),
        WEIGHTS(() -> model(), model -> model.tail(Tail.WEIGHTS)),
        WEIGHTS_11(() -> model().opset(11), model -> model.tail(Tail.WEIGHTS)),
        WEIGHTS_20(() -> model().opset(20), model -> model.tail(Tail.WEIGHTS)),
        WEIGHTS_FIXED(() -> model(), model -> model.tail(Tail.WEIGHTS).fixedTokens(30)),
        PAIRS(() -> model(), model -> model.tail(Tail.PAIRS)),
        PAIRS_FIXED(() -> model(), model -> model.tail(Tail.PAIRS).fixedTokens(30)),
        FIXED(() -> model(), model -> model.fixedTokens(30)),
        FIXED_11(() -> model().opset(11), model -> model.fixedTokens(30)),
        FIXED_20(() -> model().opset(20), model -> model.fixedTokens(30)),
        FIXED_GEMM(() -> model().decoder(Decoder.GEMM), model -> model.fixedTokens(30)),
        FIXED_TIED(() -> model().decoder(Decoder.TIED), model -> model.fixedTokens(30)),
        FIXED_ROBERTA(() -> model().roberta(), model -> model.fixedTokens(30)),
        HALF_LOGITS(() -> model().halfLogits()),
        HALF_LOGITS_20(() -> model().halfLogits().opset(20)),
        HALF_WEIGHTS(() -> model().halfWeights()),
        HALF_WEIGHTS_BLOCKS(() -> model().halfWeights().vocabulary(9001)),
        HALF_LOGITS_BLOCKS(() -> model().halfLogits().vocabulary(9001)),
        HALF_WEIGHTS_LARGE(() -> model().halfWeights().vocabulary(1703));

        final Supplier<RandomMaskedLanguageModel> reference;
        final UnaryOperator<RandomMaskedLanguageModel> change;

        Form(Supplier<RandomMaskedLanguageModel> reference) {
            this(reference, model -> model);
        }

        /**
         * A form without logits, or with a fixed length, is compared with a reference that has
         * them.
         */
        Form(
                Supplier<RandomMaskedLanguageModel> reference,
                UnaryOperator<RandomMaskedLanguageModel> change) {
            this.reference = reference;
            this.change = change;
        }

        static RandomMaskedLanguageModel model() {
            return new RandomMaskedLanguageModel().seed(20261124);
        }

        double tolerance() {
            return name().startsWith("HALF") ? 2e-2 : 1e-4;
        }
    }

    @TempDir Path directory;

    @ParameterizedTest
    @EnumSource
    void matchesTheFormula(Form form) throws OrtException {
        Path reference = form.reference.get().write(directory.resolve("reference"));
        Path model = form.change.apply(form.reference.get()).write(directory.resolve("model"));
        EncoderOptions options = EncoderOptions.builder().documentTokens(30).queryTokens(7).build();
        try (SpladeEncoder encoder =
                        SpladeEncoder.open(RandomMaskedLanguageModel.files(model), options);
                OrtSession session =
                        OrtEnvironment.getEnvironment()
                                .createSession(reference.resolve("model.onnx").toString())) {
            int nonZero = 0;
            for (Role role : Role.values()) {
                List<EncodedText> together = encoder.encode(TEXTS, role);
                for (int i = 0; i < TEXTS.size(); i++) {
                    int[] ids = encoder.tokenizer().tokenize(TEXTS.get(i), role).ids();
                    double[] expected = weights(session, ids, encoder.info().vocabularySize());
                    double[] found =
                            dense(together.get(i).vector(), encoder.info().vocabularySize());
                    assertThat(found)
                            .as(TEXTS.get(i))
                            .containsExactly(expected, within(form.tolerance()));
                    nonZero += together.get(i).vector().size();
                    // bit-identical, whatever it was batched with
                    assertThat(encoder.encode(TEXTS.get(i), role)).isEqualTo(together.get(i));
                }
            }
            // else nothing was compared
            assertThat(nonZero).isGreaterThan(300);
            assertThat(encoder.info().precision())
                    .isEqualTo(form.name().startsWith("HALF_WEIGHTS") ? "fp16" : "fp32");
        }
    }

    @Test
    void keepsAnotherFormulaOfTheGraph() throws OrtException {
        Path plain = new RandomMaskedLanguageModel().write(directory.resolve("plain"));
        Path summed =
                new RandomMaskedLanguageModel()
                        .tail(Tail.SUMMED_WEIGHTS)
                        .write(directory.resolve("summed"));
        try (SpladeEncoder encoder =
                        SpladeEncoder.open(
                                RandomMaskedLanguageModel.files(summed),
                                EncoderOptions.defaults());
                OrtSession session =
                        OrtEnvironment.getEnvironment()
                                .createSession(plain.resolve("model.onnx").toString())) {
            int[] ids = encoder.tokenizer().tokenize(TEXTS.get(2), Role.DOCUMENT).ids();
            double[][] logits = logits(session, ids);
            double[] expected = new double[encoder.info().vocabularySize()];
            for (double[] position : logits) {
                for (int term = 0; term < expected.length; term++) {
                    expected[term] += Math.log1p(Math.max(0, position[term]));
                }
            }
            assertThat(dense(encoder.encode(TEXTS.get(2), Role.DOCUMENT).vector(), expected.length))
                    .containsExactly(expected, within(1e-4));
        }
    }

    @Test
    void paddingDoesNotChangeVectors() {
        RandomMaskedLanguageModel model = Form.model();
        Path free = model.write(directory.resolve("free"));
        Path fixed = Form.model().fixedTokens(60).write(directory.resolve("fixed"));
        EncoderOptions options = EncoderOptions.builder().documentTokens(60).build();
        try (SpladeEncoder one =
                        SpladeEncoder.open(RandomMaskedLanguageModel.files(free), options);
                SpladeEncoder other =
                        SpladeEncoder.open(RandomMaskedLanguageModel.files(fixed), options)) {
            for (String text : TEXTS) {
                assertThat(dense(other.encode(text, Role.DOCUMENT).vector(), 203))
                        .containsExactly(
                                dense(one.encode(text, Role.DOCUMENT).vector(), 203), within(1e-5));
            }
        }
    }

    private static double[] weights(OrtSession session, int[] ids, int terms) throws OrtException {
        double[] weights = new double[terms];
        for (double[] position : logits(session, ids)) {
            for (int term = 0; term < terms; term++) {
                weights[term] = Math.max(weights[term], Math.log1p(Math.max(0, position[term])));
            }
        }
        return weights;
    }

    /** The logits of the unchanged graph for each token. */
    private static double[][] logits(OrtSession session, int[] ids) throws OrtException {
        OrtEnvironment environment = OrtEnvironment.getEnvironment();
        Map<String, OnnxTensor> inputs = new HashMap<>();
        for (Map.Entry<String, NodeInfo> input : session.getInputInfo().entrySet()) {
            long[] values = new long[ids.length];
            for (int i = 0; i < ids.length; i++) {
                values[i] =
                        switch (input.getKey()) {
                            case "input_ids" -> ids[i];
                            case "attention_mask", "input_mask" -> 1;
                            case "position_ids" -> i;
                            default -> 0;
                        };
            }
            boolean isInt64 = ((TensorInfo) input.getValue().getInfo()).type == OnnxJavaType.INT64;
            inputs.put(
                    input.getKey(),
                    isInt64
                            ? OnnxTensor.createTensor(environment, new long[][] {values})
                            : OnnxTensor.createTensor(
                                    environment,
                                    new int[][] {
                                        Arrays.stream(values).mapToInt(Math::toIntExact).toArray()
                                    }));
        }
        try (OrtSession.Result result = session.run(inputs)) {
            OnnxTensor tensor = (OnnxTensor) result.get(0);
            long[] shape = tensor.getInfo().getShape();
            assertThat(shape).hasSize(3).startsWith(1, ids.length);
            FloatBuffer numbers = tensor.getFloatBuffer();
            List<double[]> logits = new ArrayList<>();
            for (int i = 0; i < ids.length; i++) {
                double[] position = new double[(int) shape[2]];
                for (int term = 0; term < position.length; term++) {
                    position[term] = numbers.get();
                }
                logits.add(position);
            }
            return logits.toArray(double[][]::new);
        } finally {
            inputs.values().forEach(OnnxTensor::close);
        }
    }

    private static double[] dense(SparseVector vector, int terms) {
        double[] dense = new double[terms];
        for (int i = 0; i < vector.size(); i++) {
            dense[vector.indices()[i]] = vector.values()[i];
        }
        return dense;
    }
}

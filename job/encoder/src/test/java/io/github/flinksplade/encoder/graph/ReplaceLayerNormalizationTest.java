package io.github.flinksplade.encoder.graph;

import static org.assertj.core.api.Assertions.assertThat;

import ai.onnx.proto.OnnxMl.ModelProto;
import io.github.flinksplade.encoder.RandomMaskedLanguageModel;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Checks which nodes are replaced; {@code FormulaTest} checks the results. */
class ReplaceLayerNormalizationTest {

    /** After the embeddings, two in each of two layers, and in the head. */
    private static final long NORMALIZATIONS = 6;

    private static final long WIDTH = 32;

    @TempDir Path directory;

    private ModelProto tuned(OnnxFile file, long width) {
        return ReplaceLayerNormalization.apply(
                new GraphIndex(file.model()), file::data, "input_ids", width);
    }

    private OnnxFile model(int opset) {
        return OnnxFile.read(
                new RandomMaskedLanguageModel()
                        .opset(opset)
                        .write(directory)
                        .resolve("model.onnx"));
    }

    private static long count(ModelProto model, String operator) {
        return model.getGraph().getNodeList().stream()
                .filter(node -> node.getOpType().equals(operator))
                .count();
    }

    @ParameterizedTest
    @ValueSource(ints = {11, 13, 17, 18, 20})
    void replacesSeparateOperators(int opset) {
        OnnxFile file = model(opset);
        assertThat(count(file.model(), "ReduceMean")).isEqualTo(2 * NORMALIZATIONS);
        ModelProto tuned = tuned(file, WIDTH);
        assertThat(count(tuned, "InstanceNormalization")).isEqualTo(NORMALIZATIONS);
        assertThat(count(tuned, "ReduceMean")).isZero();
    }

    @Test
    void keepsNormalizationsOfAnotherWidth() {
        OnnxFile file = model(17);
        assertThat(tuned(file, 2 * WIDTH)).isSameAs(file.model());
    }
}

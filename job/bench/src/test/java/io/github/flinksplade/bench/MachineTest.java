package io.github.flinksplade.bench;

import static org.assertj.core.api.Assertions.assertThat;

import ai.onnx.proto.OnnxMl.TensorProto.DataType;
import ai.onnxruntime.OrtException;
import ai.onnxruntime.OrtSession;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class MachineTest {

    /** What a GPU's rate is measured with runs at least on a CPU. */
    @ParameterizedTest
    @EnumSource(names = {"FLOAT", "FLOAT16"})
    void aChainOfProductsHasARate(DataType type) throws OrtException {
        try (OrtSession.SessionOptions options = new OrtSession.SessionOptions()) {
            assertThat(Machine.chainRate(options, type, 64, 3)).isPositive();
        }
    }
}

package io.github.flinksplade.bench;

import static org.assertj.core.api.Assertions.assertThat;

import ai.onnx.proto.OnnxMl.TensorProto.DataType;
import ai.onnxruntime.OnnxJavaType;
import ai.onnxruntime.OnnxTensor;
import ai.onnxruntime.OrtEnvironment;
import ai.onnxruntime.OrtException;
import ai.onnxruntime.OrtSession;
import java.util.Map;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class MachineTest {

    /** Results that underflow or overflow would be multiplied faster than real ones. */
    @ParameterizedTest
    @EnumSource(names = {"FLOAT", "FLOAT16"})
    void chainKeepsTheMagnitudeOfItsNumbers(DataType type) throws OrtException {
        OrtEnvironment environment = ReferenceImplementation.environment();
        try (OrtSession session = environment.createSession(Machine.chain(type, 64, 8));
                OnnxTensor input =
                        OnnxTensor.createTensor(
                                environment,
                                Machine.chainInput(64),
                                new long[] {1, 64},
                                OnnxJavaType.FLOAT);
                OrtSession.Result result = session.run(Map.of("x", input))) {
            assertThat(((OnnxTensor) result.get("y").orElseThrow()).getFloatBuffer().get(0))
                    .isBetween(.1f, 10f);
        }
    }

    /** The graph that measures the rate of a GPU also runs on a CPU. */
    @ParameterizedTest
    @EnumSource(names = {"FLOAT", "FLOAT16"})
    void measuresTheRateOfAChain(DataType type) throws OrtException {
        try (OrtSession.SessionOptions options = new OrtSession.SessionOptions()) {
            assertThat(Machine.chainRate(options, type, 64, 3)).isPositive();
        }
    }
}

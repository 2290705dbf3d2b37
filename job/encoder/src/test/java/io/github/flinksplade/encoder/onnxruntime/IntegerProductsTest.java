package io.github.flinksplade.encoder.onnxruntime;

import static org.assertj.core.api.Assertions.assertThat;

import ai.onnx.proto.OnnxMl.GraphProto;
import ai.onnx.proto.OnnxMl.ModelProto;
import ai.onnx.proto.OnnxMl.NodeProto;
import ai.onnx.proto.OnnxMl.OperatorSetIdProto;
import ai.onnx.proto.OnnxMl.TensorProto;
import ai.onnx.proto.OnnxMl.TensorProto.DataType;
import ai.onnxruntime.OnnxTensor;
import ai.onnxruntime.OrtException;
import ai.onnxruntime.OrtSession;
import com.google.protobuf.ByteString;
import io.github.flinksplade.encoder.graph.GraphBuilder;
import io.github.flinksplade.encoder.graph.GraphIndex;
import io.github.flinksplade.encoder.graph.OnnxFile;
import io.github.flinksplade.encoder.graph.QuantizeToInt8;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/**
 * Products of uint8 and int8 must be exact on every processor. On x86 without VNNI they saturate
 * unless ONNX Runtime is told to avoid it.
 */
class IntegerProductsTest {

    private static final int ROWS = 7;
    private static final int IN = 96;
    private static final int OUT = 50;
    private static final int INPUT_ZERO = 128;

    @TempDir Path directory;

    /** The operators that multiply integers, with some or all of their optional inputs. */
    @ParameterizedTest
    @CsvSource({
        "MatMulInteger, 2",
        "MatMulInteger, 3",
        "MatMulInteger, 4",
        "MatMulIntegerToFloat, 4",
        "MatMulIntegerToFloat, 5",
        "MatMulIntegerToFloat, 6",
        "MatMulIntegerToFloat, 7",
        "DynamicQuantizeMatMul, 3",
        "DynamicQuantizeMatMul, 4"
    })
    void areExact(String operator, int inputs) throws IOException, OrtException {
        Random random = new Random(20261127);
        byte[] weights = new byte[IN * OUT];
        float[][] input = new float[ROWS][IN];
        for (int i = 0; i < weights.length; i++) {
            weights[i] = (byte) (random.nextBoolean() ? 127 : random.nextInt(255) - 127);
        }
        for (float[] row : input) {
            for (int i = 0; i < IN; i++) {
                row[i] = random.nextBoolean() ? 255 : random.nextInt(256);
            }
            row[0] = 0;
        }
        int zero =
                operator.startsWith("Dynamic") || inputs < inputsWithZero(operator)
                        ? 0
                        : INPUT_ZERO;
        Path file = directory.resolve("model.onnx");
        Files.write(file, model(operator, inputs, weights).toByteArray());
        OnnxFile model = OnnxFile.read(file);
        float[][] found = run(model, model.model(), input);
        for (int row = 0; row < ROWS; row++) {
            assertThat(found[row]).isEqualTo(product(input[row], zero, weights));
        }
    }

    /** Rows whose values are equal or have one sign, with a range per token. */
    @Test
    void rangesOfTokensContainZero() throws IOException, OrtException {
        byte[] weights = new byte[IN * OUT];
        new Random(20261127).nextBytes(weights);
        float[] floats = new float[weights.length];
        for (int i = 0; i < weights.length; i++) {
            // the first row makes every scale 1
            weights[i] = i < OUT ? 127 : (byte) Math.max(-127, weights[i]);
            floats[i] = weights[i];
        }
        float[][] input = new float[4][IN];
        Arrays.fill(input[1], 254);
        Arrays.fill(input[2], -254);
        for (int i = 0; i < IN; i++) {
            input[3][i] = 254 - 2 * i;
        }
        ModelProto product = floatModel(floats);
        Path file = directory.resolve("model.onnx");
        Files.write(file, product.toByteArray());
        OnnxFile model = OnnxFile.read(file);
        ModelProto quantized =
                QuantizeToInt8.apply(new GraphIndex(model.model()), model::data).orElseThrow();
        assertThat(run(model, quantized, input))
                .isDeepEqualTo(
                        Arrays.stream(input)
                                .map(row -> product(row, 0, weights))
                                .toArray(float[][]::new));
    }

    private static ModelProto floatModel(float[] weights) {
        return ModelProto.newBuilder()
                .setIrVersion(8)
                .addOpsetImport(OperatorSetIdProto.newBuilder().setVersion(17))
                .setGraph(
                        GraphProto.newBuilder()
                                .setName("product")
                                .addInput(GraphBuilder.value("x", DataType.FLOAT, "rows", IN))
                                .addOutput(GraphBuilder.value("y", DataType.FLOAT, "rows", OUT))
                                .addInitializer(GraphBuilder.floats("w", weights, IN, OUT))
                                .addNode(
                                        NodeProto.newBuilder()
                                                .setOpType("MatMul")
                                                .addInput("x")
                                                .addInput("w")
                                                .addOutput("y")))
                .build();
    }

    private static float[][] run(OnnxFile file, ModelProto model, float[][] input)
            throws OrtException {
        try (OnnxSession session = OnnxSession.open(file, model);
                OnnxTensor tensor = OnnxTensor.createTensor(session.environment(), input);
                OrtSession.Result result = session.session().run(Map.of("x", tensor))) {
            return (float[][]) result.get(0).getValue();
        }
    }

    private static int inputsWithZero(String operator) {
        return operator.equals("MatMulInteger") ? 3 : 5;
    }

    private static float[] product(float[] row, int zero, byte[] weights) {
        float[] product = new float[OUT];
        for (int column = 0; column < OUT; column++) {
            long sum = 0;
            for (int i = 0; i < IN; i++) {
                sum += ((long) row[i] - zero) * weights[i * OUT + column];
            }
            product[column] = sum;
        }
        return product;
    }

    /** A graph that multiplies x [rows, IN], with values of 0..255, by the weights. */
    private static ModelProto model(String operator, int inputs, byte[] weights) {
        boolean floats = operator.startsWith("Dynamic");
        List<String> names =
                switch (operator) {
                    case "MatMulInteger" -> List.of("integers", "w", "zero", "w-zero");
                    case "MatMulIntegerToFloat" ->
                            List.of("integers", "w", "one", "ones", "zero", "w-zero", "bias");
                    default -> List.of("x", "w", "ones", "w-zero");
                };
        float[] ones = new float[OUT];
        Arrays.fill(ones, 1);
        List<NodeProto> nodes = new ArrayList<>();
        if (!floats) {
            nodes.add(
                    NodeProto.newBuilder()
                            .setOpType("Cast")
                            .addInput("x")
                            .addOutput("integers")
                            .addAttribute(GraphBuilder.attribute("to", DataType.UINT8.getNumber()))
                            .build());
        }
        nodes.add(
                NodeProto.newBuilder()
                        .setOpType(operator)
                        .setDomain(operator.equals("MatMulInteger") ? "" : "com.microsoft")
                        .addAllInput(names.subList(0, inputs))
                        .addOutput("product")
                        .build());
        nodes.add(
                NodeProto.newBuilder()
                        .setOpType("Cast")
                        .addInput("product")
                        .addOutput("y")
                        .addAttribute(GraphBuilder.attribute("to", DataType.FLOAT.getNumber()))
                        .build());
        return ModelProto.newBuilder()
                .setIrVersion(8)
                .addOpsetImport(OperatorSetIdProto.newBuilder().setVersion(17))
                .addOpsetImport(
                        OperatorSetIdProto.newBuilder().setDomain("com.microsoft").setVersion(1))
                .setGraph(
                        GraphProto.newBuilder()
                                .setName("product")
                                .addInput(GraphBuilder.value("x", DataType.FLOAT, "rows", IN))
                                .addOutput(GraphBuilder.value("y", DataType.FLOAT, "rows", OUT))
                                .addInitializer(bytes("w", DataType.INT8, weights, IN, OUT))
                                .addInitializer(
                                        bytes(
                                                "zero",
                                                DataType.UINT8,
                                                new byte[] {(byte) INPUT_ZERO}))
                                .addInitializer(bytes("w-zero", DataType.INT8, new byte[1]))
                                .addInitializer(GraphBuilder.float32("one", 1))
                                .addInitializer(GraphBuilder.floats("ones", ones, OUT))
                                .addInitializer(GraphBuilder.floats("bias", new float[OUT], OUT))
                                .addAllNode(nodes))
                .build();
    }

    private static TensorProto bytes(String name, DataType type, byte[] values, long... shape) {
        TensorProto.Builder tensor =
                TensorProto.newBuilder()
                        .setName(name)
                        .setDataType(type.getNumber())
                        .setRawData(ByteString.copyFrom(values));
        for (long size : shape) {
            tensor.addDims(size);
        }
        return tensor.build();
    }
}

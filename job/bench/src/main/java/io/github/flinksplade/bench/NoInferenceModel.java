package io.github.flinksplade.bench;

import ai.onnx.proto.OnnxMl.AttributeProto;
import ai.onnx.proto.OnnxMl.GraphProto;
import ai.onnx.proto.OnnxMl.ModelProto;
import ai.onnx.proto.OnnxMl.NodeProto;
import ai.onnx.proto.OnnxMl.OperatorSetIdProto;
import ai.onnx.proto.OnnxMl.TensorProto;
import ai.onnx.proto.OnnxMl.TensorProto.DataType;
import ai.onnx.proto.OnnxMl.TensorShapeProto;
import ai.onnx.proto.OnnxMl.TensorShapeProto.Dimension;
import ai.onnx.proto.OnnxMl.TypeProto;
import ai.onnx.proto.OnnxMl.ValueInfoProto;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;

/**
 * Writes a graph that computes {@value #TERMS} terms and weights from the token ids of a text at
 * almost no cost, to measure everything but inference. Terms and weights depend on the ids, so that
 * different texts have different vectors. The terms are in BERT's vocabulary.
 */
public final class NoInferenceModel {

    static final String LABEL = "no-inference";

    /** The reference of the model. */
    public static final String REFERENCE = "synthetic:" + LABEL;

    /** Terms of each vector. */
    public static final int TERMS = 120;

    /** The distance between terms; the last term is at most 30,479, of 30,522. */
    private static final int STRIDE = 254;

    private NoInferenceModel() {}

    /** Writes model.onnx. */
    static void write(Path directory) throws IOException {
        try (OutputStream out = Files.newOutputStream(directory.resolve("model.onnx"))) {
            model().writeTo(out);
        }
    }

    private static ModelProto model() {
        TensorProto.Builder terms = tensor("terms", DataType.INT64).addDims(TERMS);
        TensorProto.Builder weights = tensor("weights", DataType.FLOAT).addDims(TERMS);
        for (int i = 0; i < TERMS; i++) {
            terms.addInt64Data((long) i * STRIDE);
            // decreasing from 2.9, distributed like real weights
            weights.addFloatData((float) (2.9 * Math.exp(-i / 40.0)));
        }
        GraphProto.Builder graph =
                GraphProto.newBuilder()
                        .setName(LABEL)
                        .addInput(ids())
                        .addInitializer(terms)
                        .addInitializer(weights)
                        .addInitializer(
                                tensor("stride", DataType.INT64).addInt64Data(STRIDE).build())
                        .addInitializer(
                                tensor("scale", DataType.FLOAT).addFloatData(1f / 1024).build())
                        .addInitializer(tensor("one", DataType.FLOAT).addFloatData(1).build())
                        .addNode(
                                node("ReduceSum", "sum", "input_ids")
                                        .addAttribute(integer("keepdims", 0)))
                        .addNode(node("Mod", "rest", "sum", "stride"))
                        .addNode(node("Add", "output_idx", "terms", "rest"))
                        .addNode(
                                node("Cast", "real", "rest")
                                        .addAttribute(integer("to", DataType.FLOAT.getNumber())))
                        .addNode(node("Mul", "little", "real", "scale"))
                        .addNode(node("Add", "factor", "little", "one"))
                        .addNode(node("Mul", "output_weights", "weights", "factor"))
                        .addOutput(output("output_idx", DataType.INT64))
                        .addOutput(output("output_weights", DataType.FLOAT));
        return ModelProto.newBuilder()
                .setIrVersion(8)
                .setProducerName("flink-splade")
                .addOpsetImport(OperatorSetIdProto.newBuilder().setDomain("").setVersion(17))
                .setGraph(graph)
                .build();
    }

    private static TensorProto.Builder tensor(String name, DataType type) {
        return TensorProto.newBuilder().setName(name).setDataType(type.getNumber());
    }

    private static NodeProto.Builder node(String operator, String output, String... inputs) {
        return NodeProto.newBuilder()
                .setOpType(operator)
                .setName(output)
                .addAllInput(List.of(inputs))
                .addOutput(output);
    }

    private static AttributeProto integer(String name, long value) {
        return AttributeProto.newBuilder()
                .setName(name)
                .setType(AttributeProto.AttributeType.INT)
                .setI(value)
                .build();
    }

    private static ValueInfoProto ids() {
        return value(
                "input_ids",
                DataType.INT64,
                Dimension.newBuilder().setDimParam("batch").build(),
                Dimension.newBuilder().setDimParam("sequence").build());
    }

    private static ValueInfoProto output(String name, DataType type) {
        return value(name, type, Dimension.newBuilder().setDimValue(TERMS).build());
    }

    private static ValueInfoProto value(String name, DataType type, Dimension... dimensions) {
        return ValueInfoProto.newBuilder()
                .setName(name)
                .setType(
                        TypeProto.newBuilder()
                                .setTensorType(
                                        TypeProto.Tensor.newBuilder()
                                                .setElemType(type.getNumber())
                                                .setShape(
                                                        TensorShapeProto.newBuilder()
                                                                .addAllDim(List.of(dimensions)))))
                .build();
    }
}

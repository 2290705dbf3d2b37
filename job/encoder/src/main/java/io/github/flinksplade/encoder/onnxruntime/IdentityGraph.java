package io.github.flinksplade.encoder.onnxruntime;

import ai.onnx.proto.OnnxMl.GraphProto;
import ai.onnx.proto.OnnxMl.ModelProto;
import ai.onnx.proto.OnnxMl.OperatorSetIdProto;
import ai.onnx.proto.OnnxMl.TensorProto.DataType;
import io.github.flinksplade.encoder.graph.GraphBuilder;
import java.util.List;

/** The smallest graph: its output is its input. */
final class IdentityGraph {

    private static final int OPERATOR_SET = 17;

    private IdentityGraph() {}

    static byte[] bytes() {
        GraphBuilder builder = new GraphBuilder("", OPERATOR_SET);
        builder.namedNode("y", "Identity", List.of("x"));
        return ModelProto.newBuilder()
                .setIrVersion(8)
                .addOpsetImport(OperatorSetIdProto.newBuilder().setVersion(OPERATOR_SET))
                .setGraph(
                        GraphProto.newBuilder()
                                .setName("identity")
                                .addInput(GraphBuilder.value("x", DataType.FLOAT, 1))
                                .addOutput(GraphBuilder.value("y", DataType.FLOAT, 1))
                                .addAllNode(builder.nodes()))
                .build()
                .toByteArray();
    }
}

package io.github.flinksplade.encoder.graph;

import ai.onnx.proto.OnnxMl.GraphProto;
import ai.onnx.proto.OnnxMl.ModelProto;
import ai.onnx.proto.OnnxMl.NodeProto;
import ai.onnx.proto.OnnxMl.TensorProto;
import ai.onnx.proto.OnnxMl.TensorProto.DataType;
import com.google.protobuf.ByteString;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/**
 * States the zero point of 8-bit weights where a graph omits it, which means 0.
 *
 * <p>Without VNNI, x86 processors add two products of uint8 and int8 in 16 bits, where they
 * saturate. ONNX Runtime therefore multiplies with uint8 weights if the option {@code
 * session.x64quantprecision} is set, but (up to 1.29 at least) only those whose zero point is an
 * input of the node. For an omitted one it aborts the process (MatMulInteger,
 * DynamicQuantizeMatMul) or leaves the node as it is (MatMulIntegerToFloat).
 */
public final class WeightZeroPoints {

    private static final String NAME = "zero-point/";
    private static final int WEIGHT = 1;

    /** The position of the weights' zero point in the inputs of each operator. */
    private static final Map<String, Integer> ZERO_POINTS =
            Map.of(
                    "MatMulInteger", 3,
                    "MatMulIntegerToFloat", 5,
                    "DynamicQuantizeMatMul", 3,
                    "QAttention", 7);

    private static final Set<Integer> TYPES =
            Set.of(DataType.INT8.getNumber(), DataType.UINT8.getNumber());

    private WeightZeroPoints() {}

    /** Returns the graph with all zero points, or the same model if none is omitted. */
    public static ModelProto apply(ModelProto model) {
        GraphIndex index = new GraphIndex(model);
        GraphProto.Builder graph = model.getGraph().toBuilder().clearNode();
        boolean changed = false;
        for (NodeProto node : model.getGraph().getNodeList()) {
            Integer position = ZERO_POINTS.get(node.getOpType());
            Optional<Integer> type =
                    position == null || isPresent(node, position)
                            ? Optional.empty()
                            : index.constantType(node.getInput(WEIGHT)).filter(TYPES::contains);
            if (type.isEmpty()) {
                graph.addNode(node);
                continue;
            }
            // an initializer for each node: ONNX Runtime replaces it together with the weights
            String zero = NAME + node.getOutput(0);
            graph.addInitializer(
                    TensorProto.newBuilder()
                            .setName(zero)
                            .setDataType(type.get())
                            .setRawData(ByteString.copyFrom(new byte[1])));
            graph.addNode(with(node, position, zero));
            changed = true;
        }
        return changed ? model.toBuilder().setGraph(graph).build() : model;
    }

    private static boolean isPresent(NodeProto node, int position) {
        return node.getInputCount() > position && !node.getInput(position).isEmpty();
    }

    private static NodeProto with(NodeProto node, int position, String input) {
        NodeProto.Builder complete = node.toBuilder();
        while (complete.getInputCount() <= position) {
            complete.addInput("");
        }
        return complete.setInput(position, input).build();
    }
}

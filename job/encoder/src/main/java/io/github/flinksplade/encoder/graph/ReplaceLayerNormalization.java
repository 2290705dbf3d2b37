package io.github.flinksplade.encoder.graph;

import ai.onnx.proto.OnnxMl.AttributeProto;
import ai.onnx.proto.OnnxMl.GraphProto;
import ai.onnx.proto.OnnxMl.ModelProto;
import ai.onnx.proto.OnnxMl.NodeProto;
import ai.onnx.proto.OnnxMl.TensorProto;
import ai.onnx.proto.OnnxMl.TensorProto.DataType;
import java.nio.ByteBuffer;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Function;

/**
 * Says in other operators what ONNX Runtime's CPU kernels are slow at. Layer normalisation, whole
 * or in the parts that older exports write it in, is a loop over single numbers there; instance
 * normalisation is the same arithmetic with vector instructions, if each token is taken for a
 * channel.
 */
public final class ReplaceLayerNormalization {

    private static final String PREFIX = "cpu/";

    /**
     * Rows of whole vectors, so that a number is computed in the same way in whatever row it is.
     */
    private static final int VECTOR = 16;

    private final GraphIndex index;
    private final Function<TensorProto, ByteBuffer> data;
    private final String ids;
    private final long width;
    private final Map<String, LayerNormalizationMatcher.Found> byOutput = new HashMap<>();
    private final NewNodes added = new NewNodes(PREFIX);
    private String gains;
    private String shifts;

    private ReplaceLayerNormalization(
            GraphIndex index, Function<TensorProto, ByteBuffer> data, String ids, long width) {
        this.index = index;
        this.data = data;
        this.ids = ids;
        this.width = width;
    }

    /**
     * The graph with what was found said otherwise.
     *
     * @param data gives the bytes of a weight
     * @param ids name of the input [batch, tokens] that has the token ids
     * @param width size of an embedding: what is normalised over another size may not be [batch,
     *     tokens, size], and is left as it is
     */
    public static ModelProto tuned(
            GraphIndex index, Function<TensorProto, ByteBuffer> data, String ids, long width) {
        return new ReplaceLayerNormalization(index, data, ids, width).tuned();
    }

    private ModelProto tuned() {
        LayerNormalizationMatcher.find(index, data)
                .forEach(
                        (output, found) -> {
                            if (found.width() == width && width % VECTOR == 0) {
                                byOutput.put(output, found);
                            }
                        });
        if (byOutput.isEmpty()) {
            return index.model();
        }
        rows();
        for (NodeProto node : index.graph().getNodeList()) {
            LayerNormalizationMatcher.Found found = byOutput.get(node.getOutput(0));
            if (found == null) {
                added.nodes().add(node);
            } else {
                replace(node.getOutput(0), found);
            }
        }
        GraphProto.Builder graph =
                index.graph().toBuilder()
                        .clearNode()
                        .addAllNode(added.nodes())
                        .addAllInitializer(added.constants());
        return GraphIndex.pruned(index.model().toBuilder().setGraph(graph));
    }

    /** Makes a one and a zero for each token of a text. */
    private void rows() {
        String tokens =
                added.node("Gather", List.of(added.node("Shape", List.of(ids)), added.numbers(1)));
        gains = added.node("ConstantOfShape", List.of(tokens), filling(1));
        shifts = added.node("ConstantOfShape", List.of(tokens), filling(0));
    }

    private void replace(String output, LayerNormalizationMatcher.Found found) {
        String normal =
                added.node(
                        "InstanceNormalization",
                        List.of(found.input(), gains, shifts),
                        NewNodes.real("epsilon", found.epsilon()));
        String scaled = added.node("Mul", List.of(normal, found.gain()));
        added.node(output, "Add", List.of(scaled, found.shift()));
    }

    private static AttributeProto filling(float number) {
        return AttributeProto.newBuilder()
                .setName("value")
                .setType(AttributeProto.AttributeType.TENSOR)
                .setT(
                        TensorProto.newBuilder()
                                .setDataType(DataType.FLOAT.getNumber())
                                .addDims(1)
                                .addFloatData(number))
                .build();
    }
}

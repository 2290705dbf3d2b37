package io.github.flinksplade.encoder.graph;

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
 * Replaces layer normalization with instance normalization, for CPUs. ONNX Runtime's CPU kernel of
 * the former is a scalar loop; instance normalization is the same arithmetic in vector instructions
 * if each token is passed as a channel.
 */
public final class ReplaceLayerNormalization {

    /**
     * Widths must be a multiple of this, so that every value is computed by the same instructions
     * whatever its position in the batch.
     */
    private static final int VECTOR = 16;

    private final GraphIndex index;
    private final GraphBuilder added;
    private final Map<String, LayerNormalizationMatcher.Match> matches = new HashMap<>();

    private ReplaceLayerNormalization(
            GraphIndex index, Map<String, LayerNormalizationMatcher.Match> matches, long width) {
        this.index = index;
        this.added = new GraphBuilder("cpu/", index.operatorSet());
        matches.forEach(
                (output, match) -> {
                    if (match.width() == width && width % VECTOR == 0) {
                        this.matches.put(output, match);
                    }
                });
    }

    /**
     * Returns the rewritten graph, or the same model if nothing matches.
     *
     * @param data returns the bytes of a weight
     * @param ids name of the [batch, tokens] input with the token ids
     * @param width size of an embedding: values of another size may not be [batch, tokens, size],
     *     and are left unchanged
     */
    public static ModelProto apply(
            GraphIndex index, Function<TensorProto, ByteBuffer> data, String ids, long width) {
        return new ReplaceLayerNormalization(
                        index, LayerNormalizationMatcher.find(index, data), width)
                .apply(ids);
    }

    private ModelProto apply(String ids) {
        if (matches.isEmpty()) {
            return index.model();
        }
        // a one and a zero for each token
        String tokens = added.node("Gather", added.node("Shape", ids), added.int64s(1));
        String ones = filled(tokens, 1);
        String zeros = filled(tokens, 0);
        for (NodeProto node : index.graph().getNodeList()) {
            LayerNormalizationMatcher.Match match = matches.get(node.getOutput(0));
            if (match == null) {
                added.nodes().add(node);
            } else {
                replace(node.getOutput(0), match, ones, zeros);
            }
        }
        GraphProto.Builder graph =
                index.graph().toBuilder()
                        .clearNode()
                        .addAllNode(added.nodes())
                        .addAllInitializer(added.constants());
        return GraphIndex.pruned(index.model().toBuilder().setGraph(graph));
    }

    private void replace(
            String output, LayerNormalizationMatcher.Match match, String ones, String zeros) {
        String normalized =
                added.node(
                        "InstanceNormalization",
                        List.of(match.input(), ones, zeros),
                        GraphBuilder.attribute("epsilon", match.epsilon()));
        String scaled = added.node("Mul", normalized, match.scale());
        added.namedNode(output, "Add", List.of(scaled, match.bias()));
    }

    private String filled(String shape, float number) {
        return added.node(
                "ConstantOfShape",
                List.of(shape),
                GraphBuilder.attribute(
                        "value",
                        TensorProto.newBuilder()
                                .setDataType(DataType.FLOAT.getNumber())
                                .addDims(1)
                                .addFloatData(number)
                                .build()));
    }
}

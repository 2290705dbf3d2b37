package io.github.flinksplade.encoder.graph;

import ai.onnx.proto.OnnxMl.TensorProto.DataType;

/** Adds a weight per token to the graph of an encoder: {@code relu(weight . x + bias)}. */
public final class WeighTokens {

    private WeighTokens() {}

    /**
     * Returns the graph with the weights as its only output.
     *
     * @param hidden name of the [batch, tokens, width] hidden states
     * @param weight [width]
     */
    public static RewrittenGraph apply(
            GraphIndex index, String hidden, float[] weight, float bias) {
        GraphBuilder added = new GraphBuilder(RewrittenGraph.PREFIX, index.operatorSet());
        String matrix =
                added.constant(GraphBuilder.floats(added.newName(), weight, weight.length, 1));
        String product = added.node("MatMul", added.cast(hidden, DataType.FLOAT), matrix);
        String weights = added.node("Relu", added.node("Add", product, added.float32(bias)));
        return RewrittenGraph.tokens(
                index, added, added.squeeze(weights, 2), "weights of tokens by " + hidden);
    }
}

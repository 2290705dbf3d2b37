package io.github.flinksplade.encoder.graph;

import ai.onnx.proto.OnnxMl.TensorProto.DataType;
import java.util.List;
import java.util.Optional;

/**
 * Moves the sum over the sequence of {@code log(1 + activation(logit))} into the graph. Unlike a
 * maximum, a sum needs the weight of every token, so the [batch, tokens, vocabulary] logits exist.
 */
public final class SumPoolInGraph {

    private SumPoolInGraph() {}

    /**
     * Returns the graph with the sums as its only table.
     *
     * @param logits name of a [batch, tokens, vocabulary] value
     * @param mask name of the [batch, tokens] input that is 0 for padding; empty if sequences are
     *     never padded
     * @param logarithms how often {@code log(1 + x)} is applied to {@code relu(logit)}
     * @param topTermsOf for a GPU the number of terms of the tokenizer, of which the largest
     *     weights are selected; empty for a CPU
     */
    public static RewrittenGraph apply(
            GraphIndex index,
            String logits,
            Optional<String> mask,
            int logarithms,
            Optional<Integer> topTermsOf) {
        GraphBuilder added = new GraphBuilder(RewrittenGraph.PREFIX, index.operatorSet());
        String one = added.float32(1);
        String weights = added.node("Relu", added.cast(logits, DataType.FLOAT));
        for (int i = 0; i < logarithms; i++) {
            weights = added.node("Log", added.node("Add", weights, one));
        }
        if (mask.isPresent()) {
            String included = added.unsqueeze(added.cast(mask.get(), DataType.BOOL), 2);
            weights = added.node("Where", List.of(included, weights, added.float32(0)));
        }
        return RewrittenGraph.table(
                index,
                added,
                GraphOutput.Kind.WEIGHTS,
                added.reduceSum(weights, 1),
                topTermsOf,
                "sum over the sequence of the weights by " + logits);
    }
}

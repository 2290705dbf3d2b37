package io.github.flinksplade.encoder.graph;

import java.util.Optional;

/** Removes all outputs of a graph except the weights that it pools itself. */
public final class KeepPooledOutput {

    private KeepPooledOutput() {}

    /**
     * Keeps a [batch, vocabulary] output, converted to float.
     *
     * @param topTermsOf for a GPU the number of terms of the tokenizer, of which the largest
     *     weights are selected; empty for a CPU
     */
    public static RewrittenGraph table(
            GraphIndex index, String output, Optional<Integer> topTermsOf) {
        return RewrittenGraph.table(
                index,
                new GraphBuilder(RewrittenGraph.PREFIX, index.operatorSet()),
                GraphOutput.Kind.WEIGHTS,
                output,
                topTermsOf,
                "pooled output in " + output);
    }

    /** Keeps the two outputs that list the terms and the weights of one text. */
    public static RewrittenGraph pairs(GraphIndex index, String indices, String weights) {
        return RewrittenGraph.pairs(
                index,
                new GraphBuilder(RewrittenGraph.PREFIX, index.operatorSet()),
                indices,
                weights,
                "pooled output in " + indices + " and " + weights);
    }
}

package io.github.flinksplade.encoder.graph;

import ai.onnx.proto.OnnxMl.NodeProto;
import ai.onnx.proto.OnnxMl.TensorProto.DataType;
import java.util.List;
import java.util.Optional;

/**
 * Moves SPLADE's max pooling over the sequence into the graph, so that it returns [batch,
 * vocabulary] values and not [batch, tokens, vocabulary].
 *
 * <p>The maximum is taken as early as possible: at the decoder's matrix multiplication, before the
 * {@link MonotonicOperators} that follow it. After any other operator it is taken at the end. The
 * logarithm is not part of the graph, because its vectorized kernel rounds differently depending on
 * the batch size; the engine applies it.
 */
public final class MaxPoolInGraph {

    private final GraphIndex index;
    private final OnnxFile weights;
    private final Optional<Integer> topTermsOf;
    private final GraphBuilder added;

    private MaxPoolInGraph(GraphIndex index, OnnxFile weights, Optional<Integer> topTermsOf) {
        this.index = index;
        this.weights = weights;
        this.topTermsOf = topTermsOf;
        this.added = new GraphBuilder(RewrittenGraph.PREFIX, index.operatorSet());
    }

    /**
     * Returns the graph with the maximum of its logits over the sequence as its only table.
     *
     * @param weights the file that contains the graph's weights
     * @param logits name of a [batch, tokens, vocabulary] value
     * @param mask name of the [batch, tokens] input that is 0 for padding, which then never is the
     *     maximum; empty if sequences are never padded
     * @param topTermsOf for a GPU the number of terms of the tokenizer, of which the largest values
     *     are selected; empty for a CPU
     */
    public static RewrittenGraph apply(
            GraphIndex index,
            OnnxFile weights,
            String logits,
            Optional<String> mask,
            Optional<Integer> topTermsOf) {
        return new MaxPoolInGraph(index, weights, topTermsOf).apply(logits, mask);
    }

    private RewrittenGraph apply(String logits, Optional<String> mask) {
        MonotonicOperators operators = MonotonicOperators.before(logits, index, weights);
        String core = operators.input();
        Optional<NodeProto> decoder = index.producer(core).filter(index::isMatMul);
        String max = decoder.isPresent() ? pooled(decoder.get(), mask) : pooled(core, mask);
        max = operators.applyTo(max, added);
        if (decoder.isPresent()) {
            max = withNan(max, decoder.get());
        }
        return RewrittenGraph.table(
                index,
                added,
                GraphOutput.Kind.MAX_LOGITS,
                max,
                topTermsOf,
                "max over the sequence of "
                        + logits
                        + (decoder.isPresent() ? ", taken at its decoder" : "")
                        + (operators.operators().isEmpty()
                                ? ""
                                : " before " + operators.describe()));
    }

    private String pooled(String value, Optional<String> mask) {
        return added.reduceMax(mask.map(name -> masked(value, name)).orElse(value), 1);
    }

    private String pooled(NodeProto decoder, Optional<String> mask) {
        String hidden = decoder.getInput(0);
        return new PoolDecoder(index, weights, added)
                .add(
                        decoder,
                        mask.map(name -> masked(hidden, name)).orElse(hidden),
                        topTermsOf.isPresent());
    }

    /**
     * A [batch, tokens, n] value in which padding is replaced with the first token: a copy never
     * exceeds the original.
     */
    private String masked(String value, String mask) {
        String included = added.unsqueeze(added.cast(mask, DataType.BOOL), 2);
        String first =
                added.node(
                        "Gather",
                        List.of(value, added.int64s(0)),
                        GraphBuilder.attribute("axis", 1));
        return added.node("Where", included, value, first);
    }

    /** The maxima; all of them are NaN if a value that the decoder depends on is NaN. */
    private String withNan(String maxima, NodeProto decoder) {
        String result = added.cast(maxima, DataType.FLOAT);
        for (String value : new PoolDecoder(index, weights, added).valuesWithNan(decoder)) {
            // the sum of finite fp16 values can be infinite
            String sum = added.reduceSum(added.cast(value, DataType.FLOAT), 1, 2);
            String zeroOrNan = added.unsqueeze(added.node("Sub", sum, sum), 1);
            result = added.node("Add", result, zeroOrNan);
        }
        return result;
    }
}

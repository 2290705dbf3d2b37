package io.github.flinksplade.encoder.graph;

import ai.onnx.proto.OnnxMl.GraphProto;
import ai.onnx.proto.OnnxMl.ModelProto;
import ai.onnx.proto.OnnxMl.TensorProto.DataType;
import ai.onnx.proto.OnnxMl.ValueInfoProto;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * A graph that ends in a {@link GraphOutput}.
 *
 * @param summary one line on what was recognized and changed, for {@code model info}
 */
public record RewrittenGraph(ModelProto model, GraphOutput output, String summary) {

    /** Prefix of the names that the rewrites of this package's pooling add. */
    static final String PREFIX = "splade/";

    private static final String POOLED = PREFIX + "maxima";

    /**
     * A graph whose outputs are a [batch, vocabulary] table and, if requested, its largest values.
     *
     * @param topTermsOf number of terms of the tokenizer, of which the largest values are selected;
     *     empty for the table alone
     */
    static RewrittenGraph table(
            GraphIndex index,
            GraphBuilder added,
            GraphOutput.Kind kind,
            String table,
            Optional<Integer> topTermsOf,
            String summary) {
        String output = toFloat(added, table);
        List<ValueInfoProto> outputs =
                new ArrayList<>(List.of(GraphBuilder.value(output, DataType.FLOAT)));
        Optional<GraphOutput.TopTerms> top =
                topTermsOf.flatMap(terms -> SelectTopTerms.add(index, added, output, terms));
        top.ifPresent(
                names -> {
                    outputs.add(GraphBuilder.value(names.terms(), DataType.INT32));
                    outputs.add(GraphBuilder.value(names.values(), DataType.FLOAT));
                    outputs.add(GraphBuilder.value(names.count(), DataType.FLOAT));
                });
        return new RewrittenGraph(
                withOutputs(index, added, outputs),
                new GraphOutput(kind, output, null, top),
                summary + top.map(t -> ", top " + t.max() + " terms selected").orElse(""));
    }

    /** A graph whose outputs are the terms and the weights of one text. */
    static RewrittenGraph pairs(
            GraphIndex index, GraphBuilder added, String indices, String weights, String summary) {
        String output = toFloat(added, weights);
        ValueInfoProto terms =
                index.graph().getOutputList().stream()
                        .filter(value -> value.getName().equals(indices))
                        .findFirst()
                        .orElseThrow();
        return new RewrittenGraph(
                withOutputs(
                        index, added, List.of(terms, GraphBuilder.value(output, DataType.FLOAT))),
                new GraphOutput(GraphOutput.Kind.PAIRS, output, indices, Optional.empty()),
                summary);
    }

    /** A graph whose output is a [batch, tokens] table. */
    static RewrittenGraph tokens(
            GraphIndex index, GraphBuilder added, String weights, String summary) {
        String output = toFloat(added, weights);
        return new RewrittenGraph(
                withOutputs(index, added, List.of(GraphBuilder.value(output, DataType.FLOAT))),
                new GraphOutput(GraphOutput.Kind.TOKEN_WEIGHTS, output, null, Optional.empty()),
                summary);
    }

    private static String toFloat(GraphBuilder added, String value) {
        return added.namedNode(
                POOLED,
                "Cast",
                List.of(value),
                GraphBuilder.attribute("to", DataType.FLOAT.getNumber()));
    }

    private static ModelProto withOutputs(
            GraphIndex index, GraphBuilder added, List<ValueInfoProto> outputs) {
        GraphProto.Builder graph =
                index.graph().toBuilder()
                        .addAllNode(added.nodes())
                        .addAllInitializer(added.constants())
                        .clearOutput()
                        .addAllOutput(outputs)
                        .clearQuantizationAnnotation();
        return GraphIndex.pruned(index.model().toBuilder().setGraph(graph).clearTrainingInfo());
    }
}

package io.github.flinksplade.encoder.graph;

import ai.onnx.proto.OnnxMl.NodeProto;
import ai.onnx.proto.OnnxMl.TensorProto.DataType;
import java.util.List;
import java.util.Optional;

/** Adds outputs with the largest values of each text, so that a GPU need not return all of them. */
final class SelectTopTerms {

    private static final int UNSORTED_TOP_K = 11;

    /** More than known models yield for a text, usually a few hundred. */
    private static final int MAX_TERMS = 1024;

    private SelectTopTerms() {}

    /**
     * Adds the outputs to a [batch, columns] table; empty if the operator set is too old.
     *
     * @param terms number of terms of the tokenizer, at most the number of columns
     */
    static Optional<GraphOutput.TopTerms> add(
            GraphIndex index, GraphBuilder added, String table, int terms) {
        if (index.operatorSet() < UNSORTED_TOP_K) {
            return Optional.empty();
        }
        int max = Math.min(MAX_TERMS, terms);
        // columns that pad the vocabulary must not take the place of terms
        String known = added.slice(table, 1, 0, terms);
        String counted =
                added.node(
                        "Or",
                        added.node("Greater", known, added.float32(0)),
                        added.node("IsNaN", known));
        String count = added.reduceSum(added.cast(counted, DataType.FLOAT), 1);
        String values = added.newName();
        String indices = added.newName();
        added.nodes()
                .add(
                        NodeProto.newBuilder()
                                .setOpType("TopK")
                                .setName(values)
                                .addAllInput(List.of(known, added.int64s(max)))
                                .addAllOutput(List.of(values, indices))
                                .addAttribute(GraphBuilder.attribute("axis", 1))
                                .addAttribute(GraphBuilder.attribute("sorted", 0))
                                .build());
        return Optional.of(
                new GraphOutput.TopTerms(added.cast(indices, DataType.INT32), values, count, max));
    }
}

package io.github.flinksplade.encoder.graph;

import ai.onnx.proto.OnnxMl.GraphProto;
import ai.onnx.proto.OnnxMl.ModelProto;
import ai.onnx.proto.OnnxMl.NodeProto;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;

/**
 * Replaces a residual connection and the layer normalization after it, {@code normalize(x + (x * W
 * + bias))}, with ONNX Runtime's SkipLayerNormalization, which reads and writes the hidden states
 * once instead of three times. ONNX Runtime fuses them itself only if it can prove that both
 * summands have the same shape, which the usual position embeddings prevent.
 */
public final class FuseResidualNormalization {

    private final GraphIndex index;
    private final Map<String, Integer> consumers = new HashMap<>();

    /** A linear layer; the bias is the empty name if it has none. */
    private record Linear(String matMul, String bias) {}

    private FuseResidualNormalization(GraphIndex index) {
        this.index = index;
        index.graph()
                .getNodeList()
                .forEach(
                        node ->
                                node.getInputList()
                                        .forEach(input -> consumers.merge(input, 1, Integer::sum)));
        index.graph().getOutputList().forEach(o -> consumers.merge(o.getName(), 1, Integer::sum));
    }

    /** Returns the rewritten graph, or the same model if nothing matches. */
    public static ModelProto apply(GraphIndex index) {
        return new FuseResidualNormalization(index).apply();
    }

    private ModelProto apply() {
        GraphProto.Builder graph = index.graph().toBuilder().clearNode();
        boolean changed = false;
        for (NodeProto node : index.graph().getNodeList()) {
            Optional<NodeProto> fused = fused(node);
            graph.addNode(fused.orElse(node));
            changed |= fused.isPresent();
        }
        return changed
                ? GraphIndex.pruned(
                        GraphIndex.withMicrosoft(index.model().toBuilder().setGraph(graph)))
                : index.model();
    }

    private Optional<NodeProto> fused(NodeProto normalization) {
        if (!index.is(normalization, "LayerNormalization")
                || normalization.getInputCount() != 3
                || normalization.getOutputCount() != 1
                || GraphIndex.intAttribute(normalization, "axis", -1) != -1) {
            return Optional.empty();
        }
        Optional<NodeProto> sum = producerOfSingleUse(normalization.getInput(0), "Add");
        for (int side = 0; sum.isPresent() && side < 2; side++) {
            String other = sum.get().getInput(1 - side);
            Optional<Linear> linear = linear(sum.get().getInput(side));
            if (linear.isPresent() && index.constant(other).isEmpty()) {
                return Optional.of(node(normalization, other, linear.get()));
            }
        }
        return Optional.empty();
    }

    private static NodeProto node(NodeProto normalization, String residual, Linear linear) {
        NodeProto.Builder node =
                NodeProto.newBuilder()
                        .setDomain(GraphIndex.MICROSOFT)
                        .setOpType("SkipLayerNormalization")
                        .setName(normalization.getOutput(0))
                        .addInput(residual)
                        .addInput(linear.matMul())
                        .addInput(normalization.getInput(1))
                        .addInput(normalization.getInput(2))
                        .addOutput(normalization.getOutput(0))
                        .addAttribute(
                                GraphBuilder.attribute(
                                        "epsilon",
                                        LayerNormalizationMatcher.epsilon(normalization)));
        if (!linear.bias().isEmpty()) {
            node.addInput(linear.bias());
        }
        return node.build();
    }

    /** Matches a MatMul with a weight, with or without a bias. */
    private Optional<Linear> linear(String value) {
        if (isLinear(value)) {
            return Optional.of(new Linear(value, ""));
        }
        Optional<NodeProto> sum = producerOfSingleUse(value, "Add");
        for (int side = 0; sum.isPresent() && side < 2; side++) {
            String bias = sum.get().getInput(1 - side);
            if (isLinear(sum.get().getInput(side))
                    && index.constantShape(bias).filter(shape -> shape.size() == 1).isPresent()) {
                return Optional.of(new Linear(sum.get().getInput(side), bias));
            }
        }
        return Optional.empty();
    }

    private boolean isLinear(String value) {
        return index.producer(value, "MatMul")
                .filter(node -> index.constantShape(node.getInput(1)).isPresent())
                .isPresent();
    }

    /** The node that produces a value if it is that operator and only one node reads the value. */
    private Optional<NodeProto> producerOfSingleUse(String value, String operator) {
        return consumers.getOrDefault(value, 0) == 1
                ? index.producer(value, operator)
                : Optional.empty();
    }
}

package io.github.flinksplade.encoder.graph;

import ai.onnx.proto.OnnxMl.AttributeProto;
import ai.onnx.proto.OnnxMl.GraphProto;
import ai.onnx.proto.OnnxMl.ModelProto;
import ai.onnx.proto.OnnxMl.NodeProto;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;

/**
 * Merges a layer normalization with the residual connection before it, {@code normalize(x +
 * (product + bias))}, into ONNX Runtime's SkipLayerNormalization, which reads and writes the hidden
 * states once instead of three times. ONNX Runtime does this itself only where it can prove that
 * both summands have the same shape, which the usual position embeddings prevent.
 */
public final class FuseResidualNormalization {

    private final GraphIndex index;
    private final Map<String, Integer> consumers = new HashMap<>();

    /** A summand without its bias; the bias is empty where there is none. */
    private record Linear(String product, String bias) {}

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

    /** The merged graph; the same model where there is nothing to merge. */
    public static ModelProto merge(GraphIndex index) {
        return new FuseResidualNormalization(index).merge();
    }

    private ModelProto merge() {
        GraphProto.Builder graph = index.graph().toBuilder().clearNode();
        boolean merged = false;
        for (NodeProto node : index.graph().getNodeList()) {
            Optional<NodeProto> both = merged(node);
            graph.addNode(both.orElse(node));
            merged |= both.isPresent();
        }
        return merged
                ? GraphIndex.pruned(
                        GraphIndex.withMicrosoft(index.model().toBuilder().setGraph(graph)))
                : index.model();
    }

    private Optional<NodeProto> merged(NodeProto normalization) {
        if (!index.is(normalization, "LayerNormalization")
                || normalization.getInputCount() != 3
                || normalization.getOutputCount() != 1
                || GraphIndex.attribute(normalization, "axis").map(AttributeProto::getI).orElse(-1L)
                        != -1) {
            return Optional.empty();
        }
        Optional<NodeProto> sum = onlyUse(normalization.getInput(0), "Add");
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
                        .addInput(linear.product())
                        .addInput(normalization.getInput(1))
                        .addInput(normalization.getInput(2))
                        .addOutput(normalization.getOutput(0))
                        .addAttribute(
                                NewNodes.real(
                                        "epsilon",
                                        GraphIndex.attribute(normalization, "epsilon")
                                                .map(AttributeProto::getF)
                                                .orElse(1e-5f)));
        if (!linear.bias().isEmpty()) {
            node.addInput(linear.bias());
        }
        return node.build();
    }

    /** A MatMul with a weight, as it is or with a bias that is added to each token. */
    private Optional<Linear> linear(String value) {
        if (isLinear(value)) {
            return Optional.of(new Linear(value, ""));
        }
        Optional<NodeProto> sum = onlyUse(value, "Add");
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

    /** The node that makes a value which one other node alone reads, if it is that operator. */
    private Optional<NodeProto> onlyUse(String value, String operator) {
        return consumers.getOrDefault(value, 0) == 1
                ? index.producer(value, operator)
                : Optional.empty();
    }
}

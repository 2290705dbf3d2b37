package io.github.flinksplade.encoder.graph;

import ai.onnx.proto.OnnxMl.AttributeProto;
import ai.onnx.proto.OnnxMl.NodeProto;
import ai.onnx.proto.OnnxMl.TensorProto;
import ai.onnx.proto.OnnxMl.TensorProto.DataType;
import java.nio.ByteBuffer;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Function;

/** Finds the layer normalizations of a graph, as one node or as separate operators. */
final class LayerNormalizationMatcher {

    /** The default of ONNX's LayerNormalization. */
    private static final float DEFAULT_EPSILON = 1e-5f;

    private final GraphIndex index;
    private final ConstantReader constants;

    /**
     * {@code (x - mean(x)) / sqrt(variance(x) + epsilon) * scale + bias} over the last axis.
     *
     * @param width size of that axis
     */
    record Match(String input, String scale, String bias, float epsilon, long width) {}

    private LayerNormalizationMatcher(GraphIndex index, Function<TensorProto, ByteBuffer> data) {
        this.index = index;
        this.constants = new ConstantReader(index, data);
    }

    /**
     * Returns the layer normalizations in fp32 by the names of their outputs.
     *
     * @param data returns the bytes of a weight
     */
    static Map<String, Match> find(GraphIndex index, Function<TensorProto, ByteBuffer> data) {
        LayerNormalizationMatcher matcher = new LayerNormalizationMatcher(index, data);
        Map<String, Match> matches = new HashMap<>();
        for (NodeProto node : index.graph().getNodeList()) {
            matcher.matchNode(node)
                    .or(() -> matcher.matchOperators(node))
                    .ifPresent(match -> matches.put(node.getOutput(0), match));
        }
        return matches;
    }

    /** The epsilon of a LayerNormalization node. */
    static float epsilon(NodeProto node) {
        return GraphIndex.attribute(node, "epsilon")
                .map(AttributeProto::getF)
                .orElse(DEFAULT_EPSILON);
    }

    private Optional<Match> matchNode(NodeProto node) {
        if (!index.is(node, "LayerNormalization")
                || node.getInputCount() < 3
                || node.getOutputCount() > 1
                || GraphIndex.intAttribute(node, "axis", -1) != -1) {
            return Optional.empty();
        }
        return match(node.getInput(0), node.getInput(1), node.getInput(2), epsilon(node));
    }

    /** Matches the Add that ends {@code (x - mean(x)) / sqrt(...) * scale + bias}. */
    private Optional<Match> matchOperators(NodeProto sum) {
        if (!index.is(sum, "Add")) {
            return Optional.empty();
        }
        for (int bias = 0; bias < 2; bias++) {
            Optional<NodeProto> product = index.producer(sum.getInput(1 - bias), "Mul");
            if (product.isEmpty() || index.constant(sum.getInput(bias)).isEmpty()) {
                continue;
            }
            for (int scale = 0; scale < 2; scale++) {
                Optional<NodeProto> quotient =
                        index.producer(product.get().getInput(1 - scale), "Div");
                if (quotient.isPresent()
                        && index.constant(product.get().getInput(scale)).isPresent()) {
                    return matchQuotient(
                            quotient.get(), product.get().getInput(scale), sum.getInput(bias));
                }
            }
        }
        return Optional.empty();
    }

    /** Matches {@code (x - mean(x)) / sqrt(mean((x - mean(x))^2) + epsilon)}. */
    private Optional<Match> matchQuotient(NodeProto quotient, String scale, String bias) {
        Optional<String> input = centered(quotient.getInput(0));
        Optional<NodeProto> sum =
                index.producer(quotient.getInput(1), "Sqrt")
                        .flatMap(root -> index.producer(root.getInput(0), "Add"));
        if (input.isEmpty() || sum.isEmpty()) {
            return Optional.empty();
        }
        for (int epsilon = 0; epsilon < 2; epsilon++) {
            Optional<Double> number = constants.scalar(sum.get().getInput(epsilon));
            Optional<String> squares =
                    meanOf(sum.get().getInput(1 - epsilon)).flatMap(this::squareOf);
            if (number.isPresent() && squares.flatMap(this::centered).equals(input)) {
                return match(input.get(), scale, bias, number.get().floatValue());
            }
        }
        return Optional.empty();
    }

    /** x, if a value is x - mean(x). */
    private Optional<String> centered(String value) {
        return index.producer(value, "Sub")
                .filter(node -> meanOf(node.getInput(1)).equals(Optional.of(node.getInput(0))))
                .map(node -> node.getInput(0));
    }

    /** x, if a value is the mean of x over its last axis (keepdims). */
    private Optional<String> meanOf(String value) {
        return index.producer(value, "ReduceMean")
                .filter(node -> GraphIndex.intAttribute(node, "keepdims", 1) == 1)
                .filter(node -> isLast(constants.axes(node)))
                .map(node -> node.getInput(0));
    }

    /** Whether it is the last axis of [batch, tokens, width]. */
    private static boolean isLast(List<Long> axes) {
        return axes.equals(List.of(-1L)) || axes.equals(List.of(2L));
    }

    private Optional<String> squareOf(String value) {
        return index.producer(value, "Pow")
                .filter(node -> constants.scalar(node.getInput(1)).equals(Optional.of(2.0)))
                .or(
                        () ->
                                index.producer(value, "Mul")
                                        .filter(node -> node.getInput(0).equals(node.getInput(1))))
                .map(node -> node.getInput(0));
    }

    private Optional<Match> match(String input, String scale, String bias, float epsilon) {
        Optional<TensorProto> scales = index.constant(scale).filter(this::isFloatVector);
        Optional<TensorProto> biases = index.constant(bias).filter(this::isFloatVector);
        if (scales.isEmpty()
                || biases.isEmpty()
                || scales.get().getDims(0) != biases.get().getDims(0)) {
            return Optional.empty();
        }
        return Optional.of(new Match(input, scale, bias, epsilon, scales.get().getDims(0)));
    }

    private boolean isFloatVector(TensorProto tensor) {
        return tensor.getDataType() == DataType.FLOAT.getNumber() && tensor.getDimsCount() == 1;
    }
}

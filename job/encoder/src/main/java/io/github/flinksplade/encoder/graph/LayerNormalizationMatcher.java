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

/** Finds where a graph normalises layers, in one node or spelt out in many. */
final class LayerNormalizationMatcher {

    private final GraphIndex index;
    private final ConstantReader constants;

    /**
     * {@code (x - mean(x)) / sqrt(variance(x) + epsilon) * gain + shift} over the last dimension.
     *
     * @param width size of that dimension
     */
    record Found(String input, String gain, String shift, float epsilon, long width) {}

    private LayerNormalizationMatcher(GraphIndex index, Function<TensorProto, ByteBuffer> data) {
        this.index = index;
        this.constants = new ConstantReader(index, data);
    }

    /**
     * Those of 32-bit floats, by the names of what they give.
     *
     * @param data gives the bytes of a weight
     */
    static Map<String, Found> find(GraphIndex index, Function<TensorProto, ByteBuffer> data) {
        LayerNormalizationMatcher finder = new LayerNormalizationMatcher(index, data);
        Map<String, Found> all = new HashMap<>();
        for (NodeProto node : index.graph().getNodeList()) {
            finder.whole(node)
                    .or(() -> finder.inParts(node))
                    .ifPresent(found -> all.put(node.getOutput(0), found));
        }
        return all;
    }

    private Optional<Found> whole(NodeProto node) {
        if (!index.is(node, "LayerNormalization")
                || node.getInputCount() < 3
                || node.getOutputCount() > 1
                || GraphIndex.attribute(node, "axis").map(AttributeProto::getI).orElse(-1L) != -1) {
            return Optional.empty();
        }
        float epsilon =
                GraphIndex.attribute(node, "epsilon").map(AttributeProto::getF).orElse(1e-5f);
        return normalization(node.getInput(0), node.getInput(1), node.getInput(2), epsilon);
    }

    /** The sum that ends (x - mean(x)) / sqrt(mean((x - mean(x))^2) + epsilon) * gain + shift. */
    private Optional<Found> inParts(NodeProto sum) {
        if (!index.is(sum, "Add")) {
            return Optional.empty();
        }
        for (int shift = 0; shift < 2; shift++) {
            Optional<NodeProto> product = index.producer(sum.getInput(1 - shift), "Mul");
            if (product.isEmpty() || index.constant(sum.getInput(shift)).isEmpty()) {
                continue;
            }
            for (int gain = 0; gain < 2; gain++) {
                Optional<NodeProto> quotient =
                        index.producer(product.get().getInput(1 - gain), "Div");
                if (quotient.isPresent()
                        && index.constant(product.get().getInput(gain)).isPresent()) {
                    return normalized(
                            quotient.get(), product.get().getInput(gain), sum.getInput(shift));
                }
            }
        }
        return Optional.empty();
    }

    private Optional<Found> normalized(NodeProto quotient, String gain, String shift) {
        Optional<String> input = centred(quotient.getInput(0));
        Optional<NodeProto> sum =
                index.producer(quotient.getInput(1), "Sqrt")
                        .flatMap(root -> index.producer(root.getInput(0), "Add"));
        if (input.isEmpty() || sum.isEmpty()) {
            return Optional.empty();
        }
        for (int epsilon = 0; epsilon < 2; epsilon++) {
            Optional<Double> number = constants.number(sum.get().getInput(epsilon));
            Optional<String> squares =
                    meanOf(sum.get().getInput(1 - epsilon)).flatMap(this::squareOf);
            if (number.isPresent() && squares.flatMap(this::centred).equals(input)) {
                return normalization(input.get(), gain, shift, number.get().floatValue());
            }
        }
        return Optional.empty();
    }

    /** x, of a value that is x - mean(x). */
    private Optional<String> centred(String value) {
        return index.producer(value, "Sub")
                .filter(node -> meanOf(node.getInput(1)).equals(Optional.of(node.getInput(0))))
                .map(node -> node.getInput(0));
    }

    /** x, of a value that is the mean of x over its last dimension, kept as one of size 1. */
    private Optional<String> meanOf(String value) {
        return index.producer(value, "ReduceMean")
                .filter(
                        node ->
                                GraphIndex.attribute(node, "keepdims")
                                                .map(AttributeProto::getI)
                                                .orElse(1L)
                                        == 1)
                .filter(node -> isLast(axes(node)))
                .map(node -> node.getInput(0));
    }

    private List<Long> axes(NodeProto node) {
        if (node.getInputCount() > 1) {
            return index.constant(node.getInput(1)).flatMap(constants::integers).orElse(List.of());
        }
        return GraphIndex.attribute(node, "axes")
                .map(AttributeProto::getIntsList)
                .orElse(List.of());
    }

    /** Texts are [batch, tokens, width]. */
    private static boolean isLast(List<Long> axes) {
        return axes.equals(List.of(-1L)) || axes.equals(List.of(2L));
    }

    private Optional<String> squareOf(String value) {
        return index.producer(value, "Pow")
                .filter(node -> constants.number(node.getInput(1)).equals(Optional.of(2.0)))
                .or(
                        () ->
                                index.producer(value, "Mul")
                                        .filter(node -> node.getInput(0).equals(node.getInput(1))))
                .map(node -> node.getInput(0));
    }

    private Optional<Found> normalization(String input, String gain, String shift, float epsilon) {
        Optional<TensorProto> gains = index.constant(gain).filter(this::isFloatVector);
        Optional<TensorProto> shifts = index.constant(shift).filter(this::isFloatVector);
        if (gains.isEmpty()
                || shifts.isEmpty()
                || gains.get().getDims(0) != shifts.get().getDims(0)) {
            return Optional.empty();
        }
        return Optional.of(new Found(input, gain, shift, epsilon, gains.get().getDims(0)));
    }

    private boolean isFloatVector(TensorProto tensor) {
        return tensor.getDataType() == DataType.FLOAT.getNumber() && tensor.getDimsCount() == 1;
    }
}

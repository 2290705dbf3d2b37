package io.github.flinksplade.encoder.graph;

import ai.onnx.proto.OnnxMl.NodeProto;
import ai.onnx.proto.OnnxMl.TensorProto;
import ai.onnx.proto.OnnxMl.TensorProto.DataType;
import java.nio.ByteBuffer;
import java.util.List;
import java.util.Optional;
import java.util.function.Function;

/**
 * Recognizes a graph that pools its logits itself as SPLADE-max does: {@code log(1 + relu(x))} of
 * each logit and the maximum over the sequence (Formal et al. 2021, "SPLADE v2"), in any order with
 * the same result. Similar formulas, such as the sum over the sequence of the first SPLADE or a
 * second logarithm, do not match; the weights of such a graph are used as they are.
 */
public final class SpladePoolingMatcher {

    private static final int MAX_NODES = 64;

    private final GraphIndex index;
    private final ConstantReader constants;
    private final GraphInputs inputs;

    /**
     * @param data returns the bytes of a weight
     */
    public SpladePoolingMatcher(
            GraphIndex index, Function<TensorProto, ByteBuffer> data, GraphInputs inputs) {
        this.index = index;
        this.constants = new ConstantReader(index, data);
        this.inputs = inputs;
    }

    /**
     * Returns the name of the [batch, tokens, vocabulary] logits that are pooled.
     *
     * @param weights name of a [batch, vocabulary] value
     */
    public Optional<String> logits(String weights) {
        boolean maximum = false;
        boolean logarithm = false;
        boolean relu = false;
        String value = weights;
        for (int i = 0; i < MAX_NODES && !(maximum && logarithm && relu); i++) {
            Optional<NodeProto> producer = index.producer(value);
            if (producer.isEmpty()) {
                return Optional.empty();
            }
            NodeProto node = producer.get();
            Optional<String> masked;
            if (index.is(node, "Identity") || isCastToFloat(node)) {
                value = node.getInput(0);
            } else if (!maximum && isMaxOverSequence(node)) {
                maximum = true;
                value = node.getInput(0);
            } else if (!logarithm && !relu && log1pOf(node).isPresent()) {
                logarithm = true;
                value = log1pOf(node).get();
            } else if (logarithm && !relu && index.is(node, "Relu")) {
                relu = true;
                value = node.getInput(0);
            } else if (maximum && !relu && (masked = timesMask(node)).isPresent()) {
                value = masked.get();
            } else {
                return Optional.empty();
            }
        }
        return maximum && logarithm && relu ? Optional.of(value) : Optional.empty();
    }

    private boolean isCastToFloat(NodeProto node) {
        long to = GraphIndex.intAttribute(node, "to", 0);
        return index.is(node, "Cast")
                && (to == DataType.FLOAT.getNumber()
                        || to == DataType.DOUBLE.getNumber()
                        || to == DataType.FLOAT16.getNumber());
    }

    private boolean isMaxOverSequence(NodeProto node) {
        if (!index.is(node, "ReduceMax") || GraphIndex.intAttribute(node, "keepdims", 1) != 0) {
            return false;
        }
        List<Long> axes = constants.axes(node);
        return axes.equals(List.of(1L)) || axes.equals(List.of(-2L));
    }

    /** x, if a node computes log(1 + x). */
    private Optional<String> log1pOf(NodeProto node) {
        if (!index.is(node, "Log")) {
            return Optional.empty();
        }
        return index.producer(node.getInput(0), "Add")
                .flatMap(
                        sum ->
                                isOne(sum.getInput(1))
                                        ? Optional.of(sum.getInput(0))
                                        : isOne(sum.getInput(0))
                                                ? Optional.of(sum.getInput(1))
                                                : Optional.empty());
    }

    private boolean isOne(String value) {
        return constants.scalar(value).equals(Optional.of(1.0));
    }

    /** x, if a node computes x times the attention mask. */
    private Optional<String> timesMask(NodeProto node) {
        if (!index.is(node, "Mul")) {
            return Optional.empty();
        }
        return isMaskColumn(node.getInput(1))
                ? Optional.of(node.getInput(0))
                : isMaskColumn(node.getInput(0)) ? Optional.of(node.getInput(1)) : Optional.empty();
    }

    /** Whether a value is the attention mask as [batch, tokens, 1]. */
    private boolean isMaskColumn(String value) {
        Optional<String> mask = inputs.named(GraphInputs.Kind.MASK);
        boolean column = false;
        String current = value;
        for (int i = 0; i < MAX_NODES && mask.isPresent(); i++) {
            if (current.equals(mask.get())) {
                return column;
            }
            Optional<NodeProto> producer = index.producer(current);
            if (producer.isEmpty()) {
                return false;
            }
            NodeProto node = producer.get();
            boolean unsqueeze = index.is(node, "Unsqueeze");
            if (!unsqueeze
                    && !index.is(node, "Identity")
                    && !index.is(node, "Cast")
                    && !index.is(node, "Expand")) {
                return false;
            }
            if (unsqueeze) {
                List<Long> axes = constants.axes(node);
                if (!axes.equals(List.of(2L)) && !axes.equals(List.of(-1L))) {
                    return false;
                }
                column = true;
            }
            current = node.getInput(0);
        }
        return false;
    }
}

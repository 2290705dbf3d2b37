package io.github.flinksplade.encoder.graph;

import ai.onnx.proto.OnnxMl.AttributeProto;
import ai.onnx.proto.OnnxMl.NodeProto;
import ai.onnx.proto.OnnxMl.TensorProto;
import ai.onnx.proto.OnnxMl.TensorProto.DataType;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.List;
import java.util.Optional;
import java.util.function.Function;

/**
 * Recognises a graph that computes the formula to its end, {@code log(1 + relu(x))} of each logit
 * and the maximum over the positions, in any order that gives the same. What is only similar (a sum
 * over the positions, a second logarithm) is not recognised, and such a graph's own weights are
 * taken as they are.
 */
public final class SpladeTailMatcher {

    private static final int ROUNDS = 64;

    private final GraphIndex index;
    private final Function<TensorProto, ByteBuffer> data;
    private final GraphInputs inputs;

    public SpladeTailMatcher(
            GraphIndex index, Function<TensorProto, ByteBuffer> data, GraphInputs inputs) {
        this.index = index;
        this.data = data;
        this.inputs = inputs;
    }

    /**
     * The logits, [batch, tokens, vocabulary], that finished weights are made of by the formula.
     *
     * @param weights name of a [batch, vocabulary] value
     */
    public Optional<String> logits(String weights) {
        boolean maximum = false;
        boolean logarithm = false;
        boolean relu = false;
        String value = weights;
        for (int round = 0; round < ROUNDS && !(maximum && logarithm && relu); round++) {
            Optional<NodeProto> producer = index.producer(value);
            if (producer.isEmpty()) {
                return Optional.empty();
            }
            NodeProto node = producer.get();
            Optional<String> masked;
            if (index.is(node, "Identity") || isCastToReal(node)) {
                value = node.getInput(0);
            } else if (!maximum && isMaximumOverPositions(node)) {
                maximum = true;
                value = node.getInput(0);
            } else if (!logarithm && !relu && onePlus(node).isPresent()) {
                logarithm = true;
                value = onePlus(node).get();
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

    private boolean isCastToReal(NodeProto node) {
        long to = GraphIndex.attribute(node, "to").map(AttributeProto::getI).orElse(0L);
        return index.is(node, "Cast")
                && (to == DataType.FLOAT.getNumber()
                        || to == DataType.DOUBLE.getNumber()
                        || to == DataType.FLOAT16.getNumber());
    }

    private boolean isMaximumOverPositions(NodeProto node) {
        if (!index.is(node, "ReduceMax")
                || GraphIndex.attribute(node, "keepdims").map(AttributeProto::getI).orElse(1L)
                        != 0) {
            return false;
        }
        List<Long> axes = axes(node);
        return axes.equals(List.of(1L)) || axes.equals(List.of(-2L));
    }

    /** What 1 is added to before a logarithm. */
    private Optional<String> onePlus(NodeProto node) {
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

    /** What a node multiplies by the mask, 1 or 0 for each position. */
    private Optional<String> timesMask(NodeProto node) {
        if (!index.is(node, "Mul")) {
            return Optional.empty();
        }
        return isMaskColumn(node.getInput(1))
                ? Optional.of(node.getInput(0))
                : isMaskColumn(node.getInput(0)) ? Optional.of(node.getInput(1)) : Optional.empty();
    }

    private boolean isMaskColumn(String value) {
        Optional<String> mask = inputs.named(GraphInputs.Kind.MASK);
        boolean column = false;
        String current = value;
        for (int round = 0; round < ROUNDS && mask.isPresent(); round++) {
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
                List<Long> axes = axes(node);
                if (!axes.equals(List.of(2L)) && !axes.equals(List.of(-1L))) {
                    return false;
                }
                column = true;
            }
            current = node.getInput(0);
        }
        return false;
    }

    /** An attribute in older operators, an input in newer ones. */
    private List<Long> axes(NodeProto node) {
        return node.getInputCount() > 1
                ? index.constant(node.getInput(1)).map(this::integers).orElse(List.of())
                : GraphIndex.attribute(node, "axes")
                        .map(AttributeProto::getIntsList)
                        .orElse(List.of());
    }

    private List<Long> integers(TensorProto tensor) {
        if (tensor.getDataType() != DataType.INT64.getNumber()) {
            return List.of();
        }
        if (tensor.getInt64DataCount() > 0) {
            return tensor.getInt64DataList();
        }
        return raw(tensor).remaining() == 8 ? List.of(raw(tensor).getLong()) : List.of();
    }

    private boolean isOne(String value) {
        Optional<TensorProto> constant = index.constant(value);
        if (constant.isEmpty()) {
            return index.producer(index.behindIdentities(value), "Constant")
                    .flatMap(node -> GraphIndex.attribute(node, "value_float"))
                    .map(number -> number.getF() == 1)
                    .orElse(false);
        }
        TensorProto tensor = constant.get();
        long size = tensor.getDimsList().stream().reduce(1L, (a, b) -> a * b);
        DataType type = DataType.forNumber(tensor.getDataType());
        if (size != 1 || type == null) {
            return false;
        }
        return switch (type) {
            case FLOAT ->
                    tensor.getFloatDataCount() == 1
                            ? tensor.getFloatData(0) == 1
                            : raw(tensor).remaining() == 4 && raw(tensor).getFloat() == 1;
            case DOUBLE ->
                    tensor.getDoubleDataCount() == 1
                            ? tensor.getDoubleData(0) == 1
                            : raw(tensor).remaining() == 8 && raw(tensor).getDouble() == 1;
            case FLOAT16 ->
                    tensor.getInt32DataCount() == 1
                            ? tensor.getInt32Data(0) == 0x3c00
                            : raw(tensor).remaining() == 2 && raw(tensor).getShort() == 0x3c00;
            default -> false;
        };
    }

    private ByteBuffer raw(TensorProto tensor) {
        boolean bytes =
                tensor.hasRawData()
                        || tensor.getDataLocation() == TensorProto.DataLocation.EXTERNAL;
        return (bytes ? data.apply(tensor) : ByteBuffer.allocate(0)).order(ByteOrder.LITTLE_ENDIAN);
    }
}

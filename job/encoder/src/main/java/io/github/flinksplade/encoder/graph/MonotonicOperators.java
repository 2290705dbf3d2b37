package io.github.flinksplade.encoder.graph;

import ai.onnx.proto.OnnxMl.AttributeProto;
import ai.onnx.proto.OnnxMl.NodeProto;
import ai.onnx.proto.OnnxMl.TensorProto;
import ai.onnx.proto.OnnxMl.TensorProto.DataType;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.List;
import java.util.Optional;

/**
 * The operators between a decoder and its logits that may as well follow the maximum: they treat
 * each term separately and never reverse the order of two values (the decoder's bias, a positive
 * scale, a cast). Rounding keeps the order too, so the result is bit-identical.
 *
 * @param input the value before the operators
 */
record MonotonicOperators(String input, Deque<Operator> operators) {

    /** One operator: {@code input} is the index of the input that varies, the other is constant. */
    private record Operator(NodeProto node, int input, Optional<TensorProto> constant) {}

    /** Matches the operators that end in a value. */
    static MonotonicOperators before(String value, GraphIndex index, OnnxFile weights) {
        Matcher matcher = new Matcher(index, weights);
        Deque<Operator> operators = new ArrayDeque<>();
        String input = value;
        for (Optional<Operator> operator = matcher.match(input);
                operator.isPresent();
                operator = matcher.match(input)) {
            operators.push(operator.get());
            input = operator.get().node().getInput(operator.get().input());
        }
        return new MonotonicOperators(input, operators);
    }

    /** Their names in order, for a summary; empty if there are none. */
    String describe() {
        return String.join(
                ", ", operators.stream().map(operator -> operator.node().getOpType()).toList());
    }

    /** Applies copies of the operators to a [batch, vocabulary] value. */
    String applyTo(String value, GraphBuilder added) {
        String result = value;
        for (Operator operator : operators) {
            NodeProto.Builder node = operator.node().toBuilder().setInput(operator.input(), result);
            // [1, 1, vocabulary] would broadcast [batch, vocabulary] to [1, batch, vocabulary]
            operator.constant()
                    .ifPresent(
                            constant ->
                                    node.setInput(
                                            1 - operator.input(),
                                            added.constant(flattened(constant, added.newName()))));
            result = added.copy(node);
        }
        return result;
    }

    private static TensorProto flattened(TensorProto constant, String name) {
        TensorProto.Builder flat = constant.toBuilder().setName(name).clearDims();
        if (constant.getDimsCount() > 0) {
            flat.addDims(constant.getDims(constant.getDimsCount() - 1));
        }
        return flat.build();
    }

    private record Matcher(GraphIndex index, OnnxFile weights) {

        private static final List<DataType> FLOAT_TYPES =
                List.of(DataType.FLOAT, DataType.FLOAT16, DataType.DOUBLE, DataType.BFLOAT16);

        private Optional<Operator> match(String value) {
            Optional<NodeProto> producer = index.producer(value);
            if (producer.isEmpty()) {
                return Optional.empty();
            }
            NodeProto node = producer.get();
            if (index.is(node, "Identity") || index.is(node, "Cast") && isCastToFloat(node)) {
                return Optional.of(new Operator(node, 0, Optional.empty()));
            }
            if (index.is(node, "Add")) {
                return withConstant(node, 0).or(() -> withConstant(node, 1));
            }
            if (index.is(node, "Sub")) {
                return withConstant(node, 0);
            }
            if (index.is(node, "Mul")) {
                return withConstant(node, 0)
                        .or(() -> withConstant(node, 1))
                        .filter(operator -> isPositive(operator.constant().orElseThrow()));
            }
            if (index.is(node, "Div")) {
                return withConstant(node, 0)
                        .filter(operator -> isPositive(operator.constant().orElseThrow()));
            }
            return Optional.empty();
        }

        private static boolean isCastToFloat(NodeProto node) {
            long to = GraphIndex.attribute(node, "to").map(AttributeProto::getI).orElse(0L);
            return FLOAT_TYPES.stream().anyMatch(type -> type.getNumber() == to);
        }

        /** Matches an operator whose other input is a constant that is the same for all tokens. */
        private Optional<Operator> withConstant(NodeProto node, int input) {
            return index.constant(node.getInput(1 - input))
                    .filter(
                            constant ->
                                    constant.getDimsList().stream()
                                            .limit(Math.max(0, constant.getDimsCount() - 1))
                                            .allMatch(size -> size == 1))
                    .map(constant -> new Operator(node, input, Optional.of(constant)));
        }

        private boolean isPositive(TensorProto constant) {
            DataType type = DataType.forNumber(constant.getDataType());
            if (type == DataType.FLOAT && constant.getFloatDataCount() > 0) {
                return constant.getFloatDataList().stream().allMatch(number -> number > 0);
            }
            if (!OnnxFile.hasBytes(constant)) {
                return false;
            }
            ByteBuffer bytes = weights.data(constant).order(ByteOrder.LITTLE_ENDIAN);
            if (type == DataType.FLOAT) {
                while (bytes.hasRemaining()) {
                    if (!(bytes.getFloat() > 0)) {
                        return false;
                    }
                }
                return true;
            }
            if (type == DataType.FLOAT16) {
                while (bytes.hasRemaining()) {
                    short half = bytes.getShort();
                    if (half <= 0 || half > 0x7c00) {
                        return false;
                    }
                }
                return true;
            }
            return false;
        }
    }
}

package io.github.flinksplade.encoder.graph;

import ai.onnx.proto.OnnxMl.AttributeProto;
import ai.onnx.proto.OnnxMl.NodeProto;
import ai.onnx.proto.OnnxMl.TensorProto;
import ai.onnx.proto.OnnxMl.TensorProto.DataType;
import ai.onnxruntime.platform.Fp16Conversions;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.Function;

/**
 * Reads small constants of a graph, however they are encoded.
 *
 * @param data returns the bytes of a weight
 */
record ConstantReader(GraphIndex index, Function<TensorProto, ByteBuffer> data) {

    /** The axes of a node: an input in newer operator sets, an attribute in older ones. */
    List<Long> axes(NodeProto node) {
        return node.getInputCount() > 1
                ? index.constant(node.getInput(1)).flatMap(this::int64s).orElse(List.of())
                : GraphIndex.attribute(node, "axes")
                        .map(AttributeProto::getIntsList)
                        .orElse(List.of());
    }

    /** The elements of an int64 tensor; empty for other types. */
    Optional<List<Long>> int64s(TensorProto tensor) {
        if (tensor.getDataType() != DataType.INT64.getNumber()) {
            return Optional.empty();
        }
        if (tensor.getInt64DataCount() > 0) {
            return Optional.of(tensor.getInt64DataList());
        }
        ByteBuffer bytes = bytes(tensor);
        List<Long> numbers = new ArrayList<>();
        while (bytes.remaining() >= Long.BYTES) {
            numbers.add(bytes.getLong());
        }
        return Optional.of(numbers);
    }

    /** The value of a floating-point constant with one element. */
    Optional<Double> scalar(String value) {
        Optional<TensorProto> constant = index.constant(value);
        if (constant.isEmpty()) {
            return index.producer(index.behindIdentities(value), "Constant")
                    .flatMap(node -> GraphIndex.attribute(node, "value_float"))
                    .map(number -> (double) number.getF());
        }
        return constant.filter(tensor -> tensor.getDimsList().stream().allMatch(size -> size == 1))
                .flatMap(this::scalar);
    }

    private Optional<Double> scalar(TensorProto tensor) {
        DataType type = DataType.forNumber(tensor.getDataType());
        if (type == null) {
            return Optional.empty();
        }
        return switch (type) {
            case FLOAT ->
                    tensor.getFloatDataCount() > 0
                            ? Optional.of((double) tensor.getFloatData(0))
                            : element(tensor, Float.BYTES).map(b -> (double) b.getFloat());
            case DOUBLE ->
                    tensor.getDoubleDataCount() > 0
                            ? Optional.of(tensor.getDoubleData(0))
                            : element(tensor, Double.BYTES).map(ByteBuffer::getDouble);
            case FLOAT16 ->
                    (tensor.getInt32DataCount() > 0
                                    ? Optional.of((short) tensor.getInt32Data(0))
                                    : element(tensor, Short.BYTES).map(ByteBuffer::getShort))
                            .map(bits -> (double) Fp16Conversions.fp16ToFloat(bits));
            default -> Optional.empty();
        };
    }

    private Optional<ByteBuffer> element(TensorProto tensor, int size) {
        return Optional.of(bytes(tensor)).filter(bytes -> bytes.remaining() == size);
    }

    private ByteBuffer bytes(TensorProto tensor) {
        return (OnnxFile.hasBytes(tensor) ? data.apply(tensor) : ByteBuffer.allocate(0))
                .order(ByteOrder.LITTLE_ENDIAN);
    }
}

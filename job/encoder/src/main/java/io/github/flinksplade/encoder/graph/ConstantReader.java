package io.github.flinksplade.encoder.graph;

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
 * Reads small constants of a graph, whichever way they are written.
 *
 * @param data gives the bytes of a weight
 */
record ConstantReader(GraphIndex index, Function<TensorProto, ByteBuffer> data) {

    /** A vector of whole numbers; empty where the tensor holds others. */
    Optional<List<Long>> integers(TensorProto tensor) {
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

    /** The number that a value is, if it is a constant with one element. */
    Optional<Double> number(String value) {
        return index.constant(value)
                .filter(tensor -> tensor.getDimsList().stream().allMatch(size -> size == 1))
                .flatMap(this::number);
    }

    private Optional<Double> number(TensorProto tensor) {
        if (tensor.getDataType() == DataType.FLOAT.getNumber()) {
            return Optional.of(
                    tensor.getFloatDataCount() > 0
                            ? (double) tensor.getFloatData(0)
                            : bytes(tensor).getFloat());
        }
        if (tensor.getDataType() == DataType.FLOAT16.getNumber()) {
            short bits =
                    tensor.getInt32DataCount() > 0
                            ? (short) tensor.getInt32Data(0)
                            : bytes(tensor).getShort();
            return Optional.of((double) Fp16Conversions.fp16ToFloat(bits));
        }
        return Optional.empty();
    }

    private ByteBuffer bytes(TensorProto tensor) {
        return data.apply(tensor).order(ByteOrder.LITTLE_ENDIAN);
    }
}

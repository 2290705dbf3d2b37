package io.github.flinksplade.encoder.onnxruntime;

import ai.onnx.proto.OnnxMl.TensorProto.DataType;
import ai.onnx.proto.OnnxMl.TensorShapeProto.Dimension;
import ai.onnx.proto.OnnxMl.TypeProto;
import ai.onnx.proto.OnnxMl.ValueInfoProto;
import ai.onnxruntime.OnnxTensor;
import ai.onnxruntime.OnnxValue;
import ai.onnxruntime.OrtException;
import ai.onnxruntime.OrtSession;
import io.github.flinksplade.encoder.graph.GraphIndex;
import io.github.flinksplade.encoder.graph.GraphInputs;
import io.github.flinksplade.encoder.graph.OnnxFile;
import java.nio.IntBuffer;
import java.nio.LongBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * An output of a graph.
 *
 * @param type ONNX element type
 * @param sizes sizes of its dimensions, -1 for one that varies; empty if unknown
 */
record OutputShape(String name, int type, List<Long> sizes) {

    private static final Set<Integer> FLOAT_TYPES =
            Set.of(
                    DataType.FLOAT.getNumber(),
                    DataType.FLOAT16.getNumber(),
                    DataType.BFLOAT16.getNumber(),
                    DataType.DOUBLE.getNumber());

    private static final int PROBED_TOKENS = 5;

    /** The shapes that a graph declares. */
    static List<OutputShape> declared(GraphIndex graph) {
        return graph.graph().getOutputList().stream().map(OutputShape::declared).toList();
    }

    private static OutputShape declared(ValueInfoProto output) {
        TypeProto.Tensor type = output.getType().getTensorType();
        List<Long> sizes =
                type.getShape().getDimList().stream()
                        .map(
                                size ->
                                        size.getValueCase() == Dimension.ValueCase.DIM_VALUE
                                                ? size.getDimValue()
                                                : -1L)
                        .toList();
        return new OutputShape(output.getName(), type.getElemType(), sizes);
    }

    /** The shapes that a run of the unchanged graph returns. */
    static List<OutputShape> probed(OnnxFile file, GraphInputs inputs) throws OrtException {
        int batch = Math.max(1, inputs.fixedBatch());
        int tokens = inputs.fixedTokens() > 0 ? inputs.fixedTokens() : PROBED_TOKENS;
        try (OnnxSession session = OnnxSession.open(file, file.model())) {
            Map<String, OnnxTensor> tensors = new HashMap<>();
            try {
                for (GraphInputs.Input input : inputs.inputs()) {
                    tensors.put(input.name(), tensor(session, input, batch, tokens));
                }
                try (OrtSession.Result result = session.session().run(tensors)) {
                    List<OutputShape> shapes = new ArrayList<>();
                    for (Map.Entry<String, OnnxValue> output : result) {
                        if (output.getValue() instanceof OnnxTensor tensor) {
                            shapes.add(
                                    new OutputShape(
                                            output.getKey(),
                                            tensor.getInfo().onnxType.value,
                                            Arrays.stream(tensor.getInfo().getShape())
                                                    .boxed()
                                                    .toList()));
                        }
                    }
                    return shapes;
                }
            } finally {
                tensors.values().forEach(OnnxTensor::close);
            }
        }
    }

    private static OnnxTensor tensor(
            OnnxSession session, GraphInputs.Input input, int batch, int tokens)
            throws OrtException {
        long[] shape = {batch, tokens};
        int[] values = new int[batch * tokens];
        for (int i = 0; i < values.length; i++) {
            values[i] =
                    switch (input.kind()) {
                        case IDS, MASK -> 1;
                        case SEGMENTS -> 0;
                        case POSITIONS -> i % tokens;
                        case LENGTHS, LENGTHS_AND_STARTS -> throw new AssertionError(input);
                    };
        }
        return input.isInt64()
                ? OnnxTensor.createTensor(
                        session.environment(),
                        LongBuffer.wrap(Arrays.stream(values).asLongStream().toArray()),
                        shape)
                : OnnxTensor.createTensor(session.environment(), IntBuffer.wrap(values), shape);
    }

    boolean isFloat() {
        return FLOAT_TYPES.contains(type);
    }

    /** Whether the declared shape is incomplete, so that only a run determines it. */
    boolean isVague() {
        return sizes.isEmpty()
                || lastSize() < 0 && isFloat()
                || type == DataType.UNDEFINED.getNumber();
    }

    long lastSize() {
        return sizes.isEmpty() ? -1 : sizes.get(sizes.size() - 1);
    }
}

package io.github.flinksplade.encoder.internal;

import ai.onnx.proto.OnnxMl.AttributeProto;
import ai.onnx.proto.OnnxMl.GraphProto;
import ai.onnx.proto.OnnxMl.ModelProto;
import ai.onnx.proto.OnnxMl.NodeProto;
import ai.onnx.proto.OnnxMl.TensorProto;
import ai.onnx.proto.OnnxMl.TensorProto.DataType;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Function;

/**
 * Says in other operators what ONNX Runtime's CPU kernels are slow at. Layer normalisation, whole
 * or in the parts that older exports write it in, is a loop over single numbers there; instance
 * normalisation is the same arithmetic with vector instructions, if each token is taken for a
 * channel.
 */
final class CpuKernels {

    private static final String PREFIX = "cpu/";

    /**
     * Rows of whole vectors, so that a number is computed in the same way in whatever row it is.
     */
    private static final int VECTOR = 16;

    private final GraphIndex index;
    private final Function<TensorProto, ByteBuffer> data;
    private final String ids;
    private final long width;
    private final Map<String, Normalization> byOutput = new HashMap<>();
    private final NewNodes added = new NewNodes(PREFIX);
    private String gains;
    private String shifts;

    /**
     * {@code (x - mean(x)) / sqrt(variance(x) + epsilon) * gain + shift} over the last dimension.
     */
    private record Normalization(String input, String gain, String shift, float epsilon) {}

    private CpuKernels(
            GraphIndex index, Function<TensorProto, ByteBuffer> data, String ids, long width) {
        this.index = index;
        this.data = data;
        this.ids = ids;
        this.width = width;
    }

    /**
     * The graph with what was found said otherwise.
     *
     * @param data gives the bytes of a weight
     * @param ids name of the input [batch, tokens] that has the token ids
     * @param width size of an embedding: what is normalised over another size may not be [batch,
     *     tokens, size], and is left as it is
     */
    static ModelProto tuned(
            GraphIndex index, Function<TensorProto, ByteBuffer> data, String ids, long width) {
        return new CpuKernels(index, data, ids, width).tuned();
    }

    private ModelProto tuned() {
        for (NodeProto node : index.graph().getNodeList()) {
            whole(node)
                    .or(() -> inParts(node))
                    .ifPresent(found -> byOutput.put(node.getOutput(0), found));
        }
        if (byOutput.isEmpty()) {
            return index.model();
        }
        rows();
        for (NodeProto node : index.graph().getNodeList()) {
            Normalization found = byOutput.get(node.getOutput(0));
            if (found == null) {
                added.nodes().add(node);
            } else {
                replace(node.getOutput(0), found);
            }
        }
        GraphProto.Builder graph =
                index.graph().toBuilder()
                        .clearNode()
                        .addAllNode(added.nodes())
                        .addAllInitializer(added.constants());
        return GraphIndex.pruned(index.model().toBuilder().setGraph(graph));
    }

    private Optional<Normalization> whole(NodeProto node) {
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
    private Optional<Normalization> inParts(NodeProto sum) {
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

    private Optional<Normalization> normalized(NodeProto quotient, String gain, String shift) {
        Optional<String> input = centred(quotient.getInput(0));
        Optional<NodeProto> sum =
                index.producer(quotient.getInput(1), "Sqrt")
                        .flatMap(root -> index.producer(root.getInput(0), "Add"));
        if (input.isEmpty() || sum.isEmpty()) {
            return Optional.empty();
        }
        for (int epsilon = 0; epsilon < 2; epsilon++) {
            Optional<Float> number = number(sum.get().getInput(epsilon));
            Optional<String> squares =
                    meanOf(sum.get().getInput(1 - epsilon)).flatMap(this::squareOf);
            if (number.isPresent() && squares.flatMap(this::centred).equals(input)) {
                return normalization(input.get(), gain, shift, number.get());
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
            return index.constant(node.getInput(1)).map(this::integers).orElse(List.of());
        }
        return GraphIndex.attribute(node, "axes")
                .map(AttributeProto::getIntsList)
                .orElse(List.of());
    }

    /** Texts are [batch, tokens, width]. */
    private static boolean isLast(List<Long> axes) {
        return axes.equals(List.of(-1L)) || axes.equals(List.of(2L));
    }

    private List<Long> integers(TensorProto tensor) {
        if (tensor.getDataType() != DataType.INT64.getNumber()) {
            return List.of();
        }
        if (tensor.getInt64DataCount() > 0) {
            return tensor.getInt64DataList();
        }
        ByteBuffer bytes = data.apply(tensor).order(ByteOrder.LITTLE_ENDIAN);
        List<Long> numbers = new ArrayList<>();
        while (bytes.remaining() >= 8) {
            numbers.add(bytes.getLong());
        }
        return numbers;
    }

    private Optional<String> squareOf(String value) {
        return index.producer(value, "Pow")
                .filter(node -> number(node.getInput(1)).equals(Optional.of(2f)))
                .or(
                        () ->
                                index.producer(value, "Mul")
                                        .filter(node -> node.getInput(0).equals(node.getInput(1))))
                .map(node -> node.getInput(0));
    }

    private Optional<Float> number(String value) {
        return index.constant(value)
                .filter(tensor -> tensor.getDataType() == DataType.FLOAT.getNumber())
                .filter(tensor -> tensor.getDimsList().stream().allMatch(size -> size == 1))
                .map(
                        tensor ->
                                tensor.getFloatDataCount() > 0
                                        ? tensor.getFloatData(0)
                                        : data.apply(tensor)
                                                .order(ByteOrder.LITTLE_ENDIAN)
                                                .getFloat());
    }

    private Optional<Normalization> normalization(
            String input, String gain, String shift, float epsilon) {
        Optional<TensorProto> gains = index.constant(gain).filter(CpuKernels::isFloatVector);
        Optional<TensorProto> shifts = index.constant(shift).filter(CpuKernels::isFloatVector);
        if (gains.isEmpty()
                || shifts.isEmpty()
                || gains.get().getDims(0) != shifts.get().getDims(0)
                || gains.get().getDims(0) != width
                || width % VECTOR != 0) {
            return Optional.empty();
        }
        return Optional.of(new Normalization(input, gain, shift, epsilon));
    }

    private static boolean isFloatVector(TensorProto tensor) {
        return tensor.getDataType() == DataType.FLOAT.getNumber() && tensor.getDimsCount() == 1;
    }

    /** Makes a one and a zero for each token of a text. */
    private void rows() {
        String tokens =
                added.node("Gather", List.of(added.node("Shape", List.of(ids)), added.numbers(1)));
        gains = added.node("ConstantOfShape", List.of(tokens), filling(1));
        shifts = added.node("ConstantOfShape", List.of(tokens), filling(0));
    }

    private void replace(String output, Normalization found) {
        String normal =
                added.node(
                        "InstanceNormalization",
                        List.of(found.input(), gains, shifts),
                        AttributeProto.newBuilder()
                                .setName("epsilon")
                                .setType(AttributeProto.AttributeType.FLOAT)
                                .setF(found.epsilon())
                                .build());
        String scaled = added.node("Mul", List.of(normal, found.gain()));
        added.node(output, "Add", List.of(scaled, found.shift()));
    }

    private static AttributeProto filling(float number) {
        return AttributeProto.newBuilder()
                .setName("value")
                .setType(AttributeProto.AttributeType.TENSOR)
                .setT(
                        TensorProto.newBuilder()
                                .setDataType(DataType.FLOAT.getNumber())
                                .addDims(1)
                                .addFloatData(number))
                .build();
    }
}

package io.github.flinksplade.encoder.graph;

import ai.onnx.proto.OnnxMl.AttributeProto;
import ai.onnx.proto.OnnxMl.GraphProto;
import ai.onnx.proto.OnnxMl.ModelProto;
import ai.onnx.proto.OnnxMl.NodeProto;
import ai.onnx.proto.OnnxMl.TensorProto;
import ai.onnx.proto.OnnxMl.TensorProto.DataType;
import com.google.protobuf.ByteString;
import com.google.protobuf.UnsafeByteOperations;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.FloatBuffer;
import java.util.Arrays;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.Function;

/**
 * Quantizes a graph's matrix multiplications with constant matrices to 8-bit integers.
 *
 * <p>A column of weights w becomes {@code round(w / s)} with {@code s = max |w| / 127}. The other
 * operand is quantized at run time, to 0..255 between its minimum and its maximum (ONNX's
 * DynamicQuantizeLinear), once for all multiplications that read it. That is one scale per run: a
 * text's vector would depend on the other texts of its batch, so such a graph must run unbatched.
 * In the layers of a feed-forward block each token has its own range: a few tokens (often [CLS] and
 * [SEP]) have values many times those of all others, which a common range would round to almost
 * nothing.
 *
 * <p>The multiplication, its scales and the bias that follows are one operator of ONNX Runtime,
 * MatMulIntegerToFloat, which applies them while the values are in the processor's registers.
 */
public final class QuantizeToInt8 {

    private static final String PREFIX = "int8/";

    /** The first version of ONNX's operators with Round, and with Slice by inputs. */
    private static final int ROUND = 11;

    /** The most outputs per input of a feed-forward layer; decoders have more. */
    private static final int MAX_EXPANSION = 8;

    /** For smaller matrices, quantizing the other operand costs more than it saves. */
    private static final long MIN_WEIGHTS = 1 << 12;

    private final GraphIndex index;
    private final Function<TensorProto, ByteBuffer> data;
    private final Map<String, Integer> uses = new HashMap<>();
    private final Map<String, NodeProto> consumers = new HashMap<>();
    private final Map<String, String> quantizedInputs = new HashMap<>();
    private final Set<String> foldedBiases = new HashSet<>();
    private final Set<String> constants = new HashSet<>();
    private final GraphBuilder added;
    private int count;

    private QuantizeToInt8(GraphIndex index, Function<TensorProto, ByteBuffer> data) {
        this.index = index;
        this.data = data;
        this.added = new GraphBuilder(PREFIX, index.operatorSet());
        index.forEachNode(
                node -> {
                    for (String input : node.getInputList()) {
                        uses.merge(input, 1, Integer::sum);
                        consumers.put(input, node);
                    }
                });
        index.graph()
                .getOutputList()
                .forEach(output -> uses.merge(output.getName(), 1, Integer::sum));
    }

    /** An [in, out] matrix; {@code transposed}: whether it is stored as [out, in]. */
    private record Matrix(FloatBuffer data, int in, int out, boolean transposed) {
        float get(int row, int column) {
            return transposed ? data.get(column * in + row) : data.get(row * out + column);
        }
    }

    /** A multiplication that can be quantized. */
    private record Match(String input, Matrix matrix, Optional<TensorProto> bias) {}

    /**
     * Returns the quantized graph; empty if it has nothing to quantize.
     *
     * @param data returns the bytes of a weight
     */
    public static Optional<ModelProto> apply(
            GraphIndex index, Function<TensorProto, ByteBuffer> data) {
        return new QuantizeToInt8(index, data).apply();
    }

    private Optional<ModelProto> apply() {
        for (NodeProto node : index.graph().getNodeList()) {
            Optional<Match> match = match(node);
            if (match.isPresent()) {
                replace(node.getOutput(0), match.get());
            } else if (!foldedBiases.contains(node.getOutput(0))) {
                added.nodes().add(node);
            }
        }
        if (count == 0) {
            return Optional.empty();
        }
        GraphProto.Builder graph =
                index.graph().toBuilder()
                        .clearNode()
                        .addAllNode(added.nodes())
                        .addAllInitializer(added.constants());
        ModelProto.Builder model = index.model().toBuilder().setGraph(graph);
        return Optional.of(GraphIndex.pruned(GraphIndex.withMicrosoft(model)));
    }

    private Optional<Match> match(NodeProto node) {
        if (index.is(node, "MatMul")) {
            return matrix(node.getInput(1), false)
                    .map(matrix -> new Match(node.getInput(0), matrix, Optional.empty()));
        }
        if (index.is(node, "Gemm")
                && floatAttribute(node, "alpha", 1) == 1
                && floatAttribute(node, "beta", 1) == 1
                && GraphIndex.intAttribute(node, "transA", 0) == 0) {
            boolean hasBias = node.getInputCount() > 2 && !node.getInput(2).isEmpty();
            Optional<TensorProto> bias =
                    hasBias ? index.constant(node.getInput(2)) : Optional.empty();
            if (hasBias && bias.isEmpty()) {
                return Optional.empty();
            }
            return matrix(node.getInput(1), GraphIndex.intAttribute(node, "transB", 0) == 1)
                    .filter(
                            matrix ->
                                    bias.isEmpty()
                                            || isVector(bias.get(), matrix.out())
                                                    && floats(bias.get()).isPresent())
                    .map(matrix -> new Match(node.getInput(0), matrix, bias));
        }
        return Optional.empty();
    }

    private static float floatAttribute(NodeProto node, String name, float defaultValue) {
        return GraphIndex.attribute(node, name).map(AttributeProto::getF).orElse(defaultValue);
    }

    /** A constant fp32 matrix, which may be transposed. */
    private Optional<Matrix> matrix(String value, boolean transposed) {
        Optional<TensorProto> constant = index.constant(value);
        if (constant.isEmpty()) {
            return index.producer(index.behindIdentities(value), "Transpose")
                    .filter(GraphIndex::isMatrixTranspose)
                    .flatMap(node -> matrix(node.getInput(0), !transposed));
        }
        TensorProto tensor = constant.get();
        if (tensor.getDimsCount() != 2
                || tensor.getDims(0) * tensor.getDims(1) < MIN_WEIGHTS
                || tensor.getDims(0) * tensor.getDims(1) > Integer.MAX_VALUE / 4) {
            return Optional.empty();
        }
        return floats(tensor)
                .map(
                        floats -> {
                            int first = Math.toIntExact(tensor.getDims(0));
                            int second = Math.toIntExact(tensor.getDims(1));
                            return transposed
                                    ? new Matrix(floats, second, first, true)
                                    : new Matrix(floats, first, second, false);
                        });
    }

    private Optional<FloatBuffer> floats(TensorProto tensor) {
        boolean bytes =
                tensor.hasRawData()
                        || tensor.getDataLocation() == TensorProto.DataLocation.EXTERNAL;
        if (tensor.getDataType() != DataType.FLOAT.getNumber()) {
            return Optional.empty();
        }
        if (bytes) {
            return Optional.of(data.apply(tensor).order(ByteOrder.LITTLE_ENDIAN).asFloatBuffer());
        }
        FloatBuffer copy = FloatBuffer.allocate(tensor.getFloatDataCount());
        tensor.getFloatDataList().forEach(copy::put);
        return Optional.of(copy.flip());
    }

    /** Whether a tensor broadcasts as a vector of that size. */
    private static boolean isVector(TensorProto tensor, int size) {
        int dimensions = tensor.getDimsCount();
        return dimensions > 0
                && tensor.getDims(dimensions - 1) == size
                && tensor.getDimsList().stream().limit(dimensions - 1L).allMatch(d -> d == 1);
    }

    private void replace(String output, Match match) {
        String name = PREFIX + count++;
        Matrix matrix = match.matrix();
        Quantized weights = quantized(matrix, name);
        added.constant(weights.integers());
        added.constant(weights.scales());
        String result = output;
        Optional<TensorProto> bias = match.bias();
        if (bias.isEmpty()) {
            Optional<NodeProto> sum = biasAfter(output, matrix.out());
            if (sum.isPresent()) {
                result = sum.get().getOutput(0);
                foldedBiases.add(result);
                bias = bias(sum.get(), output, matrix.out());
            }
        }
        added.constant(
                bias.map(TensorProto::toBuilder)
                        .orElseGet(() -> zeros(matrix.out()))
                        .setName(name + ".bias")
                        .clearDims()
                        .addDims(matrix.out())
                        .build());
        if (isFeedForward(matrix) && index.operatorSet() >= ROUND) {
            perToken(match.input(), matrix, weights.sums(), name, result);
        } else {
            String integers = quantizedInput(match.input());
            matMul(
                    List.of(
                            integers,
                            name + ".weight",
                            integers + ".scale",
                            name + ".scale",
                            integers + ".zero",
                            "", // the weights' zero point is 0
                            name + ".bias"),
                    name,
                    result);
        }
    }

    private static boolean isFeedForward(Matrix matrix) {
        return matrix.in() != matrix.out() && matrix.out() <= MAX_EXPANSION * (long) matrix.in();
    }

    /**
     * Adds a multiplication with a range per token of its input. With m the middle of a token's
     * values x and W the quantized matrix, {@code x W = (x - m) W + m (column sums of W)}, of which
     * only {@code x - m} is quantized, to -127..127 (around 128). The range contains 0, as in
     * DynamicQuantizeLinear, so that m is at most half of it even if all values are equal. m is a
     * multiple of the step, so that 0 stays 0: many outputs of GELU and ReLU are 0, and their
     * errors would add up.
     *
     * @param input [..., in]
     * @param output [..., out]
     */
    private void perToken(
            String input, Matrix matrix, float[] columnSums, String name, String output) {
        addOnce(GraphBuilder.float32(PREFIX + "epsilon", Float.MIN_NORMAL));
        addOnce(GraphBuilder.float32(PREFIX + "one", 1));
        addOnce(GraphBuilder.float32(PREFIX + "zero", 0));
        addOnce(GraphBuilder.float32(PREFIX + "half", .5f));
        addOnce(GraphBuilder.float32(PREFIX + "step", 1 / 127f));
        addOnce(
                TensorProto.newBuilder()
                        .setName(PREFIX + "middle")
                        .setDataType(DataType.UINT8.getNumber())
                        .setRawData(ByteString.copyFrom(new byte[] {(byte) 128}))
                        .build());
        String rows = node("Reshape", name + "/rows", input, integers(-1, matrix.in()));
        String max = node("Max", name + "/max", reduceRows("ReduceMax", rows), PREFIX + "zero");
        String min = node("Min", name + "/min", reduceRows("ReduceMin", rows), PREFIX + "zero");
        String high = node("Mul", name + "/high", max, PREFIX + "half");
        String low = node("Mul", name + "/low", min, PREFIX + "half");
        String spread = node("Sub", name + "/spread", high, low);
        String reach = node("Max", name + "/reach", spread, PREFIX + "epsilon");
        String steps = node("Mul", name + "/steps", reach, PREFIX + "step");
        String middle = node("Add", name + "/middle", high, low);
        String whole = node("Round", name + "/whole", node("Div", name + "/div", middle, steps));
        String center = node("Mul", name + "/center", whole, steps);
        String step = node("Reshape", name + "/step", steps, integers(-1));
        added.namedNode(
                name + "/middles",
                "ConstantOfShape",
                List.of(node("Shape", name + "/count", step)),
                GraphBuilder.attribute(
                        "value",
                        TensorProto.newBuilder()
                                .setDataType(DataType.UINT8.getNumber())
                                .addDims(1)
                                .setRawData(ByteString.copyFrom(new byte[] {(byte) 128}))
                                .build()));
        added.nodes()
                .add(
                        NodeProto.newBuilder()
                                .setDomain(GraphIndex.MICROSOFT)
                                .setOpType("QuantizeLinear")
                                .setName(name + "/integers")
                                .addAllInput(
                                        List.of(
                                                node("Sub", name + "/centered", rows, center),
                                                step,
                                                name + "/middles"))
                                .addOutput(name + "/integers")
                                .addAttribute(GraphBuilder.attribute("axis", 0))
                                .build());
        String noBias = added.constant(zeros(matrix.out()).setName(name + ".none").build());
        matMul(
                List.of(
                        name + "/integers",
                        name + ".weight",
                        PREFIX + "one",
                        name + ".scale",
                        PREFIX + "middle",
                        "",
                        noBias),
                name,
                name + "/product");
        String scaled = node("Mul", name + "/scaled", name + "/product", steps);
        String sums =
                added.constant(GraphBuilder.floats(name + ".sums", columnSums, 1, matrix.out()));
        String shift = node("Gemm", name + "/shift", center, sums, name + ".bias");
        String sum = node("Add", name + "/sum", scaled, shift);
        String outer =
                node(
                        "Slice",
                        name + "/outer",
                        node("Shape", name + "/shape", input),
                        integers(0),
                        integers(-1));
        added.namedNode(
                name + "/sizes",
                "Concat",
                List.of(outer, integers(matrix.out())),
                GraphBuilder.attribute("axis", 0));
        node("Reshape", output, sum, name + "/sizes");
    }

    /**
     * Adds the multiplication, its scales and a bias. The bias is required: without one, ONNX
     * Runtime's fusion of quantization and multiplication crashes the process.
     */
    private void matMul(List<String> inputs, String name, String output) {
        added.nodes()
                .add(
                        NodeProto.newBuilder()
                                .setDomain(GraphIndex.MICROSOFT)
                                .setOpType("MatMulIntegerToFloat")
                                .setName(name)
                                .addAllInput(inputs)
                                .addOutput(output)
                                .build());
    }

    /** Adds the maximum or minimum of each row of a matrix, as a column. */
    private String reduceRows(String operator, String matrix) {
        String name = matrix + "/" + operator;
        return index.operatorSet() >= 18
                ? added.namedNode(name, operator, List.of(matrix, integers(1)))
                : added.namedNode(
                        name,
                        operator,
                        List.of(matrix),
                        GraphBuilder.attribute("axes", new long[] {1}));
    }

    private String node(String operator, String output, String... inputs) {
        return added.namedNode(output, operator, List.of(inputs));
    }

    /** A constant int64 vector, which is added once. */
    private String integers(long... values) {
        return addOnce(
                GraphBuilder.int64s(
                        PREFIX + "sizes" + Arrays.toString(values).replace(" ", ""), values));
    }

    private String addOnce(TensorProto constant) {
        return constants.add(constant.getName()) ? added.constant(constant) : constant.getName();
    }

    /** The only node that reads a value, if it adds a constant vector to it. */
    private Optional<NodeProto> biasAfter(String value, int size) {
        NodeProto reader = consumers.get(value);
        return uses.getOrDefault(value, 0) == 1
                        && reader != null
                        && index.is(reader, "Add")
                        && bias(reader, value, size).isPresent()
                ? Optional.of(reader)
                : Optional.empty();
    }

    private Optional<TensorProto> bias(NodeProto sum, String value, int size) {
        String other = sum.getInput(sum.getInput(0).equals(value) ? 1 : 0);
        return index.constant(other)
                .filter(tensor -> isVector(tensor, size) && floats(tensor).isPresent());
    }

    /** The quantized form of a value, which is added before its first use. */
    private String quantizedInput(String value) {
        String known = quantizedInputs.get(value);
        if (known == null) {
            known = PREFIX + "of/" + value;
            quantizedInputs.put(value, known);
            added.nodes()
                    .add(
                            NodeProto.newBuilder()
                                    .setOpType("DynamicQuantizeLinear")
                                    .setName(known)
                                    .addInput(value)
                                    .addOutput(known)
                                    .addOutput(known + ".scale")
                                    .addOutput(known + ".zero")
                                    .build());
        }
        return known;
    }

    private static TensorProto.Builder zeros(int size) {
        return TensorProto.newBuilder()
                .setDataType(DataType.FLOAT.getNumber())
                .addDims(size)
                .setRawData(ByteString.copyFrom(new byte[4 * size]));
    }

    /**
     * A matrix in int8.
     *
     * @param integers [in, out]
     * @param scales one per column
     * @param sums of the columns as they are represented, so that they match what the integers add
     */
    private record Quantized(TensorProto integers, TensorProto scales, float[] sums) {}

    private static Quantized quantized(Matrix matrix, String name) {
        int in = matrix.in();
        int out = matrix.out();
        float[] max = new float[out];
        for (int row = 0; row < in; row++) {
            for (int column = 0; column < out; column++) {
                max[column] = Math.max(max[column], Math.abs(matrix.get(row, column)));
            }
        }
        ByteBuffer scales = ByteBuffer.allocate(4 * out).order(ByteOrder.LITTLE_ENDIAN);
        float[] steps = new float[out];
        for (int column = 0; column < out; column++) {
            float scale = max[column] == 0 ? 1 : max[column] / 127;
            scales.putFloat(scale);
            steps[column] = 1 / scale;
        }
        byte[] integers = new byte[in * out];
        long[] sums = new long[out];
        for (int row = 0; row < in; row++) {
            for (int column = 0; column < out; column++) {
                int integer = Math.round(matrix.get(row, column) * steps[column]);
                integer = Math.max(-127, Math.min(127, integer));
                integers[row * out + column] = (byte) integer;
                sums[column] += integer;
            }
        }
        float[] columnSums = new float[out];
        for (int column = 0; column < out; column++) {
            columnSums[column] = sums[column] * scales.getFloat(4 * column);
        }
        return new Quantized(
                TensorProto.newBuilder()
                        .setName(name + ".weight")
                        .setDataType(DataType.INT8.getNumber())
                        .addDims(in)
                        .addDims(out)
                        .setRawData(UnsafeByteOperations.unsafeWrap(integers))
                        .build(),
                TensorProto.newBuilder()
                        .setName(name + ".scale")
                        .setDataType(DataType.FLOAT.getNumber())
                        .addDims(out)
                        .setRawData(ByteString.copyFrom(scales.array()))
                        .build(),
                columnSums);
    }
}

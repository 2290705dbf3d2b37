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
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.Function;

/**
 * Turns a graph's products with constant matrices into products of 8-bit integers.
 *
 * <p>A column of weights w becomes {@code round(w / s)} with {@code s = max |w| / 127}. What is
 * multiplied with it is quantised when it is known, to 0..255 between its least and its greatest
 * number (ONNX's DynamicQuantizeLinear), once for all products that read it. That is one scale for
 * all rows of a run: a text's vector then depends on what it is run with, so that such a graph must
 * be run one text at a time. Where the input is wider than the output, each row has a scale of its
 * own: in the inner layer of a feed-forward block a few tokens have numbers many times those of all
 * others, for whom one scale leaves hardly a bit.
 *
 * <p>The product, its scales and a bias that follows are one operator of ONNX Runtime
 * (MatMulIntegerToFloat), which applies them while the numbers are in the processor's registers.
 */
public final class QuantizeToInt8 {

    private static final String PREFIX = "int8/";
    private static final int SLICE_BY_INPUTS = 10;

    /** Smaller matrices are not worth the quantising of what is multiplied with them. */
    private static final long LEAST_WEIGHTS = 1 << 12;

    private final GraphIndex index;
    private final Function<TensorProto, ByteBuffer> data;
    private final Map<String, Integer> uses = new HashMap<>();
    private final Map<String, NodeProto> consumers = new HashMap<>();
    private final Map<String, String> quantized = new HashMap<>();
    private final Set<String> folded = new HashSet<>();
    private final Set<String> constants = new HashSet<>();
    private final List<NodeProto> nodes = new ArrayList<>();
    private final List<TensorProto> weights = new ArrayList<>();
    private int products;

    private QuantizeToInt8(GraphIndex index, Function<TensorProto, ByteBuffer> data) {
        this.index = index;
        this.data = data;
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

    /** A matrix [in, out], read by columns. */
    private record Matrix(FloatBuffer data, int in, int out, boolean transposed) {
        float get(int row, int column) {
            return transposed ? data.get(column * in + row) : data.get(row * out + column);
        }
    }

    /** A product found in the graph. */
    private record Product(String input, Matrix matrix, Optional<TensorProto> bias) {}

    /**
     * The graph with integer products, or nothing where it has none to make so.
     *
     * @param data gives the bytes of a weight
     */
    public static Optional<ModelProto> quantize(
            GraphIndex index, Function<TensorProto, ByteBuffer> data) {
        return new QuantizeToInt8(index, data).quantize();
    }

    private Optional<ModelProto> quantize() {
        for (NodeProto node : index.graph().getNodeList()) {
            Optional<Product> product = product(node);
            if (product.isPresent()) {
                replace(node.getOutput(0), product.get());
            } else if (!folded.contains(node.getOutput(0))) {
                nodes.add(node);
            }
        }
        if (products == 0) {
            return Optional.empty();
        }
        GraphProto.Builder graph =
                index.graph().toBuilder().clearNode().addAllNode(nodes).addAllInitializer(weights);
        ModelProto.Builder model = index.model().toBuilder().setGraph(graph);
        return Optional.of(GraphIndex.pruned(GraphIndex.withMicrosoft(model)));
    }

    private Optional<Product> product(NodeProto node) {
        if (index.is(node, "MatMul")) {
            return matrix(node.getInput(1), false)
                    .map(matrix -> new Product(node.getInput(0), matrix, Optional.empty()));
        }
        if (index.is(node, "Gemm")
                && number(node, "alpha", 1) == 1
                && number(node, "beta", 1) == 1
                && flag(node, "transA") == 0) {
            boolean biased = node.getInputCount() > 2 && !node.getInput(2).isEmpty();
            Optional<TensorProto> bias =
                    biased ? index.constant(node.getInput(2)) : Optional.empty();
            if (biased && bias.isEmpty()) {
                return Optional.empty();
            }
            return matrix(node.getInput(1), flag(node, "transB") == 1)
                    .filter(
                            matrix ->
                                    bias.isEmpty()
                                            || isVector(bias.get(), matrix.out())
                                                    && floats(bias.get()).isPresent())
                    .map(matrix -> new Product(node.getInput(0), matrix, bias));
        }
        return Optional.empty();
    }

    private static float number(NodeProto node, String name, float otherwise) {
        return GraphIndex.attribute(node, name).map(AttributeProto::getF).orElse(otherwise);
    }

    private static long flag(NodeProto node, String name) {
        return GraphIndex.attribute(node, name).map(AttributeProto::getI).orElse(0L);
    }

    /** A constant matrix of floats, perhaps behind a transposition. */
    private Optional<Matrix> matrix(String value, boolean transposed) {
        Optional<TensorProto> constant = index.constant(value);
        if (constant.isEmpty()) {
            return index.producer(index.behindIdentities(value), "Transpose")
                    .filter(GraphIndex::turnsMatrix)
                    .flatMap(node -> matrix(node.getInput(0), !transposed));
        }
        TensorProto tensor = constant.get();
        if (tensor.getDimsCount() != 2
                || tensor.getDims(0) * tensor.getDims(1) < LEAST_WEIGHTS
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

    private static boolean isVector(TensorProto tensor, int size) {
        int dimensions = tensor.getDimsCount();
        return dimensions > 0
                && tensor.getDims(dimensions - 1) == size
                && tensor.getDimsList().stream().limit(dimensions - 1L).allMatch(d -> d == 1);
    }

    private void replace(String output, Product product) {
        String name = PREFIX + products++;
        Matrix matrix = product.matrix();
        weights.addAll(quantized(matrix, name));
        String result = output;
        Optional<TensorProto> bias = product.bias();
        if (bias.isEmpty()) {
            Optional<NodeProto> sum = biased(output, matrix.out());
            if (sum.isPresent()) {
                result = sum.get().getOutput(0);
                folded.add(result);
                bias = bias(sum.get(), output, matrix.out());
            }
        }
        TensorProto shift =
                bias.map(TensorProto::toBuilder)
                        .orElseGet(() -> zeros(matrix.out()))
                        .setName(name + ".bias")
                        .clearDims()
                        .addDims(matrix.out())
                        .build();
        weights.add(shift);
        if (matrix.in() > matrix.out() && index.operatorSet() >= SLICE_BY_INPUTS) {
            byRow(product.input(), matrix, name, result);
        } else {
            String integers = integers(product.input());
            product(
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

    /**
     * A product with a scale for each row of its input, -127..127 of it around 128.
     *
     * @param input [..., in]
     * @param output [..., out]
     */
    private void byRow(String input, Matrix matrix, String name, String output) {
        once(real("least", Float.MIN_NORMAL));
        once(real("one", 1));
        once(real("step", 1 / 127f));
        once(
                TensorProto.newBuilder()
                        .setName(PREFIX + "middle")
                        .setDataType(DataType.UINT8.getNumber())
                        .setRawData(ByteString.copyFrom(new byte[] {(byte) 128}))
                        .build());
        String rows = node("Reshape", name + "/rows", input, integers(-1, matrix.in()));
        String high = greatest("ReduceMax", name + "/high", rows);
        String low = node("Neg", name + "/low", greatest("ReduceMin", name + "/least", rows));
        String greatest = node("Max", name + "/greatest", high, low, PREFIX + "least");
        String step = node("Mul", name + "/step", greatest, PREFIX + "step");
        nodes.add(
                NodeProto.newBuilder()
                        .setOpType("ConstantOfShape")
                        .setName(name + "/middles")
                        .addInput(node("Shape", name + "/count", step))
                        .addOutput(name + "/middles")
                        .addAttribute(
                                AttributeProto.newBuilder()
                                        .setName("value")
                                        .setType(AttributeProto.AttributeType.TENSOR)
                                        .setT(
                                                TensorProto.newBuilder()
                                                        .setDataType(DataType.UINT8.getNumber())
                                                        .addDims(1)
                                                        .setRawData(
                                                                ByteString.copyFrom(
                                                                        new byte[] {(byte) 128}))))
                        .build());
        nodes.add(
                NodeProto.newBuilder()
                        .setDomain(GraphIndex.MICROSOFT)
                        .setOpType("QuantizeLinear")
                        .setName(name + "/integers")
                        .addAllInput(List.of(rows, step, name + "/middles"))
                        .addOutput(name + "/integers")
                        .addAttribute(
                                AttributeProto.newBuilder()
                                        .setName("axis")
                                        .setType(AttributeProto.AttributeType.INT)
                                        .setI(0))
                        .build());
        TensorProto none = zeros(matrix.out()).setName(name + ".none").build();
        weights.add(none);
        product(
                List.of(
                        name + "/integers",
                        name + ".weight",
                        PREFIX + "one",
                        name + ".scale",
                        PREFIX + "middle",
                        "",
                        none.getName()),
                name,
                name + "/product");
        String column = node("Reshape", name + "/column", step, integers(-1, 1));
        String scaled = node("Mul", name + "/scaled", name + "/product", column);
        String sum = node("Add", name + "/sum", scaled, name + ".bias");
        String outer =
                node(
                        "Slice",
                        name + "/outer",
                        node("Shape", name + "/shape", input),
                        integers(0),
                        integers(-1));
        nodes.add(
                NodeProto.newBuilder()
                        .setOpType("Concat")
                        .setName(name + "/sizes")
                        .addAllInput(List.of(outer, integers(matrix.out())))
                        .addOutput(name + "/sizes")
                        .addAttribute(
                                AttributeProto.newBuilder()
                                        .setName("axis")
                                        .setType(AttributeProto.AttributeType.INT)
                                        .setI(0))
                        .build());
        node("Reshape", output, sum, name + "/sizes");
    }

    /**
     * The product itself, its scales and a bias. Always with a bias: ONNX Runtime's fusion of
     * quantising and product ends the process where there is none.
     */
    private void product(List<String> inputs, String name, String output) {
        nodes.add(
                NodeProto.newBuilder()
                        .setDomain(GraphIndex.MICROSOFT)
                        .setOpType("MatMulIntegerToFloat")
                        .setName(name)
                        .addAllInput(inputs)
                        .addOutput(output)
                        .build());
    }

    /** The greatest, or the least, of each row of a matrix. */
    private String greatest(String operator, String name, String matrix) {
        NodeProto.Builder node =
                NodeProto.newBuilder()
                        .setOpType(operator)
                        .setName(name)
                        .addInput(matrix)
                        .addOutput(name)
                        .addAttribute(
                                AttributeProto.newBuilder()
                                        .setName("keepdims")
                                        .setType(AttributeProto.AttributeType.INT)
                                        .setI(0));
        if (index.operatorSet() >= 18) {
            node.addInput(integers(1));
        } else {
            node.addAttribute(
                    AttributeProto.newBuilder()
                            .setName("axes")
                            .setType(AttributeProto.AttributeType.INTS)
                            .addInts(1));
        }
        nodes.add(node.build());
        return name;
    }

    private String node(String operator, String output, String... inputs) {
        nodes.add(
                NodeProto.newBuilder()
                        .setOpType(operator)
                        .setName(output)
                        .addAllInput(List.of(inputs))
                        .addOutput(output)
                        .build());
        return output;
    }

    /** A constant vector of whole numbers, kept once. */
    private String integers(long... values) {
        TensorProto.Builder tensor =
                TensorProto.newBuilder()
                        .setName(PREFIX + "sizes" + Arrays.toString(values).replace(" ", ""))
                        .setDataType(DataType.INT64.getNumber())
                        .addDims(values.length);
        for (long value : values) {
            tensor.addInt64Data(value);
        }
        return once(tensor.build());
    }

    private static TensorProto real(String name, float value) {
        return TensorProto.newBuilder()
                .setName(PREFIX + name)
                .setDataType(DataType.FLOAT.getNumber())
                .addFloatData(value)
                .build();
    }

    private String once(TensorProto constant) {
        if (constants.add(constant.getName())) {
            weights.add(constant);
        }
        return constant.getName();
    }

    /** The one reader of a value, if it adds a constant vector to it. */
    private Optional<NodeProto> biased(String value, int size) {
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

    /** The name of a value's integers; they are made where the first product reads them. */
    private String integers(String value) {
        String known = quantized.get(value);
        if (known == null) {
            known = PREFIX + "of/" + value;
            quantized.put(value, known);
            nodes.add(
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

    private static List<TensorProto> quantized(Matrix matrix, String name) {
        int in = matrix.in();
        int out = matrix.out();
        float[] greatest = new float[out];
        for (int row = 0; row < in; row++) {
            for (int column = 0; column < out; column++) {
                greatest[column] = Math.max(greatest[column], Math.abs(matrix.get(row, column)));
            }
        }
        ByteBuffer scales = ByteBuffer.allocate(4 * out).order(ByteOrder.LITTLE_ENDIAN);
        float[] steps = new float[out];
        for (int column = 0; column < out; column++) {
            float scale = greatest[column] == 0 ? 1 : greatest[column] / 127;
            scales.putFloat(scale);
            steps[column] = 1 / scale;
        }
        byte[] integers = new byte[in * out];
        for (int row = 0; row < in; row++) {
            for (int column = 0; column < out; column++) {
                int integer = Math.round(matrix.get(row, column) * steps[column]);
                integers[row * out + column] = (byte) Math.max(-127, Math.min(127, integer));
            }
        }
        return List.of(
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
                        .build());
    }
}

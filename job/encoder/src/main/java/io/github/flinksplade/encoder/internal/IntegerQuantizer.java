package io.github.flinksplade.encoder.internal;

import ai.onnx.proto.OnnxMl.AttributeProto;
import ai.onnx.proto.OnnxMl.GraphProto;
import ai.onnx.proto.OnnxMl.ModelProto;
import ai.onnx.proto.OnnxMl.NodeProto;
import ai.onnx.proto.OnnxMl.OperatorSetIdProto;
import ai.onnx.proto.OnnxMl.TensorProto;
import ai.onnx.proto.OnnxMl.TensorProto.DataType;
import com.google.protobuf.ByteString;
import com.google.protobuf.UnsafeByteOperations;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.FloatBuffer;
import java.util.ArrayList;
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
 * be run one text at a time. Where the input is wider than the output, each row is divided by its
 * greatest magnitude before, and the product multiplied by it again.
 *
 * <p>The product, its scales and a bias that follows are one operator of ONNX Runtime
 * (MatMulIntegerToFloat), which applies them while the numbers are in the processor's registers.
 */
final class IntegerQuantizer {

    private static final String PREFIX = "int8/";

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

    private IntegerQuantizer(GraphIndex index, Function<TensorProto, ByteBuffer> data) {
        this.index = index;
        this.data = data;
        for (NodeProto node : index.graph().getNodeList()) {
            for (String input : node.getInputList()) {
                uses.merge(input, 1, Integer::sum);
                consumers.put(input, node);
            }
        }
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
    static Optional<ModelProto> quantize(GraphIndex index, Function<TensorProto, ByteBuffer> data) {
        return new IntegerQuantizer(index, data).quantize();
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
        if (model.getOpsetImportList().stream()
                .noneMatch(set -> set.getDomain().equals(GraphIndex.MICROSOFT))) {
            model.addOpsetImport(
                    OperatorSetIdProto.newBuilder().setDomain(GraphIndex.MICROSOFT).setVersion(1));
        }
        return Optional.of(GraphIndex.pruned(model));
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
        boolean byRow = product.matrix().in() > product.matrix().out();
        String rows = name + "/rows";
        String input = byRow ? scaled(product.input(), rows, name) : product.input();
        String integers = integers(input);
        weights.addAll(quantized(product.matrix(), name));
        List<String> inputs =
                new ArrayList<>(
                        List.of(
                                integers,
                                name + ".weight",
                                integers + ".scale",
                                name + ".scale",
                                integers + ".zero"));
        String result = output;
        Optional<TensorProto> bias = product.bias();
        if (bias.isEmpty()) {
            Optional<NodeProto> sum = biased(output, product.matrix().out());
            if (sum.isPresent()) {
                result = sum.get().getOutput(0);
                folded.add(result);
                bias = bias(sum.get(), output, product.matrix().out());
            }
        }
        inputs.add(""); // the weights' zero point is 0
        // always with a bias: ONNX Runtime's fusion of quantising and product ends the process
        // where
        // there is none
        inputs.add(name + ".bias");
        TensorProto.Builder vector =
                bias.map(TensorProto::toBuilder)
                        .orElseGet(() -> zeros(product.matrix().out()))
                        .clearDims()
                        .addDims(product.matrix().out());
        TensorProto.Builder added = byRow ? zeros(product.matrix().out()) : vector;
        weights.add(added.setName(name + ".bias").build());
        String made = byRow ? name + "/product" : result;
        nodes.add(
                NodeProto.newBuilder()
                        .setDomain(GraphIndex.MICROSOFT)
                        .setOpType("MatMulIntegerToFloat")
                        .setName(name)
                        .addAllInput(inputs)
                        .addOutput(made)
                        .build());
        if (byRow) {
            weights.add(vector.setName(name + ".shift").build());
            node("Mul", name + "/scaled", List.of(made, rows));
            node("Add", result, List.of(name + "/scaled", name + ".shift"));
        }
    }

    /**
     * A value's rows, each divided by its greatest magnitude. In the inner layer of a feed-forward
     * block a few tokens have numbers many times those of all others, for whom one scale leaves
     * hardly a bit.
     *
     * @param rows name for the magnitudes
     */
    private String scaled(String value, String rows, String name) {
        boolean axesAreInput = index.operatorSet() >= 18;
        String axes = PREFIX + "axes";
        String least = PREFIX + "least";
        if (constants.add(axes)) {
            weights.add(
                    TensorProto.newBuilder()
                            .setName(axes)
                            .setDataType(DataType.INT64.getNumber())
                            .addDims(1)
                            .addInt64Data(-1)
                            .build());
            weights.add(
                    TensorProto.newBuilder()
                            .setName(least)
                            .setDataType(DataType.FLOAT.getNumber())
                            .addFloatData(Float.MIN_NORMAL)
                            .build());
        }
        node("Abs", name + "/magnitudes", List.of(value));
        nodes.add(
                NodeProto.newBuilder()
                        .setOpType("ReduceMax")
                        .setName(name + "/greatest")
                        .addInput(name + "/magnitudes")
                        .addAllInput(axesAreInput ? List.of(axes) : List.of())
                        .addOutput(name + "/greatest")
                        .addAllAttribute(axesAreInput ? List.of() : List.of(lastAxis()))
                        .build());
        node("Max", rows, List.of(name + "/greatest", least));
        node("Div", name + "/divided", List.of(value, rows));
        return name + "/divided";
    }

    private static AttributeProto lastAxis() {
        return AttributeProto.newBuilder()
                .setName("axes")
                .setType(AttributeProto.AttributeType.INTS)
                .addInts(-1)
                .build();
    }

    private void node(String operator, String output, List<String> inputs) {
        nodes.add(
                NodeProto.newBuilder()
                        .setOpType(operator)
                        .setName(output)
                        .addAllInput(inputs)
                        .addOutput(output)
                        .build());
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

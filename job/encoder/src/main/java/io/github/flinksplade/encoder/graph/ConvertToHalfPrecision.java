package io.github.flinksplade.encoder.graph;

import ai.onnx.proto.OnnxMl.AttributeProto;
import ai.onnx.proto.OnnxMl.GraphProto;
import ai.onnx.proto.OnnxMl.ModelProto;
import ai.onnx.proto.OnnxMl.NodeProto;
import ai.onnx.proto.OnnxMl.TensorProto;
import ai.onnx.proto.OnnxMl.TensorProto.DataType;
import ai.onnx.proto.OnnxMl.ValueInfoProto;
import ai.onnxruntime.platform.Fp16Conversions;
import com.google.protobuf.UnsafeByteOperations;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.Function;

/**
 * Makes a graph of 32-bit floats one of 16-bit floats. Layer normalisations become one node each,
 * whose kernels sum in 32 bits; what else sums or squares stays in 32 bits between two casts.
 * Numbers too large for 16 bits, as masks have them, become the largest that there is.
 */
public final class ConvertToHalfPrecision {

    private static final int FLOAT = DataType.FLOAT.getNumber();
    private static final int HALF = DataType.FLOAT16.getNumber();
    private static final float GREATEST = 65504;

    /** Sums, squares and what follows them: in 16 bits they overflow or lose too much. */
    private static final Set<String> WIDE =
            Set.of(
                    "Pow",
                    "Sqrt",
                    "Reciprocal",
                    "Exp",
                    "Log",
                    "ReduceMean",
                    "ReduceSum",
                    "ReduceSumSquare",
                    "ReduceL1",
                    "ReduceL2",
                    "ReduceLogSumExp",
                    "CumSum",
                    "Range");

    /** The type of what these give, whatever they are given. */
    private static final Map<String, DataType> GIVEN_TYPES =
            Map.ofEntries(
                    Map.entry("Shape", DataType.INT64),
                    Map.entry("Size", DataType.INT64),
                    Map.entry("NonZero", DataType.INT64),
                    Map.entry("ArgMax", DataType.INT64),
                    Map.entry("ArgMin", DataType.INT64),
                    Map.entry("Equal", DataType.BOOL),
                    Map.entry("Greater", DataType.BOOL),
                    Map.entry("GreaterOrEqual", DataType.BOOL),
                    Map.entry("Less", DataType.BOOL),
                    Map.entry("LessOrEqual", DataType.BOOL),
                    Map.entry("Not", DataType.BOOL),
                    Map.entry("And", DataType.BOOL),
                    Map.entry("Or", DataType.BOOL),
                    Map.entry("Xor", DataType.BOOL),
                    Map.entry("IsNaN", DataType.BOOL),
                    Map.entry("IsInf", DataType.BOOL));

    private final GraphIndex index;
    private final Function<TensorProto, ByteBuffer> data;
    private final NewNodes added = new NewNodes("fp16/");

    /** Element types as the graph has them before. */
    private final Map<String, Integer> types = new HashMap<>();

    /** Values that were of 32 bits and are made in 16. */
    private final Set<String> narrow = new HashSet<>();

    private final Map<String, String> inHalf = new HashMap<>();
    private final Map<String, String> inFloat = new HashMap<>();

    private ConvertToHalfPrecision(GraphIndex index, Function<TensorProto, ByteBuffer> data) {
        this.index = index;
        this.data = data;
    }

    /**
     * The graph in 16 bits; nothing where it has no products of 32-bit floats, or is one of those
     * that cannot be converted: with branches, loops or functions of its own, or quantised.
     *
     * @param data gives the bytes of a weight
     */
    public static Optional<ModelProto> convert(
            GraphIndex index, Function<TensorProto, ByteBuffer> data) {
        return new ConvertToHalfPrecision(index, data).convert();
    }

    private Optional<ModelProto> convert() {
        if (!isConvertible()) {
            return Optional.empty();
        }
        Map<String, LayerNormalizationMatcher.Found> normalizations =
                LayerNormalizationMatcher.find(index, data);
        for (ValueInfoProto input : index.graph().getInputList()) {
            types.put(input.getName(), input.getType().getTensorType().getElemType());
        }
        for (TensorProto weight : index.graph().getInitializerList()) {
            types.put(weight.getName(), weight.getDataType());
        }
        for (NodeProto node : index.graph().getNodeList()) {
            LayerNormalizationMatcher.Found found = normalizations.get(node.getOutput(0));
            if (found == null) {
                convert(node);
            } else {
                normalize(node.getOutput(0), found);
            }
        }
        GraphProto.Builder graph =
                index.graph().toBuilder()
                        .clearNode()
                        .addAllNode(added.nodes())
                        .addAllInitializer(added.constants())
                        .clearValueInfo();
        for (ValueInfoProto.Builder output : graph.getOutputBuilderList()) {
            if (narrow.contains(output.getName())) {
                output.getTypeBuilder().getTensorTypeBuilder().setElemType(HALF);
            }
        }
        return Optional.of(GraphIndex.pruned(index.model().toBuilder().setGraph(graph)));
    }

    private boolean isConvertible() {
        boolean[] products = {false};
        boolean[] foreign = {index.model().getFunctionsCount() > 0};
        for (NodeProto node : index.graph().getNodeList()) {
            products[0] |=
                    index.isProduct(node)
                            && index.constantType(node.getInput(1)).equals(Optional.of(FLOAT));
            foreign[0] |=
                    !node.getDomain().isEmpty() && !node.getDomain().equals("ai.onnx")
                            || node.getOpType().contains("Quantize")
                            || node.getOpType().contains("Integer")
                            || node.getAttributeList().stream()
                                    .anyMatch(a -> a.hasG() || a.getGraphsCount() > 0);
        }
        return products[0] && !foreign[0];
    }

    private void convert(NodeProto node) {
        String operator = node.getOpType();
        if (operator.equals("Constant")) {
            keep(node);
            int type =
                    GraphIndex.attribute(node, "value")
                            .map(a -> a.getT().getDataType())
                            .orElse(
                                    GraphIndex.attribute(node, "value_float").isPresent()
                                                    || GraphIndex.attribute(node, "value_floats")
                                                            .isPresent()
                                            ? FLOAT
                                            : DataType.INT64.getNumber());
            types.put(node.getOutput(0), type);
        } else if (operator.equals("Cast")) {
            cast(node);
        } else if (operator.equals("ConstantOfShape")) {
            fill(node);
        } else {
            boolean wide = WIDE.contains(operator);
            NodeProto.Builder copy = node.toBuilder();
            for (int i = 0; i < node.getInputCount(); i++) {
                copy.setInput(i, wide ? float32(node.getInput(i)) : half(node.getInput(i)));
            }
            keep(copy.build());
            int type = type(node);
            for (String output : node.getOutputList()) {
                types.put(output, type);
                if (type == FLOAT && !wide) {
                    narrow.add(output);
                }
            }
        }
    }

    /** The type of a node's outputs: as a rule that of its first input that is none of bools. */
    private int type(NodeProto node) {
        DataType given = GIVEN_TYPES.get(node.getOpType());
        if (given != null) {
            return given.getNumber();
        }
        return node.getInputList().stream()
                .skip(node.getOpType().equals("Where") ? 1 : 0)
                .filter(input -> !input.isEmpty())
                .map(input -> types.getOrDefault(input, DataType.UNDEFINED.getNumber()))
                .findFirst()
                .orElse(DataType.UNDEFINED.getNumber());
    }

    private void cast(NodeProto node) {
        long to = GraphIndex.attribute(node, "to").map(AttributeProto::getI).orElse(0L);
        types.put(node.getOutput(0), (int) to);
        if (to != FLOAT) {
            keep(node);
            return;
        }
        narrow.add(node.getOutput(0));
        keep(node.toBuilder().clearAttribute().addAttribute(NewNodes.integer("to", HALF)).build());
    }

    private void fill(NodeProto node) {
        Optional<TensorProto> value = GraphIndex.attribute(node, "value").map(AttributeProto::getT);
        int type = value.map(TensorProto::getDataType).orElse(FLOAT);
        types.put(node.getOutput(0), type);
        if (type != FLOAT) {
            keep(node);
            return;
        }
        narrow.add(node.getOutput(0));
        TensorProto zero =
                TensorProto.newBuilder().setDataType(FLOAT).addDims(1).addFloatData(0).build();
        keep(
                node.toBuilder()
                        .clearAttribute()
                        .addAttribute(
                                AttributeProto.newBuilder()
                                        .setName("value")
                                        .setType(AttributeProto.AttributeType.TENSOR)
                                        .setT(narrowed(value.orElse(zero))))
                        .build());
    }

    private void normalize(String output, LayerNormalizationMatcher.Found found) {
        added.node(
                output,
                "LayerNormalization",
                List.of(half(found.input()), half(found.gain()), half(found.shift())),
                NewNodes.integer("axis", -1),
                NewNodes.real("epsilon", found.epsilon()));
        types.put(output, FLOAT);
        narrow.add(output);
    }

    private void keep(NodeProto node) {
        added.nodes().add(node);
    }

    /** A value, in 16 bits if it was one of 32. */
    private String half(String value) {
        if (types.getOrDefault(value, 0) != FLOAT || narrow.contains(value)) {
            return value;
        }
        return inHalf.computeIfAbsent(
                value,
                wide -> {
                    Optional<TensorProto> constant = index.constant(wide);
                    if (constant.isEmpty()) {
                        return added.node("Cast", List.of(wide), NewNodes.integer("to", HALF));
                    }
                    String name = added.name();
                    added.constants()
                            .add(narrowed(constant.get()).toBuilder().setName(name).build());
                    return name;
                });
    }

    /** A value, in 32 bits if it was one of them. */
    private String float32(String value) {
        if (!narrow.contains(value)) {
            return value;
        }
        return inFloat.computeIfAbsent(
                value, half -> added.node("Cast", List.of(half), NewNodes.integer("to", FLOAT)));
    }

    private TensorProto narrowed(TensorProto wide) {
        int count =
                wide.getDimsList().stream()
                        .mapToInt(Math::toIntExact)
                        .reduce(1, Math::multiplyExact);
        ByteBuffer halves =
                ByteBuffer.allocateDirect(Math.multiplyExact(count, 2))
                        .order(ByteOrder.LITTLE_ENDIAN);
        if (wide.getFloatDataCount() > 0) {
            wide.getFloatDataList().forEach(number -> halves.putShort(narrowed(number)));
        } else {
            ByteBuffer numbers = data.apply(wide).order(ByteOrder.LITTLE_ENDIAN);
            while (numbers.hasRemaining()) {
                halves.putShort(narrowed(numbers.getFloat()));
            }
        }
        return TensorProto.newBuilder()
                .setDataType(HALF)
                .addAllDims(wide.getDimsList())
                .setRawData(UnsafeByteOperations.unsafeWrap(halves.flip()))
                .build();
    }

    /** The nearest 16-bit float; the largest for finite numbers beyond it. */
    static short narrowed(float number) {
        float kept =
                Float.isFinite(number) ? Math.max(-GREATEST, Math.min(GREATEST, number)) : number;
        return Fp16Conversions.floatToFp16(kept);
    }
}

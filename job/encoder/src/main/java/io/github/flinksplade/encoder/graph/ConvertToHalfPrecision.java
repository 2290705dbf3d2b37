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
 * Converts a graph from fp32 to fp16. Each layer normalization becomes one node, whose kernels sum
 * in fp32; other operators that sum or square stay in fp32 between two casts. Finite values beyond
 * the range of fp16, as masks contain them, become the largest fp16 value.
 */
public final class ConvertToHalfPrecision {

    private static final int FLOAT = DataType.FLOAT.getNumber();
    private static final int HALF = DataType.FLOAT16.getNumber();
    private static final float MAX_HALF = 65504;

    /** Operators that overflow or lose too much precision in fp16. */
    private static final Set<String> FP32_OPERATORS =
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

    /** Operators whose output type does not depend on their inputs. */
    private static final Map<String, DataType> OUTPUT_TYPES =
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
    private final GraphBuilder added;

    /** Element types in the original graph. */
    private final Map<String, Integer> types = new HashMap<>();

    /** Values that are fp32 in the original graph and fp16 in the new one. */
    private final Set<String> converted = new HashSet<>();

    private final Map<String, String> fp16Values = new HashMap<>();
    private final Map<String, String> fp32Values = new HashMap<>();

    private ConvertToHalfPrecision(GraphIndex index, Function<TensorProto, ByteBuffer> data) {
        this.index = index;
        this.data = data;
        this.added = new GraphBuilder("fp16/", index.operatorSet());
    }

    /**
     * Returns the converted graph; empty if it has no fp32 matrix multiplications, or has branches,
     * loops, functions or quantized operators, which are not supported.
     *
     * @param data returns the bytes of a weight
     */
    public static Optional<ModelProto> apply(
            GraphIndex index, Function<TensorProto, ByteBuffer> data) {
        return new ConvertToHalfPrecision(index, data).apply();
    }

    private Optional<ModelProto> apply() {
        if (!isConvertible()) {
            return Optional.empty();
        }
        Map<String, LayerNormalizationMatcher.Match> normalizations =
                LayerNormalizationMatcher.find(index, data);
        for (ValueInfoProto input : index.graph().getInputList()) {
            types.put(input.getName(), input.getType().getTensorType().getElemType());
        }
        for (TensorProto weight : index.graph().getInitializerList()) {
            types.put(weight.getName(), weight.getDataType());
        }
        for (NodeProto node : index.graph().getNodeList()) {
            LayerNormalizationMatcher.Match match = normalizations.get(node.getOutput(0));
            if (match == null) {
                convert(node);
            } else {
                normalize(node.getOutput(0), match);
            }
        }
        GraphProto.Builder graph =
                index.graph().toBuilder()
                        .clearNode()
                        .addAllNode(added.nodes())
                        .addAllInitializer(added.constants())
                        .clearValueInfo();
        for (ValueInfoProto.Builder output : graph.getOutputBuilderList()) {
            if (converted.contains(output.getName())) {
                output.getTypeBuilder().getTensorTypeBuilder().setElemType(HALF);
            }
        }
        return Optional.of(GraphIndex.pruned(index.model().toBuilder().setGraph(graph)));
    }

    private boolean isConvertible() {
        boolean hasMatMul = false;
        boolean isSupported = index.model().getFunctionsCount() == 0;
        for (NodeProto node : index.graph().getNodeList()) {
            hasMatMul |=
                    index.isMatMul(node)
                            && index.constantType(node.getInput(1)).equals(Optional.of(FLOAT));
            isSupported &=
                    !(!node.getDomain().isEmpty() && !node.getDomain().equals("ai.onnx")
                            || node.getOpType().contains("Quantize")
                            || node.getOpType().contains("Integer")
                            || node.getAttributeList().stream()
                                    .anyMatch(a -> a.hasG() || a.getGraphsCount() > 0));
        }
        return hasMatMul && isSupported;
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
            constantOfShape(node);
        } else {
            boolean inFp32 = FP32_OPERATORS.contains(operator);
            NodeProto.Builder copy = node.toBuilder();
            for (int i = 0; i < node.getInputCount(); i++) {
                copy.setInput(i, inFp32 ? toFp32(node.getInput(i)) : toFp16(node.getInput(i)));
            }
            keep(copy.build());
            int type = type(node);
            for (String output : node.getOutputList()) {
                types.put(output, type);
                if (type == FLOAT && !inFp32) {
                    converted.add(output);
                }
            }
        }
    }

    /** The type of a node's outputs: usually that of its first input that is not a condition. */
    private int type(NodeProto node) {
        DataType fixed = OUTPUT_TYPES.get(node.getOpType());
        if (fixed != null) {
            return fixed.getNumber();
        }
        return node.getInputList().stream()
                .skip(node.getOpType().equals("Where") ? 1 : 0)
                .filter(input -> !input.isEmpty())
                .map(input -> types.getOrDefault(input, DataType.UNDEFINED.getNumber()))
                .findFirst()
                .orElse(DataType.UNDEFINED.getNumber());
    }

    private void cast(NodeProto node) {
        long to = GraphIndex.intAttribute(node, "to", 0);
        types.put(node.getOutput(0), (int) to);
        if (to != FLOAT) {
            keep(node);
            return;
        }
        converted.add(node.getOutput(0));
        keep(
                node.toBuilder()
                        .clearAttribute()
                        .addAttribute(GraphBuilder.attribute("to", HALF))
                        .build());
    }

    private void constantOfShape(NodeProto node) {
        Optional<TensorProto> value = GraphIndex.attribute(node, "value").map(AttributeProto::getT);
        int type = value.map(TensorProto::getDataType).orElse(FLOAT);
        types.put(node.getOutput(0), type);
        if (type != FLOAT) {
            keep(node);
            return;
        }
        converted.add(node.getOutput(0));
        TensorProto zero =
                TensorProto.newBuilder().setDataType(FLOAT).addDims(1).addFloatData(0).build();
        keep(
                node.toBuilder()
                        .clearAttribute()
                        .addAttribute(GraphBuilder.attribute("value", toFp16(value.orElse(zero))))
                        .build());
    }

    private void normalize(String output, LayerNormalizationMatcher.Match match) {
        added.namedNode(
                output,
                "LayerNormalization",
                List.of(toFp16(match.input()), toFp16(match.scale()), toFp16(match.bias())),
                GraphBuilder.attribute("axis", -1),
                GraphBuilder.attribute("epsilon", match.epsilon()));
        types.put(output, FLOAT);
        converted.add(output);
    }

    private void keep(NodeProto node) {
        added.nodes().add(node);
    }

    /** The fp16 form of an fp32 value; other values are unchanged. */
    private String toFp16(String value) {
        if (types.getOrDefault(value, 0) != FLOAT || converted.contains(value)) {
            return value;
        }
        return fp16Values.computeIfAbsent(
                value,
                fp32 -> {
                    Optional<TensorProto> constant = index.constant(fp32);
                    if (constant.isEmpty()) {
                        return added.cast(fp32, DataType.FLOAT16);
                    }
                    return added.constant(
                            toFp16(constant.get()).toBuilder().setName(added.newName()).build());
                });
    }

    /** The fp32 form of a converted value; other values are unchanged. */
    private String toFp32(String value) {
        if (!converted.contains(value)) {
            return value;
        }
        return fp32Values.computeIfAbsent(value, fp16 -> added.cast(fp16, DataType.FLOAT));
    }

    private TensorProto toFp16(TensorProto tensor) {
        int count =
                tensor.getDimsList().stream()
                        .mapToInt(Math::toIntExact)
                        .reduce(1, Math::multiplyExact);
        ByteBuffer halves =
                ByteBuffer.allocateDirect(Math.multiplyExact(count, 2))
                        .order(ByteOrder.LITTLE_ENDIAN);
        if (tensor.getFloatDataCount() > 0) {
            tensor.getFloatDataList().forEach(number -> halves.putShort(toFp16(number)));
        } else {
            ByteBuffer numbers = data.apply(tensor).order(ByteOrder.LITTLE_ENDIAN);
            while (numbers.hasRemaining()) {
                halves.putShort(toFp16(numbers.getFloat()));
            }
        }
        return TensorProto.newBuilder()
                .setDataType(HALF)
                .addAllDims(tensor.getDimsList())
                .setRawData(UnsafeByteOperations.unsafeWrap(halves.flip()))
                .build();
    }

    /** The nearest fp16 value; the largest for finite numbers beyond it. */
    private static short toFp16(float number) {
        float limited =
                Float.isFinite(number) ? Math.max(-MAX_HALF, Math.min(MAX_HALF, number)) : number;
        return Fp16Conversions.floatToFp16(limited);
    }
}

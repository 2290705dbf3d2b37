package io.github.flinksplade.encoder.graph;

import ai.onnx.proto.OnnxMl.AttributeProto;
import ai.onnx.proto.OnnxMl.NodeProto;
import ai.onnx.proto.OnnxMl.TensorProto;
import ai.onnx.proto.OnnxMl.TensorProto.DataType;
import ai.onnx.proto.OnnxMl.TensorShapeProto;
import ai.onnx.proto.OnnxMl.TypeProto;
import ai.onnx.proto.OnnxMl.ValueInfoProto;
import com.google.protobuf.ByteString;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayList;
import java.util.List;

/**
 * Collects nodes and constants for a graph. Every method that adds something returns the name of
 * the added value, so calls nest as the computation does. Operators whose axes moved from an
 * attribute to an input are written as the operator set requires.
 */
public final class GraphBuilder {

    private static final int AXES_ARE_INPUTS = 13;
    private static final int REDUCE_AXES_ARE_INPUTS = 18;

    private final String prefix;
    private final long operatorSet;
    private final List<NodeProto> nodes = new ArrayList<>();
    private final List<TensorProto> constants = new ArrayList<>();
    private int names;

    /**
     * @param prefix of every generated name; no name of the graph may start with it
     * @param operatorSet version of the standard operators
     */
    public GraphBuilder(String prefix, long operatorSet) {
        this.prefix = prefix;
        this.operatorSet = operatorSet;
    }

    public List<NodeProto> nodes() {
        return nodes;
    }

    public List<TensorProto> constants() {
        return constants;
    }

    /** A name that is not in use yet. */
    public String newName() {
        return prefix + names++;
    }

    /** Adds a node with one output. */
    public String node(String operator, List<String> inputs, AttributeProto... attributes) {
        return namedNode(newName(), operator, inputs, attributes);
    }

    /** Adds a node with one output and no attributes. */
    public String node(String operator, String... inputs) {
        return node(operator, List.of(inputs));
    }

    /** Adds a node that has the name of its output. */
    public String namedNode(
            String output, String operator, List<String> inputs, AttributeProto... attributes) {
        nodes.add(
                NodeProto.newBuilder()
                        .setOpType(operator)
                        .setName(output)
                        .addAllInput(inputs)
                        .addOutput(output)
                        .addAllAttribute(List.of(attributes))
                        .build());
        return output;
    }

    /** Adds a copy of a node under a new name. */
    public String copy(NodeProto.Builder node) {
        String output = newName();
        nodes.add(node.setName(output).clearOutput().addOutput(output).build());
        return output;
    }

    /** Adds a Cast. */
    public String cast(String value, DataType type) {
        return node("Cast", List.of(value), attribute("to", type.getNumber()));
    }

    /** Adds a Slice along one axis; needs operator set 10. */
    public String slice(String value, int axis, long start, long end) {
        return node("Slice", value, int64s(start), int64s(end), int64s(axis));
    }

    /** Adds a ReduceMax that removes the axis. */
    public String reduceMax(String value, long axis) {
        return reduce("ReduceMax", value, REDUCE_AXES_ARE_INPUTS, axis);
    }

    /** Adds a ReduceSum that removes the axes. */
    public String reduceSum(String value, long... axes) {
        return reduce("ReduceSum", value, AXES_ARE_INPUTS, axes);
    }

    private String reduce(String operator, String value, int axesAreInputs, long... axes) {
        AttributeProto keepDims = attribute("keepdims", 0);
        return operatorSet >= axesAreInputs
                ? node(operator, List.of(value, int64s(axes)), keepDims)
                : node(operator, List.of(value), attribute("axes", axes), keepDims);
    }

    /** Adds an Unsqueeze of one axis. */
    public String unsqueeze(String value, long axis) {
        return alongAxis("Unsqueeze", value, axis);
    }

    /** Adds a Squeeze of one axis. */
    public String squeeze(String value, long axis) {
        return alongAxis("Squeeze", value, axis);
    }

    private String alongAxis(String operator, String value, long axis) {
        return operatorSet >= AXES_ARE_INPUTS
                ? node(operator, value, int64s(axis))
                : node(operator, List.of(value), attribute("axes", new long[] {axis}));
    }

    /** Adds a Split along an axis into parts of the given lengths. */
    public List<String> split(String value, int axis, long... lengths) {
        List<String> parts = new ArrayList<>();
        for (int i = 0; i < lengths.length; i++) {
            parts.add(newName());
        }
        NodeProto.Builder split =
                NodeProto.newBuilder()
                        .setOpType("Split")
                        .setName(newName())
                        .addInput(value)
                        .addAllOutput(parts)
                        .addAttribute(attribute("axis", axis));
        if (operatorSet >= AXES_ARE_INPUTS) {
            split.addInput(int64s(lengths));
        } else {
            split.addAttribute(attribute("split", lengths));
        }
        nodes.add(split.build());
        return parts;
    }

    /** Adds a constant. */
    public String constant(TensorProto tensor) {
        constants.add(tensor);
        return tensor.getName();
    }

    /** Adds a constant int64 vector. */
    public String int64s(long... values) {
        return constant(int64s(newName(), values));
    }

    /** Adds a constant float without dimensions. */
    public String float32(float value) {
        return constant(float32(newName(), value));
    }

    /** An int64 vector. */
    public static TensorProto int64s(String name, long... values) {
        TensorProto.Builder tensor =
                TensorProto.newBuilder()
                        .setName(name)
                        .setDataType(DataType.INT64.getNumber())
                        .addDims(values.length);
        for (long value : values) {
            tensor.addInt64Data(value);
        }
        return tensor.build();
    }

    /** A float tensor. */
    public static TensorProto floats(String name, float[] values, long... shape) {
        ByteBuffer bytes =
                ByteBuffer.allocate(Float.BYTES * values.length).order(ByteOrder.LITTLE_ENDIAN);
        bytes.asFloatBuffer().put(values);
        TensorProto.Builder tensor =
                TensorProto.newBuilder()
                        .setName(name)
                        .setDataType(DataType.FLOAT.getNumber())
                        .setRawData(ByteString.copyFrom(bytes));
        for (long size : shape) {
            tensor.addDims(size);
        }
        return tensor.build();
    }

    /** A float without dimensions. */
    public static TensorProto float32(String name, float value) {
        return TensorProto.newBuilder()
                .setName(name)
                .setDataType(DataType.FLOAT.getNumber())
                .addFloatData(value)
                .build();
    }

    public static AttributeProto attribute(String name, long value) {
        return AttributeProto.newBuilder()
                .setName(name)
                .setType(AttributeProto.AttributeType.INT)
                .setI(value)
                .build();
    }

    public static AttributeProto attribute(String name, float value) {
        return AttributeProto.newBuilder()
                .setName(name)
                .setType(AttributeProto.AttributeType.FLOAT)
                .setF(value)
                .build();
    }

    public static AttributeProto attribute(String name, String value) {
        return AttributeProto.newBuilder()
                .setName(name)
                .setType(AttributeProto.AttributeType.STRING)
                .setS(ByteString.copyFromUtf8(value))
                .build();
    }

    public static AttributeProto attribute(String name, long[] values) {
        AttributeProto.Builder attribute =
                AttributeProto.newBuilder()
                        .setName(name)
                        .setType(AttributeProto.AttributeType.INTS);
        for (long value : values) {
            attribute.addInts(value);
        }
        return attribute.build();
    }

    public static AttributeProto attribute(String name, TensorProto value) {
        return AttributeProto.newBuilder()
                .setName(name)
                .setType(AttributeProto.AttributeType.TENSOR)
                .setT(value)
                .build();
    }

    /** An input or output of unknown shape. */
    public static ValueInfoProto value(String name, DataType type) {
        return value(name, TypeProto.Tensor.newBuilder().setElemType(type.getNumber()));
    }

    /**
     * An input or output.
     *
     * @param sizes sizes, or names of those that vary
     */
    public static ValueInfoProto value(String name, DataType type, Object... sizes) {
        TensorShapeProto.Builder shape = TensorShapeProto.newBuilder();
        for (Object size : sizes) {
            TensorShapeProto.Dimension.Builder dimension = shape.addDimBuilder();
            if (size instanceof Number number) {
                dimension.setDimValue(number.longValue());
            } else {
                dimension.setDimParam(size.toString());
            }
        }
        return value(
                name, TypeProto.Tensor.newBuilder().setElemType(type.getNumber()).setShape(shape));
    }

    private static ValueInfoProto value(String name, TypeProto.Tensor.Builder tensor) {
        return ValueInfoProto.newBuilder()
                .setName(name)
                .setType(TypeProto.newBuilder().setTensorType(tensor))
                .build();
    }
}

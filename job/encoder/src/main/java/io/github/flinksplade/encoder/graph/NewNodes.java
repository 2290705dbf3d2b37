package io.github.flinksplade.encoder.graph;

import ai.onnx.proto.OnnxMl.AttributeProto;
import ai.onnx.proto.OnnxMl.NodeProto;
import ai.onnx.proto.OnnxMl.TensorProto;
import ai.onnx.proto.OnnxMl.TensorProto.DataType;
import java.util.ArrayList;
import java.util.List;

/** Nodes and constants that are added to a graph, under names that are not in it. */
final class NewNodes {

    private final String prefix;
    private final List<NodeProto> nodes = new ArrayList<>();
    private final List<TensorProto> constants = new ArrayList<>();
    private int names;

    /**
     * @param prefix what all their names begin with
     */
    NewNodes(String prefix) {
        this.prefix = prefix;
    }

    List<NodeProto> nodes() {
        return nodes;
    }

    List<TensorProto> constants() {
        return constants;
    }

    /** A name that is not in use yet. */
    String name() {
        return prefix + names++;
    }

    /** Adds a node with one output; answers the output's name. */
    String node(String operator, List<String> inputs, AttributeProto... attributes) {
        return node(name(), operator, inputs, attributes);
    }

    /** The same with a given name for node and output. */
    String node(String output, String operator, List<String> inputs, AttributeProto... attributes) {
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

    /** Adds a constant vector of whole numbers; answers its name. */
    String numbers(long... values) {
        TensorProto.Builder tensor =
                TensorProto.newBuilder()
                        .setName(name())
                        .setDataType(DataType.INT64.getNumber())
                        .addDims(values.length);
        for (long value : values) {
            tensor.addInt64Data(value);
        }
        constants.add(tensor.build());
        return tensor.getName();
    }

    /** Adds a constant float; answers its name. */
    String real(float value) {
        TensorProto tensor =
                TensorProto.newBuilder()
                        .setName(name())
                        .setDataType(DataType.FLOAT.getNumber())
                        .addFloatData(value)
                        .build();
        constants.add(tensor);
        return tensor.getName();
    }

    static AttributeProto integer(String name, long value) {
        return AttributeProto.newBuilder()
                .setName(name)
                .setType(AttributeProto.AttributeType.INT)
                .setI(value)
                .build();
    }

    static AttributeProto real(String name, float value) {
        return AttributeProto.newBuilder()
                .setName(name)
                .setType(AttributeProto.AttributeType.FLOAT)
                .setF(value)
                .build();
    }

    static AttributeProto integers(String name, long... values) {
        AttributeProto.Builder attribute =
                AttributeProto.newBuilder()
                        .setName(name)
                        .setType(AttributeProto.AttributeType.INTS);
        for (long value : values) {
            attribute.addInts(value);
        }
        return attribute.build();
    }
}

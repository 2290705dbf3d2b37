package io.github.flinksplade.encoder.graph;

import ai.onnx.proto.OnnxMl.AttributeProto;
import ai.onnx.proto.OnnxMl.GraphProto;
import ai.onnx.proto.OnnxMl.ModelProto;
import ai.onnx.proto.OnnxMl.NodeProto;
import ai.onnx.proto.OnnxMl.OperatorSetIdProto;
import ai.onnx.proto.OnnxMl.TensorProto;
import ai.onnx.proto.OnnxMl.ValueInfoProto;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.Consumer;

/** Finds the node or constant that produces a value of a graph. */
public final class GraphIndex {

    /** The domain of the operators that only ONNX Runtime has. */
    static final String MICROSOFT = "com.microsoft";

    private final ModelProto model;
    private final Map<String, NodeProto> producers = new HashMap<>();
    private final Map<String, TensorProto> initializers = new HashMap<>();

    public GraphIndex(ModelProto model) {
        this.model = model;
        for (TensorProto tensor : model.getGraph().getInitializerList()) {
            initializers.put(tensor.getName(), tensor);
        }
        for (NodeProto node : model.getGraph().getNodeList()) {
            for (String output : node.getOutputList()) {
                producers.put(output, node);
            }
        }
    }

    ModelProto model() {
        return model;
    }

    public GraphProto graph() {
        return model.getGraph();
    }

    /** The version of the standard operators; 0 if the graph uses none. */
    public long operatorSet() {
        return model.getOpsetImportList().stream()
                .filter(set -> isStandard(set.getDomain()))
                .mapToLong(OperatorSetIdProto::getVersion)
                .max()
                .orElse(0);
    }

    private static boolean isStandard(String domain) {
        return domain.isEmpty() || domain.equals("ai.onnx");
    }

    /** An integer attribute of a node. */
    static long intAttribute(NodeProto node, String name, long defaultValue) {
        return attribute(node, name).map(AttributeProto::getI).orElse(defaultValue);
    }

    /** Whether a node is the standard operator of this name, not a function of the model. */
    public boolean is(NodeProto node, String operator) {
        return node.getOpType().equals(operator)
                && isStandard(node.getDomain())
                && model.getFunctionsList().stream()
                        .noneMatch(
                                function ->
                                        function.getName().equals(operator)
                                                && isStandard(function.getDomain()));
    }

    /** The node that produces a value; empty for inputs and weights. */
    public Optional<NodeProto> producer(String value) {
        return Optional.ofNullable(producers.get(value));
    }

    /** The node that produces a value if it is that operator. */
    public Optional<NodeProto> producer(String value, String operator) {
        return producer(value).filter(node -> is(node, operator));
    }

    /** The nearest node of that operator on which a value depends. */
    Optional<NodeProto> nearest(String value, String operator) {
        Set<String> seen = new HashSet<>();
        Deque<String> open = new ArrayDeque<>(List.of(value));
        while (!open.isEmpty()) {
            String current = open.remove();
            Optional<NodeProto> node = producer(current);
            if (node.isPresent() && is(node.get(), operator)) {
                return node;
            }
            if (node.isPresent() && seen.add(current)) {
                open.addAll(node.get().getInputList());
            }
        }
        return Optional.empty();
    }

    /** The value before Identity nodes. */
    public String behindIdentities(String value) {
        String current = value;
        for (Optional<NodeProto> node = producer(current, "Identity");
                node.isPresent();
                node = producer(current, "Identity")) {
            current = node.get().getInput(0);
        }
        return current;
    }

    /** The tensor of a constant: an initializer, or the tensor of a Constant node. */
    public Optional<TensorProto> constant(String value) {
        String source = behindIdentities(value);
        TensorProto initializer = initializers.get(source);
        if (initializer != null) {
            return Optional.of(initializer);
        }
        return producer(source, "Constant")
                .flatMap(node -> attribute(node, "value"))
                .map(AttributeProto::getT);
    }

    /** The element type of a constant, which may be transposed. */
    Optional<Integer> constantType(String value) {
        return constant(value)
                .map(TensorProto::getDataType)
                .or(
                        () ->
                                producer(behindIdentities(value), "Transpose")
                                        .flatMap(node -> constantType(node.getInput(0))));
    }

    /** The shape of a constant, which may be a transposed matrix. */
    Optional<List<Long>> constantShape(String value) {
        return constant(value)
                .map(TensorProto::getDimsList)
                .or(
                        () ->
                                producer(behindIdentities(value), "Transpose")
                                        .filter(GraphIndex::isMatrixTranspose)
                                        .flatMap(node -> constantShape(node.getInput(0)))
                                        .filter(shape -> shape.size() == 2)
                                        .map(shape -> List.of(shape.get(1), shape.get(0))));
    }

    /** Whether a Transpose node transposes a matrix. */
    static boolean isMatrixTranspose(NodeProto node) {
        return attribute(node, "perm")
                .map(order -> order.getIntsList().equals(List.of(1L, 0L)))
                .orElse(true);
    }

    /** Whether a node multiplies matrices, in floats or in quantized integers. */
    boolean isMatMul(NodeProto node) {
        return is(node, "MatMul")
                || node.getDomain().equals(MICROSOFT)
                        && node.getOpType().equals("MatMulIntegerToFloat");
    }

    static Optional<AttributeProto> attribute(NodeProto node, String name) {
        return node.getAttributeList().stream()
                .filter(attribute -> attribute.getName().equals(name))
                .findFirst();
    }

    /** The required inputs: those without a default among the initializers. */
    List<ValueInfoProto> inputs() {
        return graph().getInputList().stream()
                .filter(input -> !initializers.containsKey(input.getName()))
                .toList();
    }

    /** Visits every node, including those of subgraphs and functions. */
    public void forEachNode(Consumer<NodeProto> action) {
        forEachNode(graph().getNodeList(), action);
        model.getFunctionsList().forEach(function -> forEachNode(function.getNodeList(), action));
    }

    private static void forEachNode(List<NodeProto> nodes, Consumer<NodeProto> action) {
        for (NodeProto node : nodes) {
            action.accept(node);
            for (GraphProto subgraph : subgraphs(node)) {
                forEachNode(subgraph.getNodeList(), action);
            }
        }
    }

    private static List<GraphProto> subgraphs(NodeProto node) {
        List<GraphProto> subgraphs = new ArrayList<>();
        for (AttributeProto attribute : node.getAttributeList()) {
            if (attribute.hasG()) {
                subgraphs.add(attribute.getG());
            }
            subgraphs.addAll(attribute.getGraphsList());
        }
        return subgraphs;
    }

    /** Declares the operators that only ONNX Runtime has. */
    static ModelProto.Builder withMicrosoft(ModelProto.Builder model) {
        if (model.getOpsetImportList().stream()
                .noneMatch(set -> set.getDomain().equals(MICROSOFT))) {
            model.addOpsetImport(
                    OperatorSetIdProto.newBuilder().setDomain(MICROSOFT).setVersion(1));
        }
        return model;
    }

    /** Removes everything that the outputs do not depend on. */
    static ModelProto pruned(ModelProto.Builder model) {
        GraphProto.Builder graph = model.getGraphBuilder();
        Map<String, NodeProto> producers = new HashMap<>();
        for (NodeProto node : graph.getNodeList()) {
            node.getOutputList().forEach(output -> producers.put(output, node));
        }
        Set<String> needed = new HashSet<>();
        List<String> open = new ArrayList<>();
        graph.getOutputList().forEach(output -> open.add(output.getName()));
        while (!open.isEmpty()) {
            String value = open.remove(open.size() - 1);
            // an omitted optional input or output has the empty name
            if (!value.isEmpty() && needed.add(value) && producers.containsKey(value)) {
                addReads(producers.get(value), open);
            }
        }
        List<NodeProto> nodes =
                graph.getNodeList().stream()
                        .filter(node -> node.getOutputList().stream().anyMatch(needed::contains))
                        .toList();
        List<TensorProto> weights =
                graph.getInitializerList().stream()
                        .filter(tensor -> needed.contains(tensor.getName()))
                        .toList();
        Set<String> names = new HashSet<>();
        graph.getInitializerList().forEach(tensor -> names.add(tensor.getName()));
        List<ValueInfoProto> inputs =
                graph.getInputList().stream()
                        .filter(input -> !names.contains(input.getName()))
                        .toList();
        List<ValueInfoProto> values =
                graph.getValueInfoList().stream()
                        .filter(value -> needed.contains(value.getName()))
                        .toList();
        graph.clearNode().addAllNode(nodes);
        graph.clearInitializer().addAllInitializer(weights);
        graph.clearInput().addAllInput(inputs);
        graph.clearValueInfo().addAllValueInfo(values);
        // since version 4 an initializer need not be an input, which would prevent folding it
        model.setIrVersion(Math.max(4, model.getIrVersion()));
        return model.build();
    }

    /** Adds the inputs of a node and of its subgraphs. */
    private static void addReads(NodeProto node, List<String> reads) {
        reads.addAll(node.getInputList());
        for (GraphProto subgraph : subgraphs(node)) {
            subgraph.getOutputList().forEach(output -> reads.add(output.getName()));
            subgraph.getNodeList().forEach(within -> addReads(within, reads));
        }
    }
}

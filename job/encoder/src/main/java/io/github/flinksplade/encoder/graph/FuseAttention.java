package io.github.flinksplade.encoder.graph;

import ai.onnx.proto.OnnxMl.AttributeProto;
import ai.onnx.proto.OnnxMl.GraphProto;
import ai.onnx.proto.OnnxMl.ModelProto;
import ai.onnx.proto.OnnxMl.NodeProto;
import ai.onnx.proto.OnnxMl.TensorProto;
import ai.onnx.proto.OnnxMl.TensorProto.DataType;
import ai.onnx.proto.OnnxMl.TensorShapeProto;
import ai.onnx.proto.OnnxMl.TypeProto;
import ai.onnx.proto.OnnxMl.ValueInfoProto;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.function.Function;

/**
 * Says attention that a graph spells out, {@code softmax(q k' * scale + mask) v} for each head, in
 * one node of ONNX Runtime's, which is told the texts' lengths. Its kernels on GPUs then never
 * write the scores to memory, which those for a mask of [batch, tokens] do.
 *
 * <p>Only where the mask comes of the input that marks padding and of nothing else is it said so: a
 * bias of relative positions, for one, is not a mask.
 */
public final class FuseAttention {

    /**
     * The input with the lengths, int32. ONNX Runtime takes them in two forms, and each of its
     * kernels on GPUs one of them: in fp16 [3 * batch + 2], the rows' numbers of tokens, then where
     * each row starts and the last ends, once for queries and once for keys; in fp32 [batch], the
     * numbers of tokens alone (the starts would be misread as the first token that is not masked).
     */
    public static final String LENGTHS = "splade/lengths";

    private static final List<Long> HEADS_FIRST = List.of(0L, 2L, 1L, 3L);
    private static final List<Long> HEADS_FIRST_TURNED = List.of(0L, 2L, 3L, 1L);
    private static final List<Long> TURNED = List.of(0L, 1L, 3L, 2L);

    /** Larger constants are weights, and what is made of them is no mask. */
    private static final int MASK_CONSTANT_ELEMENTS = 16;

    private final GraphIndex index;
    private final ConstantReader constants;
    private final String mask;
    private final Map<String, List<NodeProto>> consumers = new HashMap<>();

    /** A value, and what it has been multiplied by on the way. */
    private record Scaled(String value, double scale) {}

    /** Values [batch, tokens, width], split into heads. */
    private record Split(String value, long heads, double scale) {}

    /** A value before its bias is added. */
    private record Biased(String product, String bias) {}

    /** Attention that was found. */
    private record Found(Split query, Split key, Split value, double scale) {}

    private FuseAttention(GraphIndex index, Function<TensorProto, ByteBuffer> data, String mask) {
        this.index = index;
        this.constants = new ConstantReader(index, data);
        this.mask = mask;
        for (NodeProto node : index.graph().getNodeList()) {
            for (String input : node.getInputList()) {
                consumers.computeIfAbsent(input, name -> new ArrayList<>()).add(node);
            }
        }
    }

    /**
     * The graph with all its attention in single nodes and the input {@link #LENGTHS}; nothing
     * where it has none or where some of it is of another form.
     *
     * @param data gives the bytes of a weight
     * @param mask name of the input [batch, tokens] that is 0 where a row is filled up
     */
    public static Optional<ModelProto> fuse(
            GraphIndex index, Function<TensorProto, ByteBuffer> data, String mask) {
        return new FuseAttention(index, data, mask).fuse();
    }

    private Optional<ModelProto> fuse() {
        Map<String, Found> byOutput = new HashMap<>();
        for (NodeProto node : index.graph().getNodeList()) {
            if (index.is(node, "Softmax")) {
                Optional<Map.Entry<String, Found>> found = attention(node);
                if (found.isEmpty()) {
                    return Optional.empty();
                }
                byOutput.put(found.get().getKey(), found.get().getValue());
            }
        }
        if (byOutput.isEmpty()) {
            return Optional.empty();
        }
        GraphProto.Builder graph = index.graph().toBuilder().clearNode();
        for (NodeProto node : index.graph().getNodeList()) {
            Found found = byOutput.get(node.getOutput(0));
            if (found == null) {
                graph.addNode(node);
            } else {
                fused(node.getOutput(0), found).forEach(graph::addNode);
            }
        }
        graph.addInput(lengths());
        ModelProto.Builder model = index.model().toBuilder().setGraph(graph);
        return Optional.of(GraphIndex.pruned(GraphIndex.withMicrosoft(model)));
    }

    private static ValueInfoProto lengths() {
        return ValueInfoProto.newBuilder()
                .setName(LENGTHS)
                .setType(
                        TypeProto.newBuilder()
                                .setTensorType(
                                        TypeProto.Tensor.newBuilder()
                                                .setElemType(DataType.INT32.getNumber())
                                                .setShape(
                                                        TensorShapeProto.newBuilder()
                                                                .addDim(
                                                                        TensorShapeProto.Dimension
                                                                                .newBuilder()
                                                                                .setDimParam(
                                                                                        "lengths")))))
                .build();
    }

    /**
     * Attention in one node. Where query, key and value each end in a bias, the node adds them, all
     * three at once.
     */
    private List<NodeProto> fused(String output, Found found) {
        List<Split> inputs = List.of(found.query(), found.key(), found.value());
        List<Biased> biased = inputs.stream().flatMap(input -> biased(input).stream()).toList();
        boolean all = biased.size() == inputs.size();
        String bias = all ? output + "/bias" : "";
        NodeProto.Builder attention =
                NodeProto.newBuilder()
                        .setDomain(GraphIndex.MICROSOFT)
                        .setOpType("MultiHeadAttention")
                        .setName(output);
        for (int i = 0; i < inputs.size(); i++) {
            attention.addInput(all ? biased.get(i).product() : inputs.get(i).value());
        }
        attention
                .addInput(bias)
                .addInput(LENGTHS)
                .addOutput(output)
                .addAttribute(NewNodes.integer("num_heads", found.query().heads()))
                .addAttribute(NewNodes.real("scale", (float) found.scale()));
        if (!all) {
            return List.of(attention.build());
        }
        return List.of(
                NodeProto.newBuilder()
                        .setOpType("Concat")
                        .setName(bias)
                        .addAllInput(biased.stream().map(Biased::bias).toList())
                        .addOutput(bias)
                        .addAttribute(NewNodes.integer("axis", 0))
                        .build(),
                attention.build());
    }

    /** A value that ends in the addition of a constant vector, which nothing else reads. */
    private Optional<Biased> biased(Split split) {
        Optional<NodeProto> sum =
                onlyConsumer(split.value(), "Reshape").isEmpty()
                        ? Optional.empty()
                        : index.producer(split.value(), "Add");
        for (int side = 0; sum.isPresent() && side < 2; side++) {
            String product = sum.get().getInput(1 - side);
            String bias = sum.get().getInput(side);
            if (index.constant(bias).filter(vector -> vector.getDimsCount() == 1).isPresent()
                    && index.producer(product, "MatMul").isPresent()) {
                return Optional.of(new Biased(product, bias));
            }
        }
        return Optional.empty();
    }

    /** The attention around a softmax, with the name of what it gives. */
    private Optional<Map.Entry<String, Found>> attention(NodeProto softmax) {
        long axis = GraphIndex.attribute(softmax, "axis").map(AttributeProto::getI).orElse(-1L);
        Optional<NodeProto> sum = index.producer(softmax.getInput(0), "Add");
        if (axis != -1 && axis != 3 || sum.isEmpty()) {
            return Optional.empty();
        }
        for (int masked = 0; masked < 2; masked++) {
            Optional<Scaled> scores = scaled(sum.get().getInput(1 - masked));
            Optional<NodeProto> product =
                    scores.flatMap(found -> index.producer(found.value(), "MatMul"));
            if (product.isPresent() && isMask(sum.get().getInput(masked))) {
                return around(softmax, product.get(), scores.get().scale());
            }
        }
        return Optional.empty();
    }

    private Optional<Map.Entry<String, Found>> around(
            NodeProto softmax, NodeProto product, double scale) {
        Optional<Split> query = split(product.getInput(0), false);
        Optional<Split> key = split(product.getInput(1), true);
        Optional<NodeProto> mixture = onlyConsumer(softmax.getOutput(0), "MatMul");
        if (query.isEmpty()
                || key.isEmpty()
                || mixture.isEmpty()
                || !mixture.get().getInput(0).equals(softmax.getOutput(0))) {
            return Optional.empty();
        }
        Optional<Split> value = split(mixture.get().getInput(1), false);
        Optional<String> joined =
                onlyConsumer(mixture.get().getOutput(0), "Transpose")
                        .filter(node -> order(node).equals(HEADS_FIRST))
                        .flatMap(node -> onlyConsumer(node.getOutput(0), "Reshape"))
                        .map(node -> node.getOutput(0));
        if (value.isEmpty()
                || joined.isEmpty()
                || value.get().scale() != 1
                || query.get().heads() != key.get().heads()
                || query.get().heads() != value.get().heads()) {
            return Optional.empty();
        }
        return Optional.of(
                Map.entry(
                        joined.get(),
                        new Found(
                                query.get(),
                                key.get(),
                                value.get(),
                                scale * query.get().scale() * key.get().scale())));
    }

    /** The only node that reads a value, sizes apart, if it is that operator. */
    private Optional<NodeProto> onlyConsumer(String value, String operator) {
        List<NodeProto> all =
                consumers.getOrDefault(value, List.of()).stream()
                        .filter(node -> !index.is(node, "Shape"))
                        .toList();
        return all.size() == 1 && index.is(all.get(0), operator)
                ? Optional.of(all.get(0))
                : Optional.empty();
    }

    /** [batch, heads, tokens, size], or with the last two exchanged, before it was split. */
    private Optional<Split> split(String value, boolean turned) {
        Optional<Scaled> outer = scaled(value);
        Optional<NodeProto> transpose =
                outer.flatMap(found -> index.producer(found.value(), "Transpose"));
        if (transpose.isEmpty()) {
            return Optional.empty();
        }
        List<Long> order = order(transpose.get());
        if (turned && order.equals(TURNED)) {
            return split(transpose.get().getInput(0), false)
                    .map(s -> new Split(s.value(), s.heads(), s.scale() * outer.get().scale()));
        }
        if (!order.equals(turned ? HEADS_FIRST_TURNED : HEADS_FIRST)) {
            return Optional.empty();
        }
        Optional<Scaled> inner = scaled(transpose.get().getInput(0));
        Optional<NodeProto> reshape =
                inner.flatMap(found -> index.producer(found.value(), "Reshape"));
        return reshape.flatMap(node -> heads(node.getInput(1)))
                .map(
                        heads ->
                                new Split(
                                        reshape.get().getInput(0),
                                        heads,
                                        outer.get().scale() * inner.get().scale()));
    }

    private static List<Long> order(NodeProto transpose) {
        return GraphIndex.attribute(transpose, "perm")
                .map(AttributeProto::getIntsList)
                .orElse(List.of());
    }

    /** The third of four sizes that a value is given, if it is known. */
    private Optional<Long> heads(String shape) {
        Optional<TensorProto> constant = index.constant(shape);
        if (constant.isPresent()) {
            return constants
                    .integers(constant.get())
                    .filter(sizes -> sizes.size() == 4 && sizes.get(2) > 0)
                    .map(sizes -> sizes.get(2));
        }
        return index.producer(shape, "Concat")
                .filter(node -> node.getInputCount() == 4)
                .flatMap(node -> index.constant(node.getInput(2)))
                .flatMap(constants::integers)
                .filter(sizes -> sizes.size() == 1 && sizes.get(0) > 0)
                .map(sizes -> sizes.get(0));
    }

    /** What a value is before it is multiplied or divided by constant numbers. */
    private Optional<Scaled> scaled(String value) {
        double scale = 1;
        String current = index.behindIdentities(value);
        while (true) {
            Optional<NodeProto> node = index.producer(current);
            if (node.isEmpty()) {
                return Optional.of(new Scaled(current, scale));
            }
            boolean divides = index.is(node.get(), "Div");
            if (!divides && !index.is(node.get(), "Mul")) {
                return Optional.of(new Scaled(current, scale));
            }
            Optional<Double> by = constants.number(node.get().getInput(1));
            int other = 0;
            if (by.isEmpty() && !divides) {
                by = constants.number(node.get().getInput(0));
                other = 1;
            }
            if (by.isEmpty() || by.get() == 0) {
                return Optional.empty();
            }
            scale = divides ? scale / by.get() : scale * by.get();
            current = index.behindIdentities(node.get().getInput(other));
        }
    }

    /** Whether a value is made of the input that marks padding, sizes and single numbers only. */
    private boolean isMask(String value) {
        Set<String> seen = new HashSet<>();
        List<String> open = new ArrayList<>(List.of(value));
        boolean marked = false;
        while (!open.isEmpty()) {
            String current = open.remove(open.size() - 1);
            if (current.isEmpty() || !seen.add(current)) {
                continue;
            }
            marked |= current.equals(mask);
            Optional<NodeProto> node = index.producer(current);
            if (node.isPresent() && index.constant(current).isEmpty()) {
                // sizes may come from anywhere
                if (!index.is(node.get(), "Shape")) {
                    open.addAll(node.get().getInputList());
                }
            } else if (!current.equals(mask) && !isSmallConstant(current)) {
                return false;
            }
        }
        return marked;
    }

    private boolean isSmallConstant(String value) {
        return index.constant(value)
                .filter(
                        tensor ->
                                tensor.getDimsList().stream().reduce(1L, (a, b) -> a * b)
                                        <= MASK_CONSTANT_ELEMENTS)
                .isPresent();
    }
}

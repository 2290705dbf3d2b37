package io.github.flinksplade.encoder.graph;

import ai.onnx.proto.OnnxMl.AttributeProto;
import ai.onnx.proto.OnnxMl.GraphProto;
import ai.onnx.proto.OnnxMl.ModelProto;
import ai.onnx.proto.OnnxMl.NodeProto;
import ai.onnx.proto.OnnxMl.TensorProto;
import ai.onnx.proto.OnnxMl.TensorProto.DataType;
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
 * Replaces attention written as separate operators, {@code softmax(q k' * scale + mask) v} for each
 * head, with ONNX Runtime's fused MultiHeadAttention, passing sequence lengths instead of a mask.
 * Its GPU kernels for lengths never write the scores to memory; those for a [batch, tokens] mask
 * do.
 *
 * <p>Matches only if the mask depends on the attention mask input and nothing else: a relative
 * position bias, for example, is not a mask.
 */
public final class FuseAttention {

    /**
     * Name of the int32 input with the sequence lengths. ONNX Runtime accepts two forms, and each
     * of its GPU kernels one of them: in fp16 [3 * batch + 2], the lengths, then the start of each
     * sequence and the end of the last, once for queries and once for keys; in fp32 [batch], the
     * lengths only (starts would be misread as the first token that is not masked).
     */
    public static final String LENGTHS = "splade/lengths";

    private static final List<Long> HEADS_FIRST = List.of(0L, 2L, 1L, 3L);
    private static final List<Long> HEADS_FIRST_TRANSPOSED = List.of(0L, 2L, 3L, 1L);
    private static final List<Long> TRANSPOSED = List.of(0L, 1L, 3L, 2L);

    /** Larger constants are weights, which a mask does not depend on. */
    private static final int MAX_MASK_CONSTANT_ELEMENTS = 16;

    private final GraphIndex index;
    private final ConstantReader constants;
    private final String mask;
    private final Map<String, List<NodeProto>> consumers = new HashMap<>();

    /** A value before it is multiplied by a constant. */
    private record Scaled(String value, double scale) {}

    /** A [batch, tokens, width] value before it is split into heads. */
    private record Heads(String value, long count, double scale) {}

    /** A linear layer: a MatMul and the bias that is added to it. */
    private record Linear(String matMul, String bias) {}

    /** Attention as separate operators. */
    private record Match(Heads query, Heads key, Heads value, double scale) {}

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
     * Returns the graph with fused attention and the additional input {@link #LENGTHS}; empty if
     * any of its attention does not match.
     *
     * @param data returns the bytes of a weight
     * @param mask name of the [batch, tokens] input that is 0 for padding
     */
    public static Optional<ModelProto> apply(
            GraphIndex index, Function<TensorProto, ByteBuffer> data, String mask) {
        return new FuseAttention(index, data, mask).apply();
    }

    private Optional<ModelProto> apply() {
        Map<String, Match> byOutput = new HashMap<>();
        for (NodeProto node : index.graph().getNodeList()) {
            if (index.is(node, "Softmax")) {
                Optional<Map.Entry<String, Match>> match = attention(node);
                if (match.isEmpty()) {
                    return Optional.empty();
                }
                byOutput.put(match.get().getKey(), match.get().getValue());
            }
        }
        if (byOutput.isEmpty()) {
            return Optional.empty();
        }
        GraphProto.Builder graph = index.graph().toBuilder().clearNode();
        for (NodeProto node : index.graph().getNodeList()) {
            Match match = byOutput.get(node.getOutput(0));
            if (match == null) {
                graph.addNode(node);
            } else {
                fused(node.getOutput(0), match).forEach(graph::addNode);
            }
        }
        graph.addInput(GraphBuilder.value(LENGTHS, DataType.INT32, "lengths"));
        ModelProto.Builder model = index.model().toBuilder().setGraph(graph);
        return Optional.of(GraphIndex.pruned(GraphIndex.withMicrosoft(model)));
    }

    /** The fused node, which also adds the biases if query, key and value all have one. */
    private List<NodeProto> fused(String output, Match match) {
        List<Heads> inputs = List.of(match.query(), match.key(), match.value());
        List<Linear> linears = inputs.stream().flatMap(input -> linear(input).stream()).toList();
        boolean hasBiases = linears.size() == inputs.size();
        String bias = hasBiases ? output + "/bias" : "";
        NodeProto.Builder attention =
                NodeProto.newBuilder()
                        .setDomain(GraphIndex.MICROSOFT)
                        .setOpType("MultiHeadAttention")
                        .setName(output);
        for (int i = 0; i < inputs.size(); i++) {
            attention.addInput(hasBiases ? linears.get(i).matMul() : inputs.get(i).value());
        }
        attention
                .addInput(bias)
                .addInput(LENGTHS)
                .addOutput(output)
                .addAttribute(GraphBuilder.attribute("num_heads", match.query().count()))
                .addAttribute(GraphBuilder.attribute("scale", (float) match.scale()));
        if (!hasBiases) {
            return List.of(attention.build());
        }
        return List.of(
                NodeProto.newBuilder()
                        .setOpType("Concat")
                        .setName(bias)
                        .addAllInput(linears.stream().map(Linear::bias).toList())
                        .addOutput(bias)
                        .addAttribute(GraphBuilder.attribute("axis", 0))
                        .build(),
                attention.build());
    }

    /** Matches a linear layer with a bias whose result nothing else reads. */
    private Optional<Linear> linear(Heads heads) {
        Optional<NodeProto> sum =
                onlyConsumer(heads.value(), "Reshape").isEmpty()
                        ? Optional.empty()
                        : index.producer(heads.value(), "Add");
        for (int side = 0; sum.isPresent() && side < 2; side++) {
            String matMul = sum.get().getInput(1 - side);
            String bias = sum.get().getInput(side);
            if (index.constant(bias).filter(vector -> vector.getDimsCount() == 1).isPresent()
                    && index.producer(matMul, "MatMul").isPresent()) {
                return Optional.of(new Linear(matMul, bias));
            }
        }
        return Optional.empty();
    }

    /** Matches the attention around a softmax; the key is the name of its output. */
    private Optional<Map.Entry<String, Match>> attention(NodeProto softmax) {
        long axis = GraphIndex.intAttribute(softmax, "axis", -1);
        Optional<NodeProto> sum = index.producer(softmax.getInput(0), "Add");
        if (axis != -1 && axis != 3 || sum.isEmpty()) {
            return Optional.empty();
        }
        for (int masked = 0; masked < 2; masked++) {
            Optional<Scaled> scores = scaled(sum.get().getInput(1 - masked));
            Optional<NodeProto> product =
                    scores.flatMap(scaled -> index.producer(scaled.value(), "MatMul"));
            if (product.isPresent() && isMask(sum.get().getInput(masked))) {
                return around(softmax, product.get(), scores.get().scale());
            }
        }
        return Optional.empty();
    }

    private Optional<Map.Entry<String, Match>> around(
            NodeProto softmax, NodeProto product, double scale) {
        Optional<Heads> query = heads(product.getInput(0), false);
        Optional<Heads> key = heads(product.getInput(1), true);
        Optional<NodeProto> weighted = onlyConsumer(softmax.getOutput(0), "MatMul");
        if (query.isEmpty()
                || key.isEmpty()
                || weighted.isEmpty()
                || !weighted.get().getInput(0).equals(softmax.getOutput(0))) {
            return Optional.empty();
        }
        Optional<Heads> value = heads(weighted.get().getInput(1), false);
        Optional<String> joined =
                onlyConsumer(weighted.get().getOutput(0), "Transpose")
                        .filter(node -> order(node).equals(HEADS_FIRST))
                        .flatMap(node -> onlyConsumer(node.getOutput(0), "Reshape"))
                        .map(node -> node.getOutput(0));
        if (value.isEmpty()
                || joined.isEmpty()
                || value.get().scale() != 1
                || query.get().count() != key.get().count()
                || query.get().count() != value.get().count()) {
            return Optional.empty();
        }
        return Optional.of(
                Map.entry(
                        joined.get(),
                        new Match(
                                query.get(),
                                key.get(),
                                value.get(),
                                scale * query.get().scale() * key.get().scale())));
    }

    /** The only node that reads a value, other than its shape, if it is that operator. */
    private Optional<NodeProto> onlyConsumer(String value, String operator) {
        List<NodeProto> all =
                consumers.getOrDefault(value, List.of()).stream()
                        .filter(node -> !index.is(node, "Shape"))
                        .toList();
        return all.size() == 1 && index.is(all.get(0), operator)
                ? Optional.of(all.get(0))
                : Optional.empty();
    }

    /**
     * Matches the split of a value into heads.
     *
     * @param transposed whether its last two axes are transposed, as those of the keys are
     */
    private Optional<Heads> heads(String value, boolean transposed) {
        Optional<Scaled> outer = scaled(value);
        Optional<NodeProto> transpose =
                outer.flatMap(scaled -> index.producer(scaled.value(), "Transpose"));
        if (transpose.isEmpty()) {
            return Optional.empty();
        }
        List<Long> order = order(transpose.get());
        if (transposed && order.equals(TRANSPOSED)) {
            return heads(transpose.get().getInput(0), false)
                    .map(h -> new Heads(h.value(), h.count(), h.scale() * outer.get().scale()));
        }
        if (!order.equals(transposed ? HEADS_FIRST_TRANSPOSED : HEADS_FIRST)) {
            return Optional.empty();
        }
        Optional<Scaled> inner = scaled(transpose.get().getInput(0));
        Optional<NodeProto> reshape =
                inner.flatMap(scaled -> index.producer(scaled.value(), "Reshape"));
        return reshape.flatMap(node -> headCount(node.getInput(1)))
                .map(
                        count ->
                                new Heads(
                                        reshape.get().getInput(0),
                                        count,
                                        outer.get().scale() * inner.get().scale()));
    }

    private static List<Long> order(NodeProto transpose) {
        return GraphIndex.attribute(transpose, "perm")
                .map(AttributeProto::getIntsList)
                .orElse(List.of());
    }

    /** The number of heads in a shape [batch, tokens, heads, size], if it is constant. */
    private Optional<Long> headCount(String shape) {
        Optional<TensorProto> constant = index.constant(shape);
        if (constant.isPresent()) {
            return constants
                    .int64s(constant.get())
                    .filter(sizes -> sizes.size() == 4 && sizes.get(2) > 0)
                    .map(sizes -> sizes.get(2));
        }
        return index.producer(shape, "Concat")
                .filter(node -> node.getInputCount() == 4)
                .flatMap(node -> index.constant(node.getInput(2)))
                .flatMap(constants::int64s)
                .filter(sizes -> sizes.size() == 1 && sizes.get(0) > 0)
                .map(sizes -> sizes.get(0));
    }

    /** The value before multiplications and divisions by constants. */
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
            Optional<Double> by = constants.scalar(node.get().getInput(1));
            int other = 0;
            if (by.isEmpty() && !divides) {
                by = constants.scalar(node.get().getInput(0));
                other = 1;
            }
            if (by.isEmpty() || by.get() == 0) {
                return Optional.empty();
            }
            scale = divides ? scale / by.get() : scale * by.get();
            current = index.behindIdentities(node.get().getInput(other));
        }
    }

    /** Whether a value depends only on the attention mask, shapes and small constants. */
    private boolean isMask(String value) {
        Set<String> seen = new HashSet<>();
        List<String> open = new ArrayList<>(List.of(value));
        boolean dependsOnMask = false;
        while (!open.isEmpty()) {
            String current = open.remove(open.size() - 1);
            if (current.isEmpty() || !seen.add(current)) {
                continue;
            }
            dependsOnMask |= current.equals(mask);
            Optional<NodeProto> node = index.producer(current);
            if (node.isPresent() && index.constant(current).isEmpty()) {
                // shapes may be those of any value
                if (!index.is(node.get(), "Shape")) {
                    open.addAll(node.get().getInputList());
                }
            } else if (!current.equals(mask) && !isSmallConstant(current)) {
                return false;
            }
        }
        return dependsOnMask;
    }

    private boolean isSmallConstant(String value) {
        return index.constant(value)
                .filter(
                        tensor ->
                                tensor.getDimsList().stream().reduce(1L, (a, b) -> a * b)
                                        <= MAX_MASK_CONSTANT_ELEMENTS)
                .isPresent();
    }
}

package io.github.flinksplade.encoder.graph;

import ai.onnx.proto.OnnxMl.AttributeProto;
import ai.onnx.proto.OnnxMl.GraphProto;
import ai.onnx.proto.OnnxMl.ModelProto;
import ai.onnx.proto.OnnxMl.NodeProto;
import ai.onnx.proto.OnnxMl.TensorProto;
import ai.onnx.proto.OnnxMl.TensorProto.DataType;
import ai.onnx.proto.OnnxMl.TypeProto;
import ai.onnx.proto.OnnxMl.ValueInfoProto;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;

/**
 * Puts the maximum over the positions into a graph, so that [batch, vocabulary] numbers leave it
 * and not [batch, tokens, vocabulary].
 *
 * <p>From the logits it goes back over what treats each term by itself and never turns the order of
 * two numbers around (the decoder's bias, a positive scale, a change of type), takes the maximum
 * before these and applies them after it: rounding keeps the order too, so that the result is the
 * same to the bit. What it does not know it leaves where it is and takes the maximum after it. The
 * logarithm is not part of the graph, because its vectorized kernel rounds differently depending on
 * the batch size; the engine applies it.
 */
public final class MaxPoolInGraph {

    private static final String PREFIX = "splade/";
    private static final String MAXIMA = PREFIX + "maxima";
    private static final int FLOAT = DataType.FLOAT.getNumber();

    private final GraphIndex index;

    /** Where the weights lie; null where none is looked at. */
    private final OnnxFile weights;

    private final Optional<Integer> topOf;
    private final NewNodes added = new NewNodes(PREFIX);

    /**
     * Columns of a block: few enough for 128 rows of it to fit the second-level cache, and an odd
     * number of cache lines, for rows that lie a power of two apart would push each other out.
     */
    private static final long BLOCK = 2000;

    /** The same on a GPU, where a block of 16,384 tokens then takes 256 MB in fp16. */
    private static final long WIDE_BLOCK = 8192;

    /** A GPU multiplies fp16 matrices at half the rate if their rows are not aligned. */
    private static final long GPU_COLUMN_STEP = 8;

    private static final int WINDOWS = 8;

    private static final int SLICE_BY_INPUTS = 10;
    private static final int UNSORTED_TOP = 11;

    /** No model in use gives a text more terms, as a rule a few hundred. */
    private static final int TOP_TERMS = 1024;

    private static final String QUANTIZE = "DynamicQuantizeLinear";

    private static final int POOLED_TOKENS = 16;

    private MaxPoolInGraph(GraphIndex index, OnnxFile weights, Optional<Integer> topOf) {
        this.index = index;
        this.weights = weights;
        this.topOf = topOf;
    }

    /**
     * A graph that ends in {@link GraphOutput}.
     *
     * @param summary one line on what was found and done
     */
    public record Rewritten(ModelProto model, GraphOutput output, String summary) {}

    /** A node after the maximum, as it was before it: one input changes, the others stay. */
    private record Step(NodeProto node, int input, Optional<TensorProto> constant) {}

    /**
     * The graph with the maximum of its logits over the positions as its only output.
     *
     * @param weights where the graph's weights lie
     * @param logits name of a [batch, tokens, vocabulary] value
     * @param mask name of the [batch, tokens] input that is 0 where a row is filled up, whose
     *     positions then never win; empty where rows are never filled up
     * @param topOf for a GPU: how many terms the tokenizer has, of which the greatest are to leave
     *     the device; empty for a CPU
     */
    public static Rewritten maxima(
            GraphIndex index,
            OnnxFile weights,
            String logits,
            Optional<String> mask,
            Optional<Integer> topOf) {
        return new MaxPoolInGraph(index, weights, topOf).takeMaximum(logits, mask);
    }

    /** The graph with one of its outputs only, changed to float. */
    public static Rewritten weights(GraphIndex index, String output, Optional<Integer> topOf) {
        MaxPoolInGraph rewriter = new MaxPoolInGraph(index, null, topOf);
        return rewriter.table(
                GraphOutput.Kind.WEIGHTS, rewriter.floats(output), "finished weights in " + output);
    }

    /** The finished graph with a [batch, vocabulary] table as its output. */
    private Rewritten table(GraphOutput.Kind kind, String table, String summary) {
        List<ValueInfoProto> outputs = new ArrayList<>(List.of(value(table, FLOAT)));
        Optional<GraphOutput.TopTerms> top =
                index.operatorSet() < UNSORTED_TOP
                        ? Optional.empty()
                        : topOf.map(terms -> topTerms(table, terms));
        top.ifPresent(
                found -> {
                    outputs.add(value(found.terms(), DataType.INT32.getNumber()));
                    outputs.add(value(found.values(), FLOAT));
                    outputs.add(value(found.count(), FLOAT));
                });
        return new Rewritten(
                finished(index.graph().toBuilder(), outputs),
                new GraphOutput(kind, table, null, top),
                summary
                        + top.map(t -> ", the " + t.most() + " greatest first handed out")
                                .orElse(""));
    }

    private GraphOutput.TopTerms topTerms(String table, int terms) {
        int most = Math.min(TOP_TERMS, terms);
        // columns that pad the vocabulary are not to take the place of terms
        String known = slice(table, 1, 0, terms);
        String counted =
                added.node(
                        "Or",
                        List.of(
                                added.node("Greater", List.of(known, added.real(0))),
                                added.node("IsNaN", List.of(known))));
        String ones = added.node("Cast", List.of(counted), NewNodes.integer("to", FLOAT));
        String count = sum(ones, 1);
        String values = added.name();
        String indices = added.name();
        added.nodes()
                .add(
                        NodeProto.newBuilder()
                                .setOpType("TopK")
                                .setName(values)
                                .addAllInput(List.of(known, added.numbers(most)))
                                .addAllOutput(List.of(values, indices))
                                .addAttribute(NewNodes.integer("axis", 1))
                                .addAttribute(NewNodes.integer("sorted", 0))
                                .build());
        String narrow =
                added.node(
                        "Cast",
                        List.of(indices),
                        NewNodes.integer("to", DataType.INT32.getNumber()));
        return new GraphOutput.TopTerms(narrow, values, count, most);
    }

    /** The graph with the two outputs that list one row's terms and weights. */
    public static Rewritten pairs(GraphIndex index, String indices, String weights) {
        MaxPoolInGraph rewriter = new MaxPoolInGraph(index, null, Optional.empty());
        String floats = rewriter.floats(weights);
        ValueInfoProto terms =
                index.graph().getOutputList().stream()
                        .filter(output -> output.getName().equals(indices))
                        .findFirst()
                        .orElseThrow();
        return new Rewritten(
                rewriter.finished(index.graph().toBuilder(), List.of(terms, value(floats, FLOAT))),
                new GraphOutput(GraphOutput.Kind.PAIRS, floats, indices, Optional.empty()),
                "finished weights in " + indices + " and " + weights);
    }

    private Rewritten takeMaximum(String logits, Optional<String> mask) {
        Deque<Step> after = new ArrayDeque<>();
        String core = logits;
        for (Optional<Step> step = step(core); step.isPresent(); step = step(core)) {
            after.push(step.get());
            core = step.get().node().getInput(step.get().input());
        }
        Optional<NodeProto> decoder = index.producer(core).filter(index::isProduct);
        String summary =
                "maximum over the positions of "
                        + logits
                        + (decoder.isPresent() ? ", taken at its decoder" : "")
                        + (after.isEmpty() ? "" : " before " + operators(after));
        String value =
                decoder.isPresent()
                        ? maximumOfProduct(decoder.get(), mask)
                        : maximum(mask.isPresent() ? masked(core, mask.get()) : core);
        for (Step step : after) {
            value = repeated(step, value);
        }
        if (decoder.isPresent()) {
            String wide = added.node("Cast", List.of(value), NewNodes.integer("to", FLOAT));
            value = spoiltBy(inputsInFloats(decoder.get()), wide);
        }
        return table(GraphOutput.Kind.MAXIMA, floats(value), summary);
    }

    private static String operators(Deque<Step> steps) {
        return String.join(", ", steps.stream().map(step -> step.node().getOpType()).toList());
    }

    /** The node that makes a value, if it may as well come after the maximum. */
    private Optional<Step> step(String value) {
        Optional<NodeProto> producer = index.producer(value);
        if (producer.isEmpty()) {
            return Optional.empty();
        }
        NodeProto node = producer.get();
        if (index.is(node, "Identity") || index.is(node, "Cast") && castsToFloat(node)) {
            return Optional.of(new Step(node, 0, Optional.empty()));
        }
        if (index.is(node, "Add")) {
            return withConstant(node, 0).or(() -> withConstant(node, 1));
        }
        if (index.is(node, "Sub")) {
            return withConstant(node, 0);
        }
        if (index.is(node, "Mul")) {
            return withConstant(node, 0)
                    .or(() -> withConstant(node, 1))
                    .filter(step -> allPositive(step.constant().orElseThrow()));
        }
        if (index.is(node, "Div")) {
            return withConstant(node, 0).filter(step -> allPositive(step.constant().orElseThrow()));
        }
        return Optional.empty();
    }

    private static boolean castsToFloat(NodeProto node) {
        long to = GraphIndex.attribute(node, "to").map(AttributeProto::getI).orElse(0L);
        return to == FLOAT
                || to == DataType.FLOAT16.getNumber()
                || to == DataType.DOUBLE.getNumber()
                || to == DataType.BFLOAT16.getNumber();
    }

    /** A step whose other input is a constant that is the same at every position. */
    private Optional<Step> withConstant(NodeProto node, int input) {
        return index.constant(node.getInput(1 - input))
                .filter(
                        constant ->
                                constant.getDimsList().stream()
                                        .limit(Math.max(0, constant.getDimsCount() - 1))
                                        .allMatch(size -> size == 1))
                .map(constant -> new Step(node, input, Optional.of(constant)));
    }

    private boolean allPositive(TensorProto constant) {
        if (constant.getDataType() == FLOAT && constant.getFloatDataCount() > 0) {
            return constant.getFloatDataList().stream().allMatch(number -> number > 0);
        }
        boolean bytes =
                constant.hasRawData()
                        || constant.getDataLocation() == TensorProto.DataLocation.EXTERNAL;
        if (!bytes) {
            return false;
        }
        ByteBuffer raw = weights.data(constant).order(ByteOrder.LITTLE_ENDIAN);
        if (constant.getDataType() == FLOAT) {
            while (raw.hasRemaining()) {
                if (!(raw.getFloat() > 0)) {
                    return false;
                }
            }
            return true;
        }
        if (constant.getDataType() == DataType.FLOAT16.getNumber()) {
            while (raw.hasRemaining()) {
                short half = raw.getShort();
                if (half <= 0 || half > 0x7c00) {
                    return false;
                }
            }
            return true;
        }
        return false;
    }

    /** A [batch, tokens, n] value whose rows are those of token 0 where the mask is 0. */
    private String masked(String value, String mask) {
        String included =
                added.node(
                        "Cast", List.of(mask), NewNodes.integer("to", DataType.BOOL.getNumber()));
        String column = alongAxis("Unsqueeze", included, 2);
        String first =
                added.node("Gather", List.of(value, added.numbers(0)), NewNodes.integer("axis", 1));
        return added.node("Where", List.of(column, value, first));
    }

    /**
     * The maximum of the decoder's product. A large matrix is taken in blocks of its columns, so
     * that each block's products are still in the processor's cache when their maximum is taken.
     * Where the mask is 0 the decoder reads its own row 0: a copy never beats the original. On a
     * GPU see {@link #maximumOnGpu}.
     */
    private String maximumOfProduct(NodeProto decoder, Optional<String> mask) {
        NodeProto.Builder product = decoder.toBuilder();
        mask.ifPresent(included -> product.setInput(0, masked(decoder.getInput(0), included)));
        long columns =
                index.constantShape(decoder.getInput(1))
                        .filter(shape -> shape.size() == 2)
                        .map(shape -> shape.get(1))
                        .orElse(0L);
        if (topOf.isPresent()
                && index.is(decoder, "MatMul")
                && index.operatorSet() >= SLICE_BY_INPUTS) {
            return maximumOnGpu(product.getInput(0), product.getInput(1), columns);
        }
        if (columns < 2 * BLOCK || index.operatorSet() < SLICE_BY_INPUTS) {
            return maximum(copied(product));
        }
        List<NodeProto.Builder> blocks = new ArrayList<>();
        for (long start = 0; start < columns; start += BLOCK) {
            blocks.add(product.clone());
        }
        for (int input = 1; input < product.getInputCount(); input++) {
            String value = product.getInput(input);
            List<Long> shape = index.constantShape(value).orElse(List.of());
            if (!shape.isEmpty() && shape.get(shape.size() - 1) == columns) {
                List<String> parts = columns(value, shape.size() - 1, Block.of(columns, BLOCK, 1));
                for (int i = 0; i < parts.size(); i++) {
                    blocks.get(i).setInput(input, parts.get(i));
                }
            }
        }
        List<String> maxima = new ArrayList<>();
        for (NodeProto.Builder block : blocks) {
            String products = copied(block);
            maxima.add(pooledMaximum(products));
        }
        return added.node("Concat", maxima, NewNodes.integer("axis", 1));
    }

    /**
     * The maximum of hidden states times a matrix on a GPU, where reductions over the tokens are
     * slow: the tokens are cut into a few windows with a MatMul each, and a maximum element by
     * element leaves an eighth of the numbers for the reduction.
     */
    private String maximumOnGpu(String hidden, String matrix, long columns) {
        List<String> windows = windows(hidden);
        List<Block> blocks =
                columns < 2 * WIDE_BLOCK
                        ? List.of()
                        : Block.of(columns, WIDE_BLOCK, GPU_COLUMN_STEP);
        if (blocks.isEmpty()) {
            return maximumOfWindows(windows, matrix);
        }
        List<String> parts = columns(matrix, 1, blocks);
        List<String> maxima = new ArrayList<>();
        for (int i = 0; i < parts.size(); i++) {
            Block block = blocks.get(i);
            String all = maximumOfWindows(windows, parts.get(i));
            maxima.add(
                    block.from() == block.start()
                            ? all
                            : slice(all, 1, block.start() - block.from(), block.end()));
        }
        return added.node("Concat", maxima, NewNodes.integer("axis", 1));
    }

    private String maximumOfWindows(List<String> windows, String matrix) {
        List<String> products = new ArrayList<>();
        for (String window : windows) {
            products.add(added.node("MatMul", List.of(window, matrix)));
        }
        return maximum(added.node("Max", products));
    }

    /**
     * [batch, tokens, width] cut into {@link #WINDOWS} windows of tokens of the same length, which
     * together have every token. They overlap where the number of tokens is not a multiple.
     */
    private List<String> windows(String hidden) {
        String tokens = slice(added.node("Shape", List.of(hidden)), 0, 1, 2);
        String length =
                added.node(
                        "Div",
                        List.of(
                                added.node("Add", List.of(tokens, added.numbers(WINDOWS - 1))),
                                added.numbers(WINDOWS)));
        String last = added.node("Sub", List.of(tokens, length));
        List<String> windows = new ArrayList<>();
        for (int i = 0; i < WINDOWS; i++) {
            String start =
                    added.node(
                            "Div",
                            List.of(
                                    added.node("Mul", List.of(last, added.numbers(i))),
                                    added.numbers(WINDOWS - 1)));
            String end = added.node("Add", List.of(start, length));
            windows.add(added.node("Slice", List.of(hidden, start, end, added.numbers(1))));
        }
        return windows;
    }

    /**
     * Columns of a matrix that are multiplied at once.
     *
     * @param from the first column that is multiplied, at most {@code start}
     * @param start the first column that the block adds to those of the blocks before it
     * @param end behind the last column
     */
    private record Block(long from, long start, long end) {

        /**
         * Blocks of {@code width} columns. The last begins early where needed to have a multiple of
         * {@code step} columns.
         */
        static List<Block> of(long columns, long width, long step) {
            List<Block> blocks = new ArrayList<>();
            for (long start = 0; start < columns; start += width) {
                long end = Math.min(columns, start + width);
                long count = (end - start + step - 1) / step * step;
                blocks.add(new Block(end - count, start, end));
            }
            return blocks;
        }
    }

    /**
     * A constant in blocks of columns. Of a matrix that is kept as its transpose, as word
     * embeddings are, a part is a stretch of the file, which the session reads by itself. Others
     * are split by one node: a node for each part would have the session copy all of it for each.
     */
    private List<String> columns(String value, int axis, List<Block> blocks) {
        Optional<TensorProto> rows =
                index.producer(index.behindIdentities(value), "Transpose")
                        .filter(GraphIndex::turnsMatrix)
                        .flatMap(node -> index.constant(node.getInput(0)))
                        .filter(matrix -> matrix.getDimsCount() == 2)
                        .filter(OnnxFile::hasBytes);
        List<String> parts = new ArrayList<>();
        if (rows.isPresent()) {
            for (Block block : blocks) {
                TensorProto part =
                        weights.rows(rows.get(), added.name(), block.from(), block.end());
                added.constants().add(part);
                parts.add(
                        added.node(
                                "Transpose",
                                List.of(part.getName()),
                                NewNodes.integers("perm", 1, 0)));
            }
            return parts;
        }
        List<Long> sizes = new ArrayList<>();
        for (Block block : blocks) {
            sizes.add(block.end() - block.start());
            parts.add(added.name());
        }
        long[] lengths = sizes.stream().mapToLong(Long::longValue).toArray();
        NodeProto.Builder split =
                NodeProto.newBuilder()
                        .setOpType("Split")
                        .setName(added.name())
                        .addInput(value)
                        .addAllOutput(parts)
                        .addAttribute(NewNodes.integer("axis", axis));
        if (index.operatorSet() >= 13) {
            split.addInput(added.numbers(lengths));
        } else {
            split.addAttribute(NewNodes.integers("split", lengths));
        }
        added.nodes().add(split.build());
        Block last = blocks.get(blocks.size() - 1);
        if (last.from() < last.start()) {
            parts.set(parts.size() - 1, slice(value, axis, last.from(), last.end()));
        }
        return parts;
    }

    /**
     * The maxima; all of them are no number where one of the values is none. Pooling and quantising
     * may leave such out. What is no number in a layer stays so up to the head, for each layer's
     * input is added to its output.
     */
    private String spoiltBy(List<String> values, String maxima) {
        String result = maxima;
        for (String narrow : values) {
            // in half floats a sum of good numbers can be infinite
            String value = added.node("Cast", List.of(narrow), NewNodes.integer("to", FLOAT));
            String sum = sum(value, 1, 2);
            String nothing = alongAxis("Unsqueeze", added.node("Sub", List.of(sum, sum)), 1);
            result = added.node("Add", List.of(result, nothing));
        }
        return result;
    }

    private String sum(String value, long... axes) {
        return index.operatorSet() >= 13
                ? added.node(
                        "ReduceSum",
                        List.of(value, added.numbers(axes)),
                        NewNodes.integer("keepdims", 0))
                : added.node(
                        "ReduceSum",
                        List.of(value),
                        NewNodes.integers("axes", axes),
                        NewNodes.integer("keepdims", 0));
    }

    /** The decoder's input in floats, and where it is quantised, the input of what comes before. */
    private List<String> inputsInFloats(NodeProto decoder) {
        Optional<NodeProto> quantized = index.producer(decoder.getInput(0), QUANTIZE);
        if (quantized.isEmpty()) {
            return index.is(decoder, "MatMul") ? List.of(decoder.getInput(0)) : List.of();
        }
        String hidden = quantized.get().getInput(0);
        return Stream.concat(
                        Stream.of(hidden),
                        index.nearest(hidden, QUANTIZE).map(n -> n.getInput(0)).stream())
                .toList();
    }

    /** Adds a node like one of the graph's under a name of its own. */
    private String copied(NodeProto.Builder node) {
        String output = added.name();
        added.nodes().add(node.setName(output).clearOutput().addOutput(output).build());
        return output;
    }

    private String slice(String value, int axis, long start, long end) {
        return added.node(
                "Slice",
                List.of(value, added.numbers(start), added.numbers(end), added.numbers(axis)));
    }

    private String maximum(String value) {
        return index.operatorSet() >= 18
                ? added.node(
                        "ReduceMax",
                        List.of(value, added.numbers(1)),
                        NewNodes.integer("keepdims", 0))
                : added.node(
                        "ReduceMax",
                        List.of(value),
                        NewNodes.integers("axes", 1),
                        NewNodes.integer("keepdims", 0));
    }

    /**
     * The maximum of [batch, tokens, columns], first of groups of tokens: pooling does with vector
     * instructions what the reduction does number by number.
     */
    private String pooledMaximum(String value) {
        String image = alongAxis("Unsqueeze", value, 1);
        String pooled =
                added.node(
                        "MaxPool",
                        List.of(image),
                        NewNodes.integers("kernel_shape", POOLED_TOKENS, 1),
                        NewNodes.integers("strides", POOLED_TOKENS, 1),
                        NewNodes.integers("pads", 0, 0, POOLED_TOKENS - 1, 0));
        return maximum(alongAxis("Squeeze", pooled, 1));
    }

    /** Unsqueeze or Squeeze of one axis, which is an input from operator set 13 on. */
    private String alongAxis(String operator, String value, long axis) {
        return index.operatorSet() >= 13
                ? added.node(operator, List.of(value, added.numbers(axis)))
                : added.node(operator, List.of(value), NewNodes.integers("axes", axis));
    }

    private String repeated(Step step, String value) {
        String output = added.name();
        NodeProto.Builder node =
                step.node().toBuilder().setName(output).setInput(step.input(), value);
        if (step.constant().isPresent()) {
            // [1, 1, vocabulary] would make [1, batch, vocabulary] of [batch, vocabulary]
            TensorProto constant = step.constant().get();
            String name = added.name();
            TensorProto.Builder flat = constant.toBuilder().setName(name).clearDims();
            if (constant.getDimsCount() > 0) {
                flat.addDims(constant.getDims(constant.getDimsCount() - 1));
            }
            added.constants().add(flat.build());
            node.setInput(1 - step.input(), name);
        }
        added.nodes().add(node.clearOutput().addOutput(output).build());
        return output;
    }

    private String floats(String value) {
        added.nodes()
                .add(
                        NodeProto.newBuilder()
                                .setOpType("Cast")
                                .setName(MAXIMA)
                                .addInput(value)
                                .addOutput(MAXIMA)
                                .addAttribute(NewNodes.integer("to", FLOAT))
                                .build());
        return MAXIMA;
    }

    private ModelProto finished(GraphProto.Builder graph, List<ValueInfoProto> outputs) {
        graph.addAllNode(added.nodes())
                .addAllInitializer(added.constants())
                .clearOutput()
                .addAllOutput(outputs)
                .clearQuantizationAnnotation();
        return GraphIndex.pruned(index.model().toBuilder().setGraph(graph).clearTrainingInfo());
    }

    private static ValueInfoProto value(String name, int type) {
        return ValueInfoProto.newBuilder()
                .setName(name)
                .setType(
                        TypeProto.newBuilder()
                                .setTensorType(TypeProto.Tensor.newBuilder().setElemType(type)))
                .build();
    }
}

package io.github.flinksplade.encoder.graph;

import ai.onnx.proto.OnnxMl.NodeProto;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/**
 * Adds the maximum over the sequence of a decoder's matrix multiplication, computed so that the
 * [batch, tokens, vocabulary] logits never exist as a whole.
 */
final class PoolDecoder {

    /**
     * Columns of a block on a CPU: few enough for 128 rows of it to fit the second-level cache, and
     * an odd number of cache lines, because rows that are a power of two apart would evict each
     * other.
     */
    private static final long CPU_BLOCK = 2000;

    /** The same on a GPU, where a block of 16,384 tokens takes 256 MB in fp16. */
    private static final long GPU_BLOCK = 8192;

    /** A GPU multiplies fp16 matrices at half the rate if their rows are not aligned. */
    private static final long GPU_COLUMN_STEP = 8;

    private static final int GPU_WINDOWS = 8;

    /** Tokens that are pooled before the reduction. */
    private static final int POOLED_TOKENS = 16;

    private static final int SLICE_BY_INPUTS = 10;

    private final GraphIndex index;
    private final OnnxFile weights;
    private final GraphBuilder added;

    PoolDecoder(GraphIndex index, OnnxFile weights, GraphBuilder added) {
        this.index = index;
        this.weights = weights;
        this.added = added;
    }

    /**
     * Adds the maximum; returns a [batch, vocabulary] value.
     *
     * @param decoder a node for which {@link GraphIndex#isMatMul} is true
     * @param hidden the hidden states to use as its first input
     */
    String add(NodeProto decoder, String hidden, boolean onGpu) {
        NodeProto.Builder matMul = decoder.toBuilder().setInput(0, hidden);
        long columns =
                index.constantShape(decoder.getInput(1))
                        .filter(shape -> shape.size() == 2)
                        .map(shape -> shape.get(1))
                        .orElse(0L);
        if (onGpu && index.is(decoder, "MatMul") && index.operatorSet() >= SLICE_BY_INPUTS) {
            return onGpu(hidden, decoder.getInput(1), columns);
        }
        if (columns < 2 * CPU_BLOCK || index.operatorSet() < SLICE_BY_INPUTS) {
            return added.reduceMax(added.copy(matMul), 1);
        }
        return onCpu(matMul, columns);
    }

    /** Pools block by block, while the logits of the block are in the processor's cache. */
    private String onCpu(NodeProto.Builder matMul, long columns) {
        ColumnBlocks columnBlocks = ColumnBlocks.of(columns, CPU_BLOCK, 1);
        List<NodeProto.Builder> blocks = new ArrayList<>();
        columnBlocks.blocks().forEach(block -> blocks.add(matMul.clone()));
        for (int input = 1; input < matMul.getInputCount(); input++) {
            String value = matMul.getInput(input);
            List<Long> shape = index.constantShape(value).orElse(List.of());
            if (!shape.isEmpty() && shape.get(shape.size() - 1) == columns) {
                List<String> parts =
                        columnBlocks.split(value, shape.size() - 1, index, added, weights);
                for (int i = 0; i < parts.size(); i++) {
                    blocks.get(i).setInput(input, parts.get(i));
                }
            }
        }
        List<String> maxima = new ArrayList<>();
        for (NodeProto.Builder block : blocks) {
            maxima.add(maxPool(added.copy(block)));
        }
        return added.node("Concat", maxima, GraphBuilder.attribute("axis", 1));
    }

    /**
     * The maximum of [batch, tokens, columns], first of groups of tokens: MaxPool is vectorized,
     * ReduceMax is not.
     */
    private String maxPool(String value) {
        String pooled =
                added.node(
                        "MaxPool",
                        List.of(added.unsqueeze(value, 1)),
                        GraphBuilder.attribute("kernel_shape", new long[] {POOLED_TOKENS, 1}),
                        GraphBuilder.attribute("strides", new long[] {POOLED_TOKENS, 1}),
                        GraphBuilder.attribute("pads", new long[] {0, 0, POOLED_TOKENS - 1, 0}));
        return added.reduceMax(added.squeeze(pooled, 1), 1);
    }

    /**
     * On a GPU reductions over the sequence are slow: the tokens are divided into a few windows
     * with a MatMul each, and an element-wise Max leaves an eighth of the values to the reduction.
     */
    private String onGpu(String hidden, String matrix, long columns) {
        List<String> windows = windows(hidden);
        if (columns < 2 * GPU_BLOCK) {
            return maxOfWindows(windows, matrix);
        }
        ColumnBlocks columnBlocks = ColumnBlocks.of(columns, GPU_BLOCK, GPU_COLUMN_STEP);
        List<String> parts = columnBlocks.split(matrix, 1, index, added, weights);
        List<String> maxima = new ArrayList<>();
        for (int i = 0; i < parts.size(); i++) {
            ColumnBlocks.Block block = columnBlocks.blocks().get(i);
            String max = maxOfWindows(windows, parts.get(i));
            maxima.add(
                    block.from() == block.start()
                            ? max
                            : added.slice(max, 1, block.start() - block.from(), block.end()));
        }
        return added.node("Concat", maxima, GraphBuilder.attribute("axis", 1));
    }

    private String maxOfWindows(List<String> windows, String matrix) {
        List<String> products = new ArrayList<>();
        for (String window : windows) {
            products.add(added.node("MatMul", window, matrix));
        }
        return added.reduceMax(added.node("Max", products), 1);
    }

    /**
     * Divides [batch, tokens, width] into windows of equal length that together contain every
     * token. They overlap if the number of tokens is not a multiple.
     */
    private List<String> windows(String hidden) {
        String tokens = added.slice(added.node("Shape", hidden), 0, 1, 2);
        String length =
                added.node(
                        "Div",
                        added.node("Add", tokens, added.int64s(GPU_WINDOWS - 1)),
                        added.int64s(GPU_WINDOWS));
        String last = added.node("Sub", tokens, length);
        List<String> windows = new ArrayList<>();
        for (int i = 0; i < GPU_WINDOWS; i++) {
            String start =
                    added.node(
                            "Div",
                            added.node("Mul", last, added.int64s(i)),
                            added.int64s(GPU_WINDOWS - 1));
            String end = added.node("Add", start, length);
            windows.add(added.node("Slice", hidden, start, end, added.int64s(1)));
        }
        return windows;
    }

    /**
     * Values to check for NaN: pooling and quantization may drop it. A NaN in any layer reaches the
     * head, because each layer's input is added to its output.
     */
    List<String> valuesWithNan(NodeProto decoder) {
        String quantize = "DynamicQuantizeLinear";
        Optional<NodeProto> quantized = index.producer(decoder.getInput(0), quantize);
        if (quantized.isEmpty()) {
            return index.is(decoder, "MatMul") ? List.of(decoder.getInput(0)) : List.of();
        }
        String hidden = quantized.get().getInput(0);
        List<String> values = new ArrayList<>(List.of(hidden));
        index.nearest(hidden, quantize).ifPresent(node -> values.add(node.getInput(0)));
        return values;
    }
}

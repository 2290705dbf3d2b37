package io.github.flinksplade.encoder.graph;

import ai.onnx.proto.OnnxMl.TensorProto;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** A constant matrix in blocks of columns, which are multiplied one after the other. */
record ColumnBlocks(List<Block> blocks) {

    /**
     * Columns that are multiplied at once.
     *
     * @param from the first column that is multiplied, at most {@code start}
     * @param start the first column that the block adds to the blocks before it
     * @param end the column after the last
     */
    record Block(long from, long start, long end) {}

    /**
     * Blocks of {@code width} columns. The last block starts early if it would not have a multiple
     * of {@code step} columns.
     */
    static ColumnBlocks of(long columns, long width, long step) {
        List<Block> blocks = new ArrayList<>();
        for (long start = 0; start < columns; start += width) {
            long end = Math.min(columns, start + width);
            long count = (end - start + step - 1) / step * step;
            blocks.add(new Block(end - count, start, end));
        }
        return new ColumnBlocks(blocks);
    }

    /**
     * Adds the blocks of a constant. If the constant is stored transposed, as word embeddings are,
     * a block is a contiguous part of the file, which the session maps itself. Others are split by
     * one node: with a node per block the session would copy the whole constant for each.
     *
     * @param axis the axis of the columns
     */
    List<String> split(
            String value, int axis, GraphIndex index, GraphBuilder added, OnnxFile weights) {
        Optional<TensorProto> transposed =
                index.producer(index.behindIdentities(value), "Transpose")
                        .filter(GraphIndex::isMatrixTranspose)
                        .flatMap(node -> index.constant(node.getInput(0)))
                        .filter(matrix -> matrix.getDimsCount() == 2)
                        .filter(OnnxFile::hasBytes);
        return transposed.isPresent()
                ? rowsOf(transposed.get(), added, weights)
                : columnsOf(value, axis, added);
    }

    private List<String> rowsOf(TensorProto matrix, GraphBuilder added, OnnxFile weights) {
        List<String> parts = new ArrayList<>();
        for (Block block : blocks) {
            String rows =
                    added.constant(
                            weights.rows(matrix, added.newName(), block.from(), block.end()));
            parts.add(
                    added.node(
                            "Transpose",
                            List.of(rows),
                            GraphBuilder.attribute("perm", new long[] {1, 0})));
        }
        return parts;
    }

    private List<String> columnsOf(String value, int axis, GraphBuilder added) {
        long[] lengths = blocks.stream().mapToLong(block -> block.end() - block.start()).toArray();
        List<String> parts = added.split(value, axis, lengths);
        Block last = blocks.get(blocks.size() - 1);
        if (last.from() < last.start()) {
            parts.set(parts.size() - 1, added.slice(value, axis, last.from(), last.end()));
        }
        return parts;
    }
}

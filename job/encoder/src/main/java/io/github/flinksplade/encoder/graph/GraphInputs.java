package io.github.flinksplade.encoder.graph;

import ai.onnx.proto.OnnxMl.TensorProto.DataType;
import ai.onnx.proto.OnnxMl.TensorShapeProto.Dimension;
import ai.onnx.proto.OnnxMl.TypeProto;
import ai.onnx.proto.OnnxMl.ValueInfoProto;
import io.github.flinksplade.encoder.ModelException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Collectors;

/**
 * The inputs of a text model, each an integer [batch, tokens].
 *
 * @param inputs in the graph's order, including the token ids
 * @param fixedBatch the batch size that the graph requires, or 0 for any
 * @param fixedTokens the sequence length that the graph requires, or 0 for any
 */
public record GraphInputs(List<Input> inputs, int fixedBatch, int fixedTokens) {

    /** What an input contains for each token. */
    public enum Kind {
        /** Its id. */
        IDS,
        /** 1, or 0 for padding. */
        MASK,
        /** 0: a text has one segment. */
        SEGMENTS,
        /** Its position, from 0. */
        POSITIONS,
        /** {@link FuseAttention#LENGTHS} as [batch]: the sequence lengths. */
        LENGTHS,
        /** The same as [3 * batch + 2]: followed by the start of each sequence, twice. */
        LENGTHS_AND_STARTS
    }

    /**
     * @param isInt64 whether its type is int64, not int32
     */
    public record Input(String name, Kind kind, boolean isInt64) {}

    private static final Map<String, Kind> KINDS =
            Map.of(
                    "input_ids", Kind.IDS,
                    "attention_mask", Kind.MASK,
                    "input_mask", Kind.MASK,
                    "token_type_ids", Kind.SEGMENTS,
                    "segment_ids", Kind.SEGMENTS,
                    "position_ids", Kind.POSITIONS);

    /**
     * @throws ModelException if the graph is not a text model
     */
    public static GraphInputs of(GraphIndex graph, Path path) {
        List<Input> inputs = new ArrayList<>();
        int batch = 0;
        int tokens = 0;
        for (ValueInfoProto value : graph.inputs()) {
            Kind kind = KINDS.get(canonical(value.getName()));
            TypeProto.Tensor type = value.getType().getTensorType();
            boolean isInt64 = type.getElemType() == DataType.INT64.getNumber();
            boolean isInteger = isInt64 || type.getElemType() == DataType.INT32.getNumber();
            boolean isMatrix = !type.hasShape() || type.getShape().getDimCount() == 2;
            if (kind == null || !isInteger || !isMatrix) {
                throw new ModelException(
                        path
                                + " is not a masked language model: its input "
                                + describe(value)
                                + (kind == null
                                        ? " is not supported"
                                        : " should be int64 or int32 [batch, tokens]")
                                + "; it has "
                                + describe(graph));
            }
            if (type.hasShape()) {
                batch = fixed(batch, type.getShape().getDim(0));
                tokens = fixed(tokens, type.getShape().getDim(1));
            }
            inputs.add(new Input(value.getName(), kind, isInt64));
        }
        GraphInputs found = new GraphInputs(List.copyOf(inputs), batch, tokens);
        if (found.named(Kind.IDS).isEmpty()) {
            throw new ModelException(
                    path
                            + " is not a masked language model: it has no input named input_ids; it"
                            + " has "
                            + describe(graph));
        }
        if (tokens > 0 && found.named(Kind.MASK).isEmpty()) {
            throw new ModelException(
                    path
                            + " requires exactly "
                            + tokens
                            + " tokens and has no attention_mask, so shorter texts cannot be padded;"
                            + " export it with a dynamic sequence axis");
        }
        return found;
    }

    private static int fixed(int known, Dimension dimension) {
        return Math.max(known, (int) Math.min(Integer.MAX_VALUE, dimension.getDimValue()));
    }

    /** TensorFlow's exporter appends an output index to the names. */
    private static String canonical(String name) {
        String lower = name.toLowerCase(Locale.ROOT);
        return lower.endsWith(":0") ? lower.substring(0, lower.length() - 2) : lower;
    }

    /**
     * Adds the input {@link FuseAttention#LENGTHS}.
     *
     * @param starts whether the kernels require the starts of the sequences too
     */
    public GraphInputs withLengths(boolean starts) {
        List<Input> all = new ArrayList<>(inputs);
        Kind kind = starts ? Kind.LENGTHS_AND_STARTS : Kind.LENGTHS;
        all.add(new Input(FuseAttention.LENGTHS, kind, false));
        return new GraphInputs(List.copyOf(all), fixedBatch, fixedTokens);
    }

    /** The name of the first input of a kind. */
    public Optional<String> named(Kind kind) {
        return inputs.stream().filter(input -> input.kind() == kind).map(Input::name).findFirst();
    }

    /** Describes a graph's inputs and outputs with types and shapes, for messages. */
    public static String describe(GraphIndex graph) {
        return "inputs "
                + describe(graph.inputs())
                + " and outputs "
                + describe(graph.graph().getOutputList());
    }

    private static String describe(List<ValueInfoProto> values) {
        return values.isEmpty()
                ? "none"
                : values.stream().map(GraphInputs::describe).collect(Collectors.joining(", "));
    }

    private static String describe(ValueInfoProto value) {
        if (!value.getType().hasTensorType()) {
            return value.getName() + " (not a tensor)";
        }
        TypeProto.Tensor type = value.getType().getTensorType();
        DataType element = DataType.forNumber(type.getElemType());
        String shape =
                !type.hasShape()
                        ? "[...]"
                        : type.getShape().getDimList().stream()
                                .map(GraphInputs::describe)
                                .collect(Collectors.joining(", ", "[", "]"));
        return value.getName()
                + " "
                + (element == null ? "?" : element.name().toLowerCase(Locale.ROOT))
                + shape;
    }

    private static String describe(Dimension dimension) {
        return switch (dimension.getValueCase()) {
            case DIM_VALUE -> Long.toString(dimension.getDimValue());
            case DIM_PARAM -> dimension.getDimParam().isEmpty() ? "?" : dimension.getDimParam();
            case VALUE_NOT_SET -> "?";
        };
    }
}

package io.github.flinksplade.encoder.architecture;

import ai.onnx.proto.OnnxMl.AttributeProto;
import ai.onnx.proto.OnnxMl.GraphProto;
import ai.onnx.proto.OnnxMl.ModelProto;
import ai.onnx.proto.OnnxMl.OperatorSetIdProto;
import ai.onnx.proto.OnnxMl.StringStringEntryProto;
import ai.onnx.proto.OnnxMl.TensorProto;
import ai.onnx.proto.OnnxMl.TensorProto.DataType;
import io.github.flinksplade.encoder.graph.GraphBuilder;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * The parts of which transformers consist. Each method adds nodes to the graph and returns the name
 * of their result. The operators are those that PyTorch's exporter writes, so that the rewrites of
 * exported graphs apply to these as well. Hidden states are [batch, tokens, width].
 */
final class GraphParts {

    static final String IDS = "input_ids";
    static final String MASK = "attention_mask";
    static final String LOGITS = "logits";

    private static final int OPERATOR_SET = 18;
    private static final int IR_VERSION = 8;

    /** What masked scores get, within the range of fp16. */
    private static final float EXCLUDED = -10_000;

    private final Path directory;
    private final ModelWeights weights;
    private final GraphBuilder graph = new GraphBuilder("t", OPERATOR_SET);
    private final Map<String, String> constants = new HashMap<>();

    /**
     * @param directory that of the graph, to which the positions of weights are relative
     */
    GraphParts(Path directory, ModelWeights weights) {
        this.directory = directory;
        this.weights = weights;
    }

    GraphBuilder graph() {
        return graph;
    }

    // constants

    /** An fp32 weight of the model's files, as a reference to its position there. */
    String weight(String name, long... shape) {
        String known = constants.get(name);
        if (known != null) {
            return known;
        }
        SafetensorsFile.Tensor tensor = weights.get(name, shape);
        if (tensor.floatType() != SafetensorsFile.Type.F32) {
            throw new IllegalStateException(name + " of " + tensor.file() + " is not in fp32");
        }
        TensorProto.Builder constant =
                TensorProto.newBuilder()
                        .setName(name)
                        .setDataType(DataType.FLOAT_VALUE)
                        .setDataLocation(TensorProto.DataLocation.EXTERNAL)
                        .addExternalData(
                                entry("location", directory.relativize(tensor.file()).toString()))
                        .addExternalData(entry("offset", Long.toString(tensor.offset())))
                        .addExternalData(entry("length", Long.toString(tensor.length())));
        for (long size : shape) {
            constant.addDims(size);
        }
        graph.constant(constant.build());
        constants.put(name, name);
        return name;
    }

    private static StringStringEntryProto entry(String key, String value) {
        return StringStringEntryProto.newBuilder().setKey(key).setValue(value).build();
    }

    /** A constant of its own. */
    String floats(String name, float[] values, long... shape) {
        return constants.computeIfAbsent(
                name, unused -> graph.constant(GraphBuilder.floats(name, values, shape)));
    }

    String scalar(double value) {
        return floats("number " + (float) value, new float[] {(float) value});
    }

    String node(String operator, String... inputs) {
        return graph.node(operator, inputs);
    }

    String node(String operator, List<String> inputs, AttributeProto... attributes) {
        return graph.node(operator, inputs, attributes);
    }

    // parts

    /** The rows of a [rows, width] weight for the token ids. */
    String embedding(String name, String ids, long rows, long width) {
        return node("Gather", weight(name, rows, width), ids);
    }

    /** The number of tokens of a sequence, [1]. */
    String length() {
        String known = constants.get("length");
        if (known == null) {
            known = graph.slice(node("Shape", IDS), 0, 1, 2);
            constants.put("length", known);
        }
        return known;
    }

    /** The first rows of a table, as many as there are tokens. */
    String firstRows(String table) {
        return node("Slice", table, graph.int64s(0), length(), graph.int64s(0));
    }

    /**
     * {@code x W' + b}, with W stored as [out, in].
     *
     * @param hasBias whether there is a b
     */
    String linear(String x, String name, long in, long out, boolean hasBias) {
        String product = node("MatMul", x, transposed(weight(name + ".weight", out, in)));
        return hasBias ? node("Add", product, weight(name + ".bias", out)) : product;
    }

    String transposed(String matrix) {
        return constants.computeIfAbsent(
                matrix + "'",
                unused ->
                        node(
                                "Transpose",
                                List.of(matrix),
                                GraphBuilder.attribute("perm", new long[] {1, 0})));
    }

    /**
     * A layer normalization.
     *
     * @param hasBias whether it has a bias; if not, 0 is added
     */
    String layerNorm(String x, String name, long width, double epsilon, boolean hasBias) {
        String bias =
                hasBias
                        ? weight(name + ".bias", width)
                        : floats("zeros " + width, new float[Math.toIntExact(width)], width);
        return node(
                "LayerNormalization",
                List.of(x, weight(name + ".weight", width), bias),
                GraphBuilder.attribute("axis", -1L),
                GraphBuilder.attribute("epsilon", (float) epsilon));
    }

    /** {@code x / sqrt(mean(x^2) + epsilon) * weight}. */
    String rootMeanSquareNorm(String x, String name, long width, double epsilon) {
        String mean = node("ReduceMean", node("Mul", x, x), graph.int64s(-1));
        String root = node("Sqrt", node("Add", mean, scalar(epsilon)));
        return node("Mul", node("Div", x, root), weight(name + ".weight", width));
    }

    /** 0 for a token and a large negative number for padding, [batch, 1, 1, tokens]. */
    String maskBias() {
        String known = constants.get("mask bias");
        if (known == null) {
            String number = graph.cast(MASK, DataType.FLOAT);
            String wide = graph.unsqueeze(graph.unsqueeze(number, 1), 2);
            known = node("Mul", node("Sub", scalar(1), wide), scalar(EXCLUDED));
            constants.put("mask bias", known);
        }
        return known;
    }

    /** A large negative number where a boolean [tokens, tokens] is false. */
    String exclude(String included) {
        return node("Where", included, scalar(0), scalar(EXCLUDED));
    }

    /** Splits [batch, tokens, width] into heads: [batch, heads, tokens, width / heads]. */
    String heads(String x, long heads, long headWidth) {
        return permuted(split(x, heads, headWidth), 0, 2, 1, 3);
    }

    /** The same, transposed for the product with queries. */
    String transposedHeads(String x, long heads, long headWidth) {
        return permuted(split(x, heads, headWidth), 0, 2, 3, 1);
    }

    private String split(String x, long heads, long headWidth) {
        return node("Reshape", x, graph.int64s(0, 0, heads, headWidth));
    }

    String permuted(String x, long... order) {
        return node("Transpose", List.of(x), GraphBuilder.attribute("perm", order));
    }

    /**
     * {@code softmax(q k / sqrt(headWidth) + bias) v}, joined to [batch, tokens, width].
     *
     * @param query [batch, heads, tokens, headWidth]
     * @param key [batch, heads, headWidth, tokens]
     * @param value as query
     * @param biases what is added to the scores, each broadcast to [batch, heads, tokens, tokens]
     */
    String attention(
            String query, String key, String value, long heads, long headWidth, String... biases) {
        String scores =
                node("Div", node("MatMul", query, key), scalar(Math.sqrt((double) headWidth)));
        for (String bias : biases) {
            scores = node("Add", scores, bias);
        }
        String shares = node("Softmax", List.of(scores), GraphBuilder.attribute("axis", 3));
        String mixed = permuted(node("MatMul", shares, value), 0, 2, 1, 3);
        return node("Reshape", mixed, graph.int64s(0, 0, heads * headWidth));
    }

    /**
     * The end of a masked language model, {@code h D' + bias}: a value for each term.
     *
     * @param h [batch, tokens, width]
     * @param matrix D, [vocabulary, width]
     * @param biases names of the bias, of which the first that exists is used; none for no bias
     * @throws io.github.flinksplade.encoder.ModelException if biases are given and all are missing
     */
    String decode(String h, String matrix, List<String> biases, long vocabulary) {
        String product = node("MatMul", h, transposed(matrix));
        if (biases.isEmpty()) {
            return product;
        }
        String bias = biases.stream().filter(weights::has).findFirst().orElse(biases.get(0));
        return node("Add", product, weight(bias, vocabulary));
    }

    // the whole graph

    /** A model with these logits, [batch, tokens, vocabulary]. */
    ModelProto model(String logits, long vocabulary) {
        return model(LOGITS, logits, "batch", "tokens", vocabulary);
    }

    /** A model without a head, with the hidden states [batch, tokens, width]. */
    ModelProto encoder(String hidden, long width) {
        return model("last_hidden_state", hidden, "batch", "tokens", width);
    }

    private ModelProto model(String output, String value, Object... sizes) {
        graph.namedNode(output, "Identity", List.of(value));
        return ModelProto.newBuilder()
                .setIrVersion(IR_VERSION)
                .setProducerName("flink-splade")
                .addOpsetImport(OperatorSetIdProto.newBuilder().setVersion(OPERATOR_SET))
                .setGraph(
                        GraphProto.newBuilder()
                                .setName("model")
                                .addAllNode(graph.nodes())
                                .addAllInitializer(graph.constants())
                                .addInput(
                                        GraphBuilder.value(IDS, DataType.INT64, "batch", "tokens"))
                                .addInput(
                                        GraphBuilder.value(MASK, DataType.INT64, "batch", "tokens"))
                                .addOutput(GraphBuilder.value(output, DataType.FLOAT, sizes)))
                .build();
    }
}

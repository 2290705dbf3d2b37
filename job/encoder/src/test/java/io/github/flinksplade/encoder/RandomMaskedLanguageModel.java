package io.github.flinksplade.encoder;

import ai.onnx.proto.OnnxMl.AttributeProto;
import ai.onnx.proto.OnnxMl.FunctionProto;
import ai.onnx.proto.OnnxMl.GraphProto;
import ai.onnx.proto.OnnxMl.ModelProto;
import ai.onnx.proto.OnnxMl.NodeProto;
import ai.onnx.proto.OnnxMl.OperatorSetIdProto;
import ai.onnx.proto.OnnxMl.StringStringEntryProto;
import ai.onnx.proto.OnnxMl.TensorProto;
import ai.onnx.proto.OnnxMl.TensorProto.DataType;
import ai.onnx.proto.OnnxMl.TensorShapeProto;
import ai.onnx.proto.OnnxMl.TensorShapeProto.Dimension;
import ai.onnx.proto.OnnxMl.TypeProto;
import ai.onnx.proto.OnnxMl.ValueInfoProto;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.google.protobuf.ByteString;
import io.github.flinksplade.encoder.graph.GraphBuilder;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.HashSet;
import java.util.List;
import java.util.Random;
import java.util.Set;

/**
 * Writes a small masked language model with random weights, its graph and its tokenizer, in one of
 * the forms that exporters write. The same seed yields the same weights in every form.
 */
public final class RandomMaskedLanguageModel {

    /** How the graph ends. */
    public enum Tail {
        /** Logits [batch, tokens, vocabulary]. */
        LOGITS,
        /** Weights [batch, vocabulary] by the formula. */
        WEIGHTS,
        /** Weights [batch, vocabulary], summed over the sequence: another formula. */
        SUMMED_WEIGHTS,
        /** output_idx and output_weights. */
        PAIRS,
        /** Hidden states [batch, tokens, width]: not a masked language model. */
        HIDDEN_STATES
    }

    /** How the decoder multiplies. */
    public enum Decoder {
        /** By a separate matrix, then a bias. */
        MATRIX,
        /** By the transposed embeddings, then a bias. */
        TIED,
        /** As a Gemm of all tokens in one matrix. */
        GEMM,
        /** By a matrix, without a bias. */
        NO_BIAS,
        /** As a function that the model defines. */
        FUNCTION
    }

    private static final int WIDTH = 32;
    private static final int HEADS = 4;
    private static final int INNER = 64;
    private static final int LAYERS = 2;

    private int vocabulary = 203;
    private int columns;
    private int positions = 64;
    private int opset = 17;
    private long seed = 1;
    private Tail tail = Tail.LOGITS;
    private Decoder decoder = Decoder.MATRIX;
    private boolean roberta;
    private boolean halfWeights;
    private boolean halfLogits;
    private boolean maskInput = true;
    private boolean segmentInput = true;
    private boolean positionInput;
    private boolean bertNames;
    private boolean int32Inputs;
    private boolean external;
    private boolean shapesKnown = true;
    private int fixedTokens;
    private String logitsName = "logits";
    private float poison;
    private float shift = 1;

    private GraphBuilder added;
    private final Set<String> weights = new HashSet<>();
    private final ByteArrayOutputStream externalData = new ByteArrayOutputStream();
    private Random random;

    /** Number of terms of the tokenizer, at least 80; 203 by default. */
    public RandomMaskedLanguageModel vocabulary(int terms) {
        this.vocabulary = terms;
        return this;
    }

    /** Number of terms of the graph if it is larger than the tokenizer's. */
    public RandomMaskedLanguageModel columns(int number) {
        this.columns = number;
        return this;
    }

    /** Max tokens of a text; 64 by default. */
    public RandomMaskedLanguageModel positions(int number) {
        this.positions = number;
        return this;
    }

    /** 17 by default. */
    public RandomMaskedLanguageModel opset(int version) {
        this.opset = version;
        return this;
    }

    public RandomMaskedLanguageModel seed(long number) {
        this.seed = number;
        return this;
    }

    public RandomMaskedLanguageModel tail(Tail kind) {
        this.tail = kind;
        return this;
    }

    public RandomMaskedLanguageModel decoder(Decoder kind) {
        this.decoder = kind;
        return this;
    }

    /** As RoBERTa: positions start after the padding id and skip padding; a Unigram tokenizer. */
    public RandomMaskedLanguageModel roberta() {
        this.roberta = true;
        this.segmentInput = false;
        return this;
    }

    /** No token types, as DistilBERT. */
    public RandomMaskedLanguageModel withoutSegments() {
        this.segmentInput = false;
        return this;
    }

    public RandomMaskedLanguageModel withoutMask() {
        this.maskInput = false;
        return this;
    }

    public RandomMaskedLanguageModel withPositionInput() {
        this.positionInput = true;
        return this;
    }

    /** input_mask and segment_ids. */
    public RandomMaskedLanguageModel bertNames() {
        this.bertNames = true;
        return this;
    }

    public RandomMaskedLanguageModel int32Inputs() {
        this.int32Inputs = true;
        return this;
    }

    /** fp16 throughout. */
    public RandomMaskedLanguageModel halfWeights() {
        this.halfWeights = true;
        return this;
    }

    /** Logits cast to fp16 at the end. */
    public RandomMaskedLanguageModel halfLogits() {
        this.halfLogits = true;
        return this;
    }

    /** Weights in model.onnx.data. */
    public RandomMaskedLanguageModel external() {
        this.external = true;
        return this;
    }

    /** Outputs without a shape. */
    public RandomMaskedLanguageModel withoutShapes() {
        this.shapesKnown = false;
        return this;
    }

    /** Inputs [1, tokens]. */
    public RandomMaskedLanguageModel fixedTokens(int number) {
        this.fixedTokens = number;
        return this;
    }

    public RandomMaskedLanguageModel logitsName(String name) {
        this.logitsName = name;
        return this;
    }

    /** How far logits are shifted below zero; 1 by default. Larger values leave fewer terms. */
    public RandomMaskedLanguageModel shift(float by) {
        this.shift = by;
        return this;
    }

    /** The value of all embeddings of the term {@code poison}, such as NaN. */
    public RandomMaskedLanguageModel poison(float number) {
        this.poison = number;
        return this;
    }

    /** Writes model.onnx and tokenizer.json to a directory, which is created if necessary. */
    public Path write(Path directory) {
        random = new Random(seed);
        added = new GraphBuilder("v", opset);
        weights.clear();
        ModelProto model = model();
        try {
            Files.createDirectories(directory);
            Files.write(directory.resolve("model.onnx"), model.toByteArray());
            if (external) {
                Files.write(directory.resolve("model.onnx.data"), externalData.toByteArray());
            }
            new ObjectMapper()
                    .writeValue(
                            directory.resolve("tokenizer.json").toFile(),
                            roberta
                                    ? SmallTokenizers.unigram(vocabulary)
                                    : SmallTokenizers.wordPiece(vocabulary));
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return directory;
    }

    /** The files of a written model. */
    public static ModelFiles files(Path directory) {
        return new ModelFiles(
                directory.getFileName().toString(),
                directory.resolve("model.onnx"),
                directory.resolve("tokenizer.json"),
                "0".repeat(64),
                "1".repeat(64),
                0,
                0,
                ModelMetadata.NONE);
    }

    // the graph

    private ModelProto model() {
        String ids = "input_ids";
        String mask = bertNames ? "input_mask" : "attention_mask";
        String segments = bertNames ? "segment_ids" : "token_type_ids";
        int rows = columns > 0 ? columns : vocabulary;
        GraphProto.Builder graph = GraphProto.newBuilder().setName("random");
        int inputType = (int32Inputs ? DataType.INT32 : DataType.INT64).getNumber();
        graph.addInput(input(ids, inputType));
        if (maskInput) {
            graph.addInput(input(mask, inputType));
        }
        if (segmentInput) {
            graph.addInput(input(segments, inputType));
        }
        if (positionInput) {
            graph.addInput(input("position_ids", inputType));
        }

        float[] words = normal(rows * WIDTH, 1);
        if (poison != 0) {
            Arrays.fill(words, (vocabulary - 1) * WIDTH, vocabulary * WIDTH, poison);
        }
        String embeddings = weight("embeddings.word", words, rows, WIDTH);
        String x = node("Gather", embeddings, ids);
        x = node("Add", x, node("Gather", positionTable(), positionIds(ids)));
        if (segmentInput) {
            String types = weight("embeddings.type", normal(2 * WIDTH, 1), 2, WIDTH);
            x = node("Add", x, node("Gather", types, segments));
        }
        x = layerNorm(x);
        String attentionBias = maskInput ? attentionBias(mask) : null;
        for (int layer = 0; layer < LAYERS; layer++) {
            x = layerNorm(node("Add", x, attention(x, attentionBias)));
            String inner = gelu(linear(x, WIDTH, INNER));
            x = layerNorm(node("Add", x, linear(inner, INNER, WIDTH)));
        }
        if (tail == Tail.HIDDEN_STATES) {
            rename(x, "last_hidden_state");
            graph.addOutput(output("last_hidden_state", realType(), WIDTH));
        } else {
            String h = layerNorm(gelu(linear(x, WIDTH, WIDTH)));
            addTail(graph, decoded(h, embeddings, rows), mask, rows);
        }

        ModelProto.Builder model =
                ModelProto.newBuilder()
                        .setIrVersion(7)
                        .setProducerName("test")
                        .addOpsetImport(
                                OperatorSetIdProto.newBuilder().setDomain("").setVersion(opset));
        if (decoder == Decoder.FUNCTION) {
            model.setIrVersion(8)
                    .addOpsetImport(OperatorSetIdProto.newBuilder().setDomain("own").setVersion(1))
                    .addFunctions(decoderFunction());
        }
        return model.setGraph(graph.addAllNode(added.nodes()).addAllInitializer(added.constants()))
                .build();
    }

    private void addTail(GraphProto.Builder graph, String logits, String mask, int rows) {
        if (tail == Tail.LOGITS) {
            if (halfLogits) {
                logits = node("Cast", List.of(logits), GraphBuilder.attribute("to", 10));
            }
            rename(logits, logitsName);
            graph.addOutput(output(logitsName, halfLogits ? 10 : realType(), rows));
            return;
        }
        // the formula as PyTorch's exporter writes it
        String one = weight("one", new float[] {1});
        String weight = node("Log", node("Add", node("Relu", logits), one));
        if (maskInput) {
            String column =
                    node(
                            "Cast",
                            List.of(unsqueeze(mask, 2)),
                            GraphBuilder.attribute("to", realType()));
            weight = node("Mul", weight, column);
        }
        String pooled =
                tail == Tail.SUMMED_WEIGHTS
                        ? added.reduceSum(weight, 1)
                        : added.reduceMax(weight, 1);
        if (tail != Tail.PAIRS) {
            rename(pooled, "weights");
            graph.addOutput(value("weights", realType(), dimension("batch"), dimension(rows)));
            return;
        }
        String indices =
                node(
                        "Transpose",
                        List.of(node("NonZero", pooled)),
                        GraphBuilder.attribute("perm", new long[] {1, 0}));
        rename(node("GatherND", pooled, indices), "output_weights");
        rename(
                node("Gather", List.of(indices, int64s(1)), GraphBuilder.attribute("axis", 1)),
                "indices");
        added.namedNode("output_idx", "Reshape", List.of("indices", int64s(-1)));
        graph.addOutput(value("output_idx", DataType.INT64.getNumber(), dimension("n")));
        graph.addOutput(value("output_weights", realType(), dimension("n")));
    }

    private String decoded(String h, String embeddings, int rows) {
        float[] bias = normal(rows, .3);
        for (int i = 0; i < rows; i++) {
            bias[i] -= shift;
        }
        return switch (decoder) {
            case MATRIX, NO_BIAS -> {
                String matrix = weight("decoder", normal(WIDTH * rows, .35), WIDTH, rows);
                String product = node("MatMul", h, matrix);
                yield decoder == Decoder.NO_BIAS
                        ? product
                        : node("Add", product, weight("decoder.bias", bias, rows));
            }
            case TIED -> {
                String transposed =
                        node(
                                "Transpose",
                                List.of(embeddings),
                                GraphBuilder.attribute("perm", new long[] {1, 0}));
                String product = node("MatMul", h, transposed);
                String scaled = node("Mul", product, weight("scale", new float[] {.35f}));
                yield node("Add", weight("decoder.bias", bias, 1, 1, rows), scaled);
            }
            case GEMM -> {
                String matrix = weight("decoder", normal(rows * WIDTH, .35), rows, WIDTH);
                String flat = node("Reshape", h, int64s(-1, WIDTH));
                String product =
                        node(
                                "Gemm",
                                List.of(flat, matrix, weight("decoder.bias", bias, rows)),
                                GraphBuilder.attribute("transB", 1));
                String shape = node("Shape", h);
                String two = node("Gather", shape, int64s(0, 1));
                String three =
                        node(
                                "Concat",
                                List.of(two, int64s(rows)),
                                GraphBuilder.attribute("axis", 0));
                yield node("Reshape", product, three);
            }
            case FUNCTION -> {
                String matrix = weight("decoder", normal(WIDTH * rows, .35), WIDTH, rows);
                String output = added.newName();
                added.nodes()
                        .add(
                                NodeProto.newBuilder()
                                        .setOpType("Decode")
                                        .setDomain("own")
                                        .addInput(h)
                                        .addInput(matrix)
                                        .addInput(weight("decoder.bias", bias, rows))
                                        .addOutput(output)
                                        .build());
                yield output;
            }
        };
    }

    private FunctionProto decoderFunction() {
        return FunctionProto.newBuilder()
                .setName("Decode")
                .setDomain("own")
                .addInput("h")
                .addInput("matrix")
                .addInput("bias")
                .addOutput("logits")
                .addOpsetImport(OperatorSetIdProto.newBuilder().setDomain("").setVersion(opset))
                .addNode(
                        NodeProto.newBuilder()
                                .setOpType("MatMul")
                                .addInput("h")
                                .addInput("matrix")
                                .addOutput("product"))
                .addNode(
                        NodeProto.newBuilder()
                                .setOpType("Add")
                                .addInput("product")
                                .addInput("bias")
                                .addOutput("logits"))
                .build();
    }

    private String positionTable() {
        int rows = roberta ? positions + 2 : positions;
        return weight("embeddings.position", normal(rows * WIDTH, 1), rows, WIDTH);
    }

    private String positionIds(String ids) {
        if (positionInput) {
            return "position_ids";
        }
        if (roberta) {
            // the padding id is 1; positions start at 2
            String padding = int32Inputs ? int32(1) : int64s(1);
            String present = node("Not", node("Equal", ids, padding));
            String counted = node("Cast", List.of(present), GraphBuilder.attribute("to", 7));
            String sum = node("CumSum", counted, scalar(1));
            return node("Add", node("Mul", sum, counted), int64s(1));
        }
        String length = node("Gather", node("Shape", ids), int64s(1));
        long[] all = new long[positions];
        for (int i = 0; i < positions; i++) {
            all[i] = i;
        }
        return node("Slice", int64s(all), int64s(0), length, int64s(0));
    }

    /** 0 for a token, -10000 for padding, [batch, 1, 1, tokens]. */
    private String attentionBias(String mask) {
        String number = node("Cast", List.of(mask), GraphBuilder.attribute("to", realType()));
        String wide = unsqueeze(unsqueeze(number, 1), 2);
        String inverse = node("Sub", weight("unit", new float[] {1}), wide);
        return node("Mul", inverse, weight("never", new float[] {-10000}));
    }

    private String attention(String x, String attentionBias) {
        String query = heads(linear(x, WIDTH, WIDTH), 0, 2, 1, 3);
        String key = heads(linear(x, WIDTH, WIDTH), 0, 2, 3, 1);
        String value = heads(linear(x, WIDTH, WIDTH), 0, 2, 1, 3);
        String root = weight("root", new float[] {(float) Math.sqrt(WIDTH / HEADS)});
        String scores = node("Div", node("MatMul", query, key), root);
        if (attentionBias != null) {
            scores = node("Add", scores, attentionBias);
        }
        String shares = node("Softmax", List.of(scores), GraphBuilder.attribute("axis", 3));
        String mixed =
                node(
                        "Transpose",
                        List.of(node("MatMul", shares, value)),
                        GraphBuilder.attribute("perm", new long[] {0, 2, 1, 3}));
        return linear(node("Reshape", mixed, int64s(0, 0, WIDTH)), WIDTH, WIDTH);
    }

    private String heads(String x, long... order) {
        String split = node("Reshape", x, int64s(0, 0, HEADS, WIDTH / HEADS));
        return node("Transpose", List.of(split), GraphBuilder.attribute("perm", order));
    }

    private String linear(String x, int in, int out) {
        String matrix =
                weight("linear" + weights.size(), normal(in * out, 1 / Math.sqrt(in)), in, out);
        String bias = weight("bias" + weights.size(), normal(out, .1), out);
        return node("Add", node("MatMul", x, matrix), bias);
    }

    private String gelu(String x) {
        String root = weight("sqrt2", new float[] {(float) Math.sqrt(2)});
        String one = weight("plus1", new float[] {1});
        String half = weight("half", new float[] {.5f});
        String erf = node("Erf", node("Div", x, root));
        return node("Mul", node("Mul", x, node("Add", erf, one)), half);
    }

    private String layerNorm(String x) {
        String centered = node("Sub", x, mean(x));
        String variance = mean(node("Mul", centered, centered));
        String epsilon = weight("epsilon", new float[] {1e-5f});
        String deviation = node("Sqrt", node("Add", variance, epsilon));
        float[] gain = normal(WIDTH, .1);
        for (int i = 0; i < WIDTH; i++) {
            gain[i] += 1;
        }
        String scaled =
                node(
                        "Mul",
                        node("Div", centered, deviation),
                        weight("gain" + weights.size(), gain, WIDTH));
        return node("Add", scaled, weight("shift" + weights.size(), normal(WIDTH, .1), WIDTH));
    }

    private String mean(String x) {
        return opset >= 18
                ? node("ReduceMean", x, int64s(-1))
                : node("ReduceMean", List.of(x), GraphBuilder.attribute("axes", new long[] {-1}));
    }

    private String unsqueeze(String x, int axis) {
        return added.unsqueeze(x, axis);
    }

    // parts of a graph

    private int realType() {
        return (halfWeights ? DataType.FLOAT16 : DataType.FLOAT).getNumber();
    }

    private float[] normal(int size, double deviation) {
        float[] values = new float[size];
        for (int i = 0; i < size; i++) {
            values[i] = (float) (random.nextGaussian() * deviation);
        }
        return values;
    }

    private String node(String operator, String... inputs) {
        return added.node(operator, inputs);
    }

    private String node(String operator, List<String> inputs, AttributeProto... attributes) {
        return added.node(operator, inputs, attributes);
    }

    /** Renames the output of the last node. */
    private void rename(String value, String name) {
        int last = added.nodes().size() - 1;
        NodeProto node = added.nodes().get(last);
        if (!node.getOutput(0).equals(value)) {
            throw new IllegalStateException(value + " is not the output of the last node");
        }
        added.nodes().set(last, node.toBuilder().setOutput(0, name).build());
    }

    private String weight(String name, float[] values, long... shape) {
        if (!weights.add(name)) {
            return name;
        }
        ByteBuffer bytes =
                ByteBuffer.allocate(values.length * (halfWeights ? 2 : 4))
                        .order(ByteOrder.LITTLE_ENDIAN);
        for (float value : values) {
            if (halfWeights) {
                bytes.putShort(half(value));
            } else {
                bytes.putFloat(value);
            }
        }
        TensorProto.Builder tensor = TensorProto.newBuilder().setName(name).setDataType(realType());
        for (long size : shape) {
            tensor.addDims(size);
        }
        if (external && values.length > 1) {
            tensor.setDataLocation(TensorProto.DataLocation.EXTERNAL)
                    .addExternalData(entry("location", "model.onnx.data"))
                    .addExternalData(entry("offset", Integer.toString(externalData.size())))
                    .addExternalData(entry("length", Integer.toString(bytes.capacity())));
            externalData.writeBytes(bytes.array());
        } else {
            tensor.setRawData(ByteString.copyFrom(bytes.array()));
        }
        return added.constant(tensor.build());
    }

    private static StringStringEntryProto entry(String key, String value) {
        return StringStringEntryProto.newBuilder().setKey(key).setValue(value).build();
    }

    /** Rounds to the nearest fp16 value, ties to even. */
    private static short half(float value) {
        int bits = Float.floatToIntBits(value);
        int sign = bits >>> 16 & 0x8000;
        double size = Math.abs((double) value);
        if (Float.isNaN(value)) {
            return (short) (sign | 0x7e00);
        }
        int exponent = Math.max(-14, Math.getExponent(size));
        long steps = (long) Math.rint(size * Math.scalb(1.0, 10 - exponent));
        return (short) (sign | Math.min(0x7c00, ((long) (exponent + 14) << 10) + steps));
    }

    private String int64s(long... values) {
        return added.int64s(values);
    }

    /** An int64 without dimensions. */
    private String scalar(long value) {
        return added.constant(
                TensorProto.newBuilder()
                        .setName(added.newName())
                        .setDataType(DataType.INT64.getNumber())
                        .addInt64Data(value)
                        .build());
    }

    private String int32(long value) {
        return added.constant(
                TensorProto.newBuilder()
                        .setName(added.newName())
                        .setDataType(DataType.INT32.getNumber())
                        .addDims(1)
                        .addInt32Data((int) value)
                        .build());
    }

    private ValueInfoProto input(String name, int type) {
        return fixedTokens > 0
                ? value(name, type, dimension(1), dimension(fixedTokens))
                : value(name, type, dimension("batch"), dimension("sequence"));
    }

    private ValueInfoProto output(String name, int type, int last) {
        return value(name, type, dimension("batch"), dimension("sequence"), dimension(last));
    }

    private ValueInfoProto value(String name, int type, Dimension... sizes) {
        TypeProto.Tensor.Builder tensor = TypeProto.Tensor.newBuilder().setElemType(type);
        if (shapesKnown || name.endsWith("_ids") || name.endsWith("_mask")) {
            tensor.setShape(TensorShapeProto.newBuilder().addAllDim(List.of(sizes)));
        }
        return ValueInfoProto.newBuilder()
                .setName(name)
                .setType(TypeProto.newBuilder().setTensorType(tensor))
                .build();
    }

    private static Dimension dimension(String name) {
        return Dimension.newBuilder().setDimParam(name).build();
    }

    private static Dimension dimension(long size) {
        return Dimension.newBuilder().setDimValue(size).build();
    }
}

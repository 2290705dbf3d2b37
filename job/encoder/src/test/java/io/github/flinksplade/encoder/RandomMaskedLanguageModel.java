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
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;

/**
 * Writes a small masked language model with random weights, a graph and its tokenizer, in one of
 * the forms that exporters give them. The same seed gives the same weights in every form.
 */
public final class RandomMaskedLanguageModel {

    /** How the graph ends. */
    public enum Tail {
        /** Logits [batch, tokens, vocabulary]. */
        LOGITS,
        /** Weights [batch, vocabulary], by the formula. */
        WEIGHTS,
        /** Weights [batch, vocabulary], summed over the positions: another formula. */
        SUMMED_WEIGHTS,
        /** output_idx and output_weights. */
        PAIRS,
        /** The hidden states [batch, tokens, width]: no masked language model. */
        HIDDEN_STATES
    }

    /** How the decoder multiplies. */
    public enum Decoder {
        /** By a matrix of its own, then a bias. */
        MATRIX,
        /** By the transposed embeddings, then a bias. */
        TIED,
        /** As a Gemm of all positions in one matrix. */
        GEMM,
        /** By a matrix, without a bias. */
        NO_BIAS,
        /** As a function of the model's own. */
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
    private boolean narrow;
    private boolean external;
    private boolean shapesKnown = true;
    private int fixedTokens;
    private String logitsName = "logits";
    private float poison;
    private float shift = 1;

    private final List<NodeProto> nodes = new ArrayList<>();
    private final List<TensorProto> weights = new ArrayList<>();
    private final ByteArrayOutputStream externalData = new ByteArrayOutputStream();
    private Random random;
    private int names;

    /** Terms of the tokenizer, at least 80; 203 by default. */
    public RandomMaskedLanguageModel vocabulary(int terms) {
        this.vocabulary = terms;
        return this;
    }

    /** Terms of the graph where these are more than the tokenizer's. */
    public RandomMaskedLanguageModel columns(int number) {
        this.columns = number;
        return this;
    }

    /** The most tokens of a text; 64 by default. */
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

    /** Positions counted from the padding id's on, without padding; a Unigram tokenizer. */
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

    /** int32 inputs. */
    public RandomMaskedLanguageModel narrow() {
        this.narrow = true;
        return this;
    }

    /** Computed in float16 throughout. */
    public RandomMaskedLanguageModel halfWeights() {
        this.halfWeights = true;
        return this;
    }

    /** Logits changed to float16 at the end. */
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

    /** How far below zero logits begin; 1 by default. The greater, the fewer terms a text has. */
    public RandomMaskedLanguageModel shift(float by) {
        this.shift = by;
        return this;
    }

    /** What each embedding of the term {@code poison} is set to, such as NaN. */
    public RandomMaskedLanguageModel poison(float number) {
        this.poison = number;
        return this;
    }

    /** Writes model.onnx and tokenizer.json into a directory, which is made if need be. */
    public Path write(Path directory) {
        random = new Random(seed);
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
                            roberta ? unigram() : wordPiece());
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return directory;
    }

    /** The files in a directory as a model that is open to be used. */
    public static ModelFiles files(Path directory) {
        return new ModelFiles(
                directory.getFileName().toString(),
                directory.resolve("model.onnx"),
                directory.resolve("tokenizer.json"),
                "0".repeat(64),
                "1".repeat(64),
                0,
                0);
    }

    // the graph

    private ModelProto model() {
        String ids = "input_ids";
        String mask = bertNames ? "input_mask" : "attention_mask";
        String segments = bertNames ? "segment_ids" : "token_type_ids";
        int rows = columns > 0 ? columns : vocabulary;
        GraphProto.Builder graph = GraphProto.newBuilder().setName("random");
        int inputType = (narrow ? DataType.INT32 : DataType.INT64).getNumber();
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
        String away = maskInput ? away(mask) : null;
        for (int layer = 0; layer < LAYERS; layer++) {
            x = layerNorm(node("Add", x, attention(x, away)));
            String inner = gelu(linear(x, WIDTH, INNER));
            x = layerNorm(node("Add", x, linear(inner, INNER, WIDTH)));
        }
        if (tail == Tail.HIDDEN_STATES) {
            renamed(x, "last_hidden_state");
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
        return model.setGraph(graph.addAllNode(nodes).addAllInitializer(weights)).build();
    }

    private void addTail(GraphProto.Builder graph, String logits, String mask, int rows) {
        if (tail == Tail.LOGITS) {
            if (halfLogits) {
                logits = node("Cast", List.of(logits), integer("to", 10));
            }
            renamed(logits, logitsName);
            graph.addOutput(output(logitsName, halfLogits ? 10 : realType(), rows));
            return;
        }
        // the formula as PyTorch's exporter writes it
        String one = weight("one", new float[] {1});
        String weight = node("Log", node("Add", node("Relu", logits), one));
        if (maskInput) {
            String column = node("Cast", List.of(unsqueeze(mask, 2)), integer("to", realType()));
            weight = node("Mul", weight, column);
        }
        String pooled =
                tail == Tail.SUMMED_WEIGHTS
                        ? reduce("ReduceSum", 13, weight)
                        : reduce("ReduceMax", 18, weight);
        if (tail != Tail.PAIRS) {
            renamed(pooled, "weights");
            graph.addOutput(value("weights", realType(), dimension("batch"), dimension(rows)));
            return;
        }
        String places = node("Transpose", List.of(node("NonZero", pooled)), integers("perm", 1, 0));
        renamed(node("GatherND", pooled, places), "output_weights");
        renamed(node("Gather", List.of(places, numbers(1)), integer("axis", 1)), "places");
        nodes.add(
                NodeProto.newBuilder()
                        .setOpType("Reshape")
                        .addInput("places")
                        .addInput(numbers(-1))
                        .addOutput("output_idx")
                        .build());
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
                String turned = node("Transpose", List.of(embeddings), integers("perm", 1, 0));
                String product = node("MatMul", h, turned);
                String scaled = node("Mul", product, weight("scale", new float[] {.35f}));
                yield node("Add", weight("decoder.bias", bias, 1, 1, rows), scaled);
            }
            case GEMM -> {
                String matrix = weight("decoder", normal(rows * WIDTH, .35), rows, WIDTH);
                String flat = node("Reshape", h, numbers(-1, WIDTH));
                String product =
                        node(
                                "Gemm",
                                List.of(flat, matrix, weight("decoder.bias", bias, rows)),
                                integer("transB", 1));
                String shape = node("Shape", h);
                String two = node("Gather", shape, numbers(0, 1));
                String three = node("Concat", List.of(two, numbers(rows)), integer("axis", 0));
                yield node("Reshape", product, three);
            }
            case FUNCTION -> {
                String matrix = weight("decoder", normal(WIDTH * rows, .35), WIDTH, rows);
                String output = name();
                nodes.add(
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
            // the padding id is 1; others are counted from 2 on
            String padding = narrow ? narrowNumber(1) : numbers(1);
            String present = node("Not", node("Equal", ids, padding));
            String counted = node("Cast", List.of(present), integer("to", 7));
            String sum = node("CumSum", counted, scalar(1));
            return node("Add", node("Mul", sum, counted), numbers(1));
        }
        String length = node("Gather", node("Shape", ids), numbers(1));
        long[] all = new long[positions];
        for (int i = 0; i < positions; i++) {
            all[i] = i;
        }
        return node("Slice", numbers(all), numbers(0), length, numbers(0));
    }

    /** 0 for a token, -10000 for padding, [batch, 1, 1, tokens]. */
    private String away(String mask) {
        String number = node("Cast", List.of(mask), integer("to", realType()));
        String wide = unsqueeze(unsqueeze(number, 1), 2);
        String inverse = node("Sub", weight("unit", new float[] {1}), wide);
        return node("Mul", inverse, weight("never", new float[] {-10000}));
    }

    private String attention(String x, String away) {
        String query = heads(linear(x, WIDTH, WIDTH), 0, 2, 1, 3);
        String key = heads(linear(x, WIDTH, WIDTH), 0, 2, 3, 1);
        String value = heads(linear(x, WIDTH, WIDTH), 0, 2, 1, 3);
        String root = weight("root", new float[] {(float) Math.sqrt(WIDTH / HEADS)});
        String scores = node("Div", node("MatMul", query, key), root);
        if (away != null) {
            scores = node("Add", scores, away);
        }
        String shares = node("Softmax", List.of(scores), integer("axis", 3));
        String mixed =
                node(
                        "Transpose",
                        List.of(node("MatMul", shares, value)),
                        integers("perm", 0, 2, 1, 3));
        return linear(node("Reshape", mixed, numbers(0, 0, WIDTH)), WIDTH, WIDTH);
    }

    private String heads(String x, long... order) {
        String split = node("Reshape", x, numbers(0, 0, HEADS, WIDTH / HEADS));
        return node("Transpose", List.of(split), integers("perm", order));
    }

    private String linear(String x, int in, int out) {
        String matrix = weight("linear" + names, normal(in * out, 1 / Math.sqrt(in)), in, out);
        String bias = weight("bias" + names, normal(out, .1), out);
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
        String centred = node("Sub", x, mean(x));
        String variance = mean(node("Mul", centred, centred));
        String epsilon = weight("epsilon", new float[] {1e-5f});
        String deviation = node("Sqrt", node("Add", variance, epsilon));
        float[] gain = normal(WIDTH, .1);
        for (int i = 0; i < WIDTH; i++) {
            gain[i] += 1;
        }
        String scaled =
                node("Mul", node("Div", centred, deviation), weight("gain" + names, gain, WIDTH));
        return node("Add", scaled, weight("shift" + names, normal(WIDTH, .1), WIDTH));
    }

    private String mean(String x) {
        return opset >= 18
                ? node("ReduceMean", x, numbers(-1))
                : node("ReduceMean", List.of(x), integers("axes", -1));
    }

    private String unsqueeze(String x, int axis) {
        return opset >= 13
                ? node("Unsqueeze", x, numbers(axis))
                : node("Unsqueeze", List.of(x), integers("axes", axis));
    }

    private String reduce(String operator, int axesAreInputFrom, String x) {
        return opset >= axesAreInputFrom
                ? node(operator, List.of(x, numbers(1)), integer("keepdims", 0))
                : node(operator, List.of(x), integers("axes", 1), integer("keepdims", 0));
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

    private String name() {
        return "v" + names++;
    }

    private String node(String operator, String... inputs) {
        return node(operator, List.of(inputs));
    }

    private String node(String operator, List<String> inputs, AttributeProto... attributes) {
        String output = name();
        nodes.add(
                NodeProto.newBuilder()
                        .setOpType(operator)
                        .setName("n" + output)
                        .addAllInput(inputs)
                        .addOutput(output)
                        .addAllAttribute(List.of(attributes))
                        .build());
        return output;
    }

    /** Gives the output of the last node the name of an output. */
    private void renamed(String value, String name) {
        int last = nodes.size() - 1;
        if (!nodes.get(last).getOutput(0).equals(value)) {
            throw new IllegalStateException(value + " is not the last node's");
        }
        nodes.set(last, nodes.get(last).toBuilder().setOutput(0, name).build());
    }

    private String weight(String name, float[] values, long... shape) {
        if (weights.stream().anyMatch(known -> known.getName().equals(name))) {
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
        weights.add(tensor.build());
        return name;
    }

    private static StringStringEntryProto entry(String key, String value) {
        return StringStringEntryProto.newBuilder().setKey(key).setValue(value).build();
    }

    /** Rounded to the nearest half float, ties to even. */
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

    private String numbers(long... values) {
        return number(DataType.INT64, values, true);
    }

    private String scalar(long value) {
        return number(DataType.INT64, new long[] {value}, false);
    }

    private String narrowNumber(long value) {
        return number(DataType.INT32, new long[] {value}, true);
    }

    private String number(DataType type, long[] values, boolean vector) {
        TensorProto.Builder tensor =
                TensorProto.newBuilder().setName(name()).setDataType(type.getNumber());
        if (vector) {
            tensor.addDims(values.length);
        }
        for (long value : values) {
            if (type == DataType.INT32) {
                tensor.addInt32Data((int) value);
            } else {
                tensor.addInt64Data(value);
            }
        }
        weights.add(tensor.build());
        return tensor.getName();
    }

    private static AttributeProto integer(String name, long value) {
        return AttributeProto.newBuilder()
                .setName(name)
                .setType(AttributeProto.AttributeType.INT)
                .setI(value)
                .build();
    }

    private static AttributeProto integers(String name, long... values) {
        AttributeProto.Builder attribute =
                AttributeProto.newBuilder()
                        .setName(name)
                        .setType(AttributeProto.AttributeType.INTS);
        for (long value : values) {
            attribute.addInts(value);
        }
        return attribute.build();
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

    // the tokenizer

    private static final List<String> WORDS =
            List.of("hello", "world", "the", "house", "of", "a1", "日", "本", "é", "😀");

    private Map<String, Object> wordPiece() {
        Map<String, Integer> terms = new LinkedHashMap<>();
        for (String special : List.of("[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]")) {
            terms.put(special, terms.size());
        }
        for (char c = 'a'; c <= 'z'; c++) {
            terms.put(Character.toString(c), terms.size());
            terms.put("##" + c, terms.size());
        }
        WORDS.forEach(word -> terms.put(word, terms.size()));
        while (terms.size() < vocabulary - 1) {
            terms.put("w" + terms.size(), terms.size());
        }
        terms.put("poison", terms.size());
        List<Object> added = new ArrayList<>();
        for (String special : List.of("[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]")) {
            added.add(added(special, terms.get(special), false));
        }
        Map<String, Object> normalizer = new LinkedHashMap<>();
        normalizer.put("type", "BertNormalizer");
        normalizer.put("clean_text", true);
        normalizer.put("handle_chinese_chars", true);
        normalizer.put("strip_accents", null);
        normalizer.put("lowercase", true);
        return tokenizer(
                added,
                normalizer,
                Map.of("type", "BertPreTokenizer"),
                "[CLS]",
                2,
                "[SEP]",
                3,
                Map.of(
                        "type",
                        "WordPiece",
                        "unk_token",
                        "[UNK]",
                        "continuing_subword_prefix",
                        "##",
                        "max_input_chars_per_word",
                        100,
                        "vocab",
                        terms),
                0,
                "[PAD]");
    }

    private Map<String, Object> unigram() {
        List<List<Object>> pieces = new ArrayList<>();
        for (String special : List.of("<s>", "<pad>", "</s>", "<unk>")) {
            pieces.add(List.of(special, 0.0));
        }
        pieces.add(List.of("\u2581", -3.0));
        for (char c = 'a'; c <= 'z'; c++) {
            pieces.add(List.of(Character.toString(c), -6.0));
        }
        WORDS.forEach(word -> pieces.add(List.of("\u2581" + word, -4.5)));
        pieces.add(List.of("\u2581poison", -4.5));
        while (pieces.size() < vocabulary - 1) {
            pieces.add(List.of("\u2581w" + pieces.size(), -7.0));
        }
        List<Object> added = new ArrayList<>();
        for (int id = 0; id < 4; id++) {
            added.add(added((String) pieces.get(id).get(0), id, false));
        }
        added.add(added("<mask>", vocabulary - 1, true));
        Map<String, Object> metaspace = new LinkedHashMap<>();
        metaspace.put("type", "Metaspace");
        metaspace.put("replacement", "\u2581");
        metaspace.put("prepend_scheme", "always");
        metaspace.put("split", true);
        Map<String, Object> model = new LinkedHashMap<>();
        model.put("type", "Unigram");
        model.put("unk_id", 3);
        model.put("vocab", pieces);
        model.put("byte_fallback", false);
        return tokenizer(
                added, Map.of("type", "NFKC"), metaspace, "<s>", 0, "</s>", 2, model, 1, "<pad>");
    }

    private static Map<String, Object> added(String content, int id, boolean lstrip) {
        return Map.of(
                "id",
                id,
                "content",
                content,
                "single_word",
                false,
                "lstrip",
                lstrip,
                "rstrip",
                false,
                "normalized",
                false,
                "special",
                true);
    }

    /** With entries on truncation and padding, which are not to count. */
    private static Map<String, Object> tokenizer(
            List<Object> added,
            Object normalizer,
            Object preTokenizer,
            String first,
            int firstId,
            String last,
            int lastId,
            Object model,
            int padding,
            String paddingToken) {
        Map<String, Object> json = new LinkedHashMap<>();
        json.put("version", "1.0");
        json.put(
                "truncation",
                Map.of(
                        "direction",
                        "Right",
                        "max_length",
                        6,
                        "strategy",
                        "LongestFirst",
                        "stride",
                        0));
        Map<String, Object> pad = new LinkedHashMap<>();
        pad.put("strategy", Map.of("Fixed", 6));
        pad.put("direction", "Right");
        pad.put("pad_to_multiple_of", null);
        pad.put("pad_id", padding);
        pad.put("pad_type_id", 0);
        pad.put("pad_token", paddingToken);
        json.put("padding", pad);
        json.put("added_tokens", added);
        json.put("normalizer", normalizer);
        json.put("pre_tokenizer", preTokenizer);
        json.put(
                "post_processor",
                Map.of(
                        "type",
                        "TemplateProcessing",
                        "single",
                        List.of(
                                Map.of("SpecialToken", Map.of("id", first, "type_id", 0)),
                                Map.of("Sequence", Map.of("id", "A", "type_id", 0)),
                                Map.of("SpecialToken", Map.of("id", last, "type_id", 0))),
                        "pair",
                        List.of(
                                Map.of("Sequence", Map.of("id", "A", "type_id", 0)),
                                Map.of("Sequence", Map.of("id", "B", "type_id", 1))),
                        "special_tokens",
                        Map.of(
                                first,
                                Map.of(
                                        "id",
                                        first,
                                        "ids",
                                        List.of(firstId),
                                        "tokens",
                                        List.of(first)),
                                last,
                                Map.of(
                                        "id",
                                        last,
                                        "ids",
                                        List.of(lastId),
                                        "tokens",
                                        List.of(last)))));
        json.put("decoder", null);
        json.put("model", model);
        return json;
    }
}

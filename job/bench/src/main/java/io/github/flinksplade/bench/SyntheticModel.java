package io.github.flinksplade.bench;

import ai.onnx.proto.OnnxMl.AttributeProto;
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
import java.io.IOException;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;

/**
 * Writes a masked language model of a published shape with random weights, like those exported by
 * PyTorch, to measure speed without the real weights. Its vectors are meaningless, but the
 * computation and the approximate number of terms are those of the real model. The same shape
 * always yields the same bytes.
 */
final class SyntheticModel {

    /**
     * The shape of a model.
     *
     * @param firstPosition number of the first position; XLM-R starts after the padding id
     * @param bias added to each logit; the lower it is, the fewer terms a vector has
     */
    enum Shape {
        BERT_BASE("bert-base", 12, 768, 12, 3072, 30_522, 512, 0, true, -2.15f),
        DISTILBERT("distilbert", 6, 768, 12, 3072, 30_522, 512, 0, false, -2.15f),
        XLM_R("xlm-r", 12, 768, 12, 3072, 250_002, 512, 2, false, -2.45f),
        MINILM("minilm", 6, 384, 12, 1536, 30_522, 512, 0, true, -1.52f);

        final String label;
        final int layers;
        final int width;
        final int heads;
        final int inner;
        final int vocabulary;
        final int positions;
        final int firstPosition;
        final boolean segments;
        final float bias;

        Shape(
                String label,
                int layers,
                int width,
                int heads,
                int inner,
                int vocabulary,
                int positions,
                int firstPosition,
                boolean segments,
                float bias) {
            this.label = label;
            this.layers = layers;
            this.width = width;
            this.heads = heads;
            this.inner = inner;
            this.vocabulary = vocabulary;
            this.positions = positions;
            this.firstPosition = firstPosition;
            this.segments = segments;
            this.bias = bias;
        }
    }

    private static final String WEIGHTS = "model.onnx.data";
    private static final float DEVIATION = .02f;

    private final Shape shape;
    private final SplittableRandom random = new SplittableRandom(8);
    private final OutputStream weights;
    private long written;
    private final List<NodeProto> nodes = new ArrayList<>();
    private final List<TensorProto> initializers = new ArrayList<>();
    private int names;

    private SyntheticModel(Shape shape, OutputStream weights) {
        this.shape = shape;
        this.weights = weights;
    }

    /** Writes model.onnx and, next to it, its weights. */
    static void write(Shape shape, Path directory) throws IOException {
        ModelProto model;
        try (OutputStream weights = Files.newOutputStream(directory.resolve(WEIGHTS))) {
            model = new SyntheticModel(shape, weights).model();
        }
        try (OutputStream out = Files.newOutputStream(directory.resolve("model.onnx"))) {
            model.writeTo(out);
        }
    }

    private ModelProto model() throws IOException {
        GraphProto.Builder graph = GraphProto.newBuilder().setName(shape.label);
        graph.addInput(input("input_ids")).addInput(input("attention_mask"));
        if (shape.segments) {
            graph.addInput(input("token_type_ids"));
        }
        String embeddings = normal(shape.vocabulary, shape.width);
        String x = node("Gather", embeddings, "input_ids");
        x = node("Add", x, node("Gather", positionTable(), positions()));
        if (shape.segments) {
            x = node("Add", x, node("Gather", normal(2, shape.width), "token_type_ids"));
        }
        x = layerNorm(x);
        String bias = maskBias();
        for (int layer = 0; layer < shape.layers; layer++) {
            x = layerNorm(node("Add", attention(x, bias), x));
            String inner = gelu(linear(x, shape.width, shape.inner));
            x = layerNorm(node("Add", linear(inner, shape.inner, shape.width), x));
        }
        String head = layerNorm(gelu(linear(x, shape.width, shape.width)));
        String product = node("MatMul", head, normal(shape.width, shape.vocabulary));
        nodes.add(
                NodeProto.newBuilder()
                        .setOpType("Add")
                        .setName("decoder")
                        .addInput(product)
                        .addInput(constant(shape.bias, shape.vocabulary))
                        .addOutput("logits")
                        .build());
        graph.addOutput(value("logits", DataType.FLOAT, "batch", "sequence", shape.vocabulary));
        return ModelProto.newBuilder()
                .setIrVersion(8)
                .setProducerName("flink-splade")
                .addOpsetImport(OperatorSetIdProto.newBuilder().setDomain("").setVersion(17))
                .setGraph(graph.addAllNode(nodes).addAllInitializer(initializers))
                .build();
    }

    private String positionTable() throws IOException {
        return normal(shape.positions + shape.firstPosition, shape.width);
    }

    /** The positions of the tokens: a range, or the cumulative sum of the mask as in XLM-R. */
    private String positions() {
        if (shape.firstPosition == 0) {
            String length = node("Gather", node("Shape", "input_ids"), scalar(1));
            String all = node("Range", scalar(0), length, scalar(1));
            return node("Unsqueeze", all, numbers(0));
        }
        String counted = node("CumSum", "attention_mask", narrow(1));
        String present = node("Mul", counted, "attention_mask");
        return node("Add", present, scalar(shape.firstPosition - 1));
    }

    /** [batch, 1, 1, tokens]: 0, or the lowest float at padding. */
    private String maskBias() {
        String wide = node("Unsqueeze", "attention_mask", numbers(1, 2));
        String mask = node("Cast", List.of(wide), integer("to", DataType.FLOAT.getNumber()));
        return node("Mul", node("Sub", real(1), mask), real(-Float.MAX_VALUE));
    }

    private String attention(String x, String bias) throws IOException {
        int size = shape.width / shape.heads;
        String query = heads(linear(x, shape.width, shape.width), size, 0, 2, 1, 3);
        String key = heads(linear(x, shape.width, shape.width), size, 0, 2, 3, 1);
        String value = heads(linear(x, shape.width, shape.width), size, 0, 2, 1, 3);
        String scores = node("Div", node("MatMul", query, key), real((float) Math.sqrt(size)));
        String weights = node("Softmax", List.of(node("Add", scores, bias)), integer("axis", -1));
        String mixed = node("MatMul", weights, value);
        String transposed = node("Transpose", List.of(mixed), integers("perm", 0, 2, 1, 3));
        String joined = node("Reshape", transposed, numbers(0, 0, shape.width));
        return linear(joined, shape.width, shape.width);
    }

    private String heads(String x, int size, long... order) {
        String split = node("Reshape", x, numbers(0, 0, shape.heads, size));
        return node("Transpose", List.of(split), integers("perm", order));
    }

    private String linear(String x, int in, int out) throws IOException {
        return node("Add", normal(1, out, .02f), node("MatMul", x, normal(in, out)));
    }

    private String gelu(String x) {
        String erf = node("Erf", node("Div", x, real((float) Math.sqrt(2))));
        return node("Mul", node("Mul", x, node("Add", erf, real(1))), real(.5f));
    }

    private String layerNorm(String x) throws IOException {
        return node(
                "LayerNormalization",
                List.of(x, constant(1, shape.width), constant(0, shape.width)),
                AttributeProto.newBuilder()
                        .setName("epsilon")
                        .setType(AttributeProto.AttributeType.FLOAT)
                        .setF(1e-12f)
                        .build());
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
                        .setName(operator + output)
                        .addAllInput(inputs)
                        .addOutput(output)
                        .addAllAttribute(List.of(attributes))
                        .build());
        return output;
    }

    private String normal(int rows, int columns) throws IOException {
        return normal(rows, columns, DEVIATION);
    }

    /** A matrix of normally distributed numbers, or a vector if it has one row. */
    private String normal(int rows, int columns, float deviation) throws IOException {
        return weight(rows, columns, () -> deviation * gaussian());
    }

    private String constant(float number, int columns) throws IOException {
        return weight(1, columns, () -> number);
    }

    private interface Numbers {
        float next();
    }

    private String weight(int rows, int columns, Numbers numbers) throws IOException {
        long bytes = 4L * rows * columns;
        TensorProto.Builder tensor =
                TensorProto.newBuilder()
                        .setName(name())
                        .setDataType(DataType.FLOAT.getNumber())
                        .setDataLocation(TensorProto.DataLocation.EXTERNAL)
                        .addExternalData(entry("location", WEIGHTS))
                        .addExternalData(entry("offset", Long.toString(written)))
                        .addExternalData(entry("length", Long.toString(bytes)));
        if (rows > 1) {
            tensor.addDims(rows);
        }
        initializers.add(tensor.addDims(columns).build());
        ByteBuffer row = ByteBuffer.allocate(4 * columns).order(ByteOrder.LITTLE_ENDIAN);
        for (int i = 0; i < rows; i++) {
            row.clear();
            for (int j = 0; j < columns; j++) {
                row.putFloat(numbers.next());
            }
            weights.write(row.array());
        }
        written += bytes;
        return tensor.getName();
    }

    /** Approximately normal: the sum of four uniform numbers from one random long. */
    private float gaussian() {
        long bits = random.nextLong();
        int sum =
                (int) (bits & 0xffff)
                        + (int) (bits >>> 16 & 0xffff)
                        + (int) (bits >>> 32 & 0xffff)
                        + (int) (bits >>> 48);
        // a uniform 16-bit number has the variance 65536^2 / 12
        return (sum - 131_070f) / 37_837.2f;
    }

    private static StringStringEntryProto entry(String key, String value) {
        return StringStringEntryProto.newBuilder().setKey(key).setValue(value).build();
    }

    private String real(float number) {
        TensorProto tensor =
                TensorProto.newBuilder()
                        .setName(name())
                        .setDataType(DataType.FLOAT.getNumber())
                        .addFloatData(number)
                        .build();
        initializers.add(tensor);
        return tensor.getName();
    }

    private String scalar(long number) {
        return whole(TensorProto.newBuilder(), number);
    }

    private String numbers(long... values) {
        return whole(TensorProto.newBuilder().addDims(values.length), values);
    }

    private String whole(TensorProto.Builder tensor, long... values) {
        tensor.setName(name()).setDataType(DataType.INT64.getNumber());
        for (long value : values) {
            tensor.addInt64Data(value);
        }
        initializers.add(tensor.build());
        return tensor.getName();
    }

    private String narrow(int number) {
        initializers.add(
                TensorProto.newBuilder()
                        .setName(name())
                        .setDataType(DataType.INT32.getNumber())
                        .addInt32Data(number)
                        .build());
        return initializers.get(initializers.size() - 1).getName();
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

    private static ValueInfoProto input(String name) {
        return value(name, DataType.INT64, "batch", "sequence", 0);
    }

    /** A value of [first, second, last], or [first, second] if {@code last} is 0. */
    private static ValueInfoProto value(
            String name, DataType type, String first, String second, int last) {
        TensorShapeProto.Builder dimensions =
                TensorShapeProto.newBuilder()
                        .addDim(Dimension.newBuilder().setDimParam(first))
                        .addDim(Dimension.newBuilder().setDimParam(second));
        if (last > 0) {
            dimensions.addDim(Dimension.newBuilder().setDimValue(last));
        }
        return ValueInfoProto.newBuilder()
                .setName(name)
                .setType(
                        TypeProto.newBuilder()
                                .setTensorType(
                                        TypeProto.Tensor.newBuilder()
                                                .setElemType(type.getNumber())
                                                .setShape(dimensions)))
                .build();
    }
}

package io.github.flinksplade.builtin;

import ai.onnx.proto.OnnxMl.GraphProto;
import ai.onnx.proto.OnnxMl.ModelProto;
import ai.onnx.proto.OnnxMl.NodeProto;
import ai.onnx.proto.OnnxMl.TensorProto;
import ai.onnx.proto.OnnxMl.TensorProto.DataType;
import ai.onnx.proto.OnnxMl.TensorShapeProto;
import ai.onnx.proto.OnnxMl.TypeProto;
import ai.onnx.proto.OnnxMl.ValueInfoProto;
import ai.onnxruntime.platform.Fp16Conversions;
import com.google.protobuf.ByteString;
import com.google.protobuf.CodedInputStream;
import com.google.protobuf.UnsafeByteOperations;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.FloatBuffer;
import java.nio.ShortBuffer;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * Merges the encoder's graph and the head's weights into one masked language model.
 *
 * <p>With E the encoder's word embeddings, x_i its last hidden state and id_i the token at position
 * i, the graph's logits are
 *
 * <pre>
 *   h_i    = x_i + down(gelu(up(x_i))) + own[id_i] * E[id_i],   0 if id_i is [CLS] or [SEP]
 *   logits = gain * (h_i . E_v) + bias_v,   bias_v = -10000 for the terms 0 to 998
 * </pre>
 *
 * so that SPLADE's max pooling, {@code log(1 + relu(max))} over the sequence, yields this model's
 * weights: all gains are positive and all biases negative, so a token with h_i = 0 activates no
 * term, and no token activates a term below 999. In the encoder's linear layers, W + b a replaces
 * W; the sums are computed in double precision and rounded to float once.
 *
 * <p>The same inputs yield the same bytes on every machine.
 */
final class MiniLm {

    static final int VOCABULARY = 30522;
    static final int WIDTH = 384;

    private static final int INNER = 1536;
    private static final int HEAD = 768;
    private static final int RANK = 32;
    private static final int LAYERS = 6;
    private static final int CLS = 101;
    private static final int SEP = 102;

    /** The number of special and unused terms, which come first in the vocabulary. */
    private static final int SPECIAL_TERMS = 999;

    /** A bias that no similarity can compensate; within the range of fp16. */
    private static final float EXCLUDED_BIAS = -10000f;

    private static final String HIDDEN_STATE = "last_hidden_state";
    private static final String WORD_EMBEDDINGS = "embeddings.word_embeddings.weight";

    /**
     * A linear layer of the encoder: its name in the head's weights, its node, its input and output
     * size.
     */
    private record Linear(String key, String node, int in, int out) {}

    private static final List<Linear> LINEARS =
            List.of(
                    new Linear("q", "attention/self/query", WIDTH, WIDTH),
                    new Linear("k", "attention/self/key", WIDTH, WIDTH),
                    new Linear("v", "attention/self/value", WIDTH, WIDTH),
                    new Linear("o", "attention/output/dense", WIDTH, WIDTH),
                    new Linear("up", "intermediate/dense", WIDTH, INNER),
                    new Linear("down", "output/dense", INNER, WIDTH));

    private final GraphProto.Builder graph;
    private final GraphProto head;
    private final Map<String, Integer> encoderWeights;
    private final Map<String, Integer> headWeights;

    private MiniLm(GraphProto.Builder graph, GraphProto head) {
        this.graph = graph;
        this.head = head;
        encoderWeights = indexByName(graph.getInitializerList());
        headWeights = indexByName(head.getInitializerList());
    }

    private static Map<String, Integer> indexByName(List<TensorProto> initializers) {
        Map<String, Integer> index = new HashMap<>();
        for (int i = 0; i < initializers.size(); i++) {
            index.put(initializers.get(i).getName(), i);
        }
        return index;
    }

    /**
     * Returns the merged model.
     *
     * @param encoder all-minilm-l6-v2.onnx
     * @param head head.onnx, a graph of initializers only
     * @throws IOException if one of them cannot be read or does not match
     */
    static ModelProto merge(InputStream encoder, InputStream head) throws IOException {
        ModelProto.Builder model = parse(encoder).toBuilder();
        MiniLm miniLm = new MiniLm(model.getGraphBuilder(), parse(head).getGraph());
        miniLm.updateEncoder();
        miniLm.addHead();
        return model.setProducerName("flink-splade")
                .clearProducerVersion()
                .setDocString(
                        "builtin:minilm of flink-splade. Made from all-MiniLM-L6-v2 (Apache-2.0),"
                                + " changed: low-rank updates added to the encoder's linear layers;"
                                + " a sparse head added.")
                .build();
    }

    private static ModelProto parse(InputStream in) throws IOException {
        return ModelProto.parseFrom(CodedInputStream.newInstance(in, 1 << 16));
    }

    private void updateEncoder() throws IOException {
        Map<String, NodeProto> nodes = new HashMap<>();
        for (NodeProto node : graph.getNodeList()) {
            nodes.put(node.getName(), node);
        }
        for (int layer = 0; layer < LAYERS; layer++) {
            for (Linear linear : LINEARS) {
                String name = "/encoder/layer." + layer + "/" + linear.node() + "/MatMul";
                NodeProto node = nodes.get(name);
                if (node == null) {
                    throw new IOException("the encoder has no node " + name);
                }
                String suffix = layer + "_" + linear.key();
                float[] a = headWeight("lora_a_" + suffix, RANK, linear.in());
                float[] b = headWeight("lora_b_" + suffix, linear.out(), RANK);
                update(node.getInput(1), linear.in(), linear.out(), a, b);
            }
        }
    }

    /**
     * Adds the matrix product b a to a linear layer. The graph contains W transposed, [in, out], so
     * the sum over r of a[r, i] b[o, r] is added to its element [i, o].
     */
    private void update(String name, int in, int out, float[] a, float[] b) throws IOException {
        FloatBuffer old = encoderWeight(name, in, out);
        float[] updated = new float[in * out];
        double[] row = new double[out];
        double[] transposed = new double[RANK * out];
        for (int o = 0; o < out; o++) {
            for (int r = 0; r < RANK; r++) {
                transposed[r * out + o] = b[o * RANK + r];
            }
        }
        for (int i = 0; i < in; i++) {
            for (int o = 0; o < out; o++) {
                row[o] = old.get(i * out + o);
            }
            for (int r = 0; r < RANK; r++) {
                double factor = a[r * in + i];
                int start = r * out;
                for (int o = 0; o < out; o++) {
                    row[o] += factor * transposed[start + o];
                }
            }
            for (int o = 0; o < out; o++) {
                updated[i * out + o] = (float) row[o];
            }
        }
        graph.setInitializer(encoderWeights.get(name), tensor(name, updated, in, out));
    }

    private FloatBuffer encoderWeight(String name, int... shape) throws IOException {
        Integer index = encoderWeights.get(name);
        TensorProto weight = index == null ? null : graph.getInitializer(index);
        checkShape("the encoder", name, weight, DataType.FLOAT, shape);
        return bytes(weight).asFloatBuffer();
    }

    /** The values of a weight of the head, converted from fp16, which is exact. */
    private float[] headWeight(String name, int... shape) throws IOException {
        Integer index = headWeights.get(name);
        TensorProto weight = index == null ? null : head.getInitializer(index);
        checkShape("the head", name, weight, DataType.FLOAT16, shape);
        ShortBuffer bits = bytes(weight).asShortBuffer();
        float[] values = new float[bits.remaining()];
        for (int i = 0; i < values.length; i++) {
            values[i] = Fp16Conversions.fp16ToFloat(bits.get(i));
        }
        return values;
    }

    private static ByteBuffer bytes(TensorProto weight) {
        return weight.getRawData().asReadOnlyByteBuffer().order(ByteOrder.LITTLE_ENDIAN);
    }

    /**
     * @param weight null if there is no weight of this name
     */
    private static void checkShape(
            String part, String name, TensorProto weight, DataType type, int... shape)
            throws IOException {
        int elementBytes = type == DataType.FLOAT16 ? Short.BYTES : Float.BYTES;
        int bytes = Arrays.stream(shape).reduce(elementBytes, Math::multiplyExact);
        String expected = type + " " + Arrays.toString(shape) + " of " + bytes + " bytes";
        String actual =
                weight == null
                        ? "missing"
                        : DataType.forNumber(weight.getDataType())
                                + " "
                                + weight.getDimsList()
                                + " of "
                                + weight.getRawData().size()
                                + " bytes";
        if (!actual.equals(expected)) {
            throw new IOException(
                    "the weight "
                            + name
                            + " of "
                            + part
                            + " should be "
                            + expected
                            + " but is "
                            + actual);
        }
    }

    private void addHead() throws IOException {
        encoderWeight(WORD_EMBEDDINGS, VOCABULARY, WIDTH);
        float[] bias = headWeight("bias", VOCABULARY);
        float[] gain = headWeight("gain", VOCABULARY);
        for (int term = 0; term < VOCABULARY; term++) {
            if (!(gain[term] > 0 && bias[term] < 0)) {
                throw new IOException("gain or bias of term " + term + " has the wrong sign");
            }
        }
        Arrays.fill(bias, 0, SPECIAL_TERMS, EXCLUDED_BIAS);
        float[] included = new float[VOCABULARY];
        Arrays.fill(included, 1);
        included[CLS] = 0;
        included[SEP] = 0;

        constant("head.up.weight", transpose("up.weight", HEAD, WIDTH), WIDTH, HEAD);
        constant("head.up.bias", headWeight("up.bias", HEAD), HEAD);
        constant("head.down.weight", transpose("down.weight", WIDTH, HEAD), HEAD, WIDTH);
        constant("head.down.bias", headWeight("down.bias", WIDTH), WIDTH);
        constant("head.own", headWeight("own", VOCABULARY), VOCABULARY, 1);
        constant("head.included", included, VOCABULARY, 1);
        constant("head.gain", gain, VOCABULARY);
        constant("head.bias", bias, VOCABULARY);
        constant("head.sqrt2", new float[] {(float) Math.sqrt(2)});
        constant("head.one", new float[] {1});
        constant("head.half", new float[] {.5f});

        // down(gelu(up(x))), gelu(u) = u (1 + erf(u / sqrt 2)) / 2
        node("MatMul", "head.up.product", HIDDEN_STATE, "head.up.weight");
        node("Add", "head.up", "head.up.product", "head.up.bias");
        node("Div", "head.gelu.scaled", "head.up", "head.sqrt2");
        node("Erf", "head.gelu.erf", "head.gelu.scaled");
        node("Add", "head.gelu.sum", "head.gelu.erf", "head.one");
        node("Mul", "head.gelu.product", "head.up", "head.gelu.sum");
        node("Mul", "head.gelu", "head.gelu.product", "head.half");
        node("MatMul", "head.down.product", "head.gelu", "head.down.weight");
        node("Add", "head.down", "head.down.product", "head.down.bias");

        // own[id] E[id]
        node("Gather", "head.word", WORD_EMBEDDINGS, "input_ids");
        node("Gather", "head.word.own", "head.own", "input_ids");
        node("Mul", "head.word.weighted", "head.word", "head.word.own");

        node("Add", "head.changed", HIDDEN_STATE, "head.down");
        node("Add", "head.all", "head.changed", "head.word.weighted");
        node("Gather", "head.word.included", "head.included", "input_ids");
        node("Mul", "head.h", "head.all", "head.word.included");

        // E is stored once: the graph transposes it, and ONNX Runtime folds the transpose
        node("Transpose", "head.terms", WORD_EMBEDDINGS);
        node("MatMul", "head.similarity", "head.h", "head.terms");
        node("Mul", "head.scaled", "head.similarity", "head.gain");
        node("Add", "logits", "head.scaled", "head.bias");

        graph.clearOutput().addOutput(logits());
    }

    /** A matrix of the head, [rows, columns], transposed to [columns, rows]. */
    private float[] transpose(String name, int rows, int columns) throws IOException {
        float[] values = headWeight(name, rows, columns);
        float[] transposed = new float[values.length];
        for (int row = 0; row < rows; row++) {
            for (int column = 0; column < columns; column++) {
                transposed[column * rows + row] = values[row * columns + column];
            }
        }
        return transposed;
    }

    private void constant(String name, float[] values, int... shape) {
        graph.addInitializer(tensor(name, values, shape));
    }

    private static TensorProto tensor(String name, float[] values, int... shape) {
        byte[] bytes = new byte[4 * values.length];
        ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN).asFloatBuffer().put(values);
        ByteString data = UnsafeByteOperations.unsafeWrap(bytes);
        TensorProto.Builder tensor =
                TensorProto.newBuilder()
                        .setName(name)
                        .setDataType(DataType.FLOAT.getNumber())
                        .setRawData(data);
        for (int size : shape) {
            tensor.addDims(size);
        }
        return tensor.build();
    }

    private void node(String operator, String output, String... inputs) {
        graph.addNode(
                NodeProto.newBuilder()
                        .setOpType(operator)
                        .setName("/" + output)
                        .addAllInput(List.of(inputs))
                        .addOutput(output));
    }

    private static ValueInfoProto logits() {
        TensorShapeProto shape =
                TensorShapeProto.newBuilder()
                        .addDim(dimension().setDimParam("batch_size"))
                        .addDim(dimension().setDimParam("sequence_length"))
                        .addDim(dimension().setDimValue(VOCABULARY))
                        .build();
        return ValueInfoProto.newBuilder()
                .setName("logits")
                .setType(
                        TypeProto.newBuilder()
                                .setTensorType(
                                        TypeProto.Tensor.newBuilder()
                                                .setElemType(DataType.FLOAT.getNumber())
                                                .setShape(shape)))
                .build();
    }

    private static TensorShapeProto.Dimension.Builder dimension() {
        return TensorShapeProto.Dimension.newBuilder();
    }
}

package io.github.flinksplade.builtin;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import ai.onnx.proto.OnnxMl.GraphProto;
import ai.onnx.proto.OnnxMl.ModelProto;
import ai.onnx.proto.OnnxMl.NodeProto;
import ai.onnx.proto.OnnxMl.TensorProto;
import ai.onnx.proto.OnnxMl.TensorProto.DataType;
import ai.onnx.proto.OnnxMl.ValueInfoProto;
import ai.onnxruntime.OnnxTensor;
import ai.onnxruntime.OrtEnvironment;
import ai.onnxruntime.OrtException;
import ai.onnxruntime.OrtSession;
import com.google.protobuf.ByteString;
import io.github.flinksplade.vector.SparseVector;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.FloatBuffer;
import java.security.DigestOutputStream;
import java.security.MessageDigest;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashSet;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/**
 * The merged graph without the encoder's rewrites: ONNX Runtime runs it like any masked language
 * model, and this test pools its logits in double precision.
 */
class MergedGraphTest {

    private static ModelProto model;
    private static OrtSession session;

    @BeforeAll
    static void merge() throws OrtException {
        model = BuiltinModelProvider.merge();
        session = OrtEnvironment.getEnvironment().createSession(model.toByteArray());
    }

    @AfterAll
    static void close() throws OrtException {
        session.close();
        model = null;
    }

    @Test
    void hasTheExpectedDigest() throws Exception {
        MessageDigest digest = MessageDigest.getInstance("SHA-256");
        try (OutputStream out = new DigestOutputStream(OutputStream.nullOutputStream(), digest)) {
            model.writeTo(out);
        }
        assertThat(HexFormat.of().formatHex(digest.digest()))
                .isEqualTo(BuiltinModelProvider.MODEL_SHA256);
    }

    @Test
    void isAnOrdinaryMaskedLanguageModel() throws OrtException {
        assertThat(session.getInputNames())
                .containsExactlyInAnyOrder("input_ids", "attention_mask", "token_type_ids");
        assertThat(session.getOutputNames()).containsExactly("logits");
        assertThat(model.getGraph().getOutputList())
                .singleElement()
                .extracting(ValueInfoProto::getName)
                .isEqualTo("logits");
    }

    @Test
    void containsWordEmbeddingsOnceAndNothingUnused() {
        GraphProto graph = model.getGraph();
        Set<String> used = new HashSet<>();
        graph.getNodeList().forEach(node -> used.addAll(node.getInputList()));
        assertThat(graph.getInitializerList())
                .extracting(TensorProto::getName)
                .allMatch(used::contains);
        assertThat(graph.getInitializerList())
                .filteredOn(tensor -> tensor.getRawData().size() > 40_000_000)
                .hasSize(1);

        Set<String> produced = new HashSet<>();
        for (NodeProto node : graph.getNodeList()) {
            assertThat(node.getOutputList()).allMatch(produced::add, "has one producer");
        }
    }

    @Test
    void matchesGoldenVectors() throws Exception {
        for (Golden golden : Golden.all()) {
            SparseVector vector = pool(List.of(golden.ids())).get(0);
            assertThat(golden.difference(vector)).as(golden.text()).isLessThan(Golden.TOLERANCE);
        }
    }

    @Test
    void vectorsDoNotDependOnPaddingOrBatch() throws Exception {
        List<Golden> golden = Golden.all();
        List<SparseVector> vectors = pool(golden.stream().map(Golden::ids).toList());
        for (int i = 0; i < golden.size(); i++) {
            assertThat(golden.get(i).difference(vectors.get(i)))
                    .as(golden.get(i).text())
                    .isLessThan(Golden.TOLERANCE);
        }
    }

    @Test
    void reportsWhichWeightDoesNotMatch() throws Exception {
        assertRejected(
                Map.of("up.bias", weight(DataType.FLOAT16, 1536, 768)),
                "the weight lora_a_0_q of the head should be FLOAT16 [32, 384] of 24576 bytes but"
                        + " is missing");
        assertRejected(
                Map.of("lora_a_0_q", weight(DataType.FLOAT, 49152, 32, 384)),
                "should be FLOAT16 [32, 384] of 24576 bytes but is FLOAT [32, 384] of 49152 bytes");
        assertRejected(
                Map.of("lora_a_0_q", weight(DataType.FLOAT16, 24576, 384, 32)),
                "should be FLOAT16 [32, 384] of 24576 bytes but is FLOAT16 [384, 32] of 24576"
                        + " bytes");
        assertRejected(
                Map.of("lora_a_0_q", weight(DataType.FLOAT16, 2, 32, 384)),
                "should be FLOAT16 [32, 384] of 24576 bytes but is FLOAT16 [32, 384] of 2 bytes");
    }

    private static TensorProto.Builder weight(DataType type, int bytes, long... shape) {
        return TensorProto.newBuilder()
                .setDataType(type.getNumber())
                .addAllDims(Arrays.stream(shape).boxed().toList())
                .setRawData(ByteString.copyFrom(new byte[bytes]));
    }

    private static void assertRejected(Map<String, TensorProto.Builder> weights, String message)
            throws IOException {
        GraphProto.Builder head = GraphProto.newBuilder();
        weights.forEach((name, weight) -> head.addInitializer(weight.setName(name)));
        byte[] bytes = ModelProto.newBuilder().setGraph(head).build().toByteArray();
        try (InputStream encoder =
                MergedGraphTest.class.getResourceAsStream("/all-minilm-l6-v2.onnx")) {
            assertThatThrownBy(() -> MiniLm.merge(encoder, new ByteArrayInputStream(bytes)))
                    .isInstanceOf(IOException.class)
                    .hasMessageContaining(message);
        }
    }

    @Test
    void specialTokensNeitherActivateTermsNorAreActivated() throws Exception {
        // [CLS] and [SEP] in the middle of a text too; [UNK], [MASK] and an unused term among words
        assertThat(pool(List.of(new int[] {101, 102})).get(0).size()).isZero();
        assertThat(pool(List.of(new int[] {101, 101, 102, 102})).get(0).size()).isZero();
        SparseVector vector =
                pool(List.of(new int[] {101, 100, 103, 7, 2482, 102, 101, 102})).get(0);
        assertThat(vector.size()).isPositive();
        assertThat(vector.indices()[0]).isGreaterThanOrEqualTo(999);
    }

    /** {@code log(1 + relu(max over the unmasked tokens))} of one padded batch. */
    private static List<SparseVector> pool(List<int[]> texts) throws OrtException, IOException {
        int width = texts.stream().mapToInt(ids -> ids.length).max().orElseThrow();
        long[][] ids = new long[texts.size()][width];
        long[][] mask = new long[texts.size()][width];
        for (int text = 0; text < texts.size(); text++) {
            for (int i = 0; i < texts.get(text).length; i++) {
                ids[text][i] = texts.get(text)[i];
                mask[text][i] = 1;
            }
        }
        OrtEnvironment environment = OrtEnvironment.getEnvironment();
        try (OnnxTensor inputIds = OnnxTensor.createTensor(environment, ids);
                OnnxTensor attentionMask = OnnxTensor.createTensor(environment, mask);
                OnnxTensor types =
                        OnnxTensor.createTensor(environment, new long[ids.length][width]);
                OrtSession.Result result =
                        session.run(
                                Map.of(
                                        "input_ids", inputIds,
                                        "attention_mask", attentionMask,
                                        "token_type_ids", types))) {
            OnnxTensor logits = (OnnxTensor) result.get(0);
            assertThat(logits.getInfo().getShape())
                    .containsExactly(ids.length, width, MiniLm.VOCABULARY);
            FloatBuffer values = logits.getFloatBuffer();
            List<SparseVector> vectors = new ArrayList<>();
            for (int text = 0; text < ids.length; text++) {
                double[] best = new double[MiniLm.VOCABULARY];
                Arrays.fill(best, Double.NEGATIVE_INFINITY);
                for (int i = 0; i < texts.get(text).length; i++) {
                    int start = (text * width + i) * MiniLm.VOCABULARY;
                    for (int term = 0; term < best.length; term++) {
                        best[term] = Math.max(best[term], values.get(start + term));
                    }
                }
                vectors.add(sparse(best));
            }
            return vectors;
        }
    }

    private static SparseVector sparse(double[] logits) {
        int[] indices = new int[logits.length];
        float[] values = new float[logits.length];
        int size = 0;
        for (int term = 0; term < logits.length; term++) {
            if (logits[term] > 0) {
                indices[size] = term;
                values[size++] = (float) Math.log1p(logits[term]);
            }
        }
        return new SparseVector(Arrays.copyOf(indices, size), Arrays.copyOf(values, size));
    }
}

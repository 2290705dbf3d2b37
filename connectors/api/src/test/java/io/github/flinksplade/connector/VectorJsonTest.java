package io.github.flinksplade.connector;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.github.flinksplade.connector.VectorJson.Form;
import io.github.flinksplade.vector.SparseVector;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.ObjectInputStream;
import java.io.ObjectOutputStream;
import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.util.Random;
import org.junit.jupiter.api.Test;

class VectorJsonTest {

    private static final Provenance PROVENANCE =
            new Provenance("my \"model\"", "ab12", "cd34", "fp32", "none", 128);
    private static final String PROVENANCE_JSON =
            ",\"encoder\":\""
                    + PROVENANCE.fingerprint()
                    + "\",\"model\":\"my \\\"model\\\"\",\"model_sha256\":\"ab12\"}";

    private static final Vocabulary TERMS = new LetterVocabulary();

    @Test
    void writesIndicesAndUnroundedWeights() {
        VectorRecord record =
                upsert("d1", "some text", "{}", new int[] {1, 2, 25}, 2.76658f, 1e-5f, 3.0f);

        assertThat(json(Form.INDICES, false).line(record))
                .isEqualTo(
                        "{\"id\":\"d1\",\"version\":7,\"indices\":[1,2,25],"
                                + "\"values\":[2.76658,1.0E-5,3.0],"
                                + "\"tokens\":4,\"truncated\":false"
                                + PROVENANCE_JSON);
    }

    @Test
    void writesTextAndFieldsIfConfiguredAndPresent() {
        VectorRecord record =
                upsert("d1", "a \"b\"\n\tc\\", "{\"price\":1.50,\n \"x\":[]}", new int[0]);

        assertThat(json(Form.INDICES, true).line(record))
                .isEqualTo(
                        "{\"id\":\"d1\",\"version\":7,\"indices\":[],\"values\":[],"
                                + "\"text\":\"a \\\"b\\\"\\n\\tc\\\\\","
                                + "\"fields\":{\"price\":1.50,  \"x\":[]},"
                                + "\"tokens\":4,\"truncated\":false"
                                + PROVENANCE_JSON);
    }

    @Test
    void writesRoundedWeightsInDescendingOrder() {
        VectorRecord record =
                upsert(
                        "d1",
                        "t",
                        "{}",
                        new int[] {0, 1, 2, 3, 4, 5},
                        0.004f,
                        2.80326f,
                        2.8f,
                        12.345678f,
                        2.80326f,
                        0.125f);

        // 0.125 is exact in binary and halfway between: rounded to even
        assertThat(json(Form.LUCENE, false).line(record))
                .isEqualTo(
                        "{\"id\":\"d1\",\"version\":7,\"vector\":{\"d\":12.35,\"b\":2.8,"
                                + "\"e\":2.8,\"c\":2.8,\"f\":0.12,\"a\":0.0},"
                                + "\"tokens\":4,\"truncated\":false"
                                + PROVENANCE_JSON);
    }

    @Test
    void writesWeightsWithoutLoss() throws Exception {
        Random random = new Random(5);
        int[] indices = new int[20_000];
        float[] values = new float[indices.length];
        for (int i = 0; i < indices.length; i++) {
            indices[i] = i;
            // half of them of any magnitude, half of typical weights
            values[i] =
                    i % 2 == 0
                            ? Float.intBitsToFloat(random.nextInt(0x7f800000))
                            : 4 * random.nextFloat();
        }
        String line = json(Form.INDICES, false).line(upsert("d1", "t", "{}", indices, values));
        String list = line.replaceFirst(".*\"values\":\\[", "").replaceFirst("].*", "");
        String[] written = list.split(",");
        assertThat(written).hasSameSizeAs(indices);
        for (int i = 0; i < written.length; i++) {
            assertThat(Float.parseFloat(written[i])).isEqualTo(values[i]);
            assertThat(written[i].length()).isLessThanOrEqualTo(Float.toString(values[i]).length());
        }
    }

    @Test
    void writesIntegersWithoutZerosForAnserini() {
        VectorRecord record =
                upsert("d1", "t\u00e4xt", "{}", new int[] {0, 1, 2}, 0.004f, 2.80326f, 0.006f);

        assertThat(json(Form.ANSERINI, false).line(record))
                .isEqualTo(
                        "{\"id\":\"d1\",\"contents\":\"t\u00e4xt\",\"vector\":{\"b\":280,\"c\":1},"
                                + "\"version\":7,\"encoder\":\""
                                + PROVENANCE.fingerprint()
                                + "\"}");
    }

    @Test
    void writesFillerForDocumentsWithoutTermsForAnserini() {
        for (VectorRecord record :
                new VectorRecord[] {
                    upsert("d1", "t", "{}", new int[0]),
                    upsert("d1", "t", "{}", new int[] {3}, .004f)
                }) {
            assertThat(json(Form.ANSERINI, false).line(record))
                    .contains("\"vector\":{\"[unused993]\":1},");
        }
    }

    @Test
    void writesCopiesWithoutText() {
        VectorRecord record = upsert("d1", null, "{}", new int[] {1}, 1f);
        assertThat(json(Form.INDICES, true).line(record)).doesNotContain("text");
        assertThat(json(Form.LUCENE, true).line(record)).doesNotContain("text");
        assertThat(json(Form.ANSERINI, true).line(record)).contains("\"contents\":\"\",");
    }

    @Test
    void writesDeletes() {
        VectorRecord delete = VectorRecord.delete("d1", 8, origin());

        assertThat(json(Form.INDICES, true).line(delete))
                .isEqualTo("{\"id\":\"d1\",\"version\":8,\"op\":\"delete\"}");
        assertThat(json(Form.LUCENE, true).line(delete))
                .isEqualTo("{\"id\":\"d1\",\"version\":8,\"op\":\"delete\"}");
        assertThat(json(Form.INDICES, true).line(VectorRecord.deleteReplaced("d1", 8, origin())))
                .isEqualTo("{\"id\":\"d1\",\"version\":8,\"op\":\"delete\",\"replaced\":true}");
        assertThatThrownBy(() -> json(Form.ANSERINI, true).line(delete))
                .isInstanceOf(ConnectorException.class)
                .hasMessageContaining("'d1'")
                .hasMessageContaining("format=indices");
    }

    @Test
    void writesOneLineOfValidUtf8() throws Exception {
        String special = "\u0000\u001f\u0085\u2028\u2029 \ud83d\ude00 \ud83d! \ude00\ud83d";
        VectorRecord record = upsert(special, special, "{\"k\":\"\ud83d\u2028\"}", new int[0]);

        byte[] bytes = json(Form.INDICES, true).bytes(record);

        String line = StandardCharsets.UTF_8.newDecoder().decode(ByteBuffer.wrap(bytes)).toString();
        String escaped =
                "\"\\u0000\\u001f\\u0085\\u2028\\u2029 \ud83d\ude00 \\ud83d! \\ude00\\ud83d\"";
        assertThat(line)
                .startsWith("{\"id\":" + escaped + ",")
                .contains("\"text\":" + escaped + ",")
                .contains("\"fields\":{\"k\":\"\\ud83d\\u2028\"}");
        assertThat(line.lines()).hasSize(1);
    }

    @Test
    void reusesInstanceAndIsSerializable() throws Exception {
        VectorJson json = json(Form.LUCENE, true);
        VectorRecord large = upsert("large", "x".repeat(3_000_000), "{}", new int[] {1}, 1f);
        VectorRecord small = upsert("small", "x", "{}", new int[] {2}, 2f);
        String expected = json(Form.LUCENE, true).line(small);

        assertThat(json.line(large)).hasSizeGreaterThan(3_000_000);
        assertThat(json.line(small)).isEqualTo(expected);

        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        try (ObjectOutputStream out = new ObjectOutputStream(bytes)) {
            out.writeObject(json);
        }
        try (ObjectInputStream in =
                new ObjectInputStream(new ByteArrayInputStream(bytes.toByteArray()))) {
            assertThat(((VectorJson) in.readObject()).line(small)).isEqualTo(expected);
        }
    }

    private static VectorJson json(Form form, boolean text) {
        return new VectorJson(form, text, PROVENANCE, TERMS);
    }

    private static VectorRecord upsert(
            String id, String text, String fields, int[] indices, float... values) {
        return new VectorRecord(
                id,
                Operation.UPSERT,
                7,
                text,
                fields,
                new SparseVector(indices, values),
                4,
                false,
                origin());
    }

    private static SourceRecord origin() {
        return SourceRecord.of("f", 0, null, null);
    }

    /** A vocabulary of the letters. */
    private static final class LetterVocabulary implements Vocabulary {

        private static final long serialVersionUID = 1L;

        @Override
        public int size() {
            return 26;
        }

        @Override
        public String term(int index) {
            return String.valueOf((char) ('a' + index));
        }
    }
}

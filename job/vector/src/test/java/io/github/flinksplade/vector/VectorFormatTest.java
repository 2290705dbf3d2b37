package io.github.flinksplade.vector;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.util.ArrayList;
import java.util.List;
import java.util.function.IntFunction;
import org.junit.jupiter.api.Test;

class VectorFormatTest {

    private static final ObjectMapper JSON = new ObjectMapper();

    /** The golden vector of Splade_PP_en_v1 for "Hello World", as SPLADERunner returns it. */
    private static final SparseVector HELLO =
            new SparseVector(
                    new int[] {2040, 2047, 2088, 3795, 7592},
                    new float[] {.42195f, .43201f, 2.76658f, .000837f, 2.80326f});

    private static final IntFunction<String> TERMS =
            id ->
                    switch (id) {
                        case 2040 -> "song";
                        case 2047 -> "man's";
                        case 2088 -> "world";
                        case 3795 -> "##\"x\\";
                        default -> "hello";
                    };

    @Test
    void findsFormatsByName() {
        assertThat(VectorFormat.of("Terms")).isEqualTo(VectorFormat.TERMS);
        assertThat(VectorFormat.of("hybrid")).isEqualTo(VectorFormat.INDICES);
        assertThatThrownBy(() -> VectorFormat.of("card"))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("'card'")
                .hasMessageContaining("indices, lucene, terms or anserini");
    }

    @Test
    void writesUnroundedIndices() {
        assertThat(VectorFormat.INDICES.format(HELLO, TERMS))
                .isEqualTo(
                        "{\"indices\":[2040,2047,2088,3795,7592],"
                                + "\"values\":[0.42195,0.43201,2.76658,8.37E-4,2.80326]}");
    }

    @Test
    void writesFloatsWithoutLoss() throws Exception {
        float[] special = {
            Float.MIN_VALUE,
            Float.MIN_NORMAL,
            1e-7f,
            .1f,
            1 / 3f,
            1,
            16777217f,
            12345678.9f,
            3.4e38f,
            Float.MAX_VALUE
        };
        int[] ids = new int[special.length];
        for (int i = 0; i < ids.length; i++) {
            ids[i] = i;
        }
        JsonNode read =
                JSON.readTree(VectorFormat.INDICES.format(new SparseVector(ids, special), TERMS));
        for (int i = 0; i < special.length; i++) {
            assertThat(Float.parseFloat(read.get("values").get(i).asText())).isEqualTo(special[i]);
        }
    }

    @Test
    void writesRoundedLuceneInDescendingOrder() throws Exception {
        String text = VectorFormat.LUCENE.format(HELLO, TERMS);
        assertThat(text)
                .isEqualTo(
                        "{\"hello\":2.8,\"world\":2.77,\"man's\":0.43,\"song\":0.42,"
                                + "\"##\\\"x\\\\\":0.0}");
        List<String> terms = new ArrayList<>();
        JSON.readTree(text).fieldNames().forEachRemaining(terms::add);
        assertThat(terms).containsExactly("hello", "world", "man's", "song", "##\"x\\");
    }

    /** Python: [round(float(numpy.float32(x)), 2) for x in (...)] */
    @Test
    void roundsLikePython() {
        assertThat(lucene(.125f)).isEqualTo("{\"hello\":0.12}"); // halfway: to even
        assertThat(lucene(.375f)).isEqualTo("{\"hello\":0.38}");
        assertThat(lucene(2.675f)).isEqualTo("{\"hello\":2.67}"); // float 2.67499995...
        assertThat(lucene(1.005f)).isEqualTo("{\"hello\":1.0}"); // float 1.00499999...
        assertThat(lucene(.005f)).isEqualTo("{\"hello\":0.0}"); // float 0.00499999...
        assertThat(lucene(.015f)).isEqualTo("{\"hello\":0.01}"); // float 0.01499999...
    }

    private static String lucene(float weight) {
        return VectorFormat.LUCENE.format(
                new SparseVector(new int[] {7592}, new float[] {weight}), TERMS);
    }

    @Test
    void ordersByUnroundedWeightThenIndex() {
        SparseVector vector =
                new SparseVector(new int[] {1, 2, 3, 4}, new float[] {1.001f, 1.004f, .5f, .5f});
        assertThat(VectorFormat.LUCENE.format(vector, id -> "t" + id))
                .isEqualTo("{\"t2\":1.0,\"t1\":1.0,\"t3\":0.5,\"t4\":0.5}");
    }

    @Test
    void writesTermsLikePython() {
        assertThat(VectorFormat.TERMS.format(HELLO, TERMS))
                .isEqualTo(
                        "number of actual dimensions:  5\n"
                                + "SPLADE BOW rep:\n"
                                + " [('hello', 2.8), ('world', 2.77), (\"man's\", 0.43),"
                                + " ('song', 0.42), ('##\"x\\\\', 0.0)]");
    }

    @Test
    void repeatsTermsForAnserini() {
        SparseVector vector =
                new SparseVector(new int[] {1, 2, 3}, new float[] {0.02f, 0.004f, 0.035f});

        // as a float, 0.035 is above the halfway point
        assertThat(VectorFormat.ANSERINI.format(vector, id -> "t" + id))
                .isEqualTo("t1 t1 t3 t3 t3 t3");
        assertThat(VectorFormat.ANSERINI.format(SparseVector.EMPTY, TERMS)).isEqualTo("(nothing)");
        assertThat(
                        VectorFormat.ANSERINI.format(
                                new SparseVector(new int[] {2}, new float[] {0.004f}), TERMS))
                .isEqualTo("(nothing)");
    }

    /** Python: repr of the same strings. */
    @Test
    void escapesTermsLikePython() {
        assertThat(terms("a'b\"c")).endsWith("('a\\'b\"c', 1.0)]");
        assertThat(terms("tab\tnl\n")).endsWith("('tab\\tnl\\n', 1.0)]");
        assertThat(terms("\u0001\u00a0\u200d")).endsWith("('\\x01\\xa0\\u200d', 1.0)]");
        assertThat(terms("é漢😀▁")).endsWith("('é漢😀▁', 1.0)]");
        assertThat(terms("\udb40\udc01")).endsWith("('\\U000e0001', 1.0)]");
    }

    private static String terms(String term) {
        return VectorFormat.TERMS.format(
                new SparseVector(new int[] {1}, new float[] {1}), id -> term);
    }

    @Test
    void writesEmptyVectors() {
        assertThat(VectorFormat.INDICES.format(SparseVector.EMPTY, TERMS))
                .isEqualTo("{\"indices\":[],\"values\":[]}");
        assertThat(VectorFormat.LUCENE.format(SparseVector.EMPTY, TERMS)).isEqualTo("{}");
        assertThat(VectorFormat.TERMS.format(SparseVector.EMPTY, TERMS))
                .isEqualTo("number of actual dimensions:  0\nSPLADE BOW rep:\n []");
    }
}

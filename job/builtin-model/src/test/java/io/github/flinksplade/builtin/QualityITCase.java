package io.github.flinksplade.builtin;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.flinksplade.encoder.EncodedText;
import io.github.flinksplade.encoder.EncoderOptions;
import io.github.flinksplade.encoder.MicroBatcher;
import io.github.flinksplade.encoder.Precision;
import io.github.flinksplade.encoder.Pruning;
import io.github.flinksplade.encoder.Role;
import io.github.flinksplade.encoder.SpladeEncoder;
import io.github.flinksplade.vector.SparseVector;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import org.assertj.core.data.Percentage;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** The built-in model as a user opens it: its vectors, and the claims of its model card. */
class QualityITCase {

    private static final Pruning TOP = Pruning.parse("top_k=20");

    private static SpladeEncoder encoder;

    @BeforeAll
    static void open() {
        encoder =
                SpladeEncoder.open(
                        "builtin:minilm",
                        EncoderOptions.builder().cacheDirectory("target/cache").build());
    }

    @AfterAll
    static void close() {
        encoder.close();
    }

    @Test
    void hasItsOwnTokenLimits() {
        assertThat(encoder.info().documentTokens()).isEqualTo(128);
        assertThat(encoder.info().queryTokens()).isEqualTo(64);
        assertThat(encoder.info().sha256()).isEqualTo(BuiltinModelProvider.MODEL_SHA256);
        assertThat(encoder.info().vocabularySize()).isEqualTo(MiniLm.VOCABULARY);
    }

    @Test
    void matchesGoldenVectors() throws IOException {
        for (Golden golden : Golden.all()) {
            SparseVector vector = encoder.encode(golden.text(), Role.DOCUMENT).vector();
            assertThat(golden.difference(vector)).as(golden.text()).isLessThan(Golden.TOLERANCE);
        }
    }

    @Test
    void vectorsAreBitIdenticalInEveryBatch() throws IOException {
        String[] words = Golden.all().get(Golden.all().size() - 1).text().split(" ");
        List<String> texts = new ArrayList<>();
        for (int i = 0; i < 60; i++) {
            texts.add(String.join(" ", Arrays.copyOfRange(words, i, i + 1 + i * 7 % 90)));
        }
        List<SparseVector> together = encode(encoder, texts, Role.DOCUMENT);
        for (int i = 0; i < texts.size(); i++) {
            assertThat(together.get(i))
                    .as(texts.get(i))
                    .isEqualTo(encoder.encode(texts.get(i), Role.DOCUMENT).vector());
        }
    }

    /**
     * Checks nDCG@10 without and with idf.
     *
     * @param int8Loss how many percent int8 may be below fp32. The rounding of another processor
     *     alone moves it by about 1 % on CISI, which has 76 queries.
     */
    @ParameterizedTest
    @CsvSource({"cranfield, 225, .3905, .3940, 1", "cisi, 76, .4042, .4389, 5"})
    void ranksAsTheModelCardClaims(
            String name, int count, double plain, double withIdf, double int8Loss)
            throws IOException {
        TestCollection collection = TestCollection.read(name);
        assertThat(collection.queries()).hasSize(count);
        Map<String, String> documents = collection.documents();

        List<SparseVector> fp32Vectors = encode(encoder, documents.values(), Role.DOCUMENT);
        Ranks fp32 = ranks(name, encoder, fp32Vectors, collection);
        assertThat(fp32.plain()).isCloseTo(plain, Percentage.withPercentage(1));
        assertThat(fp32.withIdf()).isCloseTo(withIdf, Percentage.withPercentage(1));
        try (SpladeEncoder int8Encoder =
                SpladeEncoder.open(
                        "builtin:minilm",
                        EncoderOptions.builder().precision(Precision.INT8).build())) {
            List<SparseVector> int8Vectors = encode(int8Encoder, documents.values(), Role.DOCUMENT);
            Ranks int8 = ranks(name + " in int8", int8Encoder, int8Vectors, collection);
            double kept = 1 - int8Loss / 100;
            assertThat(int8.plain()).isGreaterThan(kept * fp32.plain());
            assertThat(int8.withIdf()).isGreaterThan(kept * fp32.withIdf());
            assertAgrees(name, fp32Vectors, int8Vectors);
        }
    }

    /** nDCG@10 without and with idf. */
    private record Ranks(double plain, double withIdf) {}

    private static Ranks ranks(
            String name,
            SpladeEncoder encoder,
            List<SparseVector> documentVectors,
            TestCollection collection) {
        List<SparseVector> queryVectors =
                encode(encoder, collection.queries().values(), Role.QUERY);
        double[] idf = idf(documentVectors);
        List<SparseVector> weighted =
                queryVectors.stream().map(query -> multiply(query, idf)).toList();
        Ranks ranks =
                new Ranks(
                        collection.ndcg(queryVectors, documentVectors),
                        collection.ndcg(weighted, documentVectors));
        System.out.printf(
                "%s: nDCG@10 %.4f, with idf %.4f%n", name, ranks.plain(), ranks.withIdf());
        return ranks;
    }

    /** Compares int8 vectors with fp32 vectors: prints the difference and bounds it. */
    private static void assertAgrees(
            String name, List<SparseVector> fp32Vectors, List<SparseVector> int8Vectors) {
        double overlap = 0;
        double error = 0;
        long terms = 0;
        int compared = 0;
        for (int i = 0; i < fp32Vectors.size(); i++) {
            SparseVector top = TOP.apply(fp32Vectors.get(i));
            SparseVector other = TOP.apply(int8Vectors.get(i));
            if (top.size() == 0) {
                continue;
            }
            compared++;
            Map<Integer, Float> weights = new HashMap<>();
            for (int k = 0; k < other.size(); k++) {
                weights.put(other.indices()[k], other.values()[k]);
            }
            int shared = 0;
            for (int k = 0; k < top.size(); k++) {
                Float weight = weights.get(top.indices()[k]);
                if (weight != null) {
                    shared++;
                    terms++;
                    error += Math.abs(weight - top.values()[k]);
                }
            }
            overlap += (double) shared / top.size();
        }
        System.out.printf(
                "%s in int8: overlap of the 20 largest terms %.3f, their mean error %.4f%n",
                name, overlap / compared, error / terms);
        assertThat(overlap / compared).isGreaterThan(.97);
        assertThat(error / terms).isLessThan(.013);
    }

    /** Encodes all texts at once in arbitrary batches, as a job does. */
    private static List<SparseVector> encode(
            SpladeEncoder encoder, Iterable<String> texts, Role role) {
        List<CompletableFuture<EncodedText>> encoded = new ArrayList<>();
        try (MicroBatcher batcher = new MicroBatcher(encoder)) {
            texts.forEach(text -> encoded.add(batcher.submit(text, role)));
            return encoded.stream().map(text -> text.join().vector()).toList();
        }
    }

    /** {@code ln((N - df + .5) / (df + .5) + 1)} of each term. */
    private static double[] idf(List<SparseVector> documents) {
        double[] idf = new double[MiniLm.VOCABULARY];
        for (SparseVector document : documents) {
            for (int term : document.indices()) {
                idf[term]++;
            }
        }
        for (int term = 0; term < idf.length; term++) {
            idf[term] = Math.log((documents.size() - idf[term] + .5) / (idf[term] + .5) + 1);
        }
        return idf;
    }

    private static SparseVector multiply(SparseVector query, double[] idf) {
        float[] values = query.values().clone();
        for (int i = 0; i < values.length; i++) {
            values[i] *= (float) idf[query.indices()[i]];
        }
        return new SparseVector(query.indices(), values);
    }
}

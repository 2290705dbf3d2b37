package io.github.flinksplade.builtin;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.data.Percentage.withPercentage;

import io.github.flinksplade.encoder.EncodedText;
import io.github.flinksplade.encoder.EncoderOptions;
import io.github.flinksplade.encoder.LongDocuments;
import io.github.flinksplade.encoder.LongDocuments.Mode;
import io.github.flinksplade.encoder.MicroBatcher;
import io.github.flinksplade.encoder.PassageSplitter;
import io.github.flinksplade.encoder.Role;
import io.github.flinksplade.encoder.SpladeEncoder;
import io.github.flinksplade.vector.SparseVector;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.condition.EnabledIfSystemProperty;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** The built-in model with documents that are longer than its limit. */
class LongDocumentsITCase {

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

    private static List<String> split(Mode mode, String text) {
        PassageSplitter splitter =
                new LongDocuments(mode, 0, 0)
                        .splitter(encoder.tokenizer(), encoder.info().documentTokens());
        return splitter.split(text).stream().map(passage -> passage.of(text)).toList();
    }

    @Test
    void windowsAreJoinedByTheirLargestWeights() {
        String text = "A physician examined the patient's heart. ".repeat(20) + "Bake the bread.";
        List<String> windows = split(Mode.MAX, text);
        assertThat(windows).hasSizeGreaterThan(1);
        List<SparseVector> vectors =
                encoder.encode(windows, Role.DOCUMENT).stream().map(EncodedText::vector).toList();
        assertThat(encoder.encode(windows, Role.DOCUMENT)).noneMatch(EncodedText::truncated);
        try (MicroBatcher batcher = new MicroBatcher(encoder)) {
            EncodedText joined = batcher.submitMax(windows, Role.DOCUMENT).join();
            assertThat(joined.vector()).isEqualTo(SparseVector.max(vectors));
            assertThat(joined.truncated()).isFalse();
        }
    }

    /** Takes minutes. Prints the figures of docs/performance.md. */
    @ParameterizedTest
    @CsvSource({"cranfield, .3905, .3743, .3943", "cisi, .4042, .3697, .3805"})
    @EnabledIfSystemProperty(
            named = "flinksplade.quality.long",
            matches = "true",
            disabledReason = "it takes minutes: -Dflinksplade.quality.long=true")
    void wholeDocumentsRankAsThePerformancePageSays(
            String name, double truncated, double joined, double divided) throws IOException {
        TestCollection collection = TestCollection.read(name);
        List<List<CompletableFuture<EncodedText>>> beginnings = new ArrayList<>();
        List<List<CompletableFuture<EncodedText>>> windows = new ArrayList<>();
        List<List<CompletableFuture<EncodedText>>> passages = new ArrayList<>();
        List<SparseVector> queries = new ArrayList<>();
        try (MicroBatcher batcher = new MicroBatcher(encoder)) {
            for (String text : collection.documents().values()) {
                List<String> parts = split(Mode.PASSAGES, text);
                beginnings.add(List.of(batcher.submit(text, Role.DOCUMENT)));
                windows.add(List.of(batcher.submitMax(parts, Role.DOCUMENT)));
                passages.add(
                        parts.stream().map(part -> batcher.submit(part, Role.DOCUMENT)).toList());
            }
            for (String query : collection.queries().values()) {
                queries.add(batcher.submit(query, Role.QUERY).join().vector());
            }
            double truncate = collection.ndcgOfPassages(queries, vectors(beginnings));
            double max = collection.ndcgOfPassages(queries, vectors(windows));
            double best = collection.ndcgOfPassages(queries, vectors(passages));
            System.out.printf(
                    Locale.ROOT,
                    "%s: nDCG@10 truncate %.4f, max %.4f, passages %.4f%n",
                    name,
                    truncate,
                    max,
                    best);
            assertThat(truncate).isCloseTo(truncated, withPercentage(1));
            assertThat(max).isCloseTo(joined, withPercentage(1));
            assertThat(best).isCloseTo(divided, withPercentage(1));
        }
    }

    private static List<List<SparseVector>> vectors(
            List<List<CompletableFuture<EncodedText>>> documents) {
        return documents.stream()
                .map(texts -> texts.stream().map(text -> text.join().vector()).toList())
                .toList();
    }
}

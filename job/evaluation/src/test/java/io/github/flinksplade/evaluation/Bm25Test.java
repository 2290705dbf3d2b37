package io.github.flinksplade.evaluation;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class Bm25Test {

    @TempDir private Path directory;

    private Bm25 build() {
        return Bm25.build(
                Bm25.Parameters.parse("0.9,0.4"),
                directory,
                documents -> {
                    documents.accept("a", "The physicians examined hearts");
                    documents.accept("b", "Bread and bread again, with physicians");
                    documents.accept("c", "Engines");
                });
    }

    @Test
    void stemsTermsAndScoresWithItsParameters() {
        try (Bm25 bm25 = build()) {
            // idf of 1 in 3 documents; tf 1, length 3 of mean (3 + 4 + 1) / 3, without k1 + 1
            double idf = Math.log(1 + (3 - 1 + 0.5) / (1 + 0.5));
            double score = idf / (1 + 0.9 * (1 - 0.4 + 0.4 * 3 / (8 / 3.0)));
            List<ScoredDocument> heart = bm25.rank("heart", 10).documents();
            assertThat(heart).hasSize(1);
            assertThat(heart.get(0).id()).isEqualTo("a");
            assertThat(heart.get(0).score()).isCloseTo(score, within(1e-6));
            // a term of the query that occurs twice counts twice
            assertThat(bm25.rank("heart hearts", 10).documents().get(0).score())
                    .isCloseTo(2 * score, within(1e-6));
            assertThat(bm25.rank("a physician", 1).documents()).hasSize(1);
            assertThat(bm25.rank("of the", 10).documents()).isEmpty();
            assertThat(bm25.bytes()).isPositive();
        }
    }

    @Test
    void countsTermsAndFlops() {
        try (Bm25 bm25 = build()) {
            // documents: physician 2/3, examin, heart, bread, again, engin 1/3
            TermStatistics terms = bm25.termStatistics(List.of("physicians' bread", "zebra heart"));
            assertThat(terms.queryTerms()).isEqualTo(2);
            assertThat(terms.documentTerms()).isCloseTo(7 / 3.0, within(1e-9));
            assertThat(terms.flops()).isCloseTo(0.5 * 2 / 3 + 0.5 / 3 + 0.5 / 3, within(1e-9));
        }
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "0.9", "0.9,1.5", "x,0.4", "-1,0.4", "0.9,0.4,1"})
    void rejectsOtherParameters(String text) {
        assertThatThrownBy(() -> Bm25.Parameters.parse(text))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("write two numbers");
    }
}

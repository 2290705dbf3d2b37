package io.github.flinksplade.evaluation;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class MetricTest {

    private static final List<ScoredDocument> RANKING =
            List.of(
                    new ScoredDocument("irrelevant", 9),
                    new ScoredDocument("best", 8),
                    new ScoredDocument("unjudged", 7),
                    new ScoredDocument("good", 6));

    private static final Map<String, Integer> GRADES =
            Map.of("irrelevant", -1, "best", 3, "good", 1, "missed", 2);

    @ParameterizedTest
    @CsvSource({
        // (3 / log2(3) + 1 / log2(5)) / (3 / log2(2) + 2 / log2(3) + 1 / log2(4))
        "nDCG@10, 0.48793",
        "nDCG@2, 0.44412",
        "MRR, 0.5",
        "MRR@1, 0",
        "MAP, 0.33333",
        "MAP@2, 0.16667",
        "Recall@10, 0.66667",
        "Recall@2, 0.33333",
        "P@2, 0.5",
        "P@10, 0.2"
    })
    void hasTheValueOfItsDefinition(String name, double value) {
        Metric metric = Metric.parse(name).get(0);
        assertThat(metric).hasToString(name);
        assertThat(metric.of(RANKING, GRADES)).isCloseTo(value, within(1e-5));
    }

    @Test
    void isZeroForAnEmptyRanking() {
        Metric.parse(Metric.DEFAULTS)
                .forEach(metric -> assertThat(metric.of(List.of(), GRADES)).isZero());
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "nDCG@0", "NDCG@x", "P", "F1@10", "MAP,MAP", "nDCG@10,"})
    void rejectsOtherNames(String text) {
        assertThatThrownBy(() -> Metric.parse(text))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("write");
    }

    @Test
    void ordersEqualScoresByDescendingBytesOfTheId() {
        assertThat(
                        ScoredDocument.inTrecOrder(
                                List.of(
                                        new ScoredDocument("10", 1),
                                        new ScoredDocument("\uffee", 1),
                                        new ScoredDocument("9", 1),
                                        new ScoredDocument("\ud83d\ude00", 1),
                                        new ScoredDocument("less", 1 - 1e-9),
                                        new ScoredDocument("more", 1.1))))
                .extracting(ScoredDocument::id)
                .containsExactly("more", "\ud83d\ude00", "\uffee", "less", "9", "10");
    }
}

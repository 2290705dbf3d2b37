package io.github.flinksplade.pipeline;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class MaxDeadLettersTest {

    @Test
    void parsesNumbersAndPercentages() {
        assertThat(MaxDeadLetters.parse("none")).isEqualTo(MaxDeadLetters.NONE);
        assertThat(MaxDeadLetters.parse("100"))
                .isEqualTo(new MaxDeadLetters(100, Double.POSITIVE_INFINITY))
                .hasToString("100");
        assertThat(MaxDeadLetters.parse(" 5 % "))
                .isEqualTo(new MaxDeadLetters(Long.MAX_VALUE, 5))
                .hasToString("5 %");
        assertThat(MaxDeadLetters.parse("0.5%")).hasToString("0.5 %");
        assertThat(MaxDeadLetters.NONE).hasToString("none");
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "-1", "five", "101 %", "1.5", "5 percent", "%", "1e3 %"})
    void rejectsInvalidTexts(String text) {
        assertThatThrownBy(() -> MaxDeadLetters.parse(text))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageStartingWith("'" + text + "' is not a number of dead letters. Write");
    }

    @Test
    void numberIsExceededByMore() {
        MaxDeadLetters two = MaxDeadLetters.parse("2");
        assertThat(two.isExceededBy(2, 2, true)).isFalse();
        assertThat(two.isExceededBy(3, 1_000_000, false)).isTrue();
        assertThat(MaxDeadLetters.parse("0").isExceededBy(1, 1, false)).isTrue();
        assertThat(MaxDeadLetters.NONE.isExceededBy(1_000_000, 1_000_000, true)).isFalse();
    }

    @Test
    void percentageNeedsHundredRecordsOrEnd() {
        MaxDeadLetters five = MaxDeadLetters.parse("5 %");
        assertThat(five.isExceededBy(50, 99, false)).isFalse();
        assertThat(five.isExceededBy(6, 100, false)).isTrue();
        assertThat(five.isExceededBy(5, 100, false)).isFalse();
        assertThat(five.isExceededBy(1, 10, true)).isTrue();
        assertThat(five.isExceededBy(0, 0, true)).isFalse();
    }
}

package io.github.flinksplade.connector;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

class ConnectorOptionTest {

    private enum Color {
        RED,
        LIGHT_BLUE
    }

    private static final ConnectorOption<Boolean> FLAG = ConnectorOption.flag("flag", true, "a");
    private static final ConnectorOption<Long> NUMBER =
            ConnectorOption.number("number", 1_000, 1, 2_000, "b");
    private static final ConnectorOption<Duration> DURATION =
            ConnectorOption.duration(
                    "duration", Duration.ofSeconds(90), Duration.ZERO, Duration.ofHours(1), "c");
    private static final ConnectorOption<Color> COLOR =
            ConnectorOption.choice(
                    "color", Color.class, Color.RED, Map.of("azure", Color.LIGHT_BLUE), "d");
    private static final ConnectorOption<Integer> LENGTH =
            ConnectorOption.text(
                    "word",
                    "a word",
                    "four",
                    "e",
                    word -> {
                        if (word.isEmpty()) {
                            throw new IllegalArgumentException("write a word");
                        }
                        return word.length();
                    });

    private static ConnectorUri uri(String options) {
        return ConnectorUri.parse("x:y" + options);
    }

    @Test
    void parsesValuesAndFallsBackToDefaults() {
        assertThat(FLAG.get(uri(""))).isTrue();
        assertThat(FLAG.get(uri("?flag=false"))).isFalse();
        assertThat(NUMBER.get(uri("?number=7"))).isEqualTo(7);
        assertThat(DURATION.get(uri("?duration=2 s"))).isEqualTo(Duration.ofSeconds(2));
        assertThat(COLOR.get(uri(""))).isEqualTo(Color.RED);
        assertThat(COLOR.get(uri("?color=light_blue"))).isEqualTo(Color.LIGHT_BLUE);
        assertThat(COLOR.get(uri("?color=azure"))).isEqualTo(Color.LIGHT_BLUE);
        assertThat(LENGTH.get(uri(""))).isEqualTo(4);
        assertThat(LENGTH.get(uri("?word=seven"))).isEqualTo(5);
    }

    @Test
    void describesItself() {
        assertThat(FLAG.values()).isEqualTo("true, false");
        assertThat(NUMBER.defaultText()).isEqualTo("1,000");
        assertThat(NUMBER.values()).isEqualTo("1 to 2,000");
        assertThat(DURATION.defaultText()).isEqualTo("90 s");
        assertThat(COLOR.values()).isEqualTo("red, light_blue");
        assertThat(COLOR.withDefaultText("any").defaultText()).isEqualTo("any");
    }

    @Test
    void rejectsInvalidValuesAndUnknownOptions() {
        assertThatThrownBy(() -> LENGTH.get(uri("?word=")))
                .isInstanceOf(ConnectorException.class)
                .hasMessage("word in x:y?word=: write a word");
        assertThatThrownBy(() -> COLOR.get(uri("?color=green")))
                .hasMessage("color=green in x:y?color=green: write one of [red, light_blue]");
        assertThatThrownBy(() -> uri("?flg=true").allowOptions(List.of(FLAG, NUMBER)))
                .hasMessageContaining("unknown option 'flg'")
                .hasMessageContaining("did you mean 'flag'?");
    }
}

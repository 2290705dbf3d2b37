package io.github.flinksplade.connector;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.time.Duration;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class QuantitiesTest {

    @ParameterizedTest
    @CsvSource({
        "10 s, 10000",
        "10s, 10000",
        "500 ms, 500",
        "5 min, 300000",
        "2 h, 7200000",
        "1 d, 86400000",
        "0 s, 0"
    })
    void parsesDurationsWithUnits(String text, long millis) {
        assertThat(Quantities.duration(text)).isEqualTo(Duration.ofMillis(millis));
    }

    @ParameterizedTest
    @ValueSource(strings = {"10", "0", " 10 ", "", "soon", "10 parsec", "-1 s", "1.5 s"})
    void rejectsDurationsWithoutUnit(String text) {
        assertThatThrownBy(() -> Quantities.duration(text))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage(
                        "'"
                                + text
                                + "' is not a duration. Write a number and a unit, such as 10 s,"
                                + " 500 ms or 5 min");
    }

    @ParameterizedTest
    @CsvSource({"16 mb, 16777216", "16mb, 16777216", "4 KB, 4096", "1g, 1073741824", "100, 100"})
    void parsesSizes(String text, long bytes) {
        assertThat(Quantities.bytes(text)).isEqualTo(bytes);
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "much", "1 parsec", "-1 mb", "99999999999 tb"})
    void rejectsInvalidSizes(String text) {
        assertThatThrownBy(() -> Quantities.bytes(text))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessage(
                        "'"
                                + text
                                + "' is not a size. Write bytes, or a number and a unit, such as"
                                + " 16 mb");
    }

    @Test
    void appliesDefaultsAndBoundsOfOptions() {
        ConnectorUri uri = ConnectorUri.parse("x:y?pause=2s&limit=3mb&bare=2&wrong=2x");
        Duration min = Duration.ofSeconds(1);
        Duration max = Duration.ofMinutes(1);
        assertThat(uri.duration("pause", min, min, max)).isEqualTo(Duration.ofSeconds(2));
        assertThat(uri.duration("absent", max, min, max)).isEqualTo(max);
        assertThat(uri.size("limit", 1, 1, 4 << 20)).isEqualTo(3 << 20);
        assertThat(uri.size("absent", 7, 1, 8)).isEqualTo(7);
        assertThatThrownBy(() -> uri.duration("bare", min, min, max))
                .isInstanceOf(ConnectorException.class)
                .hasMessage(
                        "bare in "
                                + uri
                                + ": '2' is not a duration. Write a number and a unit, such as"
                                + " 10 s, 500 ms or 5 min");
        assertThatThrownBy(() -> uri.duration("pause", min, min, min))
                .hasMessage(
                        "pause=2s in " + uri + " is out of range. Write a value from 1 s to 1 s");
        assertThatThrownBy(() -> uri.size("wrong", 1, 1, 8))
                .hasMessageContaining("'2x' is not a size");
        assertThatThrownBy(() -> uri.size("limit", 1, 1, 1 << 20))
                .isInstanceOf(ConnectorException.class)
                .hasMessageContaining("out of range. Write a value from 1 bytes to 1 mb");
    }
}

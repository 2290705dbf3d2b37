package io.github.flinksplade.app.console;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Map;
import org.junit.jupiter.api.Test;

class ConsoleTest {

    @Test
    void stylesResultsOnATerminal() {
        assertThat(Console.isStyled(true, Map.of("TERM", "xterm"))).isTrue();
        assertThat(Console.isStyled(false, Map.of("TERM", "xterm"))).isFalse();
        assertThat(Console.isStyled(true, Map.of("TERM", "dumb"))).isFalse();
    }

    @Test
    void honorsTheVariablesForColors() {
        assertThat(Console.isStyled(true, Map.of("NO_COLOR", "1"))).isFalse();
        assertThat(Console.isStyled(true, Map.of("NO_COLOR", ""))).isTrue();
        assertThat(Console.isStyled(false, Map.of("CLICOLOR_FORCE", "1"))).isTrue();
        assertThat(Console.isStyled(false, Map.of("CLICOLOR_FORCE", "0"))).isFalse();
        assertThat(Console.isStyled(true, Map.of("NO_COLOR", "1", "CLICOLOR_FORCE", "1")))
                .isFalse();
    }
}

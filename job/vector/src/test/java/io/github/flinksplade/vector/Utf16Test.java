package io.github.flinksplade.vector;

import static org.assertj.core.api.Assertions.assertThat;

import org.junit.jupiter.api.Test;

class Utf16Test {

    @Test
    void replacesLoneSurrogatesOnly() {
        String rocket = "\uD83D\uDE80";
        for (String text : new String[] {"", "a", rocket, "a" + rocket + rocket + "b"}) {
            assertThat(Utf16.isWellFormed(text)).isTrue();
            assertThat(Utf16.wellFormed(text)).isSameAs(text);
        }
        assertThat(Utf16.wellFormed("\uD83D")).isEqualTo("\uFFFD");
        assertThat(Utf16.wellFormed("\uDE80\uD83D" + rocket + "\uD83Dx"))
                .isEqualTo("\uFFFD\uFFFD" + rocket + "\uFFFDx");
        assertThat(Utf16.isWellFormed("a\uDE80")).isFalse();
    }
}

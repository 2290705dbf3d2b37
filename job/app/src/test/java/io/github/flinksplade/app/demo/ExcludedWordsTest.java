package io.github.flinksplade.app.demo;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class ExcludedWordsTest {

    @ParameterizedTest
    @CsvSource({
        "a derogatory remark, derogatory",
        "Derogatory!, derogatory",
        "the murderer's knife, murderer", // murder*
        "an offensive-term for someone, offensive term",
        "artifact/concentration-camp, concentration camp"
    })
    void findsWordsPrefixesAndPhrases(String text, String found) throws IOException {
        assertThat(ExcludedWords.read().find(text)).isEqualTo(found);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {"a glass of water", "classes", "offensive", "cocktail", "a summer camp"})
    void acceptsOtherWordsThatContainThem(String text) throws IOException {
        assertThat(ExcludedWords.read().find(text)).isNull();
    }

    @Test
    void ignoresComments() throws IOException {
        assertThat(ExcludedWords.read().find("obscenities")).isEqualTo("obscenities"); // obscen*
        assertThat(ExcludedWords.read().find("violence")).isNull(); // only in a heading
    }
}

package io.github.flinksplade.app.demo;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;
import org.junit.jupiter.api.Test;

class WordNetTest {

    @Test
    void returnsCommonNouns() throws IOException {
        List<WordNet.Noun> things = WordNet.nouns();
        Set<String> ids = things.stream().map(WordNet.Noun::id).collect(Collectors.toSet());
        assertThat(things).hasSizeBetween(3_000, 4_000);
        assertThat(ids)
                .hasSameSizeAs(things)
                .contains(
                        "animal/dog",
                        "animal/elephant",
                        "artifact/bicycle",
                        "artifact/umbrella",
                        "food/bread",
                        "person/dentist",
                        "plant/oak");
        assertThat(things)
                .allSatisfy(
                        thing -> assertThat(thing.definition()).isNotBlank().doesNotContain("\n"))
                .anySatisfy(
                        thing -> {
                            assertThat(thing.id()).isEqualTo("artifact/umbrella");
                            assertThat(thing.definition())
                                    .isEqualTo("a lightweight handheld collapsible canopy");
                        });
        assertThat(WordNet.nouns()).isEqualTo(things);
    }

    @Test
    void returnsAllDefinitions() throws IOException {
        List<String> definitions = WordNet.definitions();
        assertThat(definitions)
                .hasSizeBetween(110_000, 120_000)
                .doesNotHaveDuplicates()
                .contains("a lightweight handheld collapsible canopy");
    }
}

package io.github.flinksplade.app.demo;

import static org.assertj.core.api.Assertions.assertThat;

import io.github.flinksplade.app.demo.Dictionary.Entry;
import java.io.IOException;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import java.util.stream.Collectors;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

class DictionaryTest {

    private static List<Entry> entries;
    private static Map<String, Entry> byId;

    @BeforeAll
    static void read() throws IOException {
        entries = Dictionary.entries();
        byId = entries.stream().collect(Collectors.toMap(Entry::id, Function.identity()));
    }

    @Test
    void containsEverydayNouns() {
        assertThat(byId)
                .containsKeys(
                        "animal/dog",
                        "artifact/ambulance",
                        "artifact/refrigerator",
                        "artifact/sunglasses",
                        "artifact/washing-machine",
                        "body/elbow",
                        "event/wedding",
                        "feeling/joy",
                        "food/pizza",
                        "illness/toothache",
                        "nature/volcano",
                        "person/baker",
                        "plant/oak",
                        "time/weekend");
        assertThat(entries)
                .allSatisfy(
                        entry -> {
                            assertThat(entry.text()).startsWith(entry.title()).doesNotContain("\n");
                            assertThat(entry.id()).matches("[a-z]+/[a-z'-]+(-\\d+)?");
                        });
    }

    @Test
    void definesANounByTheSenseOfTheList() {
        assertThat(byId.get("artifact/washing-machine").text())
                .isEqualTo(
                        "washing machine: a home appliance for washing clothes and linens"
                                + " automatically; a kind of white goods");
        assertThat(byId.get("artifact/ring").text()).startsWith("ring: jewelry"); // ring#3
    }

    @Test
    void removesExamplesAndRemarksFromDefinitions() {
        assertThat(byId.get("animal/cow").text())
                .isEqualTo("cow: female of domestic cattle; a kind of cattle");
        assertThat(byId.get("artifact/sunglasses").text()).startsWith("sunglasses: spectacles");
        assertThat(entries).allSatisfy(entry -> assertThat(entry.text()).doesNotContain("\""));
    }

    @Test
    void definesEachMeaningOnce() {
        assertThat(
                        entries.stream()
                                .map(
                                        entry ->
                                                entry.id().split("/")[0]
                                                        + entry.text()
                                                                .substring(entry.title().length())))
                .doesNotHaveDuplicates();
    }

    @Test
    void containsNoExcludedWord() throws IOException {
        ExcludedWords excluded = ExcludedWords.read();
        assertThat(entries)
                .allSatisfy(
                        entry -> {
                            assertThat(excluded.find(entry.id())).as(entry.id()).isNull();
                            assertThat(excluded.find(entry.title())).as(entry.id()).isNull();
                            assertThat(excluded.find(entry.text())).as(entry.text()).isNull();
                        });
    }

    @Test
    void isDeterministic() throws IOException {
        assertThat(Dictionary.entries()).isEqualTo(entries);
    }

    @Test
    void returnsTheDefinitionsOfAllWords() throws IOException {
        assertThat(WordNet.definitions())
                .hasSizeBetween(110_000, 120_000)
                .doesNotHaveDuplicates()
                .contains("a lightweight handheld collapsible canopy");
    }
}

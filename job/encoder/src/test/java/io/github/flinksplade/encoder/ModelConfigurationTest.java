package io.github.flinksplade.encoder;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.within;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.github.flinksplade.vector.SparseVector;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** What the config.json next to a graph, and tokens that the graph lacks, change. */
class ModelConfigurationTest {

    private static final ObjectMapper JSON = new ObjectMapper();

    @TempDir Path directory;
    private final List<String> warnings = new ArrayList<>();

    private SpladeEncoder open(Path model, Precision precision, String device) {
        Progress progress = new RecordedWarnings(warnings);
        return ModelOpener.open(
                RandomMaskedLanguageModel.files(model),
                EncoderOptions.builder()
                        .cacheDirectory(directory.resolve("cache").toString())
                        .precision(precision)
                        .device(Device.parse(device))
                        .build(),
                EnumSet.of(Role.DOCUMENT),
                progress);
    }

    private SpladeEncoder open(Path model) {
        return open(model, Precision.FP32, "cpu");
    }

    private static void config(Path model, String json) throws IOException {
        Files.writeString(model.resolve("config.json"), json);
    }

    @ParameterizedTest
    @ValueSource(ints = {203, 750, 0, 749})
    void loadsPaddedTablesThatConfigStates(int vocabularySize) throws IOException {
        Path model = new RandomMaskedLanguageModel().columns(750).write(directory.resolve("m"));
        if (vocabularySize > 0) {
            config(model, "{\"vocab_size\": " + vocabularySize + "}");
        }
        if (vocabularySize == 203 || vocabularySize == 750) {
            for (String device : List.of("cpu", "cpu-emulation")) {
                try (SpladeEncoder encoder = open(model, Precision.FP32, device)) {
                    assertThat(encoder.info().vocabularySize()).isEqualTo(203);
                    int[] terms = encoder.encode("hello world", Role.DOCUMENT).vector().indices();
                    assertThat(terms).isNotEmpty();
                    assertThat(terms[terms.length - 1]).isLessThan(203);
                }
            }
        } else {
            assertThatThrownBy(() -> open(model))
                    .isInstanceOf(ModelException.class)
                    .hasMessageContaining("203 terms");
        }
    }

    @Test
    void doesNotTakeHiddenStatesForTerms() throws IOException {
        Path model =
                new RandomMaskedLanguageModel()
                        .tail(RandomMaskedLanguageModel.Tail.HIDDEN_STATES)
                        .write(directory.resolve("m"));
        config(model, "{\"vocab_size\": 203}");
        assertThatThrownBy(() -> open(model))
                .isInstanceOf(ModelException.class)
                .hasMessageContaining("203 terms");
    }

    /** Adds tokens after the vocabulary, as a fine-tuned tokenizer may have. */
    private static void addTokens(Path model, String... tokens) throws IOException {
        Path path = model.resolve("tokenizer.json");
        ObjectNode json = (ObjectNode) JSON.readTree(path.toFile());
        int next = json.path("model").path("vocab").size();
        for (String token : tokens) {
            ObjectNode added = ((ArrayNode) json.path("added_tokens")).addObject();
            added.put("id", next++).put("content", token).put("special", false);
            for (String flag : List.of("single_word", "lstrip", "rstrip", "normalized")) {
                added.put(flag, false);
            }
        }
        JSON.writeValue(path.toFile(), json);
    }

    @Test
    void encodesTokensWithoutEmbeddingAsUnknown() throws IOException {
        Path plain = new RandomMaskedLanguageModel().write(directory.resolve("plain"));
        Path model = new RandomMaskedLanguageModel().write(directory.resolve("m"));
        addTokens(model, "[NEW]", "[OTHER]");
        try (SpladeEncoder encoder = open(model);
                SpladeEncoder expected = open(plain)) {
            assertThat(encoder.encode("hello [NEW] world", Role.DOCUMENT))
                    .isEqualTo(expected.encode("hello [UNK] world", Role.DOCUMENT));
            assertThat(encoder.info().vocabularySize()).isEqualTo(203);
        }
        assertThat(warnings).hasSize(1);
        assertThat(warnings.get(0))
                .contains("embeddings for 203 tokens")
                .contains("are encoded as [UNK]: [NEW], [OTHER]");
    }

    private static final List<String> TEXTS =
            List.of(
                    "hello world",
                    "the house of hello <pad> world <pad> a1 w100",
                    "w50 w60 w70 w80 w90 w110 w120 w130 w140 the house of the world");

    @ParameterizedTest
    @CsvSource({
        "xlm-roberta, FP32, cpu",
        "roberta, FP32, cpu-emulation",
        "camembert, INT8, cpu",
        "mpnet, FP32, cpu-emulation"
    })
    void countsPositionsAfterPadding(String type, Precision precision, String device)
            throws IOException {
        Path inside = new RandomMaskedLanguageModel().roberta().write(directory.resolve("inside"));
        Path model =
                new RandomMaskedLanguageModel()
                        .roberta()
                        .withPositionInput()
                        .write(directory.resolve("m"));
        config(model, "{\"model_type\": \"" + type + "\", \"pad_token_id\": 1}");
        try (SpladeEncoder expected = open(inside);
                SpladeEncoder encoder = open(model, precision, device)) {
            List<EncodedText> found = encoder.encode(TEXTS, Role.DOCUMENT);
            for (int i = 0; i < TEXTS.size(); i++) {
                assertClose(
                        found.get(i).vector(),
                        expected.encode(TEXTS.get(i), Role.DOCUMENT).vector(),
                        precision == Precision.INT8 ? .3 : 1e-4);
            }
            // two more positions than tokens
            assertThat(encoder.info().documentTokens()).isEqualTo(64);
        }
        assertThat(warnings).isEmpty();
    }

    private static void assertClose(SparseVector found, SparseVector expected, double tolerance) {
        double[] differences = new double[203];
        for (int i = 0; i < found.size(); i++) {
            differences[found.indices()[i]] += found.values()[i];
        }
        for (int i = 0; i < expected.size(); i++) {
            differences[expected.indices()[i]] -= expected.values()[i];
        }
        for (double difference : differences) {
            assertThat(difference).isCloseTo(0, within(tolerance));
        }
    }

    @Test
    void warnsOfUnknownPositions() throws IOException {
        Path model =
                new RandomMaskedLanguageModel().withPositionInput().write(directory.resolve("m"));
        open(model).close();
        assertThat(warnings).hasSize(1).allMatch(w -> w.contains("config.json is missing"));
        warnings.clear();
        config(model, "{\"model_type\": \"perceptron\"}");
        open(model).close();
        assertThat(warnings).hasSize(1).allMatch(w -> w.contains("perceptron"));
        warnings.clear();
        config(model, "{\"model_type\": \"bert\", \"architectures\": [\"BertForMaskedLM\"]}");
        try (SpladeEncoder encoder = open(model)) {
            assertThat(encoder.info().architecture()).isEqualTo("BertForMaskedLM");
        }
        assertThat(warnings).isEmpty();
        config(model, "{");
        assertThatThrownBy(() -> open(model))
                .isInstanceOf(ModelException.class)
                .hasMessageContaining("config.json is not valid JSON");
    }
}

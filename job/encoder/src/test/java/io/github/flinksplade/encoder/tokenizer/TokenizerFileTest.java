package io.github.flinksplade.encoder.tokenizer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.github.flinksplade.encoder.ModelException;
import io.github.flinksplade.encoder.TruncationSide;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/**
 * What is made of vocab.txt and tokenizer_config.json. The expected ids are those of transformers
 * 4.56.1 and 5.24.0, which agree.
 */
class TokenizerFileTest {

    private static final ObjectMapper JSON = new ObjectMapper();
    private static final Path MODELS = Path.of("src/test/resources/models");

    private static final String VOCABULARY =
            String.join(
                            "\n",
                            "<pad>",
                            "<unk>",
                            "<s>",
                            "</s>",
                            "<mask>",
                            "hello",
                            "world",
                            "Hello",
                            "cafe",
                            "caf\u00E9",
                            "\u65E5",
                            "##s",
                            "\u65E5\u672C",
                            "!",
                            "new")
                    + "\n";

    private static final String NAMES =
            "\"pad_token\":\"<pad>\",\"unk_token\":\"<unk>\",\"cls_token\":\"<s>\","
                    + "\"sep_token\":\"</s>\",\"mask_token\":\"<mask>\"";

    private static final String TEXT = "Hello caf\u00E9s <mask> [NEW]  \u65E5\u672C new! <unk>";

    @TempDir Path directory;

    private TokenizerFile vocabulary(String config) throws IOException {
        Files.writeString(directory.resolve("vocab.txt"), VOCABULARY);
        Files.writeString(directory.resolve("tokenizer_config.json"), config);
        return TokenizerFile.read(directory.resolve("vocab.txt"));
    }

    private static int[] ids(TokenizerFile file, String text) {
        try (ModelTokenizer tokenizer = ModelTokenizer.open(file)) {
            return tokenizer.tokenize(text, 1000, TruncationSide.RIGHT).ids();
        }
    }

    @ParameterizedTest
    @CsvSource(
            textBlock =
                    """
                    vocab-cased, 2 1 1 16 1 1 4 215 185 42 252 163 170 5 63 87 150 161 65 92 3
                    vocab-keep-accents, 2 1 45 94 99 120 112 16 1 1 4 163 133 131 5 37 61 98 109 39 66 3
                    vocab-strip-accents, 2 50 146 154 167 150 39 120 125 124 164 16 1 1 4 215 185 42 252 163 170 5 63 87 150 161 65 92 3
                    vocab-uncased, 2 149 150 112 16 1 1 4 163 133 131 5 37 61 98 109 39 66 3
                    """)
    void buildsTheTokenizerOfVocabulary(String model, String expected) {
        TokenizerFile file = TokenizerFile.read(MODELS.resolve(model).resolve("vocab.txt"));
        assertThat(file.warnings()).isEmpty();
        assertThat(WordPiece.of(file.json())).isPresent();
        assertThat(
                        ids(
                                file,
                                "Na\u00EFve CAF\u00C9s, \u4E2D\u6587 [MASK] of the Ferry!"
                                        + " [sep]\u0001x"))
                .isEqualTo(
                        Arrays.stream(expected.split(" ")).mapToInt(Integer::parseInt).toArray());
        assertThat(ids(file, "")).containsExactly(2, 3);
    }

    @Test
    void usesTheNamesOfSpecialTokens() throws IOException {
        TokenizerFile file =
                vocabulary(
                        "{"
                                + NAMES
                                + ",\"tokenizer_class\":\"DistilBertTokenizer\","
                                + "\"do_lower_case\":true}");
        assertThat(file.size()).isEqualTo(15);
        assertThat(file.padding()).isZero();
        assertThat(file.unknown()).isEqualTo(1);
        assertThat(ids(file, TEXT)).containsExactly(2, 5, 8, 11, 4, 1, 14, 1, 10, 1, 14, 13, 1, 3);
    }

    @Test
    void usesTheNamesOfSpecialTokensMap() throws IOException {
        Files.writeString(directory.resolve("special_tokens_map.json"), "{" + NAMES + "}");
        TokenizerFile file =
                vocabulary(
                        "{\"tokenizer_class\":\"BertTokenizer\",\"do_lower_case\":false,"
                                + "\"tokenize_chinese_chars\":false}");
        assertThat(ids(file, TEXT)).containsExactly(2, 7, 9, 11, 4, 1, 1, 1, 12, 14, 13, 1, 3);
    }

    @Test
    void addsTokensThatTheVocabularyLacks() throws IOException {
        String flags = "\"single_word\":false,\"rstrip\":false,\"normalized\":false,\"content\":";
        TokenizerFile file =
                vocabulary(
                        "{"
                                + NAMES
                                + ",\"tokenizer_class\":\"BertTokenizerFast\","
                                + "\"added_tokens_decoder\":{"
                                + "\"15\":{\"lstrip\":false,\"special\":false,"
                                + flags
                                + "\"[NEW]\"},\"4\":{\"lstrip\":true,\"special\":true,"
                                + flags
                                + "\"<mask>\"}}}");
        assertThat(file.size()).isEqualTo(16);
        assertThat(file.term(15)).isEqualTo("[NEW]");
        assertThat(ids(file, TEXT)).containsExactly(2, 5, 8, 11, 4, 15, 10, 1, 14, 13, 1, 3);
    }

    @Test
    void knowsTheClassFromTheModelType() throws IOException {
        Files.writeString(directory.resolve("config.json"), "{\"model_type\":\"distilbert\"}");
        TokenizerFile file = vocabulary("{" + NAMES + ",\"do_lower_case\":false}");
        assertThat(ids(file, TEXT)).containsExactly(2, 7, 9, 11, 4, 1, 1, 1, 10, 1, 14, 13, 1, 3);
    }

    @Test
    void rejectsVocabularyThatIsNotOfBert() throws IOException {
        assertThatThrownBy(() -> vocabulary("{\"tokenizer_class\":\"PhobertTokenizer\"}"))
                .isInstanceOf(ModelException.class)
                .hasMessageContaining("PhobertTokenizer")
                .hasMessageContaining("vocab.txt");
        assertThatThrownBy(() -> vocabulary("{\"tokenizer_class\":\"BertTokenizer\"}"))
                .isInstanceOf(ModelException.class)
                .hasMessageContaining("does not contain the cls_token '[CLS]'");
        assertThatThrownBy(() -> vocabulary("{" + NAMES + ",\"do_lower_case\":\"yes\"}"))
                .isInstanceOf(ModelException.class)
                .hasMessageContaining("do_lower_case is \"yes\"");
        assertThatThrownBy(() -> vocabulary("{"))
                .isInstanceOf(ModelException.class)
                .hasMessageContaining("tokenizer_config.json is not valid JSON");
        Files.delete(directory.resolve("tokenizer_config.json"));
        assertThatThrownBy(() -> TokenizerFile.read(directory.resolve("vocab.txt")))
                .isInstanceOf(ModelException.class)
                .hasMessageContaining("no tokenizer_config.json");
    }

    /** A tokenizer.json with the vocabulary of vocab-uncased, next to a configuration. */
    private TokenizerFile tokenizer(Map<String, Object> normalizer, String config)
            throws IOException {
        ObjectNode json =
                (ObjectNode)
                        TokenizerFile.read(MODELS.resolve("vocab-uncased").resolve("vocab.txt"))
                                .json();
        json.set("normalizer", JSON.valueToTree(normalizer));
        Path path = directory.resolve("tokenizer.json");
        JSON.writeValue(path.toFile(), json);
        Files.writeString(directory.resolve("tokenizer_config.json"), config);
        return TokenizerFile.read(path);
    }

    private static Map<String, Object> bertNormalizer(boolean lowercase, boolean stripAccents) {
        return Map.of(
                "type",
                "BertNormalizer",
                "clean_text",
                true,
                "handle_chinese_chars",
                true,
                "lowercase",
                lowercase,
                "strip_accents",
                stripAccents);
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = ';',
            textBlock =
                    """
                    BertTokenizer; true; 2 133 131 150 1 131 3; {}
                    BertTokenizer; false; 2 133 131 150 1 131 3; {}
                    BertTokenizer; true; 2 1 1 1 1 131 3; {"do_lower_case":false}
                    BertTokenizer; false; 2 1 1 1 1 131 3; {"do_lower_case":false}
                    DistilBertTokenizerFast; false; 2 133 131 45 94 99 120 1 131 3; {"do_lower_case":true,"strip_accents":false}
                    MPNetTokenizer; true; 2 1 1 1 1 131 3; {"do_lower_case":false}
                    PreTrainedTokenizerFast; true; 2 133 131 150 1 131 3; {"do_lower_case":false}
                    PreTrainedTokenizerFast; false; 2 1 1 1 1 131 3; {"do_lower_case":true}
                    """)
    void appliesTheConfigurationAsTheLibraryDoes(
            String tokenizerClass, boolean lowercase, String expected, String config)
            throws IOException {
        ObjectNode json = (ObjectNode) JSON.readTree(config);
        boolean isLower = json.path("do_lower_case").asBoolean(true);
        json.put("tokenizer_class", tokenizerClass);
        TokenizerFile file = tokenizer(bertNormalizer(lowercase, lowercase), json.toString());
        assertThat(ids(file, "The Ferry Caf\u00E9 \u4E2D ferry"))
                .isEqualTo(
                        Arrays.stream(expected.split(" ")).mapToInt(Integer::parseInt).toArray());
        boolean isContradiction = isLower != lowercase;
        if (isContradiction) {
            assertThat(file.warnings()).hasSize(1);
            assertThat(file.warnings().get(0))
                    .contains(
                            "tokenizer.json", "tokenizer_config.json", "do_lower_case=" + isLower);
        }
        boolean isApplied = !tokenizerClass.startsWith("PreTrained");
        assertThat(file.sha256("0").length() > 1)
                .isEqualTo(isApplied && !file.warnings().isEmpty());
    }

    @Test
    void warnsOnlyOfContradictions() throws IOException {
        String bert = "{\"tokenizer_class\":\"BertTokenizer\",\"strip_accents\":null}";
        Map<String, Object> missing = new java.util.HashMap<>(bertNormalizer(true, true));
        missing.remove("strip_accents");
        assertThat(tokenizer(missing, bert).warnings()).isEmpty();
        assertThat(tokenizer(Map.of("type", "NFC"), bert).warnings()).isEmpty();
        assertThat(
                        tokenizer(
                                        Map.of(
                                                "type",
                                                "Sequence",
                                                "normalizers",
                                                List.of(Map.of("type", "Lowercase"))),
                                        "{\"do_lower_case\":false}")
                                .warnings())
                .hasSize(1)
                .allMatch(warning -> warning.contains("do_lower_case=false"));
        Files.delete(directory.resolve("tokenizer_config.json"));
        assertThat(TokenizerFile.read(directory.resolve("tokenizer.json")).warnings()).isEmpty();
    }

    @Test
    void replacesOtherNormalizersOfVersion5Only() throws IOException {
        Map<String, Object> lower =
                Map.of(
                        "type",
                        "Sequence",
                        "normalizers",
                        List.of(Map.of("type", "Lowercase"), bertNormalizer(false, false)));
        String config = "\"tokenizer_class\":\"BertTokenizer\",\"do_lower_case\":false}";
        TokenizerFile version4 = tokenizer(lower, "{" + config);
        assertThat(version4.warnings()).hasSize(1);
        assertThat(ids(version4, "The Ferry")).containsExactly(2, 133, 131, 3);
        TokenizerFile version5 = tokenizer(lower, "{\"backend\":\"tokenizers\"," + config);
        assertThat(version5.warnings()).hasSize(1);
        assertThat(ids(version5, "The Ferry")).containsExactly(2, 1, 1, 3);
    }

    @Test
    void appliesAddPrefixSpaceOfByteLevelBpe() throws IOException {
        for (String config : List.of("{\"add_prefix_space\":true}", "{}")) {
            Files.copy(
                    MODELS.resolve("roberta/tokenizer.json"),
                    directory.resolve("tokenizer.json"),
                    java.nio.file.StandardCopyOption.REPLACE_EXISTING);
            Files.writeString(directory.resolve("tokenizer_config.json"), config);
            TokenizerFile file = TokenizerFile.read(directory.resolve("tokenizer.json"));
            boolean isPrefixed = config.contains("true");
            assertThat(file.warnings()).hasSize(isPrefixed ? 1 : 0);
            assertThat(Arrays.equals(ids(file, "the"), ids(file, " the"))).isEqualTo(isPrefixed);
        }
    }

    @Test
    void replacesAddedTokensBeyondTheEmbeddings() throws IOException {
        String flags =
                "\"single_word\":false,\"lstrip\":false,\"rstrip\":false,\"normalized\":false,"
                        + "\"special\":false,\"content\":";
        TokenizerFile file =
                vocabulary(
                        "{"
                                + NAMES
                                + ",\"added_tokens_decoder\":{\"15\":{"
                                + flags
                                + "\"[NEW]\"},\"16\":{"
                                + flags
                                + "\"[OLD]\"}}}");
        TokenizerFile limited = file.limitedTo(16).orElseThrow();
        assertThat(limited.size()).isEqualTo(16);
        assertThat(limited.warnings())
                .hasSize(1)
                .allMatch(warning -> warning.contains("encoded as <unk>: [OLD]"));
        assertThat(ids(limited, "new [NEW] [OLD] hello")).containsExactly(2, 14, 15, 1, 5, 3);
        assertThat(limited.term(16)).isEqualTo("[16]");
        assertThat(file.limitedTo(17)).containsSame(file);
        assertThat(file.limitedTo(15)).isPresent();
        assertThat(file.limitedTo(14)).isEmpty();
    }
}

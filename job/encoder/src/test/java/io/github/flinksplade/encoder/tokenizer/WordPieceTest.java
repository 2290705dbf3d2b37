package io.github.flinksplade.encoder.tokenizer;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assumptions.assumeThat;

import ai.djl.huggingface.tokenizers.Encoding;
import ai.djl.huggingface.tokenizers.HuggingFaceTokenizer;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.github.flinksplade.encoder.TokenSequence;
import io.github.flinksplade.encoder.TruncationSide;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.function.Consumer;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Compares all results with those of the Hugging Face library, which is the reference.
 *
 * <p>{@code -Dflinksplade.wordpiece.lines=5000} compares five times as many generated lines.
 */
class WordPieceTest {

    private static final long SEED = 20_261_017;
    private static final int BATCH = 512;
    private static final int LINES = Integer.getInteger("flinksplade.wordpiece.lines", 1_000);
    private static final int LINES_OF_BERT = 8 * LINES;
    private static final ObjectMapper JSON = new ObjectMapper();
    private static final Path DEBIAN =
            Path.of("../../../shared/data/debian/corpus.jsonl").toAbsolutePath().normalize();

    /** BERT's tokenizer.json, 30,522 terms. */
    private static ObjectNode bert;

    /** The same with each letter and mark as a term, so that [UNK] hides no difference. */
    private static ObjectNode letters;

    @TempDir Path directory;

    static {
        System.setProperty("ai.djl.offline", "true");
    }

    @BeforeAll
    static void read() throws IOException {
        try (InputStream file =
                WordPieceTest.class.getResourceAsStream("/all-minilm-l6-v2-tokenizer.json")) {
            bert = (ObjectNode) JSON.readTree(file);
        }
        letters = bert.deepCopy();
        ObjectNode vocabulary = (ObjectNode) letters.path("model").path("vocab");
        vocabulary.properties().removeIf(term -> !term.getKey().startsWith("["));
        IntStream.rangeClosed(1, 0x1FFFF)
                .filter(c -> Character.getType(c) != Character.SURROGATE)
                .filter(c -> Character.isDefined(c) && !Character.isIdeographic(c))
                .filter(c -> c < 0xAC00 || c > 0xF8FF || c % 50 == 0)
                .mapToObj(Character::toString)
                .forEach(
                        c -> {
                            vocabulary.put(c, 1000 + vocabulary.size());
                            vocabulary.put("##" + c, 1000 + vocabulary.size());
                        });
    }

    private static WordPiece own(JsonNode json) {
        return WordPiece.of(json)
                .orElseThrow(() -> new AssertionError("not recognized as plain BERT"));
    }

    private static HuggingFaceTokenizer library(JsonNode json) throws IOException {
        return HuggingFaceTokenizer.newInstance(
                new ByteArrayInputStream(JSON.writeValueAsBytes(json)),
                Map.of("truncation", "false", "padding", "false"));
    }

    private static JsonNode with(JsonNode json, Consumer<ObjectNode> change) {
        ObjectNode changed = json.deepCopy();
        change.accept(changed);
        return changed;
    }

    private static JsonNode normalizing(
            JsonNode json, boolean clean, boolean chinese, Boolean strip, boolean lower) {
        return with(
                json,
                changed ->
                        ((ObjectNode) changed.path("normalizer"))
                                .put("clean_text", clean)
                                .put("handle_chinese_chars", chinese)
                                .put("strip_accents", strip)
                                .put("lowercase", lower));
    }

    private static void assertEqual(JsonNode json, Iterable<String> texts) throws IOException {
        WordPiece own = own(json);
        try (HuggingFaceTokenizer library = library(json)) {
            List<String> batch = new ArrayList<>();
            for (String text : texts) {
                batch.add(text);
                if (batch.size() == BATCH) {
                    assertEqual(own, library, batch);
                    batch.clear();
                }
            }
            assertEqual(own, library, batch);
        }
    }

    private static void assertEqual(
            WordPiece own, HuggingFaceTokenizer library, List<String> texts) {
        if (texts.isEmpty()) {
            return;
        }
        Encoding[] expected = library.batchEncode(texts, true, false);
        for (int i = 0; i < texts.size(); i++) {
            int[] ids = Arrays.stream(expected[i].getIds()).mapToInt(Math::toIntExact).toArray();
            if (!Arrays.equals(own.encode(texts.get(i)), ids)) {
                assertThat(own.encode(texts.get(i)))
                        .as("tokens of <%s> (%s), seed %d", texts.get(i), hex(texts.get(i)), SEED)
                        .isEqualTo(ids);
            }
        }
    }

    private static String hex(String text) {
        return String.join(" ", text.codePoints().mapToObj(Integer::toHexString).toList());
    }

    @ParameterizedTest
    @CsvSource({"true,true,,true", "false,false,true,false", "false,true,false,true"})
    void everyCharacterAloneBetweenLettersAndAfterAMark(
            boolean clean, boolean chinese, Boolean strip, boolean lower) throws IOException {
        int together = 64;
        Stream<String> texts =
                IntStream.rangeClosed(0, Character.MAX_CODE_POINT / together)
                        .mapToObj(
                                block -> {
                                    StringBuilder text = new StringBuilder();
                                    int from = block * together;
                                    for (int c = from; c < from + together; c++) {
                                        if (c < 0xD800 || c > 0xDFFF) {
                                            appendSurrounded(text, Character.toString(c));
                                        }
                                    }
                                    return text.toString();
                                });
        assertEqual(normalizing(letters, clean, chinese, strip, lower), texts::iterator);
    }

    private static void appendSurrounded(StringBuilder text, String c) {
        // U+1D165 is a mark that is not removed
        text.append(c).append(" a").append(c).append("b \uD834\uDD65").append(c).append(' ');
    }

    @ParameterizedTest
    @MethodSource("normalizers")
    void mixedLinesWithEachNormalizer(boolean clean, boolean chinese, Boolean strip, boolean lower)
            throws IOException {
        assertEqual(normalizing(letters, clean, chinese, strip, lower), lines(LINES));
    }

    static Stream<Object[]> normalizers() {
        return IntStream.range(0, 24)
                .mapToObj(
                        i ->
                                new Object[] {
                                    i % 2 == 0,
                                    i / 2 % 2 == 0,
                                    new Boolean[] {null, true, false}[i / 4 % 3],
                                    i / 12 == 0
                                });
    }

    @Test
    void mixedLinesWithBertsVocabulary() throws IOException {
        assertEqual(bert, lines(LINES_OF_BERT));
        assertEqual(normalizing(bert, true, true, false, false), lines(LINES_OF_BERT / 4));
    }

    @Test
    void prose() throws IOException {
        assumeThat(DEBIAN).as("the corpora next to the project").exists();
        List<String> texts = new ArrayList<>();
        for (String line : Files.readAllLines(DEBIAN)) {
            texts.add(JSON.readTree(line).path("text").asText());
        }
        assertEqual(bert, texts);
    }

    private static Iterable<String> lines(int count) {
        List<String> terms = new ArrayList<>();
        bert.path("model").path("vocab").fieldNames().forEachRemaining(terms::add);
        Random random = new Random(SEED);
        return () -> Stream.generate(() -> line(random, terms)).limit(count).iterator();
    }

    private static String line(Random random, List<String> terms) {
        StringBuilder line = new StringBuilder();
        for (int parts = random.nextInt(12); parts >= 0; parts--) {
            line.append(part(random, terms)).append(random.nextInt(3) == 0 ? " " : "");
        }
        return line.toString();
    }

    private static String part(Random random, List<String> terms) {
        String term = terms.get(random.nextInt(terms.size()));
        return switch (random.nextInt(18)) {
            case 0 -> term;
            case 1 -> term.replace("##", "");
            case 2 -> term.toUpperCase();
            case 3 ->
                    some(
                            random, "[CLS]", "[SEP]", "[MASK]", "[UNK]", "[PAD]", "[ MASK]",
                            "[[SEP]]");
            case 4 ->
                    some(
                            random,
                            "\uD83D\uDC69\uD83C\uDFFD\u200D\uD83D\uDCBB",
                            "\uD83C\uDDE9\uD83C\uDDEA",
                            "\u2764\uFE0F",
                            "1\uFE0F\u20E3",
                            "\uD83C\uDFF4\uDB40\uDC67\uDB40\uDC7F");
            case 5 -> characters(random, 4, 0x4E00, 0x9FFF, 0x3040, 0x30FF, 0x20000, 0x2CEAF);
            case 6 -> characters(random, 4, 0xAC00, 0xD7A3, 0x1100, 0x11FF, 0xF900, 0xFAFF);
            case 7 -> "a" + characters(random, 4, 0x300, 0x36F, 0x591, 0x5C7, 0x64B, 0x65F);
            // marks that are not removed, and characters between them
            case 8 ->
                    "a"
                            + characters(
                                    random, 6, 0x1D165, 0x1D172, 0x302A, 0x302F, 0x1AB0, 0x1ACE,
                                    0xFE00, 0xFE0F, 0x8D3, 0x8E1, 0x1E000, 0x1E02A, 0x34F, 0x34F);
            case 9 -> characters(random, 3, 0, 0x20, 0x7F, 0xA0, 0xAD, 0xAD, 0xFFF9, 0xFFFF);
            case 10 ->
                    some(
                            random, "\uFEFF", "\u00A0", "\u3000", "\u2028", "\u200B", "\u202F",
                            "\r\n", "\u0085", "\u180E", "\uFFFD", "\u1680", "\t");
            case 11 -> characters(random, 12, '0', '9', '!', '/', ':', '@', '[', '`', '{', '~');
            case 12 ->
                    characters(random, 6, 0xC0, 0x17F, 0x370, 0x3FF, 0x400, 0x52F, 0x1E00, 0x1FFF);
            case 13 ->
                    characters(random, 6, 0x5D0, 0x5EA, 0x620, 0x64A, 0x900, 0xDFF, 0xE00, 0xFFF);
            case 14 -> characters(random, 3, 0, 0x10FFFF);
            case 15 -> characters(random, 3, 0, 0xFFFF);
            case 16 -> {
                byte[] bytes = new byte[1 + random.nextInt(8)];
                random.nextBytes(bytes);
                yield new String(
                        bytes,
                        random.nextBoolean()
                                ? StandardCharsets.UTF_8
                                : StandardCharsets.ISO_8859_1);
            }
            default ->
                    some(random, "x", "\u00E9", "\u1E9B\u0323", "\uD835\uDD38")
                            .repeat(random.nextInt(20) == 0 ? 95 + random.nextInt(10) : 2);
        };
    }

    private static String some(Random random, String... choices) {
        return choices[random.nextInt(choices.length)];
    }

    /** Up to {@code max} characters from equally likely ranges; no lone surrogates. */
    private static String characters(Random random, int max, int... ranges) {
        StringBuilder characters = new StringBuilder();
        for (int i = random.nextInt(max); i >= 0; i--) {
            int range = 2 * random.nextInt(ranges.length / 2);
            int c = ranges[range] + random.nextInt(ranges[range + 1] - ranges[range] + 1);
            characters.appendCodePoint(c >= 0xD800 && c <= 0xDFFF ? '?' : c);
        }
        return characters.toString();
    }

    @ParameterizedTest
    @ValueSource(ints = {0, 1, 3, 200})
    void usesMaxWordLengthOfTheFile(int max) throws IOException {
        JsonNode json =
                with(
                        bert,
                        b -> ((ObjectNode) b.path("model")).put("max_input_chars_per_word", max));
        assertEqual(json, lines(LINES));
    }

    @ParameterizedTest
    @ValueSource(strings = {"", "@", "the", "\uD835\uDD38"})
    void usesContinuationPrefixOfTheFile(String prefix) throws IOException {
        JsonNode json =
                with(
                        bert,
                        b -> {
                            ObjectNode model = (ObjectNode) b.path("model");
                            model.put("continuing_subword_prefix", prefix);
                            model.put("unk_token", "[MASK]");
                            ObjectNode terms = model.putObject("vocab");
                            bert.path("model")
                                    .path("vocab")
                                    .properties()
                                    .forEach(
                                            term ->
                                                    terms.set(
                                                            term.getKey().replace("##", prefix),
                                                            term.getValue()));
                        });
        assertEqual(json, lines(LINES));
    }

    @Test
    void matchesAddedTokensAsTheLibraryDoes() throws IOException {
        JsonNode json =
                with(
                        bert,
                        b -> {
                            ArrayNode added = (ArrayNode) b.path("added_tokens");
                            int id = 30_522;
                            for (String content :
                                    List.of("[MASK", "[MASK]x", "SEP", "\uD83C\uDDE9", " a")) {
                                added.add(token(id++, content, false));
                            }
                            added.add(token(1996, "the", true));
                        });
        assertEqual(json, lines(LINES));
        assertEqual(
                json,
                List.of(
                        "[MASK]xx[MASKx]",
                        "[MASK][MASK[SEP]",
                        "the then a\uD83C\uDDE9\uD83C\uDDEA",
                        "b a a"));
    }

    private static ObjectNode token(int id, String content, boolean special) {
        ObjectNode token = JSON.createObjectNode().put("id", id).put("content", content);
        for (String flag : List.of("single_word", "lstrip", "rstrip", "normalized")) {
            token.put(flag, false);
        }
        return token.put("special", special);
    }

    @Test
    void usesSpecialTokensOfTheFile() throws IOException {
        JsonNode old =
                with(
                        bert,
                        b -> {
                            ObjectNode processor = b.putObject("post_processor");
                            processor.put("type", "BertProcessing");
                            processor.putArray("sep").add("[SEP]").add(7);
                            processor.putArray("cls").add("[CLS]").add(8);
                        });
        assertEqual(old, List.of("", "a", "[SEP]"));
        assertThat(own(old).encode("a")).containsExactly(8, 1037, 7);
        JsonNode longer =
                with(
                        bert,
                        b -> {
                            ArrayNode single = (ArrayNode) b.path("post_processor").path("single");
                            single.insert(1, single.get(2).deepCopy());
                            ((ArrayNode) b.at("/post_processor/special_tokens/[SEP]/ids")).add(9);
                            ((ArrayNode) b.at("/post_processor/special_tokens/[SEP]/tokens"))
                                    .add("x");
                        });
        assertEqual(longer, List.of("", "a", "[SEP]"));
        assertThat(own(longer).encode("a")).containsExactly(101, 102, 9, 1037, 102, 9);
    }

    @Test
    void supportsSharedIdsAndModelsWithoutType() throws IOException {
        JsonNode json =
                with(
                        bert,
                        b -> {
                            ((ObjectNode) b.path("model")).remove("type");
                            ((ObjectNode) b.path("model").path("vocab")).put("zzzz", 1037);
                        });
        assertEqual(json, List.of("zzzz a zzzzz"));
        assertThat(own(json).encode("zzzz")).containsExactly(101, 1037, 102);
    }

    @ParameterizedTest
    @MethodSource("others")
    void rejectsFilesThatAreNotPlainBert(String what, Consumer<ObjectNode> change) {
        assertThat(WordPiece.of(bert)).isPresent();
        assertThat(WordPiece.of(with(bert, change))).as(what).isEmpty();
    }

    static Stream<Object[]> others() {
        return Stream.of(
                other("another model", "model/type", "BPE"),
                new Object[] {
                    "no type of model, but merges",
                    (Consumer<ObjectNode>)
                            json -> {
                                ((ObjectNode) json.path("model")).remove("type");
                                ((ObjectNode) json.path("model")).putArray("merges");
                            }
                },
                other("no unknown token", "model/unk_token", null),
                other("unknown token not in the vocabulary", "model/unk_token", "[NONE]"),
                other("no prefix", "model/continuing_subword_prefix", null),
                other("no longest word", "model/max_input_chars_per_word", null),
                other("no vocabulary", "model/vocab", null),
                other("an invalid id", "model/vocab/the", "x"),
                other("no normalizer", "normalizer", null),
                other("several normalizers", "normalizer/type", "Sequence"),
                other("another normalizer", "normalizer/type", "NFC"),
                other("unclear cleaning", "normalizer/clean_text", null),
                other("unclear Chinese", "normalizer/handle_chinese_chars", null),
                other("unclear case", "normalizer/lowercase", null),
                other("unclear accents", "normalizer/strip_accents", "no"),
                other("no words", "pre_tokenizer", null),
                other("other words", "pre_tokenizer/type", "ByteLevel"),
                other("no post-processor", "post_processor", null),
                other("another post-processor", "post_processor/type", "RobertaProcessing"),
                other("no text", "post_processor/single/1", null),
                other("a special token without ids", "post_processor/special_tokens/[CLS]", null),
                other("an added token in normalized text", "added_tokens/1/normalized", true),
                other("an added token as a word", "added_tokens/1/single_word", true),
                other("an added token with spaces before it", "added_tokens/1/lstrip", true),
                other("an added token with spaces after it", "added_tokens/1/rstrip", true),
                other("an unclear added token", "added_tokens/1/normalized", null),
                other("an added token twice", "added_tokens/1/content", "[PAD]"),
                other("an empty added token", "added_tokens/1/content", ""),
                other("an added token of another id", "added_tokens/1/id", 5));
    }

    private static Object[] other(String what, String path, Object value) {
        Consumer<ObjectNode> change =
                json -> {
                    int last = path.lastIndexOf('/');
                    JsonNode parent = last < 0 ? json : json.at("/" + path.substring(0, last));
                    String name = path.substring(last + 1);
                    if (parent instanceof ArrayNode array) {
                        array.remove(Integer.parseInt(name));
                    } else if (value == null) {
                        ((ObjectNode) parent).remove(name);
                    } else {
                        ((ObjectNode) parent).set(name, JSON.valueToTree(value));
                    }
                };
        return new Object[] {what, change};
    }

    @Test
    void truncatesAndCountsAsTheLibraryDoes() throws IOException {
        Path file = directory.resolve("tokenizer.json");
        Files.write(file, JSON.writeValueAsBytes(bert));
        try (ModelTokenizer tokens = ModelTokenizer.open(TokenizerFile.read(file));
                HuggingFaceTokenizer library = library(bert)) {
            assertThat(tokens.prefix()).containsExactly(101);
            assertThat(tokens.suffix()).containsExactly(102);
            for (String text : lines(500)) {
                long[] whole = library.encode(text, true, false).getIds();
                for (int limit : new int[] {3, 16, 64}) {
                    int size = Math.min(limit, whole.length);
                    long[] start = Arrays.copyOf(whole, size);
                    start[size - 1] = 102;
                    long[] end = Arrays.copyOfRange(whole, whole.length - size, whole.length);
                    end[0] = 101;
                    for (TruncationSide side : TruncationSide.values()) {
                        TokenSequence sequence = tokens.tokenize(text, limit, side);
                        assertThat(Arrays.stream(sequence.ids()).asLongStream().toArray())
                                .as(
                                        "%d tokens of <%s> (%s), %s, seed %d",
                                        limit, text, hex(text), side, SEED)
                                .isEqualTo(side == TruncationSide.RIGHT ? start : end);
                        assertThat(sequence.tokens()).isEqualTo(whole.length);
                        assertThat(sequence.truncated()).isEqualTo(whole.length > limit);
                    }
                }
            }
        }
    }

    @Test
    void readsOnlyTheNecessaryPartOfALongText() throws IOException {
        Path file = directory.resolve("tokenizer.json");
        Files.write(file, JSON.writeValueAsBytes(bert));
        String middle = "w ".repeat(ModelTokenizer.FIRST_CHARACTERS);
        String separate = "start of a text " + middle + " and its end";
        // without a place to cut it, except between the two halves of a character
        String solid = "start of a text " + "\uD83D\uDE00".repeat(200_000) + " and its end";
        try (ModelTokenizer tokens = ModelTokenizer.open(TokenizerFile.read(file))) {
            for (String text : List.of(separate, solid)) {
                for (TruncationSide side : TruncationSide.values()) {
                    TokenSequence sequence = tokens.tokenize(text, 6, side);
                    TokenSequence part =
                            tokens.tokenize(
                                    side == TruncationSide.RIGHT
                                            ? "start of a text"
                                            : "and its end",
                                    5,
                                    side);
                    assertThat(sequence.truncated()).isTrue();
                    assertThat(sequence.tokens()).isGreaterThan(6);
                    assertThat(sequence.ids()).hasSize(6).startsWith(101).endsWith(102);
                    if (side == TruncationSide.RIGHT) {
                        assertThat(Arrays.copyOf(sequence.ids(), 4))
                                .isEqualTo(Arrays.copyOf(part.ids(), 4));
                    } else {
                        assertThat(Arrays.copyOfRange(sequence.ids(), 2, 6))
                                .isEqualTo(Arrays.copyOfRange(part.ids(), 1, 5));
                    }
                }
            }
        }
    }

    @Test
    void detectsDifferencesWhenLoading() throws IOException {
        String[] terms = {"a", "##s", null, "dog"};
        try (HuggingFaceTokenizer library = library(bert)) {
            assertThat(ModelTokenizer.isEquivalent(own(bert), library, terms)).isTrue();
            assertThat(
                            ModelTokenizer.isEquivalent(
                                    own(normalizing(bert, true, true, null, false)),
                                    library,
                                    terms))
                    .isFalse();
            JsonNode other =
                    with(bert, b -> ((ObjectNode) b.path("model").path("vocab")).put("dog", 5));
            assertThat(ModelTokenizer.isEquivalent(own(other), library, terms)).isFalse();
        }
    }

    @Test
    void replacesLoneSurrogates() throws IOException {
        Path file = directory.resolve("tokenizer.json");
        Files.write(file, JSON.writeValueAsBytes(normalizing(bert, false, true, null, true)));
        try (ModelTokenizer tokens = ModelTokenizer.open(TokenizerFile.read(file))) {
            assertThat(tokens.tokenize("a \uD83D b", 9, TruncationSide.RIGHT).ids())
                    .isEqualTo(tokens.tokenize("a \uFFFD b", 9, TruncationSide.RIGHT).ids())
                    .containsExactly(101, 1037, 100, 1038, 102);
        }
    }

    @Test
    void concurrentThreadsGetTheSameTokens() {
        List<String> texts = new ArrayList<>();
        lines(2_000).forEach(texts::add);
        WordPiece alone = own(bert);
        List<int[]> expected = texts.stream().map(alone::encode).toList();
        WordPiece together = own(bert);
        List<int[]> ids = texts.parallelStream().map(together::encode).toList();
        assertThat(ids).usingElementComparator(Arrays::compare).isEqualTo(expected);
    }
}

package io.github.flinksplade.encoder;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.github.flinksplade.encoder.RandomMaskedLanguageModel.Tail;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

class SpladeEncoderTest {

    @TempDir static Path directory;

    private static SpladeEncoder encoder;

    @BeforeAll
    static void open() {
        encoder = open(new RandomMaskedLanguageModel(), "model", EncoderOptions.defaults());
    }

    @AfterAll
    static void close() {
        encoder.close();
    }

    private static SpladeEncoder open(
            RandomMaskedLanguageModel model, String name, EncoderOptions options) {
        EncoderOptions cached =
                options.toBuilder()
                        .cacheDirectory(directory.resolve("cache-" + name).toString())
                        .build();
        return SpladeEncoder.open(
                RandomMaskedLanguageModel.files(model.write(directory.resolve(name))), cached);
    }

    private static List<String> texts(int count, long seed) {
        Random random = new Random(seed);
        List<String> texts = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            StringBuilder text = new StringBuilder();
            for (int word = random.nextInt(60); word > 0; word--) {
                text.append('w').append(67 + random.nextInt(130)).append(' ');
            }
            texts.add(text.toString());
        }
        return texts;
    }

    @ParameterizedTest
    @EnumSource(
            value = Tail.class,
            names = {"LOGITS", "WEIGHTS", "SUMMED_WEIGHTS", "PAIRS"})
    void vectorsDependOnlyOnTheirText(Tail tail) {
        List<String> texts = texts(200, 7);
        try (SpladeEncoder other =
                open(
                        new RandomMaskedLanguageModel().tail(tail),
                        "other-" + tail,
                        EncoderOptions.builder().threads(3).build())) {
            List<EncodedText> alone =
                    texts.stream().map(text -> other.encode(text, Role.DOCUMENT)).toList();
            assertThat(other.encode(texts, Role.DOCUMENT)).isEqualTo(alone);
            List<Integer> order = new ArrayList<>();
            for (int i = 0; i < texts.size(); i++) {
                order.add(i);
            }
            Collections.shuffle(order, new Random(8));
            assertThat(other.encode(order.stream().map(texts::get).toList(), Role.DOCUMENT))
                    .isEqualTo(order.stream().map(alone::get).toList());
        }
        // reopened
        try (SpladeEncoder again =
                open(
                        new RandomMaskedLanguageModel().tail(tail),
                        "other-" + tail,
                        EncoderOptions.defaults())) {
            assertThat(again.encode(texts.subList(0, 20), Role.DOCUMENT))
                    .isEqualTo(
                            texts.subList(0, 20).stream()
                                    .map(text -> again.encode(text, Role.DOCUMENT))
                                    .toList());
        }
    }

    @Test
    void separateEncodersReturnBitIdenticalVectors() {
        List<String> texts = texts(50, 9);
        List<EncodedText> first = encoder.encode(texts, Role.DOCUMENT);
        try (SpladeEncoder other =
                open(new RandomMaskedLanguageModel(), "twin", EncoderOptions.defaults())) {
            assertThat(other.encode(texts, Role.DOCUMENT)).isEqualTo(first);
        }
    }

    @Test
    void concurrentThreadsGetTheSameVectors() throws Exception {
        List<String> texts = texts(60, 10);
        List<EncodedText> expected = encoder.encode(texts, Role.DOCUMENT);
        ExecutorService threads = Executors.newFixedThreadPool(12);
        try {
            List<Callable<List<EncodedText>>> tasks = new ArrayList<>();
            for (int i = 0; i < 12; i++) {
                int start = i * 5;
                tasks.add(
                        () -> {
                            List<String> rotated = new ArrayList<>(texts);
                            Collections.rotate(rotated, -start);
                            List<EncodedText> found =
                                    new ArrayList<>(encoder.encode(rotated, Role.DOCUMENT));
                            Collections.rotate(found, start);
                            return found;
                        });
            }
            for (Future<List<EncodedText>> found : threads.invokeAll(tasks)) {
                assertThat(found.get()).isEqualTo(expected);
            }
        } finally {
            threads.shutdownNow();
        }
    }

    @Test
    void encodesUnusualTextsWithoutAffectingTheBatch() {
        List<String> hard =
                List.of(
                        "",
                        " \t\n",
                        "⸘ ߷ ꙮ",
                        "x".repeat(1_000_000),
                        "日".repeat(100_000),
                        "y".repeat(10_000),
                        "ab\uD83Dcd",
                        "\uDE00",
                        "\uD83D",
                        "a\u0000b\u0001c\u007f\u0085",
                        "a\u2028b\u2029c",
                        "😀😀👩‍👩‍👧‍👧",
                        "日本語 中文",
                        "e\u0301\u0301\u0301".repeat(1000),
                        "\u0301",
                        "[MASK]",
                        "[SEP] [CLS] [PAD] [UNK]",
                        "\uFEFFhello",
                        "\u202Eabc");
        String plain = "hello world the house";
        EncodedText alone = encoder.encode(plain, Role.DOCUMENT);
        List<String> mixed = new ArrayList<>();
        for (String text : hard) {
            mixed.add(text);
            mixed.add(plain);
        }
        List<EncodedText> found = encoder.encode(mixed, Role.DOCUMENT);
        for (int i = 0; i < hard.size(); i++) {
            EncodedText one = found.get(2 * i);
            assertThat(found.get(2 * i + 1)).as("next to text %s", i).isEqualTo(alone);
            assertThat(one.vector().indices()).isSorted().doesNotHaveDuplicates();
            for (float value : one.vector().values()) {
                assertThat(value).isPositive().isFinite();
            }
        }
        assertThat(found.get(0).tokens()).isEqualTo(2);
        assertThat(found.get(6).tokens()).isEqualTo(3);
        assertThat(found.get(6).truncated()).isFalse();
        assertThat(found.get(8).truncated()).isTrue();
        // a lone surrogate is encoded as the replacement character
        assertThat(found.get(12)).isEqualTo(encoder.encode("ab\uFFFDcd", Role.DOCUMENT));
    }

    @Test
    void reportsTruncation() {
        EncodedText fits = encoder.encode("hello ".repeat(62), Role.DOCUMENT);
        assertThat(fits.tokens()).isEqualTo(64);
        assertThat(fits.truncated()).isFalse();
        EncodedText truncated = encoder.encode("hello ".repeat(63), Role.DOCUMENT);
        assertThat(truncated.tokens()).isEqualTo(65);
        assertThat(truncated.truncated()).isTrue();
        assertThat(truncated.vector()).isEqualTo(fits.vector());
        EncodedText query = encoder.encode("hello ".repeat(23), Role.QUERY);
        assertThat(query.tokens()).isEqualTo(25);
        assertThat(query.truncated()).isTrue();
    }

    @Test
    void tokenLimitsComeFromOptionsModelOrDefaults() {
        // 128 by default, but this model has 64 positions
        assertThat(encoder.info().documentTokens()).isEqualTo(64);
        assertThat(encoder.info().queryTokens()).isEqualTo(24);
        ModelFiles files = RandomMaskedLanguageModel.files(directory.resolve("model"));
        ModelFiles own =
                new ModelFiles(
                        files.name(),
                        files.graph(),
                        files.tokenizer(),
                        files.sha256(),
                        files.tokenizerSha256(),
                        40,
                        30,
                        files.metadata());
        try (SpladeEncoder other = SpladeEncoder.open(own, EncoderOptions.defaults())) {
            assertThat(other.info().documentTokens()).isEqualTo(40);
            assertThat(other.info().queryTokens()).isEqualTo(30);
        }
        try (SpladeEncoder other =
                SpladeEncoder.open(
                        own, EncoderOptions.builder().documentTokens(64).queryTokens(3).build())) {
            assertThat(other.info().documentTokens()).isEqualTo(64);
            assertThat(other.info().queryTokens()).isEqualTo(3);
            assertThat(other.tokenizer().tokenize("a b c", Role.QUERY).ids()).hasSize(3);
        }
    }

    @Test
    void rejectsTokenLimitThatTheModelDoesNotSupport() {
        assertThatThrownBy(
                        () ->
                                open(
                                        new RandomMaskedLanguageModel(),
                                        "bert",
                                        EncoderOptions.builder().documentTokens(65).build()))
                .isInstanceOf(ModelException.class)
                .hasMessageContaining("at most 64 tokens")
                .hasMessageContaining("65");
        // two of its position embeddings are never used
        assertThatThrownBy(
                        () ->
                                open(
                                        new RandomMaskedLanguageModel().roberta().positions(512),
                                        "roberta",
                                        EncoderOptions.builder().queryTokens(5000).build()))
                .isInstanceOf(ModelException.class)
                .hasMessageContaining("at most 512 tokens")
                .hasMessageContaining("query");
        assertThatThrownBy(
                        () ->
                                open(
                                        new RandomMaskedLanguageModel().fixedTokens(30),
                                        "fixed",
                                        EncoderOptions.builder().documentTokens(31).build()))
                .isInstanceOf(ModelException.class)
                .hasMessageContaining("at most 30 tokens");
        assertThatThrownBy(
                        () ->
                                open(
                                        new RandomMaskedLanguageModel(),
                                        "bert",
                                        EncoderOptions.builder().queryTokens(2).build()))
                .isInstanceOf(ModelException.class)
                .hasMessageContaining("at least 3");
    }

    @Test
    void prunesByRole() {
        try (SpladeEncoder pruning =
                open(
                        new RandomMaskedLanguageModel(),
                        "pruned",
                        EncoderOptions.builder()
                                .documentPruning(Pruning.parse("top_k=5"))
                                .build())) {
            EncodedText whole = encoder.encode("hello world", Role.DOCUMENT);
            assertThat(whole.vector().size()).isGreaterThan(5);
            assertThat(pruning.encode("hello world", Role.DOCUMENT).vector().size()).isEqualTo(5);
            assertThat(pruning.encode("hello world", Role.QUERY))
                    .isEqualTo(encoder.encode("hello world", Role.QUERY));
        }
    }

    @ParameterizedTest
    @CsvSource({"203, FP32", "9001, FP32", "203, INT8", "9001, INT8"})
    void reportsWhichTextFails(int vocabulary, Precision precision) {
        try (SpladeEncoder poisoned =
                open(
                        new RandomMaskedLanguageModel().vocabulary(vocabulary).poison(Float.NaN),
                        "poisoned" + vocabulary + precision,
                        EncoderOptions.builder().precision(precision).build())) {
            assertThatThrownBy(() -> poisoned.encode("hello poison", Role.DOCUMENT))
                    .isInstanceOf(EncodingException.class)
                    .hasMessageContaining("NaN");
            assertThatThrownBy(
                            () ->
                                    poisoned.encode(
                                            List.of("hello a", "hello b", "hello poison", "c d"),
                                            Role.DOCUMENT))
                    .isInstanceOf(EncodingException.class)
                    .hasMessageContaining("text 3 of 4");
            assertThat(poisoned.encode("hello a", Role.DOCUMENT).vector().size()).isPositive();
        }
        assertThatThrownBy(() -> encoder.encode(Arrays.asList("a", null), Role.DOCUMENT))
                .isInstanceOf(EncodingException.class)
                .hasMessageContaining("text 2 of 2");
    }

    @Test
    void callsAfterCloseFail() {
        SpladeEncoder closed =
                open(new RandomMaskedLanguageModel(), "closed", EncoderOptions.defaults());
        TokenSequence tokens = closed.tokenizer().tokenize("hello", Role.DOCUMENT);
        closed.close();
        closed.close();
        assertThatThrownBy(() -> closed.encode("hello", Role.DOCUMENT))
                .hasMessageContaining("closed");
        assertThatThrownBy(() -> closed.engine(Role.DOCUMENT).run(List.of(tokens)))
                .isInstanceOf(IllegalStateException.class)
                .hasMessageContaining("closed");
    }

    @Test
    void engineRejectsBatchesOfDifferentLengths() {
        TokenSequence one = encoder.tokenizer().tokenize("a b", Role.DOCUMENT);
        TokenSequence other = encoder.tokenizer().tokenize("a b c", Role.DOCUMENT);
        assertThat(encoder.engine(Role.DOCUMENT).limits().equalLengths()).isTrue();
        assertThat(encoder.engine(Role.DOCUMENT).limits().maxDocuments()).isGreaterThan(1);
        assertThatThrownBy(() -> encoder.engine(Role.DOCUMENT).run(List.of(one, other)))
                .isInstanceOf(IllegalArgumentException.class)
                .hasMessageContaining("one length");
    }

    /** As in the hub's cache: links to files with other names in another directory. */
    @ParameterizedTest
    @ValueSource(booleans = {false, true})
    void followsLinksToWeights(boolean external, @TempDir Path directory) throws IOException {
        RandomMaskedLanguageModel model = new RandomMaskedLanguageModel().vocabulary(703);
        Path plain = (external ? model.external() : model).write(directory.resolve("plain"));
        Path blobs = Files.createDirectories(directory.resolve("hub/blobs"));
        Path snapshot = Files.createDirectories(directory.resolve("hub/snapshots/main"));
        try (var files = Files.list(plain)) {
            for (Path file : files.toList()) {
                Path blob = blobs.resolve("blob of " + file.getFileName().toString().length());
                Files.copy(file, blob);
                Files.createSymbolicLink(
                        snapshot.resolve(file.getFileName()), snapshot.relativize(blob));
            }
        }
        try (SpladeEncoder one =
                        SpladeEncoder.open(
                                RandomMaskedLanguageModel.files(plain), EncoderOptions.defaults());
                SpladeEncoder other =
                        SpladeEncoder.open(
                                RandomMaskedLanguageModel.files(snapshot),
                                EncoderOptions.defaults())) {
            EncodedText expected = one.encode("hello world", Role.DOCUMENT);
            assertThat(expected.vector().size()).isPositive();
            assertThat(other.encode("hello world", Role.DOCUMENT)).isEqualTo(expected);
        }
    }
}

package io.github.flinksplade.encoder;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import io.github.flinksplade.encoder.ModelMetadata.Prompts;
import io.github.flinksplade.encoder.ModelMetadata.QuerySide;
import io.github.flinksplade.vector.SparseVector;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.CompletableFuture;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Models that are opened for one role, and models with a query side of their own. */
class QuerySideTest {

    private static final int VOCABULARY = 203;

    /** Ids of terms of the small tokenizer. */
    private static final int HELLO = 57;

    private static final int WORLD = 58;
    private static final int THE = 59;

    @TempDir Path directory;
    private final List<String> warnings = new ArrayList<>();
    private ModelFiles model;

    @BeforeEach
    void write() {
        model =
                RandomMaskedLanguageModel.files(
                        new RandomMaskedLanguageModel().write(directory.resolve("model")));
    }

    private SpladeEncoder open(ModelFiles files, EncoderOptions options, Set<Role> roles) {
        Progress progress = new RecordedWarnings(warnings);
        return ModelOpener.open(
                files,
                options.toBuilder().cacheDirectory(directory.resolve("cache").toString()).build(),
                roles,
                progress);
    }

    private SpladeEncoder open(ModelFiles files, Set<Role> roles) {
        return open(files, EncoderOptions.defaults(), roles);
    }

    private static ModelFiles with(ModelFiles files, ModelMetadata metadata) {
        return new ModelFiles(
                files.name(),
                files.graph(),
                files.tokenizer(),
                files.sha256(),
                files.tokenizerSha256(),
                files.documentTokens(),
                files.queryTokens(),
                metadata);
    }

    private ModelFiles with(QuerySide side) {
        return with(model, metadata(Prompts.NONE, false, Optional.of(side)));
    }

    private static ModelMetadata metadata(
            Prompts prompts, boolean lowerCase, Optional<QuerySide> query) {
        return new ModelMetadata(
                Formula.STANDARD, prompts, lowerCase, false, Optional.empty(), query, List.of());
    }

    private ModelFiles withTable(String name, String content) throws IOException {
        Path table = directory.resolve(name);
        Files.writeString(table, content);
        return with(new QuerySide.TokenWeights(table, model.tokenizer()));
    }

    private static Path safetensors(Path path, String type, float... weights) throws IOException {
        int bytes = type.equals("F32") ? 4 : 2;
        byte[] header =
                String.format(
                                "{\"weight\":{\"dtype\":\"%s\",\"shape\":[%d],"
                                        + "\"data_offsets\":[0,%d]}}",
                                type, weights.length, weights.length * bytes)
                        .getBytes(StandardCharsets.UTF_8);
        ByteBuffer buffer =
                ByteBuffer.allocate(8 + header.length + bytes * weights.length)
                        .order(ByteOrder.LITTLE_ENDIAN);
        buffer.putLong(header.length).put(header);
        for (float weight : weights) {
            if (type.equals("F32")) {
                buffer.putFloat(weight);
            } else {
                buffer.putShort((short) (Float.floatToIntBits(weight) >>> 16));
            }
        }
        Files.write(path, buffer.array());
        return path;
    }

    private static float[] weights(int size) {
        float[] weights = new float[size];
        weights[2] = 9; // [CLS]
        weights[HELLO] = 2;
        weights[WORLD] = .5f;
        return weights;
    }

    @Test
    void encodesOnlyTheRolesForWhichItIsOpened() {
        SparseVector document;
        SparseVector query;
        try (SpladeEncoder both = open(model, EnumSet.allOf(Role.class))) {
            assertThat(both.roles()).containsExactly(Role.DOCUMENT, Role.QUERY);
            assertThat(both.engine(Role.DOCUMENT)).isSameAs(both.engine(Role.QUERY));
            assertThat(both.info().querySide()).isEmpty();
            document = both.encode("hello world", Role.DOCUMENT).vector();
            query = both.encode("hello world", Role.QUERY).vector();
        }
        try (SpladeEncoder documents = open(model, EnumSet.of(Role.DOCUMENT));
                SpladeEncoder queries = open(model, EnumSet.of(Role.QUERY));
                MicroBatcher batcher = new MicroBatcher(queries)) {
            assertThat(documents.encode("hello world", Role.DOCUMENT).vector()).isEqualTo(document);
            assertThat(queries.encode("hello world", Role.QUERY).vector()).isEqualTo(query);
            assertThat(batcher.submit("hello world", Role.QUERY).join().vector()).isEqualTo(query);
            assertThatThrownBy(() -> documents.encode("hello", Role.QUERY))
                    .isInstanceOf(IllegalStateException.class)
                    .hasMessage("the model was not opened to encode queries");
            assertThatThrownBy(() -> queries.tokenizer().tokenize("hello", Role.DOCUMENT))
                    .isInstanceOf(IllegalStateException.class)
                    .hasMessage("the model was not opened to encode documents");
            assertThatThrownBy(() -> batcher.submit("hello", Role.DOCUMENT))
                    .isInstanceOf(IllegalStateException.class);
        }
        assertThatThrownBy(() -> open(model, EnumSet.noneOf(Role.class)))
                .isInstanceOf(IllegalArgumentException.class);
    }

    @ParameterizedTest
    @CsvSource({"idf.json", "query_token_weights.txt", "F32", "BF16"})
    void looksUpQueriesWithoutTheDocumentModel(String form) throws IOException {
        ModelFiles files =
                switch (form) {
                    case "idf.json" ->
                            withTable(form, "{\"hello\": 2.0, \"world\": 0.5, \"[CLS]\": 9}");
                    case "query_token_weights.txt" ->
                            withTable(form, "hello\t2.0\nworld\t0.5\n\n[CLS]\t9\n");
                    default ->
                            with(
                                    new QuerySide.TokenWeights(
                                            safetensors(
                                                    directory.resolve("model.safetensors"),
                                                    form,
                                                    weights(VOCABULARY)),
                                            model.tokenizer()));
                };
        Files.delete(files.graph()); // it is not read
        try (SpladeEncoder queries = open(files, EnumSet.of(Role.QUERY))) {
            EncodedText query = queries.encode("world the hello hello WORLD house", Role.QUERY);
            assertThat(query.vector())
                    .isEqualTo(new SparseVector(new int[] {HELLO, WORLD}, new float[] {2, .5f}));
            assertThat(query.tokens()).isEqualTo(6);
            assertThat(query.truncated()).isFalse();
            assertThat(queries.encode("", Role.QUERY).vector()).isEqualTo(SparseVector.EMPTY);
            assertThat(queries.encode("the", Role.QUERY).vector()).isEqualTo(SparseVector.EMPTY);
            // without a limit, like the library
            assertThat(queries.encode("the ".repeat(1000) + "hello", Role.QUERY).vector().size())
                    .isEqualTo(1);
            assertThat(queries.info().graph()).isEqualTo("token weights");
            assertThat(queries.info().querySide()).startsWith("token weights of ");
            assertThat(queries.info().sha256()).isEqualTo(files.sha256());
            assertThatThrownBy(() -> queries.encode("hello", Role.DOCUMENT))
                    .isInstanceOf(IllegalStateException.class);
        }
        assertThat(warnings).isEmpty();
        try (SpladeEncoder limited =
                open(
                        files,
                        EncoderOptions.builder()
                                .queryTokens(2)
                                .queryPruning(Pruning.parse("top_k=1"))
                                .build(),
                        EnumSet.of(Role.QUERY))) {
            EncodedText query = limited.encode("world hello hello", Role.QUERY);
            assertThat(query.truncated()).isTrue();
            assertThat(query.vector())
                    .isEqualTo(new SparseVector(new int[] {HELLO}, new float[] {2}));
            assertThat(limited.encode("the world hello", Role.QUERY).vector().indices())
                    .containsExactly(WORLD);
        }
    }

    @Test
    void batchesBothSides() throws IOException {
        ModelFiles files = withTable("idf.json", "{\"hello\": 2.0, \"world\": 0.5}");
        try (SpladeEncoder both = open(files, EnumSet.allOf(Role.class));
                SpladeEncoder documents = open(model, EnumSet.of(Role.DOCUMENT));
                MicroBatcher batcher = new MicroBatcher(both)) {
            List<CompletableFuture<EncodedText>> results = new ArrayList<>();
            for (int i = 0; i < 200; i++) {
                results.add(
                        batcher.submit(
                                "hello w" + (70 + i % 100),
                                i % 2 == 0 ? Role.DOCUMENT : Role.QUERY));
            }
            for (int i = 0; i < results.size(); i++) {
                SparseVector expected =
                        i % 2 == 0
                                ? documents
                                        .encode("hello w" + (70 + i % 100), Role.DOCUMENT)
                                        .vector()
                                : new SparseVector(new int[] {HELLO}, new float[] {2});
                assertThat(results.get(i).join().vector()).isEqualTo(expected);
            }
            assertThat(batcher.stats().documents()).isEqualTo(200);
            assertThat(batcher.stats().waiting()).isZero();
            assertThat(both.info().graph()).isNotEqualTo("token weights");
            assertThat(both.tokenizer().term(HELLO)).isEqualTo("hello");
        }
    }

    @ParameterizedTest
    @CsvSource(
            delimiter = ';',
            textBlock =
                    """
                    idf.json; {"hello": "two"}; the weight of 'hello' is "two"
                    idf.json; {"hello": 1e39}; the weight of 'hello' is Infinity
                    idf.json; {"hello": 1; not JSON
                    idf.json; [1]; must contain a JSON object
                    idf.json; {"hello": 1, "goodbye": 2}; 1 of its 2 tokens are not in the tokenizer, such as goodbye
                    query_token_weights.txt; hello 2; the line 'hello 2' is not a token, a tab and its weight
                    query_token_weights.txt; hello	NaN; the weight of 'hello' is NaN
                    model.safetensors; hello; is not a safetensors file
                    """)
    void rejectsInvalidTables(String name, String content, String message) throws IOException {
        ModelFiles files = withTable(name, content);
        assertThatThrownBy(() -> open(files, EnumSet.of(Role.QUERY)))
                .isInstanceOf(ModelException.class)
                .hasMessageContaining(name)
                .hasMessageContaining(message);
    }

    @Test
    void rejectsTableOfAnotherSize() throws IOException {
        for (int size : new int[] {VOCABULARY - 1, VOCABULARY + 1}) {
            float[] weights = weights(size);
            weights[size - 1] = 1;
            Path table = safetensors(directory.resolve("t.safetensors"), "F32", weights);
            assertThatThrownBy(
                            () ->
                                    open(
                                            with(
                                                    new QuerySide.TokenWeights(
                                                            table, model.tokenizer())),
                                            EnumSet.of(Role.QUERY)))
                    .isInstanceOf(ModelException.class)
                    .hasMessageContaining(size + " tokens, but the tokenizer has 203");
        }
    }

    @Test
    void warnsOfFewUnknownTokensAndNegativeWeights() throws IOException {
        StringBuilder table = new StringBuilder("{\"goodbye\": 1, \"world\": -1");
        for (int i = 67; i < 200; i++) {
            table.append(",\"w").append(i).append("\": 1");
        }
        ModelFiles files = withTable("idf.json", table + "}");
        try (SpladeEncoder queries = open(files, EnumSet.of(Role.QUERY))) {
            assertThat(queries.encode("world w100", Role.QUERY).vector().indices())
                    .containsExactly(100);
        }
        assertThat(warnings).hasSize(2);
        assertThat(warnings.get(0)).contains("not in the tokenizer").contains("goodbye");
        assertThat(warnings.get(1)).contains("negative weights for 1 tokens");
    }

    @Test
    void encodesQueriesWithAnotherModel() throws IOException {
        ModelFiles other =
                RandomMaskedLanguageModel.files(
                        new RandomMaskedLanguageModel().seed(2).write(directory.resolve("other")));
        SparseVector expected;
        try (SpladeEncoder encoder = open(other, EnumSet.of(Role.QUERY))) {
            expected = encoder.encode("hello world", Role.QUERY).vector();
        }
        ModelFiles pair = with(new QuerySide.Model(other));
        try (SpladeEncoder both = open(pair, EnumSet.allOf(Role.class));
                SpladeEncoder documents = open(model, EnumSet.of(Role.DOCUMENT))) {
            assertThat(both.encode("hello world", Role.QUERY).vector()).isEqualTo(expected);
            assertThat(both.encode("hello world", Role.DOCUMENT).vector())
                    .isEqualTo(documents.encode("hello world", Role.DOCUMENT).vector())
                    .isNotEqualTo(expected);
            assertThat(both.info().querySide()).startsWith("the model other (SHA-256 ");
        }
        // the same, configured
        EncoderOptions options =
                EncoderOptions.builder().queryModel(directory.resolve("other").toString()).build();
        try (SpladeEncoder queries = open(model, options, EnumSet.of(Role.QUERY))) {
            assertThat(queries.encode("hello world", Role.QUERY).vector()).isEqualTo(expected);
        }
    }

    @Test
    void rejectsQuerySideWithAnotherVocabulary() throws IOException {
        Path larger =
                new RandomMaskedLanguageModel().vocabulary(210).write(directory.resolve("larger"));
        assertThatThrownBy(
                        () ->
                                open(
                                        with(
                                                new QuerySide.Model(
                                                        RandomMaskedLanguageModel.files(larger))),
                                        EnumSet.of(Role.QUERY)))
                .isInstanceOf(ModelException.class)
                .hasMessageContaining("there are 203 terms for documents, but 210 for queries");
        Path same = new RandomMaskedLanguageModel().write(directory.resolve("same"));
        Path tokenizer = same.resolve("tokenizer.json");
        Files.writeString(
                tokenizer, Files.readString(tokenizer).replace("\"hello\"", "\"goodbye\""));
        Path table = directory.resolve("idf.json");
        Files.writeString(table, "{\"world\": 1}");
        for (QuerySide side :
                List.of(
                        new QuerySide.Model(RandomMaskedLanguageModel.files(same)),
                        new QuerySide.TokenWeights(table, tokenizer))) {
            assertThatThrownBy(() -> open(with(side), EnumSet.of(Role.QUERY)))
                    .isInstanceOf(ModelException.class)
                    .hasMessageContaining(
                            "the term 57 is 'hello' for documents, but 'goodbye' for queries");
        }
    }

    @Test
    void putsPromptsBeforeTexts() throws IOException {
        Prompts prompts = new Prompts("house of ", "the ");
        ModelFiles files = with(model, metadata(prompts, false, Optional.empty()));
        EncoderOptions options = EncoderOptions.builder().documentTokens(20).queryTokens(5).build();
        try (SpladeEncoder prompted = open(files, options, EnumSet.allOf(Role.class));
                SpladeEncoder plain = open(model, options, EnumSet.allOf(Role.class))) {
            assertThat(prompted.encode("hello", Role.DOCUMENT))
                    .isEqualTo(plain.encode("house of hello", Role.DOCUMENT));
            assertThat(prompted.encode("hello world hello", Role.QUERY))
                    .isEqualTo(plain.encode("the hello world hello", Role.QUERY))
                    .matches(EncodedText::truncated);
            // passages have room for the prompt
            String text = "hello world ".repeat(50).strip();
            PassageSplitter splitter = new PassageSplitter(prompted.tokenizer(), 20, 0);
            List<PassageSplitter.Passage> passages = splitter.split(text);
            assertThat(passages).hasSizeGreaterThan(5);
            for (PassageSplitter.Passage passage : passages) {
                TokenSequence tokens =
                        prompted.tokenizer().tokenize(passage.of(text), Role.DOCUMENT);
                assertThat(tokens.truncated()).isFalse();
                assertThat(tokens.ids()).hasSizeLessThanOrEqualTo(20).contains(60);
            }
            assertThat(passages.get(0).of(text).split(" ")).hasSize(16);
        }
        assertThatThrownBy(
                        () ->
                                open(
                                        files,
                                        EncoderOptions.builder().documentTokens(4).build(),
                                        EnumSet.of(Role.DOCUMENT)))
                .isInstanceOf(ModelException.class)
                .hasMessageContaining("4 special tokens and tokens of the prompt")
                .hasMessageContaining("at least 5");
        Path table = directory.resolve("idf.json");
        Files.writeString(table, "{\"the\": 3, \"hello\": 2}");
        QuerySide side = new QuerySide.TokenWeights(table, model.tokenizer());
        try (SpladeEncoder queries =
                open(
                        with(model, metadata(prompts, false, Optional.of(side))),
                        EnumSet.of(Role.QUERY))) {
            assertThat(queries.encode("hello", Role.QUERY).vector().indices())
                    .containsExactly(HELLO, THE);
        }
    }

    @Test
    void countsSpecialTokensAsOpenSearchDoes() throws IOException {
        Path table = directory.resolve("idf.json");
        Files.writeString(table, "{\"hello\": 2, \"world\": 1, \"[CLS]\": 3}");
        EncoderOptions options = EncoderOptions.builder().queryTokens(3).build();
        try (SpladeEncoder queries =
                open(
                        with(new QuerySide.TokenWeights(table, model.tokenizer(), true)),
                        options,
                        EnumSet.of(Role.QUERY))) {
            EncodedText query = queries.encode("hello world", Role.QUERY);
            assertThat(query.vector().indices()).containsExactly(2, HELLO);
            assertThat(query.tokens()).isEqualTo(4);
            assertThat(query.truncated()).isTrue();
        }
    }

    @Test
    void removesWhiteSpaceAtBothEnds() {
        ModelFiles roberta =
                RandomMaskedLanguageModel.files(
                        new RandomMaskedLanguageModel()
                                .roberta()
                                .write(directory.resolve("roberta")));
        ModelMetadata strip =
                new ModelMetadata(
                        Formula.STANDARD,
                        new Prompts("the ", ""),
                        false,
                        true,
                        Optional.empty(),
                        Optional.empty(),
                        List.of());
        try (SpladeEncoder stripping = open(with(roberta, strip), EnumSet.allOf(Role.class));
                SpladeEncoder plain = open(roberta, EnumSet.allOf(Role.class))) {
            assertThat(stripping.encode("\u00A0 \n\u0085 hello \u2007\t\u001C", Role.QUERY))
                    .isEqualTo(plain.encode("hello", Role.QUERY));
            assertThat(stripping.encode(" ", Role.DOCUMENT))
                    .isEqualTo(plain.encode("the", Role.DOCUMENT));
        }
    }

    @Test
    void convertsTextsToLowerCase() throws IOException {
        Path cased = new RandomMaskedLanguageModel().write(directory.resolve("cased"));
        Path tokenizer = cased.resolve("tokenizer.json");
        Files.writeString(
                tokenizer,
                Files.readString(tokenizer).replace("\"lowercase\":true", "\"lowercase\":false"));
        ModelFiles files = RandomMaskedLanguageModel.files(cased);
        try (SpladeEncoder lower =
                        open(
                                with(files, metadata(Prompts.NONE, true, Optional.empty())),
                                EnumSet.of(Role.DOCUMENT));
                SpladeEncoder plain = open(files, EnumSet.of(Role.DOCUMENT))) {
            assertThat(lower.encode("HELLO World", Role.DOCUMENT))
                    .isEqualTo(plain.encode("hello world", Role.DOCUMENT))
                    .isNotEqualTo(plain.encode("HELLO World", Role.DOCUMENT));
        }
    }
}

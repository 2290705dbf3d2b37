package io.github.flinksplade.encoder;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import ai.onnx.proto.OnnxMl.GraphProto;
import ai.onnx.proto.OnnxMl.ModelProto;
import ai.onnx.proto.OnnxMl.TensorProto;
import com.google.protobuf.ByteString;
import io.github.flinksplade.encoder.Formula.Activation;
import io.github.flinksplade.encoder.Formula.Pooling;
import io.github.flinksplade.encoder.ModelMetadata.Prompts;
import io.github.flinksplade.encoder.ModelMetadata.QuerySide;
import io.github.flinksplade.encoder.model.MetadataWriter;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.security.MessageDigest;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Optional;
import java.util.function.UnaryOperator;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/** What the files next to a model's weights state. */
class ModelLayoutTest {

    private static final Formula LOG1P = new Formula(Pooling.MAX, Activation.LOG1P_RELU, false);

    @TempDir Path directory;
    private Path model;
    private final List<String> warnings = new ArrayList<>();

    @BeforeEach
    void createDirectory() throws IOException {
        model = Files.createDirectory(directory.resolve("model"));
    }

    private ModelFiles resolve(LayoutFolder folder) {
        folder.write(model);
        return resolve(model);
    }

    private ModelFiles resolve(Path location) {
        warnings.clear();
        return ModelStore.resolve(
                location.toString(),
                EncoderOptions.builder()
                        .cacheDirectory(directory.resolve("cache").toString())
                        .build(),
                new RecordedWarnings(warnings));
    }

    private void writeGraph(String name) throws IOException {
        TensorProto weights =
                TensorProto.newBuilder()
                        .setRawData(ByteString.copyFrom(new byte[2000 + name.length()]))
                        .build();
        Path file = model.resolve(name);
        Files.createDirectories(file.getParent());
        Files.write(
                file,
                ModelProto.newBuilder()
                        .setIrVersion(8)
                        .setGraph(GraphProto.newBuilder().addInitializer(weights))
                        .build()
                        .toByteArray());
    }

    private static String sha256(String content) throws Exception {
        return HexFormat.of()
                .formatHex(
                        MessageDigest.getInstance("SHA-256")
                                .digest(content.getBytes(StandardCharsets.UTF_8)));
    }

    @Test
    void plainModelHasTheStandardFormulaAndNoLimits() throws Exception {
        ModelFiles files = resolve(LayoutFolder.transformers());
        assertThat(files.graph()).isEqualTo(model.resolve("config.json"));
        assertThat(files.tokenizer()).isEqualTo(model.resolve("tokenizer.json"));
        assertThat(files.documentTokens()).isZero();
        assertThat(files.queryTokens()).isZero();
        assertThat(files.metadata().formula()).isEqualTo(Formula.STANDARD);
        assertThat(files.metadata().query()).isEmpty();
        assertThat(files.metadata().notes())
                .containsExactly("formula: max of log(1 + relu(logit)) (default: no modules.json)");
        assertThat(warnings).isEmpty();
        String config = Files.readString(model.resolve("config.json"));
        assertThat(files.sha256())
                .isEqualTo(
                        sha256(
                                sha256(config)
                                        + "  config.json\n"
                                        + sha256("weights")
                                        + "  model.safetensors\n"));
    }

    @Test
    void readsModelsOfSentenceTransformers5() {
        ModelFiles files = resolve(LayoutFolder.sentenceTransformers5());
        assertThat(files.metadata().formula()).isEqualTo(Formula.STANDARD);
        assertThat(files.metadata().prompts()).isEqualTo(Prompts.NONE);
        assertThat(files.documentTokens()).isEqualTo(256);
        assertThat(files.queryTokens()).isEqualTo(256);
        assertThat(files.metadata().notes())
                .containsExactly(
                        "formula: max of log(1 + relu(logit)) (1_SpladePooling/config.json)",
                        "max tokens: 256 (sentence_bert_config.json)");
        assertThat(warnings).isEmpty();
    }

    @Test
    void readsModelsOfSentenceTransformers6() {
        ModelFiles files =
                resolve(
                        LayoutFolder.sentenceTransformers6()
                                .replace("1_SpladePooling/config.json", "\"max\"", "\"sum\"")
                                .replace(
                                        "1_SpladePooling/config.json",
                                        "\"relu\"",
                                        "\"log1p_relu\""));
        assertThat(files.metadata().formula())
                .isEqualTo(new Formula(Pooling.SUM, Activation.LOG1P_RELU, false));
        assertThat(files.documentTokens()).isEqualTo(300);
        assertThat(files.metadata().notes()).contains("max tokens: 300 (tokenizer_config.json)");
        assertThat(warnings).isEmpty();
    }

    @Test
    void readsRouterWithQueryWeights() {
        ModelFiles files = resolve(LayoutFolder.router());
        assertThat(files.graph()).isEqualTo(model.resolve("config.json"));
        assertThat(files.metadata().formula()).isEqualTo(LOG1P);
        assertThat(files.metadata().query())
                .contains(
                        new QuerySide.TokenWeights(
                                model.resolve("query_0_SparseStaticEmbedding/model.safetensors"),
                                model.resolve("query_0_SparseStaticEmbedding/tokenizer.json")));
        assertThat(files.documentTokens()).isEqualTo(256);
        assertThat(files.queryTokens()).isEqualTo(512);
        assertThat(warnings).isEmpty();
    }

    @Test
    void readsQueryWeightsFromTheJsonFileThatTheModuleNames() {
        LayoutFolder folder =
                LayoutFolder.router()
                        .put(
                                "query_0_SparseStaticEmbedding/config.json",
                                "{\"path\": \"owner/name/idf.json\"}")
                        .put("idf.json", "{\"a\": 1}");
        assertThat(resolve(folder).metadata().query())
                .get()
                .extracting(query -> ((QuerySide.TokenWeights) query).weights())
                .isEqualTo(model.resolve("idf.json"));
        folder.put("query_0_SparseStaticEmbedding/idf.json", "{\"a\": 2}");
        assertThat(resolve(folder).metadata().query())
                .get()
                .extracting(query -> ((QuerySide.TokenWeights) query).weights())
                .isEqualTo(model.resolve("query_0_SparseStaticEmbedding/idf.json"));
        assertThat(warnings).isEmpty();
    }

    @Test
    void tokenWeightsWithoutLimitHaveNone() {
        ModelFiles files =
                resolve(
                        LayoutFolder.router()
                                .put(
                                        "query_0_SparseStaticEmbedding/tokenizer_config.json",
                                        "{\"model_max_length\": 1000000000000000019884624838656}"));
        assertThat(files.queryTokens()).isGreaterThan(8192);
    }

    @Test
    void readsAsym() {
        LayoutFolder folder = LayoutFolder.pair();
        byte[] config = folder.files().get("router_config.json");
        folder.remove("router_config.json")
                .put("config.json", new String(config, StandardCharsets.UTF_8))
                .replace("modules.json", "models.Router", "models.Asym");
        assertThat(resolve(folder).graph())
                .isEqualTo(model.resolve("document_0_MLMTransformer/config.json"));
        assertThat(warnings).isEmpty();
    }

    @Test
    void readsRouterWithAModelPerRole() {
        ModelFiles files = resolve(LayoutFolder.pair());
        assertThat(files.graph()).isEqualTo(model.resolve("document_0_MLMTransformer/config.json"));
        assertThat(files.metadata().formula()).isEqualTo(Formula.STANDARD);
        assertThat(files.documentTokens()).isEqualTo(256);
        assertThat(files.queryTokens()).isEqualTo(32);
        ModelFiles query = ((QuerySide.Model) files.metadata().query().orElseThrow()).files();
        assertThat(query.graph()).isEqualTo(model.resolve("query_0_MLMTransformer/config.json"));
        assertThat(query.tokenizer())
                .isEqualTo(model.resolve("query_0_MLMTransformer/tokenizer.json"));
        assertThat(query.metadata().formula())
                .isEqualTo(new Formula(Pooling.SUM, Activation.RELU, false));
        assertThat(query.queryTokens()).isEqualTo(32);
        assertThat(query.sha256()).isNotEqualTo(files.sha256());
        assertThat(warnings).isEmpty();
    }

    @Test
    void sharedTransformerWithTheSamePoolingIsOneModel() {
        LayoutFolder folder =
                LayoutFolder.pair()
                        .replace(
                                "router_config.json",
                                "[\"query_0_MLMTransformer\", \"query_1_SpladePooling\"]",
                                "[\"document_0_MLMTransformer\", \"document_1_SpladePooling\"]");
        assertThat(resolve(folder).metadata().query()).isEmpty();
        folder.replace(
                "router_config.json",
                "[\"document_0_MLMTransformer\", \"document_1_SpladePooling\"], \"document\"",
                "[\"document_0_MLMTransformer\", \"query_1_SpladePooling\"], \"document\"");
        ModelFiles files = resolve(folder);
        ModelFiles query = ((QuerySide.Model) files.metadata().query().orElseThrow()).files();
        assertThat(query.graph()).isEqualTo(files.graph());
        assertThat(query.metadata().formula().pooling()).isEqualTo(Pooling.SUM);
    }

    @Test
    void routeMappingsPrecedeRoutes() {
        LayoutFolder folder =
                LayoutFolder.pair()
                        .replace(
                                "router_config.json",
                                "\"allow_empty_key\": true",
                                "\"route_mappings\": {\"('query', None)\": \"document\","
                                        + " \"(None, ('image', 'text'))\": \"query\"}");
        assertThat(resolve(folder).metadata().query()).isEmpty();
        folder.replace("router_config.json", "('query', None)", "('document', 'text')")
                .replace("router_config.json", ": \"document\",", ": \"query\",");
        assertThat(resolve(folder).graph())
                .isEqualTo(model.resolve("query_0_MLMTransformer/config.json"));
        assertThat(warnings).isEmpty();
    }

    @Test
    void readsPromptsAndLowerCase() {
        ModelFiles plain = resolve(LayoutFolder.sentenceTransformers5());
        ModelFiles files =
                resolve(
                        LayoutFolder.sentenceTransformers5()
                                .put(
                                        "config_sentence_transformers.json",
                                        "{\"prompts\": {\"query\": \"query: \", \"document\": \"doc:"
                                                + " \", \"passage\": \"x\"},"
                                                + " \"default_prompt_name\": \"passage\"}")
                                .replace("sentence_bert_config.json", "false", "true"));
        assertThat(files.metadata().prompts()).isEqualTo(new Prompts("doc: ", "query: "));
        assertThat(files.metadata().lowerCase()).isTrue();
        assertThat(files.metadata().notes())
                .contains(
                        "document prompt: 'doc: ' (config_sentence_transformers.json)",
                        "query prompt: 'query: ' (config_sentence_transformers.json)",
                        "lower case: yes (sentence_bert_config.json)");
        assertThat(files.sha256()).isNotEqualTo(plain.sha256());
        assertThat(warnings).isEmpty();
        // as encode_document: another name is not used
        assertThat(
                        resolve(
                                        LayoutFolder.sentenceTransformers5()
                                                .put(
                                                        "config_sentence_transformers.json",
                                                        "{\"prompts\": {\"passage\": \"x\"}}"))
                                .metadata()
                                .prompts())
                .isEqualTo(Prompts.NONE);
    }

    @ParameterizedTest
    @ValueSource(
            strings = {"5.0.0 true", "5.3.1 true", "5.4.0 false", "5.10.0 false", "6.0.0 false"})
    void whiteSpaceIsRemovedAsTheVersionDoes(String row) {
        String[] cells = row.split(" ");
        ModelFiles files =
                resolve(
                        LayoutFolder.sentenceTransformers5()
                                .replace(
                                        "config_sentence_transformers.json",
                                        "\"__version__\": {}",
                                        "\"__version__\": {\"sentence_transformers\": \""
                                                + cells[0]
                                                + "\"}"));
        assertThat(files.metadata().strip()).isEqualTo(Boolean.parseBoolean(cells[1]));
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "bert 600 512 -> 512",
                "bert 64 512 -> 64",
                "bert null 300 -> 300",
                "bert null 1e30 -> 512",
                "roberta null 514 -> 510",
                "roberta 512 512 -> 510",
                "xlm-roberta null 128 -> 128"
            })
    void limitIsAtMostWhatThePositionsAllow(String row) {
        String[] cells = row.split(" (-> )?");
        ModelFiles files =
                resolve(
                        LayoutFolder.sentenceTransformers5()
                                .put(
                                        "sentence_bert_config.json",
                                        "{\"max_seq_length\": " + cells[1] + "}")
                                .put(
                                        "tokenizer_config.json",
                                        "{\"model_max_length\": " + cells[2] + "}")
                                .put(
                                        "config.json",
                                        "{\"max_position_embeddings\": 512, \"pad_token_id\": 1,"
                                                + " \"model_type\": \""
                                                + cells[0]
                                                + "\"}"));
        assertThat(files.documentTokens()).isEqualTo(Integer.parseInt(cells[3]));
    }

    @Test
    void limitsOfSpladeJsonPrecede() {
        ModelFiles files =
                resolve(
                        LayoutFolder.sentenceTransformers5()
                                .put("splade.json", "{\"document_tokens\": 100}"));
        assertThat(files.documentTokens()).isEqualTo(100);
        assertThat(files.queryTokens()).isEqualTo(256);
        assertThat(files.metadata().notes()).contains("max document tokens: 100 (splade.json)");
    }

    @ParameterizedTest
    @CsvSource({"5.0.0, true", "5.3.1, true", "5.4.0, false", "6.1.0, false", "?, false"})
    void readsWhetherTextsAreStripped(String version, boolean expected) {
        ModelFiles files =
                resolve(
                        LayoutFolder.sentenceTransformers5()
                                .put(
                                        "config_sentence_transformers.json",
                                        "{\"__version__\": {\"sentence_transformers\": \""
                                                + version
                                                + "\"}}"));
        assertThat(files.metadata().strip()).isEqualTo(expected);
    }

    @ParameterizedTest
    @ValueSource(strings = {"idf.json", "query_token_weights.txt"})
    void readsOpenSearchWithoutModules(String table) {
        ModelFiles plain = resolve(LayoutFolder.transformers());
        ModelFiles files = resolve(LayoutFolder.transformers().put(table, "{\"a\": 1}"));
        assertThat(files.metadata().formula())
                .isEqualTo(new Formula(Pooling.MAX, Activation.RELU, true));
        assertThat(files.metadata().query())
                .contains(
                        new QuerySide.TokenWeights(
                                model.resolve(table), model.resolve("tokenizer.json"), true));
        assertThat(files.sha256()).isNotEqualTo(plain.sha256());
        assertThat(files.documentTokens()).isEqualTo(512);
        assertThat(files.queryTokens()).isEqualTo(512);
        assertThat(warnings).singleElement().asString().contains(table, "log1p_relu");
    }

    @Test
    void graphPrecedesSafetensorsAndHasTheFormulaToo() throws Exception {
        LayoutFolder.router().write(model);
        writeGraph("onnx/model.onnx");
        ModelFiles files = resolve(model);
        assertThat(files.graph()).isEqualTo(model.resolve("onnx/model.onnx"));
        assertThat(files.metadata().formula()).isEqualTo(LOG1P);
        assertThat(files.metadata().query()).isPresent();
        writeGraph("onnx/model_quantized.onnx");
        ModelFiles named = resolve(model.resolve("onnx/model_quantized.onnx"));
        assertThat(named.graph()).isEqualTo(model.resolve("onnx/model_quantized.onnx"));
        assertThat(named.metadata()).isEqualTo(files.metadata());
        assertThat(resolve(model.resolve("onnx")).metadata()).isEqualTo(files.metadata());
        assertThat(resolve(model.resolve("onnx")).sha256()).isEqualTo(files.sha256());
        assertThat(resolve(model.resolve("model.safetensors")).graph())
                .isEqualTo(model.resolve("config.json"));
        assertThat(resolve(model.resolve("model.safetensors")).metadata())
                .isEqualTo(files.metadata());
    }

    @Test
    void graphIsFoundInTheFolderOfTheTransformer() throws Exception {
        LayoutFolder.pair().write(model);
        writeGraph("document_0_MLMTransformer/onnx/model.onnx");
        writeGraph("model.onnx"); // of which of the two?
        Path graph = model.resolve("document_0_MLMTransformer/onnx/model.onnx");
        assertThat(resolve(model).graph()).isEqualTo(graph);
        assertThat(resolve(graph).graph()).isEqualTo(graph);
        assertThat(resolve(graph).metadata().query()).isPresent();
        assertThat(resolve(graph.getParent()).metadata().query()).isPresent();
    }

    @Test
    void otherFoldersInAModelAreModelsOfTheirOwn() throws Exception {
        LayoutFolder.router().write(model);
        LayoutFolder.transformers().write(model.resolve("variant"));
        assertThat(resolve(model.resolve("variant")).metadata().formula())
                .isEqualTo(Formula.STANDARD);
        Files.createDirectories(model.resolve("empty"));
        assertThatThrownBy(() -> resolve(model.resolve("empty")))
                .isInstanceOf(ModelException.class)
                .hasMessageContaining("in " + model.resolve("empty"));
    }

    @Test
    void standardFormulaDoesNotChangeTheDigestOfAGraph() throws Exception {
        LayoutFolder.sentenceTransformers5().write(model);
        writeGraph("model.onnx");
        byte[] graph = Files.readAllBytes(model.resolve("model.onnx"));
        String plain = HexFormat.of().formatHex(MessageDigest.getInstance("SHA-256").digest(graph));
        assertThat(resolve(model).sha256()).isEqualTo(plain);
        List<String> digests = new ArrayList<>(List.of(plain));
        for (String formula :
                List.of(
                        "{\"pooling_strategy\": \"sum\"}",
                        "{\"activation_function\": \"log1p_relu\"}",
                        "{\"pooling_strategy\": \"sum\", \"activation_function\":"
                                + " \"log1p_relu\"}")) {
            Files.writeString(model.resolve("1_SpladePooling/config.json"), formula);
            digests.add(resolve(model).sha256());
        }
        assertThat(digests).doesNotHaveDuplicates();
    }

    @Test
    void readsShardedWeights() {
        LayoutFolder folder =
                LayoutFolder.sentenceTransformers5()
                        .remove("model.safetensors")
                        .put(
                                "model.safetensors.index.json",
                                "{\"weight_map\": {\"a\": \"model-1.safetensors\", \"b\":"
                                        + " \"model-2.safetensors\"}}")
                        .put("model-1.safetensors", "1");
        assertThatThrownBy(() -> resolve(folder))
                .isInstanceOf(ModelException.class)
                .hasMessageContaining("model-2.safetensors is missing");
        ModelFiles files = resolve(folder.put("model-2.safetensors", "2"));
        assertThat(files.graph()).isEqualTo(model.resolve("config.json"));
        assertThat(resolve(folder.put("model-2.safetensors", "3")).sha256())
                .isNotEqualTo(files.sha256());
    }

    @Test
    void usesVocabularyOnlyWithoutTokenizer() {
        LayoutFolder folder = LayoutFolder.transformers().put("vocab.txt", "[PAD]\n");
        assertThat(resolve(folder).tokenizer()).isEqualTo(model.resolve("tokenizer.json"));
    }

    @Test
    void usesVocabularyWithoutTokenizer() {
        LayoutFolder folder =
                LayoutFolder.transformers().remove("tokenizer.json").put("vocab.txt", "[PAD]\n");
        assertThat(resolve(folder).tokenizer()).isEqualTo(model.resolve("vocab.txt"));
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                "pytorch_model.bin -> pytorch_model.bin, a format that can contain programs",
                "opensearch-v2.pt -> opensearch-v2.pt, a format that can contain programs",
                "tf_model.h5 -> tf_model.h5, which is not read",
                "weights.safetensors -> rename the weights to model.safetensors",
                "onnx/model_O4.onnx -> name the file to use it"
            })
    void reportsWeightsThatCannotBeRead(String row) {
        String[] cells = row.split(" -> ");
        assertThatThrownBy(
                        () ->
                                resolve(
                                        LayoutFolder.sentenceTransformers5()
                                                .remove("model.safetensors")
                                                .put(cells[0], "x")))
                .isInstanceOf(ModelException.class)
                .hasMessageContaining(cells[1])
                .hasMessageContaining("in " + model);
    }

    /** As BAAI/bge-m3: modules of a dense encoder, next to a sparse head. */
    private static LayoutFolder bgeM3() {
        return LayoutFolder.sentenceTransformers5()
                .replace("modules.json", "MLMTransformer", "Transformer")
                .replace("modules.json", "models.SpladePooling", "models.Pooling")
                .replace("sentence_bert_config.json", "256", "8192")
                .replace("config.json", "512", "8194")
                .replace("config.json", "\"bert\"", "\"xlm-roberta\"")
                .put("sparse_linear.pt", "head");
    }

    @Test
    void readsTheSparseHeadOfDenseEncoders() throws Exception {
        ModelFiles files = resolve(bgeM3());
        assertThat(files.metadata().tokenHead()).contains(model.resolve("sparse_linear.pt"));
        assertThat(files.graph()).isEqualTo(model.resolve("config.json"));
        assertThat(files.documentTokens()).isEqualTo(8192);
        assertThat(files.queryTokens()).isEqualTo(512);
        assertThat(files.metadata().notes())
                .contains(
                        "formula: max of relu(token weight), special tokens excluded"
                                + " (sparse_linear.pt)");
        assertThat(warnings).isEmpty();
        String before = files.sha256();
        assertThat(resolve(bgeM3().put("sparse_linear.pt", "other head")).sha256())
                .isNotEqualTo(before);
        writeGraph("onnx/model.onnx");
        assertThat(resolve(model).graph()).isEqualTo(model.resolve("onnx/model.onnx"));
        assertThat(resolve(model).metadata().tokenHead()).isPresent();
        Files.delete(model.resolve("modules.json"));
        assertThat(resolve(model).metadata().tokenHead()).isPresent();
        assertThat(resolve(model).documentTokens()).isEqualTo(512);
    }

    private static Arguments fault(
            String name, UnaryOperator<LayoutFolder> change, String... parts) {
        return Arguments.of(name, change, parts);
    }

    /** Each a model, and what is reported. */
    static Stream<Arguments> faults() {
        String pooling = "1_SpladePooling/config.json";
        String sentence = "sentence_bert_config.json";
        String staticConfig = "query_0_SparseStaticEmbedding/config.json";
        return Stream.of(
                fault(
                        "unknown pooling",
                        f -> f.replace(pooling, "\"max\"", "\"mean\""),
                        pooling,
                        "\"mean\"",
                        "max, sum"),
                fault(
                        "unknown activation",
                        f -> f.replace(pooling, "\"relu\"", "\"softplus\""),
                        pooling,
                        "\"softplus\"",
                        "relu, log1p_relu"),
                fault(
                        "pooling of another type",
                        f -> f.replace(pooling, "\"max\"", "7"),
                        pooling,
                        "7"),
                fault(
                        "unknown option of the pooling",
                        f -> f.replace(pooling, "{", "{\"top_k\": 64, "),
                        pooling,
                        "'top_k'",
                        "64"),
                fault(
                        "no configuration of the pooling",
                        f -> f.remove(pooling),
                        pooling,
                        "missing"),
                fault(
                        "other dimension",
                        f -> f.replace(pooling, "30522", "32000"),
                        pooling,
                        "32000",
                        "30522"),
                fault(
                        "unknown module",
                        f ->
                                f.replace(
                                        "modules.json",
                                        "]",
                                        ", {\"path\": \"2_Top\", \"type\": \"acme.TopK\"}]"),
                        "modules.json",
                        "'TopK'",
                        "supported are"),
                fault(
                        "sparse autoencoder",
                        f -> f.replace("modules.json", "models.SpladePooling", "SparseAutoEncoder"),
                        "modules.json",
                        "'SparseAutoEncoder'"),
                fault(
                        "dense pooling",
                        f -> f.replace("modules.json", "models.SpladePooling", "models.Pooling"),
                        "modules.json",
                        "'Pooling'",
                        "dense model"),
                fault(
                        "normalization at the end",
                        f ->
                                f.replace(
                                        "modules.json",
                                        "]",
                                        ", {\"path\": \"2_Normalize\", \"type\":"
                                                + " \"sentence_transformers.models.Normalize\"}]"),
                        "modules.json",
                        "'Normalize'"),
                fault(
                        "no pooling",
                        f ->
                                f.put(
                                        "modules.json",
                                        "[{\"path\": \"\", \"type\": \"x.MLMTransformer\"}]"),
                        "modules.json",
                        "MLMTransformer",
                        "SpladePooling"),
                fault(
                        "dense transformer",
                        f -> f.replace("modules.json", "MLMTransformer", "Transformer"),
                        sentence,
                        "feature-extraction",
                        "fill-mask"),
                fault(
                        "other task",
                        f ->
                                f.replace(
                                        sentence,
                                        "{",
                                        "{\"transformer_task\": \"text-generation\", "),
                        sentence,
                        "text-generation",
                        "fill-mask"),
                fault(
                        "other output of the transformer",
                        f ->
                                f.replace(
                                        sentence,
                                        "{",
                                        "{\"modality_config\": {\"text\": {\"method\": \"forward\","
                                                + " \"method_output_name\": \"hidden\"}}, "),
                        sentence,
                        "hidden",
                        "logits"),
                fault(
                        "unknown option of the transformer",
                        f -> f.replace(sentence, "{", "{\"query_expansion\": {\"n\": 32}, "),
                        sentence,
                        "'query_expansion'"),
                fault(
                        "overwritten architecture",
                        f ->
                                f.replace(
                                        sentence,
                                        "{",
                                        "{\"config_args\": {\"hidden_act\": \"relu\"}, "),
                        sentence,
                        "hidden_act",
                        "relu"),
                fault(
                        "limit of another type",
                        f -> f.replace(sentence, "256", "\"many\""),
                        sentence,
                        "max_seq_length",
                        "many"),
                fault(
                        "prompt of another type",
                        f ->
                                f.put(
                                        "config_sentence_transformers.json",
                                        "{\"prompts\": {\"query\": 1}}"),
                        "config_sentence_transformers.json",
                        "1"),
                fault(
                        "other similarity",
                        f ->
                                f.replace(
                                        "config_sentence_transformers.json",
                                        "\"dot\"",
                                        "\"cosine\""),
                        "config_sentence_transformers.json",
                        "cosine",
                        "dot product"),
                fault(
                        "unknown option of the model",
                        f ->
                                f.replace(
                                        "config_sentence_transformers.json",
                                        "{\"model_type\"",
                                        "{\"truncate_dim\": 64, \"model_type\""),
                        "config_sentence_transformers.json",
                        "'truncate_dim'",
                        "64"),
                fault("empty modules", f -> f.put("modules.json", "[]"), "modules.json", "[]"),
                fault(
                        "damaged modules",
                        f -> f.put("modules.json", "[{"),
                        "modules.json",
                        "not valid JSON"),
                fault(
                        "module outside",
                        f -> f.replace("modules.json", "1_SpladePooling\"", "../x\""),
                        "modules.json",
                        "'../x'",
                        "outside"),
                fault(
                        "table without a router",
                        f -> f.put("idf.json", "{\"a\": 1}"),
                        "idf.json",
                        "not used"),
                fault(
                        "sparse head of a dense encoder",
                        f -> f.put("sparse_linear.pt", "head"),
                        "sparse_linear.pt",
                        "not used"),
                fault(
                        "no query route",
                        f ->
                                LayoutFolder.router()
                                        .replace("router_config.json", "\"query\": [", "\"q\": ["),
                        "router_config.json",
                        "no route 'query'",
                        "default_route 'document'"),
                fault(
                        "neither query route nor default",
                        f ->
                                LayoutFolder.router()
                                        .replace("router_config.json", "\"query\": [", "\"q\": [")
                                        .replace(
                                                "router_config.json",
                                                "\"default_route\": \"document\", "
                                                        + "\"allow_empty_key\": true",
                                                "\"allow_empty_key\": false"),
                        "router_config.json",
                        "q, document",
                        "query"),
                fault(
                        "unknown default route",
                        f ->
                                LayoutFolder.router()
                                        .replace(
                                                "router_config.json",
                                                "\"default_route\": \"document\"",
                                                "\"default_route\": \"text\""),
                        "router_config.json",
                        "'text'"),
                fault(
                        "module without a type",
                        f ->
                                LayoutFolder.router()
                                        .replace(
                                                "router_config.json",
                                                "[\"query_0_SparseStaticEmbedding\"]",
                                                "[\"query_0_Table\"]"),
                        "router_config.json",
                        "'query_0_Table'"),
                fault(
                        "unknown module of a route",
                        f ->
                                LayoutFolder.router()
                                        .replace(
                                                "router_config.json",
                                                "models.SparseStaticEmbedding",
                                                "models.LearnedWeights"),
                        "router_config.json",
                        "'LearnedWeights'"),
                fault(
                        "unknown parameter of a router",
                        f ->
                                LayoutFolder.router()
                                        .replace(
                                                "router_config.json",
                                                "\"allow_empty_key\"",
                                                "\"merge\": 1, \"allow_empty_key\""),
                        "router_config.json",
                        "'merge'"),
                fault(
                        "no configuration of a router",
                        f -> LayoutFolder.pair().remove("router_config.json"),
                        "router_config.json",
                        "missing"),
                fault(
                        "documents by table",
                        f ->
                                LayoutFolder.router()
                                        .replace(
                                                "router_config.json",
                                                "[\"\", \"document_1_SpladePooling\"]",
                                                "[\"query_0_SparseStaticEmbedding\"]"),
                        "modules.json",
                        "SparseStaticEmbedding"),
                fault(
                        "table after a transformer",
                        f ->
                                LayoutFolder.router()
                                        .replace(
                                                "router_config.json",
                                                "[\"query_0_SparseStaticEmbedding\"]",
                                                "[\"\", \"document_1_SpladePooling\","
                                                        + " \"query_0_SparseStaticEmbedding\"]"),
                        "router_config.json",
                        "MLMTransformer, SpladePooling, SparseStaticEmbedding"),
                fault(
                        "no table",
                        f ->
                                LayoutFolder.router()
                                        .remove("query_0_SparseStaticEmbedding/model.safetensors"),
                        "query_0_SparseStaticEmbedding/model.safetensors",
                        "missing"),
                fault(
                        "table elsewhere",
                        f ->
                                LayoutFolder.router()
                                        .remove("query_0_SparseStaticEmbedding/model.safetensors")
                                        .put("idf.json", "{}"),
                        "idf.json",
                        "are used"),
                fault(
                        "no file at the path of the table",
                        f ->
                                LayoutFolder.router()
                                        .put(staticConfig, "{\"path\": \"weights.json\"}"),
                        staticConfig,
                        "'weights.json'"),
                fault(
                        "unknown option of a table",
                        f -> LayoutFolder.router().put(staticConfig, "{\"counts\": true}"),
                        staticConfig,
                        "'counts'"),
                fault(
                        "no config.json",
                        f -> f.remove("config.json"),
                        "config.json is missing",
                        "model.safetensors"));
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("faults")
    void reportsEveryFaultByName(
            String name, UnaryOperator<LayoutFolder> change, String[] expected) {
        LayoutFolder folder = change.apply(LayoutFolder.sentenceTransformers5());
        List<String> reported = new ArrayList<>();
        try {
            resolve(folder);
            reported.addAll(warnings);
        } catch (ModelException e) {
            reported.add(e.getMessage());
        }
        assertThat(reported).as(name).singleElement().asString().contains(expected);
    }

    @Test
    void derivedModelKeepsItsMetadata() throws Exception {
        for (LayoutFolder folder :
                List.of(
                        LayoutFolder.transformers(),
                        LayoutFolder.router()
                                .put(
                                        "config_sentence_transformers.json",
                                        "{\"__version__\": {\"sentence_transformers\":"
                                                + " \"5.2.0\"}, \"prompts\": {\"query\":"
                                                + " \"q: \"}}")
                                .replace("sentence_bert_config.json", "false", "true"),
                        LayoutFolder.router()
                                .put(
                                        "query_0_SparseStaticEmbedding/config.json",
                                        "{\"path\": \"idf.json\"}")
                                .put("idf.json", "{}"),
                        LayoutFolder.sentenceTransformers6()
                                .replace("1_SpladePooling/config.json", "\"max\"", "\"sum\""),
                        bgeM3(),
                        LayoutFolder.transformers().put("query_token_weights.txt", "a\t1"))) {
            model = Files.createTempDirectory(directory, "original");
            ModelFiles original = resolve(folder);
            model = Files.createTempDirectory(directory, "derived");
            writeGraph("model.onnx");
            new MetadataWriter(original, model).write();
            ModelFiles derived = resolve(model);
            assertThat(derived.graph()).isEqualTo(model.resolve("model.onnx"));
            assertThat(derived.metadata().formula()).isEqualTo(original.metadata().formula());
            assertThat(derived.metadata().prompts()).isEqualTo(original.metadata().prompts());
            assertThat(derived.metadata().strip()).isEqualTo(original.metadata().strip());
            assertThat(derived.metadata().lowerCase()).isEqualTo(original.metadata().lowerCase());
            assertThat(derived.metadata().tokenHead().isPresent())
                    .isEqualTo(original.metadata().tokenHead().isPresent());
            assertThat(derived.documentTokens()).isEqualTo(original.documentTokens());
            assertThat(derived.queryTokens()).isEqualTo(original.queryTokens());
            assertThat(derived.metadata().query().isPresent())
                    .isEqualTo(original.metadata().query().isPresent());
            Optional<QuerySide> query = derived.metadata().query();
            if (query.isPresent()) {
                QuerySide.TokenWeights weights = (QuerySide.TokenWeights) query.get();
                QuerySide.TokenWeights originalWeights =
                        (QuerySide.TokenWeights) original.metadata().query().orElseThrow();
                assertThat(weights.weights()).hasSameBinaryContentAs(originalWeights.weights());
                assertThat(weights.tokenizer()).hasSameBinaryContentAs(originalWeights.tokenizer());
            }
        }
        ModelFiles pair =
                resolve(Files.createTempDirectory(directory, "pair"), LayoutFolder.pair());
        assertThatThrownBy(() -> new MetadataWriter(pair, model))
                .isInstanceOf(ModelException.class)
                .hasMessageContaining("another model for queries");
    }

    private ModelFiles resolve(Path location, LayoutFolder folder) {
        folder.write(location);
        return resolve(location);
    }
}

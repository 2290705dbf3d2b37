package io.github.flinksplade.encoder.layout;

import com.fasterxml.jackson.databind.JsonNode;
import io.github.flinksplade.encoder.Formula;
import io.github.flinksplade.encoder.ModelException;
import io.github.flinksplade.encoder.ModelFolder;
import io.github.flinksplade.encoder.ModelMetadata.Prompts;
import io.github.flinksplade.encoder.layout.ModuleChain.Module;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Pattern;

/** A model of sentence-transformers: {@code modules.json} and a folder per module. */
final class SentenceTransformersLayout {

    static final String MODULES = "modules.json";

    private static final String MODEL_CONFIG = "config_sentence_transformers.json";
    private static final String POOLING = "SpladePooling";
    private static final String STATIC = "SparseStaticEmbedding";
    private static final String SUPPORTED =
            "supported are a Transformer with the transformer_task fill-mask or an MLMTransformer,"
                    + " followed by a SpladePooling, and a Router with such routes or a"
                    + " SparseStaticEmbedding for queries";

    private static final List<String> DENSE =
            List.of(
                    "Pooling",
                    "Dense",
                    "Normalize",
                    "LayerNorm",
                    "WeightedLayerPooling",
                    "StaticEmbedding",
                    "WordEmbeddings",
                    "BoW",
                    "CNN",
                    "LSTM",
                    "CLIPModel");

    /** In the order in which sentence-transformers looks for them. */
    private static final List<String> TRANSFORMER_CONFIGS =
            List.of(
                    "sentence_bert_config.json",
                    "sentence_roberta_config.json",
                    "sentence_distilbert_config.json",
                    "sentence_camembert_config.json",
                    "sentence_albert_config.json",
                    "sentence_xlm-roberta_config.json",
                    "sentence_xlnet_config.json");

    private static final List<String> TRANSFORMER_FIELDS =
            List.of(
                    "max_seq_length",
                    "do_lower_case",
                    "transformer_task",
                    "modality_config",
                    "module_output_name",
                    "processing_kwargs",
                    "unpad_inputs",
                    "model_args",
                    "model_kwargs",
                    "config_args",
                    "config_kwargs",
                    "tokenizer_args",
                    "processor_kwargs");

    private static final List<String> ARGUMENTS =
            List.of(
                    "model_args",
                    "model_kwargs",
                    "config_args",
                    "config_kwargs",
                    "tokenizer_args",
                    "processor_kwargs");

    /** How the model is computed in Python, but not what. */
    private static final List<String> ARGUMENTS_WITHOUT_EFFECT =
            List.of(
                    "trust_remote_code",
                    "torch_dtype",
                    "dtype",
                    "attn_implementation",
                    "unpad_inputs",
                    "use_memory_efficient_attention",
                    "add_pooling_layer");

    private static final List<String> POOLING_FIELDS =
            List.of(
                    "pooling_strategy",
                    "activation_function",
                    "embedding_dimension",
                    "word_embedding_dimension",
                    "chunk_size");

    private static final List<String> STATIC_FIELDS = List.of("frozen", "path");

    private static final List<String> MODEL_FIELDS =
            List.of(
                    "__version__",
                    "model_type",
                    "prompts",
                    "default_prompt_name",
                    "similarity_fn_name");

    /** A table of weights has no limit of its own; this is more than any query has. */
    private static final int NO_LIMIT = 1 << 15;

    /** Versions before 5.4 remove white space at both ends of a text. */
    private static final Pattern STRIPPING_VERSIONS = Pattern.compile("[0-4]\\.|5\\.[0-3]\\.");

    private static final String MASKED_TASK = "fill-mask";
    private static final String DENSE_TASK = "feature-extraction";

    private final ModelFolder folder;
    private final Optional<String> named;
    private final ModuleChain chain;
    private boolean strip;
    private final List<String> notes = new ArrayList<>();
    private final Set<String> warnings = new LinkedHashSet<>();

    /** One side: what encodes the texts of a role. */
    private sealed interface Side {}

    /** A masked language model and its pooling. */
    private record MaskedLanguageModel(Module transformer, Module pooling) implements Side {}

    /** A weight per token. */
    private record TokenWeights(Module module) implements Side {}

    /**
     * @param named the graph that the user names
     */
    SentenceTransformersLayout(ModelFolder folder, Optional<String> named) {
        this.folder = folder;
        this.named = named;
        this.chain = ModuleChain.read(folder);
    }

    ModelLayout read() {
        Optional<Module> encoder = denseEncoder();
        if (encoder.isPresent() && folder.contains(TokenHead.FILE)) {
            return readTokenHead(encoder.get());
        }
        Side document = side("document");
        Side query = side("query");
        warnings.addAll(chain.warnings());
        if (!(document instanceof MaskedLanguageModel model)) {
            throw new ModelException(
                    folder.location(MODULES)
                            + " encodes documents with a SparseStaticEmbedding; supported is only"
                            + " a masked language model with a SpladePooling");
        }
        Prompts prompts = prompts();
        Formula formula = formula(model.pooling());
        notes.add("formula: " + formula + " (" + configName(model.pooling()) + ")");
        Transformer transformer = transformer(model.transformer());
        WeightFiles weights = weights(model, query);
        checkDimension(model, weights);
        int maxTokens = maxTokens(transformer, "max tokens");
        boolean lowerCase = transformer.lowerCase();
        if (lowerCase) {
            notes.add("lower case: yes (" + transformer.configName() + ")");
        }
        int queryTokens = maxTokens;
        Optional<ModelLayout.Query> querySide = Optional.empty();
        Companions companions = companions(weights.graph(), model.transformer().path());
        Path tokenizer = companions.tokenizer(weights.graph());
        companions.find(WeightFiles.CONFIG).ifPresent(folder::file);
        if (query instanceof TokenWeights table) {
            Static embedding = staticEmbedding(table.module());
            int stated = Companions.maxTokens(folder, embedding.tokenizerConfig());
            queryTokens = stated > 0 ? stated : NO_LIMIT;
            if (stated > 0) {
                notes.add("max query tokens: " + stated + " (" + embedding.tokenizerConfig() + ")");
            }
            querySide =
                    Optional.of(
                            new ModelLayout.Query.TokenWeights(
                                    folder.file(embedding.weights()),
                                    embedding.tokenizer().map(folder::file).orElse(tokenizer),
                                    false));
            notes.add("queries: weight per token (" + embedding.weights() + ")");
        } else if (query instanceof MaskedLanguageModel other && !other.equals(model)) {
            ModelLayout layout = queryModel(other, model, weights, prompts);
            queryTokens = layout.queryTokens();
            querySide = Optional.of(new ModelLayout.Query.Model(layout));
            notes.add(
                    "queries: another model, in "
                            + folder.location(other.transformer().path())
                            + ", "
                            + layout.formula()
                            + " ("
                            + configName(other.pooling())
                            + ")");
        }
        if (querySide.isEmpty()) {
            warnIfUnused("idf.json");
            warnIfUnused("query_token_weights.txt");
        }
        if (folder.contains(TokenHead.FILE)) {
            warnings.add(
                    folder.location(TokenHead.FILE)
                            + " is not used: "
                            + folder.location(MODULES)
                            + " is that of a masked language model");
        }
        return new ModelLayout(
                weights.graph(),
                folder.file(weights.graph()),
                weights.weights(),
                tokenizer,
                companions.limits(),
                maxTokens,
                queryTokens,
                formula,
                prompts,
                lowerCase,
                strip,
                Optional.empty(),
                querySide,
                notes,
                List.copyOf(warnings));
    }

    private void warnIfUnused(String table) {
        if (folder.contains(table)) {
            warnings.add(
                    folder.location(table)
                            + " is not used: "
                            + folder.location(MODULES)
                            + " has no Router with a SparseStaticEmbedding for queries");
        }
    }

    /** The transformer of a dense model, which may have a sparse head too. */
    private Optional<Module> denseEncoder() {
        List<Module> modules = chain.route("document");
        Module first = modules.get(0);
        boolean isDense =
                first.type().equals("Transformer")
                        && modules.stream().skip(1).allMatch(m -> DENSE.contains(m.type()));
        return isDense ? Optional.of(first) : Optional.empty();
    }

    private ModelLayout readTokenHead(Module encoder) {
        Transformer transformer = transformer(encoder, DENSE_TASK);
        WeightFiles weights =
                named.map(name -> WeightFiles.named(folder, name))
                        .orElseGet(
                                () ->
                                        WeightFiles.find(
                                                folder,
                                                encoder.path(),
                                                List.of(encoder.path(), "")));
        Companions companions = companions(weights.graph(), encoder.path());
        companions.find(WeightFiles.CONFIG).ifPresent(folder::file);
        notes.add(TokenHead.note(TokenHead.FILE));
        return TokenHead.layout(
                folder,
                weights,
                companions,
                TokenHead.FILE,
                maxTokens(transformer, "max tokens"),
                transformer.lowerCase(),
                notes,
                warnings);
    }

    /** The query side of a router that has a masked language model for each side. */
    private ModelLayout queryModel(
            MaskedLanguageModel query,
            MaskedLanguageModel document,
            WeightFiles documentWeights,
            Prompts prompts) {
        Formula formula = formula(query.pooling());
        Transformer transformer = transformer(query.transformer());
        WeightFiles weights =
                query.transformer().equals(document.transformer())
                        ? documentWeights
                        : WeightFiles.find(
                                folder,
                                query.transformer().path(),
                                List.of(query.transformer().path()));
        checkDimension(query, weights);
        int maxTokens = maxTokens(transformer, "max query tokens");
        Companions companions = companions(weights.graph(), query.transformer().path());
        companions.find(WeightFiles.CONFIG).ifPresent(folder::file);
        return new ModelLayout(
                weights.graph(),
                folder.file(weights.graph()),
                weights.weights(),
                companions.tokenizer(weights.graph()),
                companions.limits(),
                maxTokens,
                maxTokens,
                formula,
                prompts,
                transformer.lowerCase(),
                strip,
                Optional.empty(),
                Optional.empty(),
                List.of("formula: " + formula + " (" + configName(query.pooling()) + ")"),
                List.of());
    }

    private Companions companions(String graph, String transformerPath) {
        return Companions.of(folder, graph, transformerPath, "");
    }

    private WeightFiles weights(MaskedLanguageModel document, Side query) {
        if (named.isPresent()) {
            return WeightFiles.named(folder, named.get());
        }
        String path = document.transformer().path();
        boolean isShared =
                !(query instanceof MaskedLanguageModel other)
                        || other.transformer().equals(document.transformer());
        // with two transformers, a graph in the model's folder may belong to either
        return WeightFiles.find(folder, path, isShared ? List.of(path, "") : List.of(path));
    }

    private Side side(String task) {
        List<Module> route = chain.route(task);
        for (Module module : route) {
            boolean isKnown =
                    isTransformer(module)
                            || module.type().equals(POOLING)
                            || module.type().equals(STATIC);
            if (!isKnown) {
                throw unsupported(module);
            }
        }
        Module first = route.get(0);
        if (route.size() == 1 && first.type().equals(STATIC)) {
            return new TokenWeights(first);
        }
        if (isTransformer(first)) {
            // a dense model is named as such, not as one without SpladePooling
            transformer(first);
            if (route.size() == 2 && route.get(1).type().equals(POOLING)) {
                return new MaskedLanguageModel(first, route.get(1));
            }
        }
        throw new ModelException(
                first.statedIn()
                        + " encodes "
                        + task
                        + " texts with the modules "
                        + String.join(", ", route.stream().map(Module::type).toList())
                        + "; "
                        + SUPPORTED);
    }

    private static boolean isTransformer(Module module) {
        return module.type().equals("MLMTransformer") || module.type().equals("Transformer");
    }

    private ModelException unsupported(Module module) {
        String problem = module.statedIn() + " has the module '" + module.type() + "', which is ";
        return new ModelException(
                DENSE.contains(module.type())
                        ? problem + "part of a dense model, not of a sparse encoder; " + SUPPORTED
                        : problem + "not supported; " + SUPPORTED);
    }

    private String configName(Module module) {
        return ModelFolder.name(module.path(), WeightFiles.CONFIG);
    }

    private Formula formula(Module pooling) {
        if (!folder.contains(configName(pooling))) {
            throw ModuleChain.missing(folder, pooling, WeightFiles.CONFIG);
        }
        JsonFile config = JsonFile.readObject(folder, configName(pooling));
        config.requireKnown(POOLING_FIELDS);
        String strategy = config.text("pooling_strategy", "max");
        String activation = config.text("activation_function", "relu");
        return new Formula(
                switch (strategy) {
                    case "max" -> Formula.Pooling.MAX;
                    case "sum" -> Formula.Pooling.SUM;
                    default ->
                            throw config.invalidField(
                                    "pooling_strategy", config.get("pooling_strategy"), "max, sum");
                },
                switch (activation) {
                    case "relu" -> Formula.Activation.RELU;
                    case "log1p_relu" -> Formula.Activation.LOG1P_RELU;
                    default ->
                            throw config.invalidField(
                                    "activation_function",
                                    config.get("activation_function"),
                                    "relu, log1p_relu");
                },
                false);
    }

    /** The dimension has no effect, but another one than the vocabulary's suggests a mix-up. */
    private void checkDimension(MaskedLanguageModel model, WeightFiles weights) {
        Optional<String> name =
                companions(weights.graph(), model.transformer().path()).find(WeightFiles.CONFIG);
        if (name.isEmpty()) {
            return;
        }
        int vocabulary = JsonFile.readObject(folder, name.get()).positive("vocab_size");
        JsonFile pooling = JsonFile.readObject(folder, configName(model.pooling()));
        for (String field : List.of("embedding_dimension", "word_embedding_dimension")) {
            int dimension = pooling.positive(field);
            if (dimension > 0 && vocabulary > 0 && dimension != vocabulary) {
                warnings.add(
                        pooling.location()
                                + " has the "
                                + field
                                + " "
                                + dimension
                                + ", but the vocab_size of "
                                + folder.location(name.get())
                                + " is "
                                + vocabulary
                                + ": are both of the same model?");
            }
        }
    }

    /**
     * The configuration of a transformer module.
     *
     * @param configName empty if it has no file
     * @param maxTokens 0 if it states no limit
     */
    private record Transformer(
            Module module, String configName, int maxTokens, boolean lowerCase) {}

    private Transformer transformer(Module module) {
        return transformer(module, MASKED_TASK);
    }

    private Transformer transformer(Module module, String task) {
        Optional<String> name =
                TRANSFORMER_CONFIGS.stream()
                        .map(file -> ModelFolder.name(module.path(), file))
                        .filter(folder::contains)
                        .findFirst();
        if (name.isEmpty()) {
            requireTask(module, module.statedIn(), defaultTask(module), task);
            return new Transformer(module, "", 0, false);
        }
        JsonFile config = JsonFile.readObject(folder, name.get());
        requireTask(
                module,
                config.location(),
                config.text("transformer_task", defaultTask(module)),
                task);
        config.requireKnown(TRANSFORMER_FIELDS);
        for (Map.Entry<String, JsonNode> modality : config.entries("modality_config")) {
            String expected = task.equals(MASKED_TASK) ? "logits" : "last_hidden_state";
            String output = modality.getValue().path("method_output_name").asText(expected);
            String method = modality.getValue().path("method").asText("forward");
            if (modality.getKey().equals("text")
                    && !(method.equals("forward") && output.equals(expected))) {
                throw config.invalidField(
                        "modality_config",
                        modality.getValue(),
                        "text with the method forward and its output " + expected);
            }
        }
        if (!config.text("module_output_name", "token_embeddings").equals("token_embeddings")) {
            throw config.invalidField(
                    "module_output_name", config.get("module_output_name"), "token_embeddings");
        }
        for (Map.Entry<String, JsonNode> kind : config.entries("processing_kwargs")) {
            if (!kind.getValue().isNull() && !kind.getValue().isEmpty()) {
                throw config.invalidField(
                        "processing_kwargs", config.get("processing_kwargs"), "an empty object");
            }
        }
        for (String arguments : ARGUMENTS) {
            for (Map.Entry<String, JsonNode> argument : config.entries(arguments)) {
                if (!ARGUMENTS_WITHOUT_EFFECT.contains(argument.getKey())) {
                    throw config.invalid(
                            "sets "
                                    + argument.getKey()
                                    + " to "
                                    + JsonFile.abbreviate(argument.getValue())
                                    + " in "
                                    + arguments
                                    + ", which is not supported; supported are "
                                    + String.join(", ", new TreeSet<>(ARGUMENTS_WITHOUT_EFFECT)));
                }
            }
        }
        return new Transformer(
                module,
                name.get(),
                config.positive("max_seq_length"),
                config.isTrue("do_lower_case"));
    }

    private static String defaultTask(Module module) {
        return module.type().equals("MLMTransformer") ? MASKED_TASK : DENSE_TASK;
    }

    private static void requireTask(Module module, String location, String task, String expected) {
        if (task.equals(expected)) {
            return;
        }
        throw new ModelException(
                location
                        + " has the transformer_task "
                        + task
                        + " for the module "
                        + module.type()
                        + ", which is a dense model, not a masked language model; "
                        + SUPPORTED);
    }

    /** The limit of a transformer, at most what its positions allow; 0 if none is stated. */
    private int maxTokens(Transformer transformer, String property) {
        String path = transformer.module().path();
        String tokenizerConfig = ModelFolder.name(path, Companions.TOKENIZER_CONFIG);
        int limit = transformer.maxTokens();
        String statedIn = transformer.configName();
        if (limit == 0) {
            limit = Companions.maxTokens(folder, tokenizerConfig);
            statedIn = tokenizerConfig;
        }
        String configName = ModelFolder.name(path, WeightFiles.CONFIG);
        if (folder.contains(configName)) {
            int positions = Companions.maxPositions(folder, configName);
            boolean isLimit = limit == 0 || !Companions.isRotary(folder, configName);
            if (positions > 0 && isLimit && (limit == 0 || positions < limit)) {
                limit = positions;
                statedIn = configName;
            }
        }
        if (limit > 0) {
            notes.add(property + ": " + limit + " (" + statedIn + ")");
        }
        return limit;
    }

    private Prompts prompts() {
        if (!folder.contains(MODEL_CONFIG)) {
            return Prompts.NONE;
        }
        JsonFile config = JsonFile.readObject(folder, MODEL_CONFIG);
        for (Map.Entry<String, JsonNode> field : config.json().properties()) {
            if (!field.getValue().isNull() && !MODEL_FIELDS.contains(field.getKey())) {
                warnings.add(
                        config.location()
                                + " has the field '"
                                + field.getKey()
                                + "' ("
                                + JsonFile.abbreviate(field.getValue())
                                + "), which is ignored");
            }
        }
        String similarity = config.text("similarity_fn_name", "dot");
        if (!similarity.equals("dot")) {
            warnings.add(
                    config.location()
                            + " has the similarity_fn_name "
                            + similarity
                            + ", but indexes score with the dot product");
        }
        String version = config.json().path("__version__").path("sentence_transformers").asText("");
        strip = STRIPPING_VERSIONS.matcher(version).lookingAt();
        if (strip) {
            notes.add(
                    "white space at both ends: removed (sentence-transformers "
                            + version
                            + " in "
                            + MODEL_CONFIG
                            + ")");
        }
        // as encode_query and encode_document: other prompts are for callers who name them
        Prompts prompts = new Prompts(prompt(config, "document"), prompt(config, "query"));
        if (!prompts.document().isEmpty()) {
            notes.add("document prompt: '" + prompts.document() + "' (" + MODEL_CONFIG + ")");
        }
        if (!prompts.query().isEmpty()) {
            notes.add("query prompt: '" + prompts.query() + "' (" + MODEL_CONFIG + ")");
        }
        return prompts;
    }

    private static String prompt(JsonFile config, String role) {
        for (Map.Entry<String, JsonNode> prompt : config.entries("prompts")) {
            if (prompt.getKey().equals(role) && !prompt.getValue().isNull()) {
                if (!prompt.getValue().isTextual()) {
                    throw config.invalidField("prompts", config.get("prompts"), "strings");
                }
                return prompt.getValue().textValue();
            }
        }
        return "";
    }

    /**
     * A SparseStaticEmbedding.
     *
     * @param weights the name of its table
     * @param tokenizer the name of its tokenizer, if it has one
     */
    private record Static(String weights, Optional<String> tokenizer, String tokenizerConfig) {}

    private Static staticEmbedding(Module module) {
        String path = module.path();
        String own = ModelFolder.name(path, WeightFiles.SAFETENSORS);
        String configName = configName(module);
        Optional<String> stated = Optional.empty();
        if (folder.contains(configName)) {
            JsonFile config = JsonFile.readObject(folder, configName);
            config.requireKnown(STATIC_FIELDS);
            stated =
                    Optional.ofNullable(config.text("path", null)).filter(f -> f.endsWith(".json"));
        }
        String weights;
        if (stated.isPresent()) {
            weights = table(module, configName, stated.get());
        } else if (folder.contains(own)) {
            weights = own;
        } else if (folder.contains("idf.json")) {
            weights = "idf.json";
            warnings.add(
                    folder.location(own)
                            + " is missing; the query weights of "
                            + folder.location(weights)
                            + " are used");
        } else {
            throw new ModelException(
                    "the query weights are missing: "
                            + module.statedIn()
                            + " names the module "
                            + STATIC
                            + ", but there is neither "
                            + folder.location(own)
                            + " nor a path to a JSON file in its config.json (a"
                            + " pytorch_model.bin can contain programs and is not read); download"
                            + " the model again");
        }
        Optional<String> tokenizer =
                List.of(Companions.TOKENIZER, Companions.VOCABULARY).stream()
                        .map(file -> ModelFolder.name(path, file))
                        .filter(folder::contains)
                        .findFirst();
        String tokenizerConfig =
                List.of(path, "").stream()
                        .map(file -> ModelFolder.name(file, Companions.TOKENIZER_CONFIG))
                        .filter(folder::contains)
                        .findFirst()
                        .orElse(ModelFolder.name(path, Companions.TOKENIZER_CONFIG));
        if (folder.contains(tokenizerConfig)) {
            folder.file(tokenizerConfig);
        }
        return new Static(weights, tokenizer, tokenizerConfig);
    }

    /** The JSON file that a SparseStaticEmbedding names, in its folder or in the model's. */
    private String table(Module module, String configName, String stated) {
        String file = stated.substring(Math.max(stated.lastIndexOf('/'), -1) + 1);
        Set<String> candidates = new LinkedHashSet<>();
        boolean isInside = !stated.startsWith("/") && !stated.contains("..");
        for (String name : isInside ? List.of(stated, file) : List.of(file)) {
            candidates.add(ModelFolder.name(module.path(), name));
            candidates.add(name);
        }
        return candidates.stream()
                .filter(folder::contains)
                .findFirst()
                .orElseThrow(
                        () ->
                                new ModelException(
                                        folder.location(configName)
                                                + " has the path '"
                                                + stated
                                                + "', which is neither in "
                                                + folder.location(module.path())
                                                + " nor in "
                                                + folder.location("")
                                                + "; copy the file there"));
    }
}

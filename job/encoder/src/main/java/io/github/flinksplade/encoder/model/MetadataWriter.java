package io.github.flinksplade.encoder.model;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.SerializationFeature;
import io.github.flinksplade.encoder.Formula;
import io.github.flinksplade.encoder.ModelException;
import io.github.flinksplade.encoder.ModelFiles;
import io.github.flinksplade.encoder.ModelMetadata;
import io.github.flinksplade.encoder.ModelMetadata.Prompts;
import io.github.flinksplade.encoder.ModelMetadata.QuerySide.TokenWeights;
import io.github.flinksplade.encoder.platform.FileErrors;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * Writes everything but the graph of a model, for a graph derived from it: as sentence-transformers
 * stores it, or as OpenSearch does if special tokens are excluded.
 */
public final class MetadataWriter {

    private static final ObjectMapper JSON =
            new ObjectMapper().enable(SerializationFeature.ORDER_MAP_ENTRIES_BY_KEYS);
    private static final String POOLING = "1_SpladePooling";
    private static final String QUERY = "query_0_SparseStaticEmbedding";

    private final ModelFiles files;
    private final Path directory;
    private final Optional<TokenWeights> table;

    /**
     * @throws ModelException if the model has a second graph, for queries
     */
    public MetadataWriter(ModelFiles files, Path directory) {
        this.files = files;
        this.directory = directory;
        this.table =
                files.metadata()
                        .query()
                        .map(
                                query -> {
                                    if (query instanceof TokenWeights weights) {
                                        return weights;
                                    }
                                    throw new ModelException(
                                            files.name()
                                                    + " has another model for queries; convert the"
                                                    + " two separately");
                                });
    }

    /**
     * @throws ModelException if the directory cannot be written
     */
    public void write() {
        try {
            copyTokenizer(files.tokenizer(), directory);
            Path config = files.graph().resolveSibling("config.json");
            if (!Files.isRegularFile(config)) {
                config = config.resolve("../../config.json").normalize();
            }
            if (Files.isRegularFile(config)) {
                copy(config, directory.resolve("config.json"));
            }
            new SpladeConfig(files.documentTokens(), files.queryTokens()).write(directory);
            ModelMetadata metadata = files.metadata();
            if (metadata.tokenHead().isPresent()) {
                Path head = metadata.tokenHead().get();
                copy(head, directory.resolve(head.getFileName().toString()));
            } else if (metadata.formula().withoutSpecialTerms()) {
                writeOpenSearch();
            } else if (!metadata.formula().equals(Formula.STANDARD)
                    || !metadata.prompts().equals(Prompts.NONE)
                    || metadata.lowerCase()
                    || metadata.strip()
                    || table.isPresent()) {
                writeModules();
            }
        } catch (IOException e) {
            throw new ModelException(directory + " cannot be written: " + FileErrors.reason(e), e);
        }
    }

    private void writeOpenSearch() throws IOException {
        if (table.isPresent()) {
            Path weights = table.get().weights();
            copy(weights, directory.resolve(weights.getFileName().toString()));
        }
    }

    private void writeModules() throws IOException {
        ModelMetadata metadata = files.metadata();
        if (table.isEmpty()) {
            writeJson(
                    "modules.json",
                    List.of(module(0, "", "MLMTransformer"), module(1, POOLING, "SpladePooling")));
        } else {
            writeJson("modules.json", List.of(module(0, "", "Router")));
            Map<String, Object> router = new LinkedHashMap<>();
            router.put(
                    "types",
                    Map.of(
                            QUERY,
                            type("SparseStaticEmbedding"),
                            "",
                            type("MLMTransformer"),
                            POOLING,
                            type("SpladePooling")));
            router.put(
                    "structure", Map.of("query", List.of(QUERY), "document", List.of("", POOLING)));
            router.put("parameters", Map.of("default_route", "document"));
            writeJson("router_config.json", router);
            writeTable(table.get());
        }
        writeJson(
                POOLING + "/config.json",
                Map.of(
                        "pooling_strategy",
                        switch (metadata.formula().pooling()) {
                            case MAX -> "max";
                            case SUM -> "sum";
                        },
                        "activation_function",
                        switch (metadata.formula().activation()) {
                            case RELU -> "relu";
                            case LOG1P_RELU -> "log1p_relu";
                        }));
        writeJson("sentence_bert_config.json", Map.of("do_lower_case", metadata.lowerCase()));
        writeJson(
                "config_sentence_transformers.json",
                Map.of(
                        // the version decides whether white space is removed
                        "__version__",
                        Map.of("sentence_transformers", metadata.strip() ? "5.0.0" : "6.0.0"),
                        "prompts",
                        Map.of(
                                "document", metadata.prompts().document(),
                                "query", metadata.prompts().query())));
    }

    private void writeTable(TokenWeights query) throws IOException {
        Path folder = directory.resolve(QUERY);
        Files.createDirectories(folder);
        String name = query.weights().getFileName().toString();
        copy(query.weights(), folder.resolve(name));
        writeJson(QUERY + "/config.json", name.endsWith(".json") ? Map.of("path", name) : Map.of());
        if (!query.tokenizer().equals(files.tokenizer())) {
            copyTokenizer(query.tokenizer(), folder);
        }
    }

    private static Map<String, Object> module(int index, String path, String type) {
        Map<String, Object> module = new LinkedHashMap<>();
        module.put("idx", index);
        module.put("name", Integer.toString(index));
        module.put("path", path);
        module.put("type", type(type));
        return module;
    }

    private static String type(String name) {
        return (name.equals("Router")
                        ? "sentence_transformers.models."
                        : "sentence_transformers.sparse_encoder.models.")
                + name;
    }

    private void writeJson(String name, Object content) throws IOException {
        Path file = directory.resolve(name);
        Files.createDirectories(file.getParent());
        Files.writeString(
                file, JSON.writerWithDefaultPrettyPrinter().writeValueAsString(content) + "\n");
    }

    private static void copyTokenizer(Path tokenizer, Path folder) throws IOException {
        copy(tokenizer, folder.resolve(tokenizer.getFileName().toString()));
        for (String name : List.of("tokenizer_config.json", "special_tokens_map.json")) {
            Path companion = tokenizer.resolveSibling(name);
            if (Files.isRegularFile(companion)) {
                copy(companion, folder.resolve(name));
            }
        }
    }

    private static void copy(Path from, Path to) throws IOException {
        Files.copy(from, to, StandardCopyOption.REPLACE_EXISTING);
    }
}

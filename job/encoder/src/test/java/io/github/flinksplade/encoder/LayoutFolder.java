package io.github.flinksplade.encoder;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.TreeMap;

/** The files of models in the layouts of libraries. Weights and tokenizers have no content. */
public final class LayoutFolder {

    private static final String OLD = "sentence_transformers.sparse_encoder.models.";
    private static final String NEW = "sentence_transformers.sparse_encoder.modules.";

    private final Map<String, String> files = new TreeMap<>();

    /** BERT with safetensors, as transformers saves it. */
    public static LayoutFolder transformers() {
        return new LayoutFolder().transformer("");
    }

    /** As sentence-transformers 5 saves a SPLADE model. */
    public static LayoutFolder sentenceTransformers5() {
        return transformers()
                .put(
                        "modules.json",
                        "["
                                + module("", OLD + "MLMTransformer")
                                + ","
                                + module("1_SpladePooling", OLD + "SpladePooling")
                                + "]")
                .put(
                        "sentence_bert_config.json",
                        "{\"max_seq_length\": 256, \"do_lower_case\": false}")
                .put(
                        "config_sentence_transformers.json",
                        "{\"model_type\": \"SparseEncoder\", \"__version__\": {}, \"prompts\":"
                                + " {\"query\": \"\", \"document\": \"\"}, \"default_prompt_name\":"
                                + " null, \"similarity_fn_name\": \"dot\"}")
                .put(
                        "1_SpladePooling/config.json",
                        "{\"pooling_strategy\": \"max\", \"activation_function\": \"relu\","
                                + " \"word_embedding_dimension\": 30522}");
    }

    /** As sentence-transformers 6 saves one. */
    public static LayoutFolder sentenceTransformers6() {
        return sentenceTransformers5()
                .put(
                        "modules.json",
                        "["
                                + module(
                                        "",
                                        "sentence_transformers.base.modules.transformer.Transformer")
                                + ","
                                + module("1_SpladePooling", NEW + "splade_pooling.SpladePooling")
                                + "]")
                .put(
                        "sentence_bert_config.json",
                        "{\"transformer_task\": \"fill-mask\", \"modality_config\": {\"text\":"
                                + " {\"method\": \"forward\", \"method_output_name\": \"logits\"}},"
                                + " \"module_output_name\": \"token_embeddings\"}")
                .put("tokenizer_config.json", "{\"model_max_length\": 300}")
                .put(
                        "1_SpladePooling/config.json",
                        "{\"pooling_strategy\": \"max\", \"activation_function\": \"relu\","
                                + " \"embedding_dimension\": null}");
    }

    /** As OpenSearch's models on the hub: queries have a weight per token. */
    public static LayoutFolder router() {
        return sentenceTransformers5()
                .remove("1_SpladePooling/config.json")
                .put("modules.json", "[" + module("", "sentence_transformers.models.Router") + "]")
                .put(
                        "router_config.json",
                        routerConfig(
                                "\"query_0_SparseStaticEmbedding\"",
                                "\"\", \"document_1_SpladePooling\""))
                .put(
                        "document_1_SpladePooling/config.json",
                        "{\"pooling_strategy\": \"max\", \"activation_function\": \"log1p_relu\"}")
                .put("query_0_SparseStaticEmbedding/config.json", "{\"frozen\": true}")
                .put("query_0_SparseStaticEmbedding/model.safetensors", "query weights")
                .put("query_0_SparseStaticEmbedding/tokenizer.json", "{\"query\": true}")
                .put(
                        "query_0_SparseStaticEmbedding/tokenizer_config.json",
                        "{\"model_max_length\": 512}");
    }

    /** A transformer for each role. */
    public static LayoutFolder pair() {
        return new LayoutFolder()
                .put("modules.json", "[" + module("", "sentence_transformers.models.Router") + "]")
                .put(
                        "router_config.json",
                        routerConfig(
                                "\"query_0_MLMTransformer\", \"query_1_SpladePooling\"",
                                "\"document_0_MLMTransformer\", \"document_1_SpladePooling\""))
                .transformer("document_0_MLMTransformer/")
                .put(
                        "document_0_MLMTransformer/sentence_bert_config.json",
                        "{\"max_seq_length\": 256}")
                .put("document_1_SpladePooling/config.json", "{}")
                .transformer("query_0_MLMTransformer/")
                .put("query_0_MLMTransformer/model.safetensors", "other weights")
                .put("query_0_MLMTransformer/sentence_bert_config.json", "{\"max_seq_length\": 32}")
                .put("query_1_SpladePooling/config.json", "{\"pooling_strategy\": \"sum\"}");
    }

    private static String module(String path, String type) {
        return "{\"idx\": 0, \"name\": \"0\", \"path\": \""
                + path
                + "\", \"type\": \""
                + type
                + "\"}";
    }

    private static String routerConfig(String query, String document) {
        return "{\"types\": {\"\": \""
                + OLD
                + "MLMTransformer\", \"query_0_MLMTransformer\": \""
                + OLD
                + "MLMTransformer\", \"document_0_MLMTransformer\": \""
                + OLD
                + "MLMTransformer.MLMTransformer\", \"query_0_SparseStaticEmbedding\": \""
                + OLD
                + "SparseStaticEmbedding\", \"query_1_SpladePooling\": \""
                + OLD
                + "SpladePooling\", \"document_1_SpladePooling\": \""
                + OLD
                + "SpladePooling\"}, \"structure\": {\"query\": ["
                + query
                + "], \"document\": ["
                + document
                + "]}, \"parameters\": {\"default_route\": \"document\", \"allow_empty_key\":"
                + " true}}";
    }

    private LayoutFolder transformer(String folder) {
        return put(
                        folder + "config.json",
                        "{\"model_type\": \"bert\", \"vocab_size\": 30522,"
                                + " \"max_position_embeddings\": 512}")
                .put(folder + "model.safetensors", "weights")
                .put(folder + "tokenizer.json", "{}")
                .put(folder + "tokenizer_config.json", "{\"model_max_length\": 512}");
    }

    public LayoutFolder put(String name, String content) {
        files.put(name, content);
        return this;
    }

    public LayoutFolder remove(String name) {
        if (files.remove(name) == null) {
            throw new IllegalArgumentException(name);
        }
        return this;
    }

    /** Replaces a part of a file, which must exist. */
    public LayoutFolder replace(String name, String part, String by) {
        if (!files.get(name).contains(part)) {
            throw new IllegalArgumentException(name + " has no " + part);
        }
        return put(name, files.get(name).replace(part, by));
    }

    /** The content of each file. */
    public Map<String, byte[]> files() {
        Map<String, byte[]> content = new TreeMap<>();
        files.forEach((name, text) -> content.put(name, text.getBytes(StandardCharsets.UTF_8)));
        return content;
    }

    public void write(Path directory) {
        try {
            for (Map.Entry<String, byte[]> file : files().entrySet()) {
                Path path = directory.resolve(file.getKey());
                Files.createDirectories(path.getParent());
                Files.write(path, file.getValue());
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}

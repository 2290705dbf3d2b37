package io.github.flinksplade.encoder.tokenizer;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.MissingNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.github.flinksplade.encoder.ModelException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SortedMap;
import java.util.TreeMap;

/**
 * The {@code tokenizer_config.json} next to a tokenizer, as far as it changes what the transformers
 * library makes of a {@code tokenizer.json} or {@code vocab.txt}.
 *
 * @param path the file
 * @param json its content
 * @param tokenizerClass the class it states, else that of the model type in {@code config.json},
 *     without the suffix {@code Fast}; empty if neither is known
 */
record TokenizerConfig(Path path, JsonNode json, String tokenizerClass) {

    static final String FILE_NAME = "tokenizer_config.json";

    /** BERT's tokenizer by model type. These classes take the normalizer from this file. */
    private static final Map<String, String> BERT_CLASSES =
            Map.of(
                    "bert", "BertTokenizer",
                    "distilbert", "DistilBertTokenizer",
                    "electra", "ElectraTokenizer",
                    "mobilebert", "MobileBertTokenizer",
                    "convbert", "ConvBertTokenizer",
                    "squeezebert", "SqueezeBertTokenizer",
                    "mpnet", "MPNetTokenizer");

    /**
     * A key that transformers writes since version 5, which replaces any normalizer of BERT's
     * tokenizer; version 4 replaces only the settings of a BertNormalizer.
     */
    private static final String VERSION_5 = "backend";

    private static final String MPNET = "MPNetTokenizer";

    /**
     * The settings of BERT's normalizer: the key in tokenizer.json and the one in this file.
     * Sorted, since the order is part of a digest.
     */
    private static final SortedMap<String, String> NORMALIZER_KEYS =
            new TreeMap<>(
                    Map.of(
                            "lowercase", "do_lower_case",
                            "strip_accents", "strip_accents",
                            "handle_chinese_chars", "tokenize_chinese_chars"));

    /**
     * Reads the file next to a tokenizer; empty if it does not exist.
     *
     * @throws ModelException if it cannot be read or is not a JSON object
     */
    static Optional<TokenizerConfig> nextTo(Path tokenizer) {
        Path path = tokenizer.resolveSibling(FILE_NAME);
        return object(path)
                .map(
                        json -> {
                            String stated = json.path("tokenizer_class").asText("");
                            String type =
                                    object(tokenizer.resolveSibling("config.json"))
                                            .map(model -> model.path("model_type").asText(""))
                                            .orElse("");
                            return new TokenizerConfig(
                                    path,
                                    json,
                                    stated.isEmpty()
                                            ? BERT_CLASSES.getOrDefault(type, "")
                                            : stated.replaceFirst("Fast$", ""));
                        });
    }

    /** The content of a JSON file; empty if it does not exist. */
    static Optional<JsonNode> object(Path path) {
        if (!Files.isRegularFile(path)) {
            return Optional.empty();
        }
        try {
            JsonNode json = new ObjectMapper().readTree(Files.readAllBytes(path));
            if (!json.isObject()) {
                throw new ModelException(path + " does not contain a JSON object");
            }
            return Optional.of(json);
        } catch (JsonProcessingException e) {
            throw new ModelException(
                    path + " is not valid JSON: " + e.getOriginalMessage() + "; fetch it again", e);
        } catch (IOException e) {
            throw new ModelException(path + " cannot be read: " + e.getMessage(), e);
        }
    }

    /** Whether the tokenizer is BERT's. */
    boolean isBert() {
        return BERT_CLASSES.containsValue(tokenizerClass);
    }

    /**
     * The name of a special token, such as {@code unk_token}, and its matching options if the file
     * contains them.
     */
    JsonNode specialToken(String key) {
        JsonNode stated = json.path(key);
        if (stated.isMissingNode()) {
            stated =
                    object(path.resolveSibling("special_tokens_map.json"))
                            .map(map -> map.path(key))
                            .orElse(MissingNode.getInstance());
        }
        if (!stated.isMissingNode()) {
            return stated;
        }
        boolean isMpnet = tokenizerClass.equals(MPNET);
        String name =
                switch (key) {
                    case "unk_token" -> "[UNK]";
                    case "cls_token" -> isMpnet ? "<s>" : "[CLS]";
                    case "sep_token" -> isMpnet ? "</s>" : "[SEP]";
                    case "pad_token" -> isMpnet ? "<pad>" : "[PAD]";
                    case "mask_token" -> isMpnet ? "<mask>" : "[MASK]";
                    default -> throw new IllegalArgumentException(key);
                };
        return new ObjectMapper().createObjectNode().textNode(name);
    }

    /** The normalizer that BERT's tokenizer has by this file. */
    ObjectNode bertNormalizer() {
        ObjectNode normalizer = new ObjectMapper().createObjectNode();
        normalizer.put("type", "BertNormalizer");
        normalizer.put("clean_text", true);
        NORMALIZER_KEYS.forEach((key, own) -> normalizer.set(key, setting(own)));
        return normalizer;
    }

    /** A setting of BERT's normalizer, with the library's default. */
    private JsonNode setting(String key) {
        JsonNode value = json.path(key);
        boolean mayBeNull = key.equals("strip_accents");
        if (value.isMissingNode() || value.isNull() && mayBeNull) {
            ObjectNode defaults = new ObjectMapper().createObjectNode();
            return mayBeNull ? defaults.nullNode() : defaults.booleanNode(true);
        }
        if (!value.isBoolean()) {
            throw new ModelException(
                    path + ": " + key + " is " + value + ", but must be true or false");
        }
        return value;
    }

    /**
     * Applies what the library applies to a tokenizer.json: its classes for BERT replace the
     * settings of the normalizer, and all replace {@code add_prefix_space} of the pre-tokenizer for
     * byte-level BPE.
     *
     * @param warnings receives one sentence for each difference
     * @return whether the tokenizer was changed
     */
    boolean apply(ObjectNode tokenizer, List<String> warnings) {
        int before = warnings.size();
        if (isBert()
                && tokenizer.path("normalizer").path("type").asText().equals("BertNormalizer")) {
            applyNormalizer((ObjectNode) tokenizer.path("normalizer"), warnings);
        } else if (isBert() && json.has(VERSION_5)) {
            warnings.add(
                    difference(
                            "a normalizer of the type "
                                    + tokenizer.path("normalizer").path("type").asText("(none)"),
                            "the settings of BertNormalizer"));
            tokenizer.set("normalizer", bertNormalizer());
        } else {
            warnOfLowerCase(tokenizer.path("normalizer"), warnings);
            before = warnings.size(); // nothing was changed
        }
        JsonNode preTokenizer = tokenizer.path("pre_tokenizer");
        boolean prefixSpace = json.path("add_prefix_space").asBoolean(false);
        if (preTokenizer.path("type").asText().equals("ByteLevel")
                && preTokenizer.path("add_prefix_space").asBoolean(true) != prefixSpace) {
            warnings.add(
                    difference(
                            "add_prefix_space=" + !prefixSpace,
                            stated("add_prefix_space", Boolean.toString(prefixSpace))));
            ((ObjectNode) preTokenizer).put("add_prefix_space", prefixSpace);
        }
        return warnings.size() > before;
    }

    private void applyNormalizer(ObjectNode normalizer, List<String> warnings) {
        ObjectNode applied = bertNormalizer();
        List<String> found = new ArrayList<>();
        List<String> stated = new ArrayList<>();
        for (Map.Entry<String, JsonNode> setting : applied.properties()) {
            String own = NORMALIZER_KEYS.get(setting.getKey());
            JsonNode other = normalizer.path(setting.getKey());
            if (own != null && !setting.getValue().equals(other)) {
                // a missing strip_accents is null
                if (!(setting.getValue().isNull() && other.isMissingNode())) {
                    found.add(setting.getKey() + "=" + (other.isMissingNode() ? "(none)" : other));
                    stated.add(stated(own, setting.getValue().toString()));
                }
                normalizer.set(setting.getKey(), setting.getValue());
            }
        }
        if (!found.isEmpty()) {
            warnings.add(difference(String.join(", ", found), String.join(", ", stated)));
        }
    }

    private String stated(String key, String value) {
        return key + "=" + value + (json.has(key) ? "" : " by default");
    }

    private String difference(String found, String stated) {
        return "The tokenizer.json next to "
                + path
                + " has "
                + found
                + ", but "
                + FILE_NAME
                + " ("
                + (tokenizerClass.isEmpty() ? "no tokenizer_class" : tokenizerClass)
                + ") has "
                + stated
                + "; the latter is applied, as the transformers library does";
    }

    /** A tokenizer of another class, or with another normalizer, ignores do_lower_case. */
    private void warnOfLowerCase(JsonNode normalizer, List<String> warnings) {
        JsonNode stated = json.path("do_lower_case");
        if (stated.isBoolean() && stated.booleanValue() != isLowerCase(normalizer)) {
            warnings.add(
                    path
                            + " has do_lower_case="
                            + stated
                            + ", but the tokenizer.json next to it "
                            + (isLowerCase(normalizer) ? "converts" : "does not convert")
                            + " texts to lower case; the tokenizer.json is applied");
        }
    }

    private static boolean isLowerCase(JsonNode normalizer) {
        for (JsonNode part : normalizer.path("normalizers")) {
            if (isLowerCase(part)) {
                return true;
            }
        }
        return normalizer.path("type").asText().equals("Lowercase")
                || normalizer.path("lowercase").asBoolean(false);
    }
}

package io.github.flinksplade.encoder.tokenizer;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.github.flinksplade.encoder.ModelException;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/**
 * Converts the {@code vocab.txt} of a BERT tokenizer, one term per line, and its {@code
 * tokenizer_config.json} to the {@code tokenizer.json} that the transformers library makes of them.
 */
final class BertVocabulary {

    static final String FILE_NAME = "vocab.txt";

    private static final List<String> SPECIAL_TOKENS =
            List.of("unk_token", "sep_token", "pad_token", "cls_token", "mask_token");

    private static final List<String> MATCHING =
            List.of("single_word", "lstrip", "rstrip", "normalized");

    private final TokenizerConfig config;
    private final ObjectNode terms;
    private final ArrayNode added;
    private int next;

    private BertVocabulary(TokenizerConfig config, ObjectNode terms) {
        this.config = config;
        this.terms = terms;
        this.added = terms.arrayNode();
        this.next = terms.size();
    }

    /**
     * The content of the tokenizer.json.
     *
     * @throws ModelException if a file cannot be read, or the tokenizer is not BERT's
     */
    static ObjectNode convert(Path path) {
        TokenizerConfig config =
                TokenizerConfig.nextTo(path)
                        .orElseThrow(
                                () ->
                                        new ModelException(
                                                path
                                                        + " has no tokenizer.json and no "
                                                        + TokenizerConfig.FILE_NAME
                                                        + " next to it; one of them is required"));
        if (!config.isBert() && !config.tokenizerClass().isEmpty()) {
            throw new ModelException(
                    path
                            + " belongs to a "
                            + config.tokenizerClass()
                            + ", and has no tokenizer.json next to it; only BERT's tokenizer is"
                            + " built from a vocab.txt: save the fast tokenizer with the model");
        }
        return new BertVocabulary(config, terms(path)).tokenizer(path);
    }

    private static ObjectNode terms(Path path) {
        String content;
        try {
            content = Files.readString(path);
        } catch (IOException e) {
            throw new ModelException(path + " cannot be read: " + e.getMessage(), e);
        }
        String[] lines = content.split("\r\n|\r|\n", -1);
        // the last line ends with a line break
        int count = lines[lines.length - 1].isEmpty() ? lines.length - 1 : lines.length;
        ObjectNode terms = new ObjectMapper().createObjectNode();
        for (int id = 0; id < count; id++) {
            terms.put(lines[id], id);
        }
        return terms;
    }

    private ObjectNode tokenizer(Path path) {
        for (Map.Entry<Integer, JsonNode> token : addedTokens().entrySet()) {
            add(token.getValue(), token.getValue().path("special").asBoolean(false));
        }
        for (String key : SPECIAL_TOKENS) {
            add(config.specialToken(key), true);
        }
        ObjectNode json = terms.objectNode();
        json.put("version", "1.0");
        json.set("added_tokens", added);
        json.set("normalizer", config.bertNormalizer());
        json.putObject("pre_tokenizer").put("type", "BertPreTokenizer");
        json.set(
                "post_processor",
                postProcessor(required("cls_token", path), required("sep_token", path)));
        json.putObject("decoder").put("type", "WordPiece").put("prefix", "##").put("cleanup", true);
        json.putObject("model")
                .put("type", "WordPiece")
                .put("unk_token", required("unk_token", path))
                .put("continuing_subword_prefix", "##")
                .put("max_input_chars_per_word", 100)
                .set("vocab", terms);
        return json;
    }

    private TreeMap<Integer, JsonNode> addedTokens() {
        TreeMap<Integer, JsonNode> tokens = new TreeMap<>();
        for (Map.Entry<String, JsonNode> token :
                config.json().path("added_tokens_decoder").properties()) {
            try {
                tokens.put(Integer.valueOf(token.getKey()), token.getValue());
            } catch (NumberFormatException e) {
                throw new ModelException(
                        config.path()
                                + ": added_tokens_decoder has the key '"
                                + token.getKey()
                                + "', which is not a token id",
                        e);
            }
        }
        return tokens;
    }

    private static String content(JsonNode token) {
        return token.isTextual() ? token.textValue() : token.path("content").asText("");
    }

    /** Adds a token, once; one that the vocabulary lacks gets the next id. */
    private void add(JsonNode token, boolean special) {
        String content = content(token);
        for (JsonNode known : added) {
            if (content(known).equals(content)) {
                return;
            }
        }
        if (content.isEmpty()) {
            return;
        }
        ObjectNode entry = added.addObject();
        entry.put("id", terms.has(content) ? terms.path(content).intValue() : next++);
        entry.put("content", content);
        for (String flag : MATCHING) {
            entry.put(flag, token.path(flag).asBoolean(flag.equals("normalized") && !special));
        }
        entry.put("special", special);
    }

    private String required(String key, Path path) {
        String content = content(config.specialToken(key));
        if (!terms.has(content)) {
            throw new ModelException(
                    path
                            + " does not contain the "
                            + key
                            + " '"
                            + content
                            + "'; is it the vocabulary of another tokenizer?");
        }
        return content;
    }

    private ObjectNode postProcessor(String first, String last) {
        ObjectNode processor = terms.objectNode();
        processor.put("type", "TemplateProcessing");
        ArrayNode single = processor.putArray("single");
        piece(single, "SpecialToken", first, 0);
        piece(single, "Sequence", "A", 0);
        piece(single, "SpecialToken", last, 0);
        ArrayNode pair = processor.putArray("pair");
        pair.addAll(single);
        piece(pair, "Sequence", "B", 1);
        piece(pair, "SpecialToken", last, 1);
        ObjectNode special = processor.putObject("special_tokens");
        for (String token : List.of(first, last)) {
            ObjectNode entry = special.putObject(token);
            entry.put("id", token);
            entry.putArray("ids").add(terms.path(token).intValue());
            entry.putArray("tokens").add(token);
        }
        return processor;
    }

    private static void piece(ArrayNode pieces, String kind, String id, int type) {
        pieces.addObject().putObject(kind).put("id", id).put("type_id", type);
    }
}

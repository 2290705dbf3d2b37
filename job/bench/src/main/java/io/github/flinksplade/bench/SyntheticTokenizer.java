package io.github.flinksplade.bench;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.FileNotFoundException;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.Map;

/**
 * The tokenizers of synthetic models. The BERT shapes use BERT's own, so that texts have the same
 * tokens as with the real models. XLM-R uses a Unigram tokenizer of the same words, padded to the
 * size of its vocabulary.
 */
final class SyntheticTokenizer {

    private static final String BERT = "/all-minilm-l6-v2-tokenizer.json";
    private static final ObjectMapper MAPPER = new ObjectMapper();

    private SyntheticTokenizer() {}

    static void write(SyntheticModel.Shape shape, Path directory) throws IOException {
        byte[] bytes;
        try (InputStream in = SyntheticTokenizer.class.getResourceAsStream(BERT)) {
            if (in == null) {
                throw new FileNotFoundException(BERT + " is not on the class path");
            }
            bytes = in.readAllBytes();
        }
        if (shape == SyntheticModel.Shape.XLM_R) {
            bytes = MAPPER.writeValueAsBytes(unigram(MAPPER.readTree(bytes), shape.vocabulary));
        }
        Files.write(directory.resolve("tokenizer.json"), bytes);
    }

    /** A Unigram tokenizer with the special tokens and the normalization of XLM-R. */
    private static ObjectNode unigram(JsonNode bert, int terms) {
        List<String> words = new ArrayList<>();
        Iterator<String> vocabulary = bert.at("/model/vocab").fieldNames();
        while (vocabulary.hasNext()) {
            String word = vocabulary.next();
            if (word.startsWith("##")) {
                words.add(word.substring(2));
            } else if (!word.startsWith("[")) {
                words.add("\u2581" + word);
            }
        }
        ArrayNode pieces = MAPPER.createArrayNode();
        for (String special : List.of("<s>", "<pad>", "</s>", "<unk>")) {
            pieces.add(MAPPER.createArrayNode().add(special).add(0.0));
        }
        pieces.add(MAPPER.createArrayNode().add("\u2581").add(-5.0));
        double score = -6;
        for (String word : words) {
            score -= 1e-4;
            pieces.add(MAPPER.createArrayNode().add(word).add(score));
        }
        while (pieces.size() < terms - 1) {
            pieces.add(MAPPER.createArrayNode().add("\u2581filler" + pieces.size()).add(-20.0));
        }
        ObjectNode tokenizer = MAPPER.createObjectNode();
        tokenizer.put("version", "1.0");
        tokenizer.putNull("truncation");
        tokenizer.putNull("padding");
        ArrayNode added = tokenizer.putArray("added_tokens");
        for (int id = 0; id < 4; id++) {
            added.add(special(id, pieces.get(id).get(0).textValue()));
        }
        added.add(special(terms - 1, "<mask>"));
        tokenizer
                .putObject("normalizer")
                .put("type", "Sequence")
                .putArray("normalizers")
                .add(MAPPER.createObjectNode().put("type", "NFKC"))
                .add(MAPPER.createObjectNode().put("type", "Lowercase"));
        tokenizer
                .putObject("pre_tokenizer")
                .put("type", "Metaspace")
                .put("replacement", "\u2581")
                .put("prepend_scheme", "always")
                .put("split", true);
        ObjectNode post = tokenizer.putObject("post_processor");
        post.put("type", "TemplateProcessing");
        post.set("single", MAPPER.valueToTree(List.of(token("<s>"), sequence(), token("</s>"))));
        post.set("pair", MAPPER.valueToTree(List.of(token("<s>"), sequence(), token("</s>"))));
        post.set(
                "special_tokens",
                MAPPER.valueToTree(Map.of("<s>", template("<s>", 0), "</s>", template("</s>", 2))));
        tokenizer.putNull("decoder");
        ObjectNode model = tokenizer.putObject("model");
        model.put("type", "Unigram").put("unk_id", 3).put("byte_fallback", false);
        model.set("vocab", pieces);
        return tokenizer;
    }

    private static ObjectNode special(int id, String content) {
        return MAPPER.createObjectNode()
                .put("id", id)
                .put("content", content)
                .put("single_word", false)
                .put("lstrip", false)
                .put("rstrip", false)
                .put("normalized", false)
                .put("special", true);
    }

    private static Map<String, Object> token(String name) {
        return Map.of("SpecialToken", Map.of("id", name, "type_id", 0));
    }

    private static Map<String, Object> sequence() {
        return Map.of("Sequence", Map.of("id", "A", "type_id", 0));
    }

    private static Map<String, Object> template(String name, int id) {
        return Map.of("id", name, "ids", List.of(id), "tokens", List.of(name));
    }
}

package io.github.flinksplade.encoder;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** Creates small tokenizers, as the content of a {@code tokenizer.json}. */
final class SmallTokenizers {

    private SmallTokenizers() {}

    private static final List<String> WORDS =
            List.of("hello", "world", "the", "house", "of", "a1", "日", "本", "é", "😀");

    /** A BERT tokenizer whose last term is {@code poison}. */
    static Map<String, Object> wordPiece(int vocabulary) {
        Map<String, Integer> terms = new LinkedHashMap<>();
        for (String special : List.of("[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]")) {
            terms.put(special, terms.size());
        }
        for (char c = 'a'; c <= 'z'; c++) {
            terms.put(Character.toString(c), terms.size());
            terms.put("##" + c, terms.size());
        }
        WORDS.forEach(word -> terms.put(word, terms.size()));
        while (terms.size() < vocabulary - 1) {
            terms.put("w" + terms.size(), terms.size());
        }
        terms.put("poison", terms.size());
        List<Object> added = new ArrayList<>();
        for (String special : List.of("[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]")) {
            added.add(added(special, terms.get(special), false));
        }
        Map<String, Object> normalizer = new LinkedHashMap<>();
        normalizer.put("type", "BertNormalizer");
        normalizer.put("clean_text", true);
        normalizer.put("handle_chinese_chars", true);
        normalizer.put("strip_accents", null);
        normalizer.put("lowercase", true);
        return tokenizer(
                added,
                normalizer,
                Map.of("type", "BertPreTokenizer"),
                "[CLS]",
                2,
                "[SEP]",
                3,
                Map.of(
                        "type",
                        "WordPiece",
                        "unk_token",
                        "[UNK]",
                        "continuing_subword_prefix",
                        "##",
                        "max_input_chars_per_word",
                        100,
                        "vocab",
                        terms),
                0,
                "[PAD]");
    }

    /** An XLM-RoBERTa tokenizer. */
    static Map<String, Object> unigram(int vocabulary) {
        List<List<Object>> pieces = new ArrayList<>();
        for (String special : List.of("<s>", "<pad>", "</s>", "<unk>")) {
            pieces.add(List.of(special, 0.0));
        }
        pieces.add(List.of("\u2581", -3.0));
        for (char c = 'a'; c <= 'z'; c++) {
            pieces.add(List.of(Character.toString(c), -6.0));
        }
        WORDS.forEach(word -> pieces.add(List.of("\u2581" + word, -4.5)));
        pieces.add(List.of("\u2581poison", -4.5));
        while (pieces.size() < vocabulary - 1) {
            pieces.add(List.of("\u2581w" + pieces.size(), -7.0));
        }
        List<Object> added = new ArrayList<>();
        for (int id = 0; id < 4; id++) {
            added.add(added((String) pieces.get(id).get(0), id, false));
        }
        added.add(added("<mask>", vocabulary - 1, true));
        Map<String, Object> metaspace = new LinkedHashMap<>();
        metaspace.put("type", "Metaspace");
        metaspace.put("replacement", "\u2581");
        metaspace.put("prepend_scheme", "always");
        metaspace.put("split", true);
        Map<String, Object> model = new LinkedHashMap<>();
        model.put("type", "Unigram");
        model.put("unk_id", 3);
        model.put("vocab", pieces);
        model.put("byte_fallback", false);
        return tokenizer(
                added, Map.of("type", "NFKC"), metaspace, "<s>", 0, "</s>", 2, model, 1, "<pad>");
    }

    private static Map<String, Object> added(String content, int id, boolean lstrip) {
        return Map.of(
                "id",
                id,
                "content",
                content,
                "single_word",
                false,
                "lstrip",
                lstrip,
                "rstrip",
                false,
                "normalized",
                false,
                "special",
                true);
    }

    /** Sets truncation and padding, which the encoder must ignore. */
    private static Map<String, Object> tokenizer(
            List<Object> added,
            Object normalizer,
            Object preTokenizer,
            String first,
            int firstId,
            String last,
            int lastId,
            Object model,
            int padding,
            String paddingToken) {
        Map<String, Object> json = new LinkedHashMap<>();
        json.put("version", "1.0");
        json.put(
                "truncation",
                Map.of(
                        "direction",
                        "Right",
                        "max_length",
                        6,
                        "strategy",
                        "LongestFirst",
                        "stride",
                        0));
        Map<String, Object> pad = new LinkedHashMap<>();
        pad.put("strategy", Map.of("Fixed", 6));
        pad.put("direction", "Right");
        pad.put("pad_to_multiple_of", null);
        pad.put("pad_id", padding);
        pad.put("pad_type_id", 0);
        pad.put("pad_token", paddingToken);
        json.put("padding", pad);
        json.put("added_tokens", added);
        json.put("normalizer", normalizer);
        json.put("pre_tokenizer", preTokenizer);
        json.put(
                "post_processor",
                Map.of(
                        "type",
                        "TemplateProcessing",
                        "single",
                        List.of(
                                Map.of("SpecialToken", Map.of("id", first, "type_id", 0)),
                                Map.of("Sequence", Map.of("id", "A", "type_id", 0)),
                                Map.of("SpecialToken", Map.of("id", last, "type_id", 0))),
                        "pair",
                        List.of(
                                Map.of("Sequence", Map.of("id", "A", "type_id", 0)),
                                Map.of("Sequence", Map.of("id", "B", "type_id", 1))),
                        "special_tokens",
                        Map.of(
                                first,
                                Map.of(
                                        "id",
                                        first,
                                        "ids",
                                        List.of(firstId),
                                        "tokens",
                                        List.of(first)),
                                last,
                                Map.of(
                                        "id",
                                        last,
                                        "ids",
                                        List.of(lastId),
                                        "tokens",
                                        List.of(last)))));
        json.put("decoder", null);
        json.put("model", model);
        return json;
    }
}

package io.github.flinksplade.encoder.tokenizer;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.Arrays;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;

/**
 * BERT's tokenizer, with the results of the Hugging Face library in a fraction of the time. The
 * normalization of a character does not depend on its neighbors (except for the order of combining
 * marks), so a table contains the class of each character, and a text is read once, word by word.
 * Safe for use by multiple threads.
 */
final class WordPiece {

    // classes of characters; the low 16 bits contain the normalized character

    private static final int UNKNOWN = 0;

    private static final int WORD = 1 << 16; // part of a word
    private static final int SPACE = 2 << 16; // ends a word
    private static final int SINGLE = 3 << 16; // a separate word
    private static final int REMOVED = 4 << 16;
    private static final int COMPLEX = 5 << 16; // does not fit the table

    /** Ranges of the CJK characters that are separate words. */
    private static final int[][] CHINESE = {
        {0x4E00, 0x9FFF},
        {0x3400, 0x4DBF},
        {0x20000, 0x2A6DF},
        {0x2A700, 0x2B73F},
        {0x2B740, 0x2B81F},
        {0x2B920, 0x2CEAF},
        {0xF900, 0xFAFF},
        {0x2F800, 0x2FA1F}
    };

    private final Normalizer normalizer;
    private final TermTrie terms;
    private final int continuation;
    private final int unknown;
    private final int maxWordLength;
    private final TermTrie added;
    private final int[] prefix;
    private final int[] suffix;

    /** By character. Writes of ints are atomic, so threads may fill it concurrently. */
    private final int[] classes = new int[1 << 16];

    private WordPiece(Normalizer normalizer, Model model, TermTrie added, int[][] special) {
        this.normalizer = normalizer;
        this.terms = model.terms();
        this.continuation = model.continuation();
        this.unknown = model.unknown();
        this.maxWordLength = model.maxWordLength();
        this.added = added;
        this.prefix = special[0];
        this.suffix = special[1];
    }

    /** The tokenizer of a tokenizer.json; empty unless the file is certain to be plain BERT. */
    static Optional<WordPiece> of(JsonNode json) {
        Optional<Normalizer> normalizer = Normalizer.of(json.path("normalizer"));
        Optional<Model> model = Model.of(json.path("model"));
        boolean isBertPreTokenizer =
                "BertPreTokenizer".equals(json.path("pre_tokenizer").path("type").textValue());
        Optional<int[][]> special = specialTokens(json.path("post_processor"));
        if (normalizer.isEmpty() || model.isEmpty() || !isBertPreTokenizer || special.isEmpty()) {
            return Optional.empty();
        }
        return added(json.path("added_tokens"), model.get())
                .map(added -> new WordPiece(normalizer.get(), model.get(), added, special.get()));
    }

    /** The special tokens before and after every text. */
    private static Optional<int[][]> specialTokens(JsonNode processor) {
        return switch (processor.path("type").asText()) {
            case "BertProcessing" -> {
                JsonNode first = processor.path("cls").path(1);
                JsonNode last = processor.path("sep").path(1);
                yield first.isInt() && last.isInt()
                        ? Optional.of(new int[][] {{first.intValue()}, {last.intValue()}})
                        : Optional.empty();
            }
            case "TemplateProcessing" -> template(processor);
            default -> Optional.empty();
        };
    }

    private static Optional<int[][]> template(JsonNode processor) {
        int[][] special = {{}, {}};
        int side = 0;
        for (JsonNode piece : processor.path("single")) {
            if (side == 0 && "A".equals(piece.path("Sequence").path("id").textValue())) {
                side = 1;
                continue;
            }
            String name = piece.path("SpecialToken").path("id").asText();
            JsonNode ids = processor.path("special_tokens").path(name).path("ids");
            if (!ids.isArray()) {
                return Optional.empty();
            }
            for (JsonNode id : ids) {
                if (!id.isInt()) {
                    return Optional.empty();
                }
                special[side] = Arrays.copyOf(special[side], special[side].length + 1);
                special[side][special[side].length - 1] = id.intValue();
            }
        }
        return side == 1 ? Optional.of(special) : Optional.empty();
    }

    /** The added tokens, which are matched in the raw text; empty if one has other options. */
    private static Optional<TermTrie> added(JsonNode tokens, Model model) {
        TermTrie added = new TermTrie();
        Map<String, Integer> ids = new HashMap<>();
        int next = model.size();
        for (JsonNode token : tokens) {
            String content = token.path("content").asText();
            boolean isPlain = !content.isEmpty() && token.path("id").isInt();
            for (String flag : new String[] {"single_word", "lstrip", "rstrip", "normalized"}) {
                isPlain &= token.path(flag).isBoolean() && !token.path(flag).booleanValue();
            }
            if (!isPlain) {
                return Optional.empty();
            }
            // the library assigns the vocabulary's id or the next one, and ignores the file's
            int known = model.terms().id(content);
            int id = known == TermTrie.NONE ? next : known;
            if (id != token.path("id").intValue() || ids.put(content, id) != null) {
                return Optional.empty();
            }
            next = Math.max(next, id + 1);
            added.put(content, id);
        }
        return Optional.of(added);
    }

    /** The class of a character, with the normalized character. */
    private int classify(char c) {
        if (Character.isSurrogate(c) || added.next(TermTrie.ROOT, c) != TermTrie.NONE) {
            return COMPLEX;
        }
        if (normalizer.removes(c)) {
            return REMOVED;
        }
        int[] normal = normalizer.normal(c);
        boolean isMark = normalizer.order(c) != 0;
        if (normal.length == 0 && isMark) {
            return REMOVED;
        }
        if (normal.length != 1 || normal[0] > Character.MAX_VALUE || isMark) {
            return COMPLEX;
        }
        if (Characters.LIBRARY.isSpace(normal[0])) {
            return SPACE;
        }
        boolean isSingle = Characters.LIBRARY.isPunctuation(normal[0]) || normalizer.splits(c);
        return (isSingle ? SINGLE : WORD) | normal[0];
    }

    /** Returns a text's tokens, special tokens included; the text has no lone surrogates. */
    int[] encode(String text) {
        return new Reader(text).read();
    }

    /** Tokenizes one text. */
    private final class Reader {

        private final String text;
        private char[] word = new char[64];
        private int length; // of the word
        private int fixed; // marks are not reordered before this index of the word
        private int[] ids;
        private int count; // of the ids

        private Reader(String text) {
            this.text = text;
            this.ids = new int[16 + text.length() / 3];
        }

        private int[] read() {
            for (int id : prefix) {
                add(id);
            }
            int end = text.length();
            for (int i = 0; i < end; ) {
                char c = text.charAt(i);
                int type = classes[c];
                if (type == UNKNOWN) {
                    type = classify(c);
                    classes[c] = type;
                }
                i++;
                switch (type & ~Character.MAX_VALUE) {
                    case WORD -> append((char) type);
                    case SPACE -> endWord();
                    case SINGLE -> single((char) type);
                    case REMOVED -> {}
                    default -> i = complex(i - 1);
                }
            }
            endWord();
            for (int id : suffix) {
                add(id);
            }
            return Arrays.copyOf(ids, count);
        }

        /** Reads a character that the table does not contain; returns the index after it. */
        private int complex(int at) {
            int node = TermTrie.ROOT;
            int token = TermTrie.NONE;
            int end = at;
            for (int i = at; i < text.length(); i++) {
                node = added.next(node, text.charAt(i));
                if (node == TermTrie.NONE) {
                    break;
                }
                if (added.id(node) != TermTrie.NONE) {
                    token = added.id(node);
                    end = i + 1;
                }
            }
            if (token != TermTrie.NONE) {
                endWord();
                add(token);
                return end;
            }
            int c = text.codePointAt(at);
            if (!normalizer.removes(c)) {
                character(c);
            }
            return at + Character.charCount(c);
        }

        private void character(int c) {
            boolean split = normalizer.splits(c);
            if (split) {
                endWord();
            }
            int[] normal = normalizer.normal(c);
            if (normal.length == 0 && normalizer.order(c) == 0) {
                fixed = length;
            }
            for (int part : normal) {
                if (Characters.LIBRARY.isSpace(part)) {
                    endWord();
                } else if (Characters.LIBRARY.isPunctuation(part)) {
                    single(part);
                } else {
                    appendInOrder(part);
                }
            }
            if (split) {
                endWord();
            }
        }

        private void single(int c) {
            endWord();
            append(c);
            endWord();
        }

        /** Appends a character, or inserts a combining mark by its canonical order. */
        private void appendInOrder(int c) {
            int order = normalizer.order(c);
            int position = length;
            while (order != 0 && position > fixed) {
                int before = Character.codePointBefore(word, position);
                if (normalizer.order(before) <= order) {
                    break;
                }
                position -= Character.charCount(before);
            }
            int from = length;
            append(c);
            if (position < from) {
                char[] mark = Arrays.copyOfRange(word, from, length);
                System.arraycopy(word, position, word, position + mark.length, from - position);
                System.arraycopy(mark, 0, word, position, mark.length);
            }
        }

        private void append(int c) {
            if (c > Character.MAX_VALUE) {
                append(Character.highSurrogate(c));
                append(Character.lowSurrogate(c));
            } else {
                append((char) c);
            }
        }

        private void append(char c) {
            if (length == word.length) {
                word = Arrays.copyOf(word, 2 * length);
            }
            word[length++] = c;
        }

        private void endWord() {
            if (length > 0) {
                int before = count;
                if (isTooLong() || !appendPieces()) {
                    count = before;
                    add(unknown);
                }
                length = 0;
            }
            fixed = 0;
        }

        private boolean isTooLong() {
            return length > maxWordLength
                    && Character.codePointCount(word, 0, length) > maxWordLength;
        }

        /** Splits the word into the longest terms from its start; whether that is possible. */
        private boolean appendPieces() {
            int node = TermTrie.ROOT;
            for (int from = 0; from < length; node = continuation) {
                int id = TermTrie.NONE;
                int end = from;
                for (int i = from; i < length; i++) {
                    node = terms.next(node, word[i]);
                    if (node == TermTrie.NONE) {
                        break;
                    }
                    int found = terms.id(node);
                    if (found != TermTrie.NONE) {
                        id = found;
                        end = i + 1;
                    }
                }
                if (id == TermTrie.NONE) {
                    return false;
                }
                add(id);
                from = end;
            }
            return true;
        }

        private void add(int id) {
            if (count == ids.length) {
                ids = Arrays.copyOf(ids, 2 * count);
            }
            ids[count++] = id;
        }
    }

    /** The vocabulary, and how words are split. */
    private record Model(
            TermTrie terms, int size, int continuation, int unknown, int maxWordLength) {

        private static Optional<Model> of(JsonNode json) {
            // a model without a type is a WordPiece if it has its fields and no merges
            String type = json.path("type").asText("");
            JsonNode continuing = json.path("continuing_subword_prefix");
            JsonNode longest = json.path("max_input_chars_per_word");
            JsonNode vocabulary = json.path("vocab");
            if (!(type.equals("WordPiece") || !json.has("type") && !json.has("merges"))
                    || !continuing.isTextual()
                    || !longest.isInt()
                    || longest.intValue() < 0
                    || !json.path("unk_token").isTextual()
                    || !vocabulary.isObject()) {
                return Optional.empty();
            }
            TermTrie terms = new TermTrie();
            for (Map.Entry<String, JsonNode> term : vocabulary.properties()) {
                if (!term.getValue().isInt() || term.getValue().intValue() < 0) {
                    return Optional.empty();
                }
                terms.put(term.getKey(), term.getValue().intValue());
            }
            int unknown = terms.id(json.path("unk_token").textValue());
            int continuation = terms.add(continuing.textValue());
            return unknown == TermTrie.NONE
                    ? Optional.empty()
                    : Optional.of(
                            new Model(
                                    terms,
                                    vocabulary.size(),
                                    continuation,
                                    unknown,
                                    longest.intValue()));
        }
    }

    /** BertNormalizer, for one character at a time. */
    private record Normalizer(
            boolean cleanText, boolean splitChinese, boolean stripAccents, boolean lowercase) {

        private static Optional<Normalizer> of(JsonNode json) {
            JsonNode strip = json.path("strip_accents");
            JsonNode lower = json.path("lowercase");
            if (!"BertNormalizer".equals(json.path("type").textValue())
                    || !json.path("clean_text").isBoolean()
                    || !json.path("handle_chinese_chars").isBoolean()
                    || !lower.isBoolean()
                    || !(strip.isBoolean() || strip.isNull() || strip.isMissingNode())) {
                return Optional.empty();
            }
            return Optional.of(
                    new Normalizer(
                            json.path("clean_text").booleanValue(),
                            json.path("handle_chinese_chars").booleanValue(),
                            strip.isBoolean() ? strip.booleanValue() : lower.booleanValue(),
                            lower.booleanValue()));
        }

        /** Whether cleaning removes the character, which is the first step. */
        private boolean removes(int c) {
            return cleanText && Characters.LIBRARY.isControl(c);
        }

        /** Whether the character is a separate word because it is Chinese. */
        private boolean splits(int c) {
            if (splitChinese) {
                for (int[] range : CHINESE) {
                    if (c >= range[0] && c <= range[1]) {
                        return true;
                    }
                }
            }
            return false;
        }

        /** The canonical order of a mark; 0 for characters that are not reordered. */
        private int order(int c) {
            return stripAccents ? Characters.LIBRARY.order(c) : 0;
        }

        /** The normalized form of a character that is not removed. */
        private int[] normal(int c) {
            int[] base = stripAccents ? Characters.LIBRARY.base(c) : new int[] {c};
            if (!lowercase) {
                return base;
            }
            if (base.length == 1) {
                return Characters.LIBRARY.lower(base[0]);
            }
            return Arrays.stream(base)
                    .flatMap(part -> Arrays.stream(Characters.LIBRARY.lower(part)))
                    .toArray();
        }
    }
}

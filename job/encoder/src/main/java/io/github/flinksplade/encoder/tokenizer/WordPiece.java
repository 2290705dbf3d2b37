package io.github.flinksplade.encoder.tokenizer;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.Arrays;
import java.util.HashMap;
import java.util.Map;
import java.util.Optional;

/**
 * BERT's tokenizer, with the results of the Hugging Face library and a small part of its time. Each
 * character becomes the same whatever stands beside it (but for the order of marks), so that one
 * table says what becomes of it, and a text is read once, into one word after the other. May be
 * used by any number of threads at once.
 */
final class WordPiece {

    /** What becomes of a character; the low 16 bits hold the character that it becomes. */
    private static final int UNSEEN = 0;

    private static final int WORD = 1 << 16; // part of a word
    private static final int SPACE = 2 << 16; // ends a word
    private static final int ALONE = 3 << 16; // a word by itself
    private static final int REMOVED = 4 << 16;
    private static final int OTHER = 5 << 16; // too much for this table

    /** The characters of other languages that BERT splits, from and to. */
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
    private final int longestWord;
    private final TermTrie added;
    private final int[] prefix;
    private final int[] suffix;

    /** By character; each is one number, so that threads may fill it at once without harm. */
    private final int[] fates = new int[1 << 16];

    private WordPiece(Normalizer normalizer, Model model, TermTrie added, int[][] ends) {
        this.normalizer = normalizer;
        this.terms = model.terms();
        this.continuation = model.continuation();
        this.unknown = model.unknown();
        this.longestWord = model.longestWord();
        this.added = added;
        this.prefix = ends[0];
        this.suffix = ends[1];
    }

    /** The tokenizer of a tokenizer.json; none where the file is not surely plain BERT. */
    static Optional<WordPiece> of(JsonNode json) {
        Optional<Normalizer> normalizer = Normalizer.of(json.path("normalizer"));
        Optional<Model> model = Model.of(json.path("model"));
        boolean words =
                "BertPreTokenizer".equals(json.path("pre_tokenizer").path("type").textValue());
        Optional<int[][]> ends = ends(json.path("post_processor"));
        if (normalizer.isEmpty() || model.isEmpty() || !words || ends.isEmpty()) {
            return Optional.empty();
        }
        return added(json.path("added_tokens"), model.get())
                .map(added -> new WordPiece(normalizer.get(), model.get(), added, ends.get()));
    }

    /** The tokens before and after every text. */
    private static Optional<int[][]> ends(JsonNode processor) {
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
        int[][] ends = {{}, {}};
        int end = 0;
        for (JsonNode piece : processor.path("single")) {
            if (end == 0 && "A".equals(piece.path("Sequence").path("id").textValue())) {
                end = 1;
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
                ends[end] = Arrays.copyOf(ends[end], ends[end].length + 1);
                ends[end][ends[end].length - 1] = id.intValue();
            }
        }
        return end == 1 ? Optional.of(ends) : Optional.empty();
    }

    /** The tokens that are looked for in the text as it comes; none where one is not so plain. */
    private static Optional<TermTrie> added(JsonNode tokens, Model model) {
        TermTrie added = new TermTrie();
        Map<String, Integer> ids = new HashMap<>();
        int next = model.size();
        for (JsonNode token : tokens) {
            String content = token.path("content").asText();
            boolean plain = !content.isEmpty() && token.path("id").isInt();
            for (String flag : new String[] {"single_word", "lstrip", "rstrip", "normalized"}) {
                plain &= token.path(flag).isBoolean() && !token.path(flag).booleanValue();
            }
            if (!plain) {
                return Optional.empty();
            }
            // the library takes the vocabulary's id or the next one, whatever the file says
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

    private int fate(char c) {
        if (Character.isSurrogate(c) || added.next(TermTrie.ROOT, c) != TermTrie.NONE) {
            return OTHER;
        }
        if (normalizer.removes(c)) {
            return REMOVED;
        }
        int[] normal = normalizer.normal(c);
        boolean moves = normalizer.order(c) != 0;
        if (normal.length == 0 && moves) {
            return REMOVED;
        }
        if (normal.length != 1 || normal[0] > Character.MAX_VALUE || moves) {
            return OTHER;
        }
        if (Characters.LIBRARY.isSpace(normal[0])) {
            return SPACE;
        }
        boolean alone = Characters.LIBRARY.isPunctuation(normal[0]) || normalizer.splits(c);
        return (alone ? ALONE : WORD) | normal[0];
    }

    /** A text's tokens, those before and after every text included; it has no lone surrogates. */
    int[] encode(String text) {
        return new Reader(text).read();
    }

    /** One text as it is read. */
    private final class Reader {

        private final String text;
        private char[] word = new char[64];
        private int length; // of the word
        private int fixed; // marks are not put in order before this place of the word
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
                int fate = fates[c];
                if (fate == UNSEEN) {
                    fate = fate(c);
                    fates[c] = fate;
                }
                i++;
                switch (fate & ~Character.MAX_VALUE) {
                    case WORD -> append((char) fate);
                    case SPACE -> endWord();
                    case ALONE -> alone((char) fate);
                    case REMOVED -> {}
                    default -> i = other(i - 1);
                }
            }
            endWord();
            for (int id : suffix) {
                add(id);
            }
            return Arrays.copyOf(ids, count);
        }

        /** Reads what the table does not know, and says where to go on. */
        private int other(int at) {
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
                    alone(part);
                } else {
                    inOrder(part);
                }
            }
            if (split) {
                endWord();
            }
        }

        private void alone(int c) {
            endWord();
            append(c);
            endWord();
        }

        /** Appends a character, or puts a mark before those that canonical order has after it. */
        private void inOrder(int c) {
            int order = normalizer.order(c);
            int place = length;
            while (order != 0 && place > fixed) {
                int before = Character.codePointBefore(word, place);
                if (normalizer.order(before) <= order) {
                    break;
                }
                place -= Character.charCount(before);
            }
            int from = length;
            append(c);
            if (place < from) {
                char[] mark = Arrays.copyOfRange(word, from, length);
                System.arraycopy(word, place, word, place + mark.length, from - place);
                System.arraycopy(mark, 0, word, place, mark.length);
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
                if (tooLong() || !pieces()) {
                    count = before;
                    add(unknown);
                }
                length = 0;
            }
            fixed = 0;
        }

        private boolean tooLong() {
            return length > longestWord && Character.codePointCount(word, 0, length) > longestWord;
        }

        /** Splits the word into the longest terms from its beginning; whether that is possible. */
        private boolean pieces() {
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

    /** The vocabulary, with what is needed to split words by it. */
    private record Model(TermTrie terms, int size, int continuation, int unknown, int longestWord) {

        private static Optional<Model> of(JsonNode json) {
            // a model without type is a WordPiece if it has what one has, and no merges
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

    /** BertNormalizer, one character at a time. */
    private record Normalizer(boolean clean, boolean chinese, boolean strip, boolean lower) {

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

        /** Whether cleaning removes it, before anything else. */
        private boolean removes(int c) {
            return clean && Characters.LIBRARY.isControl(c);
        }

        /** Whether it is a word by itself because it is Chinese. */
        private boolean splits(int c) {
            if (chinese) {
                for (int[] range : CHINESE) {
                    if (c >= range[0] && c <= range[1]) {
                        return true;
                    }
                }
            }
            return false;
        }

        /** Its order among marks; 0: it stays where it is. */
        private int order(int c) {
            return strip ? Characters.LIBRARY.order(c) : 0;
        }

        /** What becomes of one that is not removed. */
        private int[] normal(int c) {
            int[] base = strip ? Characters.LIBRARY.base(c) : new int[] {c};
            if (!lower) {
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

package io.github.flinksplade.encoder.internal;

import ai.djl.huggingface.tokenizers.Encoding;
import ai.djl.huggingface.tokenizers.HuggingFaceTokenizer;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import io.github.flinksplade.encoder.EncodingException;
import io.github.flinksplade.encoder.ModelException;
import io.github.flinksplade.encoder.Role;
import io.github.flinksplade.encoder.TokenSequence;
import io.github.flinksplade.encoder.Tokenizer;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.locks.ReadWriteLock;
import java.util.concurrent.locks.ReentrantReadWriteLock;

/**
 * A tokenizer.json, read by the Hugging Face library. Its own entries on truncation and padding do
 * not count: a text is cut as {@code transformers} does it, special tokens kept, to the limit that
 * it is asked for.
 */
final class HuggingFaceTokens implements AutoCloseable {

    /** So many characters are tokenised at first, and at most. */
    static final int FIRST_CHARACTERS = 1 << 16;

    static final int MOST_CHARACTERS = 1 << 22;

    /** A vocabulary has no more terms; the largest in use have a few hundred thousand. */
    private static final int HIGHEST_ID = 1 << 24;

    /** Tokens so near to where a text was cut may differ from those of the whole. */
    private static final int MARGIN_TOKENS = 64;

    /** How far before its end a text may be cut to cut it between words. */
    private static final int MARGIN_CHARACTERS = 4096;

    static {
        // no connection: no usage tracking, no look for a build of the library for GPUs
        setUnlessGiven("OPT_OUT_TRACKING", "true");
        setUnlessGiven("ai.djl.offline", "true");
        setUnlessGiven("RUST_FLAVOR", "cpu");
    }

    private final HuggingFaceTokenizer tokenizer;
    private final String[] terms;
    private final int[] prefix;
    private final int[] suffix;
    private final int padding;
    private final ReadWriteLock open = new ReentrantReadWriteLock();
    private boolean closed; // guarded by open

    private HuggingFaceTokens(HuggingFaceTokenizer tokenizer, String[] terms, int padding) {
        this.tokenizer = tokenizer;
        this.terms = terms;
        this.padding = padding;
        int[][] ends = specialTokens(tokenizer);
        this.prefix = ends[0];
        this.suffix = ends[1];
    }

    private static void setUnlessGiven(String name, String value) {
        if (System.getenv(name) == null && System.getProperty(name) == null) {
            System.setProperty(name, value);
        }
    }

    /**
     * @throws ModelException when the file is no tokenizer
     */
    static HuggingFaceTokens read(Path path) {
        JsonNode json;
        try {
            json = new ObjectMapper().readTree(Files.readAllBytes(path));
        } catch (JsonProcessingException e) {
            throw new ModelException(
                    path
                            + " is not JSON, or is cut off or damaged ("
                            + e.getOriginalMessage()
                            + "); fetch or export it again",
                    e);
        } catch (IOException e) {
            throw new ModelException(path + " cannot be read: " + e.getMessage(), e);
        }
        String[] terms = terms(json);
        if (terms.length == 0) {
            throw new ModelException(
                    path
                            + " is not a tokenizer: it has no vocabulary of whole, small ids; export"
                            + " the model together with its fast tokenizer");
        }
        HuggingFaceTokenizer tokenizer;
        try {
            tokenizer =
                    HuggingFaceTokenizer.newInstance(
                            path, Map.of("truncation", "false", "padding", "false"));
        } catch (IOException e) {
            throw new ModelException(path + " cannot be read: " + e.getMessage(), e);
        } catch (RuntimeException e) {
            throw new ModelException(
                    path
                            + " is not a tokenizer that can be used ("
                            + String.valueOf(e.getMessage()).replaceAll("\\s+", " ").strip()
                            + "); export the model together with its fast tokenizer",
                    e);
        }
        try {
            return new HuggingFaceTokens(tokenizer, terms, padding(json, terms));
        } catch (RuntimeException e) {
            tokenizer.close();
            throw e;
        }
    }

    /** The terms by their ids, added tokens included; null where an id has none. */
    private static String[] terms(JsonNode json) {
        TreeMap<Integer, String> terms = new TreeMap<>();
        JsonNode vocabulary = json.path("model").path("vocab");
        if (vocabulary.isArray()) {
            for (JsonNode piece : vocabulary) {
                terms.put(terms.size(), piece.path(0).asText());
            }
        } else {
            for (Map.Entry<String, JsonNode> entry : vocabulary.properties()) {
                terms.put(entry.getValue().asInt(-1), entry.getKey());
            }
        }
        for (JsonNode token : json.path("added_tokens")) {
            terms.put(token.path("id").asInt(-1), token.path("content").asText());
        }
        if (terms.isEmpty() || terms.firstKey() < 0 || terms.lastKey() > HIGHEST_ID) {
            return new String[0];
        }
        String[] byId = new String[terms.lastKey() + 1];
        terms.forEach((id, term) -> byId[id] = term);
        return byId;
    }

    private static int padding(JsonNode json, String[] terms) {
        if (json.path("padding").path("pad_id").isInt()) {
            return json.path("padding").path("pad_id").intValue();
        }
        for (String usual : List.of("[PAD]", "<pad>")) {
            int id = Arrays.asList(terms).indexOf(usual);
            if (id >= 0) {
                return id;
            }
        }
        return 0;
    }

    /** What the tokenizer puts before and after every text. */
    private static int[][] specialTokens(HuggingFaceTokenizer tokenizer) {
        for (String sample : List.of("a", "0", ".", "the")) {
            Encoding encoding = tokenizer.encode(sample, true, false);
            long[] ids = encoding.getIds();
            long[] special = encoding.getSpecialTokenMask();
            int before = 0;
            while (before < ids.length && special[before] == 1) {
                before++;
            }
            int after = 0;
            while (after < ids.length - before && special[ids.length - 1 - after] == 1) {
                after++;
            }
            if (before < ids.length) {
                return new int[][] {
                    ints(ids, 0, before), ints(ids, ids.length - after, ids.length)
                };
            }
        }
        long[] ids = tokenizer.encode("", true, false).getIds();
        return new int[][] {ints(ids, 0, ids.length), new int[0]};
    }

    private static int[] ints(long[] ids, int from, int to) {
        int[] copy = new int[to - from];
        for (int i = from; i < to; i++) {
            copy[i - from] = Math.toIntExact(ids[i]);
        }
        return copy;
    }

    int vocabularySize() {
        return terms.length;
    }

    /** The special tokens before every text. */
    int[] prefix() {
        return prefix;
    }

    /** The special tokens after every text. */
    int[] suffix() {
        return suffix;
    }

    /** The token that fills a row up. */
    int padding() {
        return padding;
    }

    /** The tokenizer with its limits, which then owns this. */
    Tokenizer limitedTo(int documentTokens, int queryTokens) {
        return new Limited(this, documentTokens, queryTokens);
    }

    /** A text's tokens, at most so many, special tokens counted. */
    TokenSequence tokenize(String text, int limit) {
        if (text == null) {
            throw new EncodingException("there is no text: null");
        }
        open.readLock().lock();
        try {
            if (closed) {
                throw new IllegalStateException("the encoder is closed");
            }
            int characters = FIRST_CHARACTERS;
            while (true) {
                int end = end(text, characters);
                TokenSequence tokens = tokenizeAll(text.substring(0, end), limit);
                boolean whole = end == text.length();
                if (whole || tokens.tokens() >= limit + MARGIN_TOKENS) {
                    return new TokenSequence(
                            tokens.ids(), tokens.tokens(), tokens.truncated() || !whole);
                }
                if (characters >= MOST_CHARACTERS) {
                    return new TokenSequence(tokens.ids(), tokens.tokens(), true);
                }
                characters *= 4;
            }
        } finally {
            open.readLock().unlock();
        }
    }

    /** Where to cut a text to about so many characters: between words, or at least characters. */
    private static int end(String text, int characters) {
        if (text.length() <= characters) {
            return text.length();
        }
        for (int end = characters; end > characters - MARGIN_CHARACTERS; end--) {
            if (Character.isWhitespace(text.charAt(end))) {
                return end;
            }
        }
        return Character.isLowSurrogate(text.charAt(characters)) ? characters - 1 : characters;
    }

    private TokenSequence tokenizeAll(String text, int limit) {
        long[] ids;
        try {
            ids = tokenizer.encode(withoutLoneSurrogates(text), true, false).getIds();
        } catch (RuntimeException e) {
            throw new EncodingException("the text cannot be tokenised: " + e.getMessage(), e);
        }
        if (ids.length <= limit) {
            return new TokenSequence(ints(ids, 0, ids.length), ids.length, false);
        }
        int[] cut = ints(ids, 0, limit);
        System.arraycopy(suffix, 0, cut, limit - suffix.length, suffix.length);
        return new TokenSequence(cut, ids.length, true);
    }

    /** Half of a character has no UTF-8; the replacement character stands for it. */
    private static String withoutLoneSurrogates(String text) {
        StringBuilder repaired = null;
        for (int i = 0; i < text.length(); i++) {
            char c = text.charAt(i);
            if (!Character.isSurrogate(c)) {
                continue;
            }
            if (Character.isHighSurrogate(c)
                    && i + 1 < text.length()
                    && Character.isLowSurrogate(text.charAt(i + 1))) {
                i++;
                continue;
            }
            if (repaired == null) {
                repaired = new StringBuilder(text);
            }
            repaired.setCharAt(i, '\uFFFD');
        }
        return repaired == null ? text : repaired.toString();
    }

    private String term(int id) {
        String term = id >= 0 && id < terms.length ? terms[id] : null;
        return term == null ? "[" + id + "]" : term;
    }

    @Override
    public void close() {
        open.writeLock().lock();
        try {
            if (!closed) {
                closed = true;
                tokenizer.close();
            }
        } finally {
            open.writeLock().unlock();
        }
    }

    private record Limited(HuggingFaceTokens tokens, int documentTokens, int queryTokens)
            implements Tokenizer {

        @Override
        public TokenSequence tokenize(String text, Role role) {
            return tokens.tokenize(
                    text,
                    switch (role) {
                        case DOCUMENT -> documentTokens;
                        case QUERY -> queryTokens;
                    });
        }

        @Override
        public int vocabularySize() {
            return tokens.vocabularySize();
        }

        @Override
        public String term(int id) {
            return tokens.term(id);
        }

        @Override
        public void close() {
            tokens.close();
        }
    }
}

package io.github.flinksplade.encoder.tokenizer;

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
import io.github.flinksplade.encoder.platform.NativeLibraries;
import io.github.flinksplade.vector.Utf16;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.BitSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.StringJoiner;
import java.util.TreeMap;
import java.util.concurrent.locks.ReadWriteLock;
import java.util.concurrent.locks.ReentrantReadWriteLock;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The tokenizer of a model. Reads {@code tokenizer.json} with the Hugging Face library, or with
 * {@link WordPiece} if it describes BERT's tokenizer. Its settings for truncation and padding are
 * ignored: texts are truncated to the role's limit as {@code transformers} does it, keeping special
 * tokens.
 */
public final class ModelTokenizer implements AutoCloseable {

    /** A text is tokenized up to this length first; the length is then quadrupled. */
    static final int FIRST_CHARACTERS = 1 << 16;

    static final int MAX_CHARACTERS = 1 << 22;

    /** The largest vocabularies in use have a few hundred thousand terms. */
    private static final int MAX_ID = 1 << 24;

    /** Tokens this close to where a text was cut may differ from those of the whole text. */
    private static final int MARGIN_TOKENS = 64;

    /** How far before the limit a text may be cut, in order to cut it between words. */
    private static final int MARGIN_CHARACTERS = 4096;

    /** Terms that are compared with the Hugging Face library when a tokenizer is loaded. */
    private static final int SAMPLED_TERMS = 1000;

    private static final String UNUSUAL_TEXT =
            "Na\u00EFve CAF\u00C9 cafe\u0301 \u0130stanbul \u03A3\u03C2 don't re-use [MASK][SEP]"
                    + " \u4E2D\u6587 \uD55C\uAD6D\uC5B4 \u0928\u092E\u0938\u094D\u0924\u0947"
                    + " \uD83D\uDC69\u200D\uD83D\uDCBB \uFB01 \u00A0\t\n\u2028\uFEFF\u0000 1,234.5 ";

    private static final Logger LOG = LoggerFactory.getLogger(ModelTokenizer.class);

    private final HuggingFaceTokenizer tokenizer;
    private final Optional<WordPiece> wordPiece;
    private final String[] terms;
    private final int[] prefix;
    private final int[] suffix;
    private final int padding;
    private final BitSet specialTerms = new BitSet();
    private final ReadWriteLock open = new ReentrantReadWriteLock();
    private boolean closed; // guarded by open

    private ModelTokenizer(HuggingFaceTokenizer tokenizer, JsonNode json, String[] terms) {
        this.tokenizer = tokenizer;
        this.wordPiece = WordPiece.of(json).filter(own -> isEquivalent(own, tokenizer, terms));
        this.terms = terms;
        this.padding = padding(json, terms);
        for (JsonNode token : json.path("added_tokens")) {
            if (token.path("special").asBoolean()) {
                specialTerms.set(token.path("id").asInt());
            }
        }
        int[][] special = specialTokens(tokenizer);
        this.prefix = special[0];
        this.suffix = special[1];
    }

    /**
     * Reads {@code tokenizer.json}.
     *
     * @throws ModelException if the file is not a valid tokenizer
     */
    public static ModelTokenizer read(Path path) {
        JsonNode json;
        try {
            json = new ObjectMapper().readTree(Files.readAllBytes(path));
        } catch (JsonProcessingException e) {
            throw new ModelException(
                    path
                            + " is not JSON, or is truncated or damaged ("
                            + e.getOriginalMessage()
                            + "); download or export it again",
                    e);
        } catch (IOException e) {
            throw new ModelException(path + " cannot be read: " + e.getMessage(), e);
        }
        String[] terms = terms(json);
        if (terms.length == 0) {
            throw new ModelException(
                    path
                            + " is not a tokenizer: it has no vocabulary with ids from 0 to "
                            + MAX_ID
                            + "; export the model together with its fast tokenizer");
        }
        NativeLibraries.tokenizers();
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
                            + " is not a tokenizer that the library supports ("
                            + String.valueOf(e.getMessage()).replaceAll("\\s+", " ").strip()
                            + "); export the model together with its fast tokenizer",
                    e);
        }
        try {
            return new ModelTokenizer(tokenizer, json, terms);
        } catch (RuntimeException e) {
            tokenizer.close();
            throw e;
        }
    }

    /** The terms by their ids, added tokens included; null for an id without a term. */
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
        if (terms.isEmpty() || terms.firstKey() < 0 || terms.lastKey() > MAX_ID) {
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
        for (String name : List.of("[PAD]", "<pad>")) {
            int id = Arrays.asList(terms).indexOf(name);
            if (id >= 0) {
                return id;
            }
        }
        return 0;
    }

    /** Whether both return the same tokens for samples of the vocabulary and unusual texts. */
    static boolean isEquivalent(WordPiece own, HuggingFaceTokenizer tokenizer, String[] terms) {
        StringJoiner samples = new StringJoiner(" ");
        int step = 1 + terms.length / SAMPLED_TERMS;
        for (int id = 0; id < terms.length; id += step) {
            samples.add(terms[id] + (id / step % 3 == 0 ? terms[id / 2] : ""));
        }
        for (String text : List.of("", UNUSUAL_TEXT, UNUSUAL_TEXT + samples)) {
            String whole = Utf16.wellFormed(text);
            long[] expected = tokenizer.encode(whole, true, false).getIds();
            if (!Arrays.equals(own.encode(whole), ints(expected, 0, expected.length))) {
                LOG.warn(
                        "The Java tokenizer does not reproduce this tokenizer.json, so the slower"
                                + " library is used; please report the model");
                return false;
            }
        }
        return true;
    }

    /** The special tokens before and after every text. */
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

    public int vocabularySize() {
        return terms.length;
    }

    /** The special tokens before every text. */
    public int[] prefix() {
        return prefix;
    }

    /** The special tokens after every text. */
    public int[] suffix() {
        return suffix;
    }

    /** The id of the padding token. */
    public int padding() {
        return padding;
    }

    /** The ids of the terms that tokenizer.json declares as special, such as [CLS] and [MASK]. */
    public BitSet specialTerms() {
        return (BitSet) specialTerms.clone();
    }

    /** The tokenizer with token limits; closing it closes this. */
    public Tokenizer limitedTo(int documentTokens, int queryTokens) {
        return new Limited(this, documentTokens, queryTokens);
    }

    /** Returns the tokens of a text, at most {@code limit}, special tokens included. */
    TokenSequence tokenize(String text, int limit) {
        if (text == null) {
            throw new EncodingException("the text is null");
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
                boolean isWhole = end == text.length();
                if (isWhole || tokens.tokens() >= limit + MARGIN_TOKENS) {
                    return isWhole ? tokens : truncated(tokens, end, text.length());
                }
                if (characters >= MAX_CHARACTERS) {
                    return truncated(tokens, end, text.length());
                }
                characters *= 4;
            }
        } finally {
            open.readLock().unlock();
        }
    }

    /** The tokens of the start of a text, with an estimate of the number of all its tokens. */
    private static TokenSequence truncated(TokenSequence start, int characters, int all) {
        long tokens = Math.round((double) start.tokens() * all / characters);
        return new TokenSequence(start.ids(), (int) Math.min(tokens, Integer.MAX_VALUE), true);
    }

    /**
     * Where to cut a text to about that many characters: between words, else between characters.
     */
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
        int[] ids;
        try {
            ids = ids(Utf16.wellFormed(text));
        } catch (RuntimeException e) {
            throw new EncodingException("the text cannot be tokenized: " + e.getMessage(), e);
        }
        if (ids.length <= limit) {
            return new TokenSequence(ids, ids.length, false);
        }
        int[] cut = Arrays.copyOf(ids, limit);
        System.arraycopy(suffix, 0, cut, limit - suffix.length, suffix.length);
        return new TokenSequence(cut, ids.length, true);
    }

    private int[] ids(String text) {
        if (wordPiece.isPresent()) {
            return wordPiece.get().encode(text);
        }
        long[] ids = tokenizer.encode(text, true, false).getIds();
        return ints(ids, 0, ids.length);
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

    private record Limited(ModelTokenizer tokens, int documentTokens, int queryTokens)
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

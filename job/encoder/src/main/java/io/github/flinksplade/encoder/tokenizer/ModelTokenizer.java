package io.github.flinksplade.encoder.tokenizer;

import ai.djl.huggingface.tokenizers.Encoding;
import ai.djl.huggingface.tokenizers.HuggingFaceTokenizer;
import io.github.flinksplade.encoder.EncodingException;
import io.github.flinksplade.encoder.ModelException;
import io.github.flinksplade.encoder.ModelMetadata;
import io.github.flinksplade.encoder.ModelMetadata.Prompts;
import io.github.flinksplade.encoder.Role;
import io.github.flinksplade.encoder.TokenSequence;
import io.github.flinksplade.encoder.Tokenizer;
import io.github.flinksplade.encoder.TruncationSide;
import io.github.flinksplade.encoder.platform.NativeLibraries;
import io.github.flinksplade.vector.Utf16;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.util.Arrays;
import java.util.BitSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.StringJoiner;
import java.util.concurrent.locks.ReadWriteLock;
import java.util.concurrent.locks.ReentrantReadWriteLock;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The tokenizer of a model. Tokenizes with the Hugging Face library, or with {@link WordPiece} if
 * the file describes BERT's tokenizer. Its settings for truncation and padding are ignored: texts
 * are truncated to the role's limit as {@code transformers} does it, keeping special tokens.
 */
public final class ModelTokenizer implements AutoCloseable {

    /** A text is tokenized up to this length first; the length is then quadrupled. */
    static final int FIRST_CHARACTERS = 1 << 16;

    static final int MAX_CHARACTERS = 1 << 22;

    private static final char NEXT_LINE = 0x85;

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
    private final int size;
    private final int unknown;
    private final int padding;
    private final int[] prefix;
    private final int[] suffix;
    private final BitSet specialTerms;
    private final ReadWriteLock open = new ReentrantReadWriteLock();
    private boolean closed; // guarded by open

    private ModelTokenizer(HuggingFaceTokenizer tokenizer, TokenizerFile file) {
        this.tokenizer = tokenizer;
        // not the file itself, whose JSON is large
        this.terms = file.terms();
        this.size = file.size();
        this.unknown = file.unknown();
        this.padding = file.padding();
        this.specialTerms = file.specialTerms();
        this.wordPiece =
                WordPiece.of(file.json()).filter(own -> isEquivalent(own, tokenizer, terms));
        int[][] special = specialTokens(tokenizer);
        this.prefix = special[0];
        this.suffix = special[1];
    }

    /**
     * Loads a tokenizer.
     *
     * @throws ModelException if the library does not support it
     */
    public static ModelTokenizer open(TokenizerFile file) {
        NativeLibraries.tokenizers();
        HuggingFaceTokenizer tokenizer;
        try {
            tokenizer =
                    HuggingFaceTokenizer.newInstance(
                            new ByteArrayInputStream(file.content()),
                            Map.of("truncation", "false", "padding", "false"));
        } catch (IOException e) {
            throw new ModelException(file.path() + " cannot be read: " + e.getMessage(), e);
        } catch (RuntimeException e) {
            throw new ModelException(
                    file.path()
                            + " is not a tokenizer that the library supports ("
                            + String.valueOf(e.getMessage()).replaceAll("\\s+", " ").strip()
                            + "); export the model together with its fast tokenizer",
                    e);
        }
        try {
            return new ModelTokenizer(tokenizer, file);
        } catch (RuntimeException e) {
            tokenizer.close();
            throw e;
        }
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
        return size;
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

    /** Number of tokens of a text, special tokens included. */
    public int count(String text) {
        return tokenize(text, MAX_CHARACTERS, TruncationSide.RIGHT).tokens();
    }

    /**
     * The tokenizer of these roles. Closing it closes this.
     *
     * @param limits max tokens of each role that can be tokenized, special tokens included
     */
    public Tokenizer forRoles(Map<Role, Integer> limits, ModelMetadata metadata) {
        return new OfRoles(
                this,
                Map.copyOf(limits),
                metadata.prompts(),
                metadata.lowerCase(),
                metadata.strip(),
                true);
    }

    /**
     * The tokenizer of queries that are looked up in a table of weights. Closing it closes this.
     *
     * @param specialTokens whether special tokens are added and counted
     */
    public Tokenizer forLookup(int limit, Prompts prompts, boolean specialTokens) {
        return new OfRoles(this, Map.of(Role.QUERY, limit), prompts, false, false, specialTokens);
    }

    private TokenSequence withoutSpecialTokens(String text, int limit, TruncationSide side) {
        int special = prefix.length + suffix.length;
        TokenSequence tokens = tokenize(text, limit + special, side);
        int[] ids = tokens.ids();
        return new TokenSequence(
                Arrays.copyOfRange(ids, prefix.length, ids.length - suffix.length),
                tokens.tokens() - special,
                tokens.truncated());
    }

    /** Returns the tokens of a text, at most {@code limit}, special tokens included. */
    TokenSequence tokenize(String text, int limit, TruncationSide side) {
        open.readLock().lock();
        try {
            if (closed) {
                throw new IllegalStateException("the encoder is closed");
            }
            int characters = FIRST_CHARACTERS;
            while (true) {
                String part =
                        side == TruncationSide.RIGHT
                                ? text.substring(0, end(text, characters))
                                : text.substring(start(text, characters));
                TokenSequence tokens = tokenizeAll(part, limit, side);
                if (part.length() == text.length()) {
                    return tokens;
                }
                if (tokens.tokens() >= limit + MARGIN_TOKENS || characters >= MAX_CHARACTERS) {
                    return truncated(tokens, part.length(), text.length());
                }
                characters *= 4;
            }
        } finally {
            open.readLock().unlock();
        }
    }

    /** The tokens of a part of a text, with an estimate of the number of all its tokens. */
    private static TokenSequence truncated(TokenSequence part, int characters, int all) {
        long tokens = Math.round((double) part.tokens() * all / characters);
        return new TokenSequence(part.ids(), (int) Math.min(tokens, Integer.MAX_VALUE), true);
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

    /**
     * Where the last characters of a text, about that many, begin: as {@link #end}, from behind.
     */
    private static int start(String text, int characters) {
        int first = text.length() - characters;
        if (first <= 0) {
            return 0;
        }
        for (int start = first; start < first + MARGIN_CHARACTERS; start++) {
            if (Character.isWhitespace(text.charAt(start))) {
                return start;
            }
        }
        return Character.isLowSurrogate(text.charAt(first)) ? first + 1 : first;
    }

    private TokenSequence tokenizeAll(String text, int limit, TruncationSide side) {
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
        if (side == TruncationSide.LEFT) {
            int last = limit - prefix.length;
            System.arraycopy(ids, ids.length - last, cut, prefix.length, last);
        } else {
            System.arraycopy(suffix, 0, cut, limit - suffix.length, suffix.length);
        }
        return new TokenSequence(cut, ids.length, true);
    }

    private int[] ids(String text) {
        if (wordPiece.isPresent()) {
            return known(wordPiece.get().encode(text));
        }
        long[] ids = tokenizer.encode(text, true, false).getIds();
        return known(ints(ids, 0, ids.length));
    }

    /** Replaces tokens that the model lacks. */
    private int[] known(int[] ids) {
        if (size < terms.length) {
            for (int i = 0; i < ids.length; i++) {
                ids[i] = ids[i] < size ? ids[i] : unknown;
            }
        }
        return ids;
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

    private record OfRoles(
            ModelTokenizer tokens,
            Map<Role, Integer> limits,
            Prompts prompts,
            boolean lowerCase,
            boolean strip,
            boolean specialTokens)
            implements Tokenizer {

        @Override
        public TokenSequence tokenize(String text, Role role, TruncationSide side) {
            Integer limit = limits.get(role);
            if (limit == null) {
                throw new IllegalStateException(
                        "the model was not opened to encode "
                                + (role == Role.DOCUMENT ? "documents" : "queries"));
            }
            String prepared = prepared(text, prompts.of(role));
            return specialTokens
                    ? tokens.tokenize(prepared, limit, side)
                    : tokens.withoutSpecialTokens(prepared, limit, side);
        }

        private String prepared(String text, String prompt) {
            if (text == null) {
                throw new EncodingException("the text is null");
            }
            String prompted = prompt.isEmpty() ? text : prompt + text;
            prompted = strip ? stripped(prompted) : prompted;
            return lowerCase ? prompted.toLowerCase(Locale.ROOT) : prompted;
        }

        private static String stripped(String text) {
            int start = 0;
            int end = text.length();
            while (start < end && isSpace(text.charAt(start))) {
                start++;
            }
            while (start < end && isSpace(text.charAt(end - 1))) {
                end--;
            }
            return text.substring(start, end);
        }

        /** White space as Python defines it, which includes no-break spaces. */
        private static boolean isSpace(char c) {
            return Character.isWhitespace(c) || Character.isSpaceChar(c) || c == NEXT_LINE;
        }

        @Override
        public int vocabularySize() {
            return tokens.vocabularySize();
        }

        @Override
        public String term(int id) {
            return TokenizerFile.term(tokens.terms, tokens.size, id);
        }

        @Override
        public void close() {
            tokens.close();
        }
    }
}

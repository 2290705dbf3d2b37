package io.github.flinksplade.encoder;

/** Converts text to token ids. Safe for use by multiple threads. */
public interface Tokenizer extends AutoCloseable {

    /**
     * Returns the tokens of a text, truncated to the role's limit. Special tokens are kept.
     *
     * @throws EncodingException if this text cannot be tokenized
     */
    TokenSequence tokenize(String text, Role role, TruncationSide side);

    /** As {@link #tokenize(String, Role, TruncationSide)}, truncated on the right. */
    default TokenSequence tokenize(String text, Role role) {
        return tokenize(text, role, TruncationSide.RIGHT);
    }

    /** Number of terms: the highest token id plus one. */
    int vocabularySize();

    /** The term of an id as the vocabulary contains it; {@code [id]} if it has none. */
    String term(int id);

    @Override
    void close();
}

package io.github.flinksplade.encoder;

/** Converts text to token ids. Safe for use by multiple threads. */
public interface Tokenizer extends AutoCloseable {

    /**
     * Returns the tokens of a text, truncated to the role's limit.
     *
     * @throws EncodingException if this text cannot be tokenized
     */
    TokenSequence tokenize(String text, Role role);

    /** Number of terms: the highest token id plus one. */
    int vocabularySize();

    /** The term of an id as the vocabulary contains it; {@code [id]} if it has none. */
    String term(int id);

    @Override
    void close();
}

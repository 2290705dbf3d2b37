package io.github.flinksplade.encoder;

/** Turns text into token ids. May be called by any number of threads at once. */
public interface Tokenizer extends AutoCloseable {

    /**
     * The tokens of a text, cut to the role's limit.
     *
     * @throws EncodingException when this text cannot be tokenised
     */
    TokenSequence tokenize(String text, Role role);

    /** Number of terms: the highest token id plus one. */
    int vocabularySize();

    /** The term of an id as the vocabulary writes it; {@code [id]} where it has none. */
    String term(int id);

    @Override
    void close();
}

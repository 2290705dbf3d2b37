package io.github.flinksplade.encoder;

import java.io.Serializable;

/**
 * How documents are encoded that have more tokens than the model's limit.
 *
 * @param mode what happens to them
 * @param passageTokens max number of tokens of a window or passage, special tokens included; 0 for
 *     the limit of documents
 * @param overlapTokens max number of tokens that a window or passage repeats of the one before
 */
public record LongDocuments(Mode mode, int passageTokens, int overlapTokens)
        implements Serializable {

    private static final long serialVersionUID = 1L;

    /** What happens to long documents. */
    public enum Mode {
        /** Only the beginning is encoded. */
        TRUNCATE,
        /**
         * The whole text is encoded in windows; each term gets its largest weight in any of them.
         */
        MAX,
        /** Each passage has a vector. */
        PASSAGES
    }

    /** The default. */
    public static final LongDocuments TRUNCATE = new LongDocuments(Mode.TRUNCATE, 0, 0);

    /**
     * A splitter for these options; not for {@link Mode#TRUNCATE}.
     *
     * @throws IllegalArgumentException if a passage would have too many or too few tokens, or the
     *     overlap is more than half of it
     */
    public PassageSplitter splitter(Tokenizer tokenizer, int documentTokens) {
        if (passageTokens > documentTokens) {
            throw new IllegalArgumentException(
                    "passage-tokens ("
                            + passageTokens
                            + ") exceeds the limit of documents ("
                            + documentTokens
                            + "). Lower it, or raise document-tokens if the model allows it");
        }
        return new PassageSplitter(
                tokenizer, passageTokens == 0 ? documentTokens : passageTokens, overlapTokens);
    }

    /**
     * Identifies what the options change in a vector; empty for {@link Mode#TRUNCATE}.
     *
     * @param documentTokens the limit of documents
     */
    public String fingerprint(int documentTokens) {
        return mode == Mode.TRUNCATE
                ? ""
                : mode
                        + " "
                        + (passageTokens == 0 ? documentTokens : passageTokens)
                        + " "
                        + overlapTokens;
    }
}

package io.github.flinksplade.encoder.onnxruntime;

import io.github.flinksplade.encoder.EncoderOptions;
import io.github.flinksplade.encoder.ModelException;
import io.github.flinksplade.encoder.ModelFiles;
import io.github.flinksplade.encoder.tokenizer.ModelTokenizer;

/**
 * The token limits of both roles. A limit from the options is applied or rejected; the model's own
 * and the default ones are reduced to what the model supports.
 */
record TokenLimits(int document, int query) {

    /** More than known models support; the memory of a run grows with the square. */
    static final int MAX = 1 << 15;

    private static final int DEFAULT_DOCUMENT = 128;
    private static final int DEFAULT_QUERY = 24;

    /** The limits of the options, else those of the model, else the defaults. */
    static TokenLimits requested(EncoderOptions options, ModelFiles files) {
        return new TokenLimits(
                firstPositive(options.documentTokens(), files.documentTokens(), DEFAULT_DOCUMENT),
                firstPositive(options.queryTokens(), files.queryTokens(), DEFAULT_QUERY));
    }

    private static int firstPositive(int option, int own, int defaultLimit) {
        return option > 0 ? option : own > 0 ? own : defaultLimit;
    }

    int max() {
        return Math.max(document, query);
    }

    /**
     * Returns the limits with room for the model's special tokens.
     *
     * @throws ModelException if a limit is too small, or one of the options is above {@link #MAX}
     */
    TokenLimits validated(EncoderOptions options, ModelTokenizer tokenizer) {
        int special = tokenizer.prefix().length + tokenizer.suffix().length;
        return new TokenLimits(
                validated("document", document, options.documentTokens(), special),
                validated("query", query, options.queryTokens(), special));
    }

    private static int validated(String role, int limit, int option, int special) {
        if (limit <= special) {
            throw new ModelException(
                    "the "
                            + role
                            + " token limit "
                            + limit
                            + " leaves no room for text next to the model's "
                            + special
                            + " special tokens; set it to at least "
                            + (special + 1));
        }
        if (option > MAX) {
            throw new ModelException(
                    "the " + role + " token limit " + option + " exceeds " + MAX + "; lower it");
        }
        return Math.min(limit, MAX);
    }

    /**
     * Returns the limits reduced to the model's own.
     *
     * @throws ModelException if one of the options is above it
     */
    TokenLimits reducedTo(int max, EncoderOptions options, String model) {
        return new TokenLimits(
                reduced("document", document, options.documentTokens(), max, model),
                reduced("query", query, options.queryTokens(), max, model));
    }

    private static int reduced(String role, int limit, int option, int max, String model) {
        if (option > max) {
            throw new ModelException(
                    "the model "
                            + model
                            + " supports at most "
                            + max
                            + " tokens, but the "
                            + role
                            + " token limit is "
                            + option
                            + "; lower it");
        }
        return Math.min(limit, max);
    }
}

package io.github.flinksplade.encoder.graph;

import java.util.Optional;

/**
 * The outputs of a rewritten graph and how to read them.
 *
 * @param kind what the values are
 * @param name name of the output with the values
 * @param indicesName for {@link Kind#PAIRS} the name of the output with the terms; else null
 * @param topTerms for the other kinds, smaller outputs with the same information, if the graph has
 *     them
 */
public record GraphOutput(Kind kind, String name, String indicesName, Optional<TopTerms> topTerms) {

    /**
     * The largest values of each text, so that the whole table need not be copied from the device.
     *
     * @param terms name of an int32 [batch, max] output: their terms, in no particular order
     * @param values name of a float [batch, max] output: the values
     * @param count name of a float [batch] output: how many values are positive or NaN. If more
     *     than {@code max}, only the whole table contains all of them
     * @param max number of values per text
     */
    public record TopTerms(String terms, String values, String count, int max) {}

    /** What the values are. */
    public enum Kind {
        /** Float [batch, vocabulary]: the maximum logits; the weight is log(1 + relu(logit)). */
        MAX_LOGITS,
        /** Float [batch, vocabulary]: weights; only positive ones count. */
        WEIGHTS,
        /**
         * Float [batch, tokens]: a weight per token; a term's weight is the largest of its tokens.
         */
        TOKEN_WEIGHTS,
        /** Float [n]: the weights of one text's terms; the terms are a second output. */
        PAIRS
    }
}

package io.github.flinksplade.encoder.graph;

import java.util.Optional;

/**
 * The outputs of a rewritten graph and how to read them.
 *
 * @param kind how to read it
 * @param name the output's name
 * @param indicesName for {@link Kind#PAIRS}, the name of the output with the terms; else null
 * @param top for the others, outputs that hold the same in less, if the graph has them
 */
public record GraphOutput(Kind kind, String name, String indicesName, Optional<TopTerms> top) {

    /**
     * A text's greatest numbers, so that not all of them need leave the device.
     *
     * @param terms name of an int32 [batch, most]: their terms, in no order
     * @param values name of a float [batch, most]: the numbers themselves
     * @param count name of a float [batch]: how many numbers are above 0 or are none. If there are
     *     more than {@code most}, only the whole table has them all
     * @param most how many there are of each text
     */
    public record TopTerms(String terms, String values, String count, int most) {}

    public enum Kind {
        /** Float [batch, vocabulary]: the greatest logits; a weight is log(1 + relu(logit)). */
        MAXIMA,
        /** Float [batch, vocabulary]: weights, those above 0 count. */
        WEIGHTS,
        /** Float [n]: the weights of one row's terms, the terms in an int64 or int32 [n] beside. */
        PAIRS
    }
}

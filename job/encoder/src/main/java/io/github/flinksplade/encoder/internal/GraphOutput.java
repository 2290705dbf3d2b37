package io.github.flinksplade.encoder.internal;

/**
 * What a run of a graph as {@link OnnxEngine} runs it gives.
 *
 * @param kind how to read it
 * @param name the output's name
 * @param indicesName for {@link Kind#PAIRS}, the name of the output with the terms; else null
 */
record GraphOutput(Kind kind, String name, String indicesName) {

    enum Kind {
        /** Float [batch, vocabulary]: the greatest logits; a weight is log(1 + relu(logit)). */
        MAXIMA,
        /** Float [batch, vocabulary]: weights, those above 0 count. */
        WEIGHTS,
        /** Float [n]: the weights of one row's terms, the terms in an int64 or int32 [n] beside. */
        PAIRS
    }
}

package io.github.flinksplade.encoder;

import io.github.flinksplade.vector.SparseVector;

/**
 * The vector of a text.
 *
 * @param vector the vector, pruned as configured
 * @param tokens number of tokens of the whole text, special tokens included; an estimate for texts
 *     of more than 65,536 characters
 * @param truncated whether the text exceeded the token limit, so that the vector covers only its
 *     beginning
 */
public record EncodedText(SparseVector vector, int tokens, boolean truncated) {}

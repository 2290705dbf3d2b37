package io.github.flinksplade.encoder;

import io.github.flinksplade.vector.SparseVector;

/**
 * A text's vector and what is to be known about how it was made.
 *
 * @param vector the vector, pruned if the encoder prunes
 * @param tokens how many tokens the whole text has, special tokens counted
 * @param truncated whether it was longer than the limit, so that the vector is of its beginning
 */
public record EncodedText(SparseVector vector, int tokens, boolean truncated) {}

package io.github.flinksplade.encoder;

/**
 * A text as the model reads it.
 *
 * @param ids token ids, special tokens included, cut to the role's limit; never padded
 * @param tokens how many tokens the whole text has, special tokens counted, before it was cut
 * @param truncated whether it was cut
 */
public record TokenSequence(int[] ids, int tokens, boolean truncated) {}

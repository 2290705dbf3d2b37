package io.github.flinksplade.encoder;

/**
 * A tokenized text.
 *
 * @param ids token ids, special tokens included, truncated to the role's limit; never padded
 * @param tokens number of tokens of the whole text, special tokens included; an estimate for texts
 *     of more than 65,536 characters
 * @param truncated whether the text exceeded the limit
 */
public record TokenSequence(int[] ids, int tokens, boolean truncated) {}

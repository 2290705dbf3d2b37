package io.github.flinksplade.pipeline.internal;

import io.github.flinksplade.vector.SparseVector;

/**
 * A change with the outcome of its encoding.
 *
 * @param vector the text's vector; null when the text was not or could not be encoded
 * @param tokens tokens of the text; 0 when there is no vector
 * @param truncated whether the text was longer than the limit
 * @param failure why the text could not be encoded, or null
 * @param modelTokens tokens the engine has processed since it was last told of, for counting
 * @param modelPositions the same with padding
 */
public record EncodedChange(
        Change change,
        SparseVector vector,
        int tokens,
        boolean truncated,
        String failure,
        long modelTokens,
        long modelPositions) {}

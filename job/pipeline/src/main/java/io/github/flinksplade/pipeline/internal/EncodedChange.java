package io.github.flinksplade.pipeline.internal;

/**
 * A change with the outcome of its encoding.
 *
 * @param indices ids of the terms; null when the text was not or could not be encoded
 * @param values weights of the terms; null as the indices
 * @param tokens tokens of the text; 0 when there are no indices
 * @param truncated whether the text was longer than the limit
 * @param failure why the text could not be encoded, or null
 * @param modelTokens tokens the engine has processed since it was last told of, for counting
 * @param modelPositions the same with padding
 */
public record EncodedChange(
        Change change,
        int[] indices,
        float[] values,
        int tokens,
        boolean truncated,
        String failure,
        long modelTokens,
        long modelPositions) {}

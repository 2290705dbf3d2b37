package io.github.flinksplade.pipeline.internal;

import io.github.flinksplade.encoder.EncodedText;
import io.github.flinksplade.vector.SparseVector;

/**
 * A change after the encoder.
 *
 * @param vector the vector of the text; null if the text was not or could not be encoded
 * @param tokens number of tokens of the text; 0 without a vector
 * @param truncated whether the text was longer than the limit
 * @param failure why the text could not be encoded, or null
 * @param usage what the engine has done since the last change, for counting
 */
public record EncodedChange(
        Change change,
        SparseVector vector,
        int tokens,
        boolean truncated,
        String failure,
        EngineUsage usage) {

    /** A change that needs no inference. */
    static EncodedChange withoutInference(Change change) {
        return new EncodedChange(change, null, 0, false, null, EngineUsage.NONE);
    }

    static EncodedChange encoded(Change change, EncodedText text, EngineUsage usage) {
        return new EncodedChange(
                change, text.vector(), text.tokens(), text.truncated(), null, usage);
    }

    static EncodedChange failed(Change change, String failure, EngineUsage usage) {
        return new EncodedChange(change, null, 0, false, failure, usage);
    }
}

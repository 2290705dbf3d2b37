package io.github.flinksplade.pipeline.internal;

import io.github.flinksplade.encoder.EncodedText;
import io.github.flinksplade.vector.SparseVector;
import java.util.List;

/**
 * A change after the encoder.
 *
 * @param texts the encoded document, or its encoded passages, with null for those that were not or
 *     could not be encoded; may be null if there are no texts
 * @param failure why a text could not be encoded, or null
 * @param usage what the engine has done since the last change, for counting
 */
public record EncodedChange(Change change, Encoded[] texts, String failure, EngineUsage usage) {

    /**
     * An encoded text.
     *
     * @param tokens number of tokens of the text
     * @param truncated whether the text was longer than the limit
     */
    public record Encoded(SparseVector vector, int tokens, boolean truncated) {}

    /** A change that needs no inference. */
    static EncodedChange withoutInference(Change change) {
        return new EncodedChange(change, null, null, EngineUsage.NONE);
    }

    /**
     * @param texts with null for passages that were not encoded
     */
    static EncodedChange encoded(Change change, List<EncodedText> texts, EngineUsage usage) {
        return new EncodedChange(change, array(texts), null, usage);
    }

    /**
     * @param texts with null for what was not or could not be encoded
     */
    static EncodedChange failed(
            Change change, List<EncodedText> texts, String failure, EngineUsage usage) {
        return new EncodedChange(change, array(texts), failure, usage);
    }

    private static Encoded[] array(List<EncodedText> texts) {
        Encoded[] encoded = new Encoded[texts.size()];
        for (int i = 0; i < encoded.length; i++) {
            EncodedText text = texts.get(i);
            encoded[i] =
                    text == null
                            ? null
                            : new Encoded(text.vector(), text.tokens(), text.truncated());
        }
        return encoded;
    }
}

package io.github.flinksplade.encoder.onnxruntime;

import io.github.flinksplade.encoder.EncodingException;
import io.github.flinksplade.encoder.TokenSequence;
import io.github.flinksplade.encoder.engine.DeviceMemoryException;
import io.github.flinksplade.encoder.engine.Engine;
import io.github.flinksplade.encoder.tokenizer.ModelTokenizer;
import io.github.flinksplade.vector.SparseVector;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.BiFunction;
import java.util.function.IntUnaryOperator;

/**
 * The self-check of a newly opened model: runs synthetic texts, so that a mismatch is reported when
 * the model is opened and not by the first text that happens to hit it. A vector that is not finite
 * is no failure here: the synthetic texts make no sense, and real ones may do better.
 */
final class EngineProbe {

    /** How much the weights of different batches may differ on a GPU. */
    private static final float GPU_TOLERANCE = .02f;

    /** The first length to probe for the max; it then doubles. */
    private static final int FIRST_PROBED_TOKENS = 512;

    private static final int MAX_WARM_UP_BATCHES = 16;

    private final Engine unbatched;
    private final ModelTokenizer tokenizer;

    /**
     * @param unbatched an engine that runs one text at a time
     */
    EngineProbe(Engine unbatched, ModelTokenizer tokenizer) {
        this.unbatched = unbatched;
        this.tokenizer = tokenizer;
    }

    /** The length of a text of one token, special tokens included. */
    private int minTokens() {
        return tokenizer.prefix().length + tokenizer.suffix().length + 1;
    }

    /**
     * Runs a text with the highest token id, which a smaller embedding table lacks.
     *
     * @throws RuntimeException if it fails
     */
    void runHighestToken() {
        try {
            unbatched.run(List.of(text(minTokens(), i -> tokenizer.vocabularySize() - 1)));
        } catch (EncodingException e) {
            return; // not finite, see above
        }
    }

    /** Whether texts of two lengths can be run. */
    boolean runs() {
        return supports(minTokens()) && supports(minTokens() + 1);
    }

    /** The max sequence length up to the requested one that the model supports. */
    int maxTokens(int requested) {
        int supported = minTokens();
        int unsupported = requested + 1;
        // in doubling steps, so that a limit far too large does not allocate all memory at once
        for (int probed = Math.min(requested, FIRST_PROBED_TOKENS);
                supported < requested;
                probed = Math.min(requested, 2 * probed)) {
            if (!supports(probed)) {
                unsupported = probed;
                break;
            }
            supported = probed;
        }
        while (unsupported - supported > 1) {
            int middle = (supported + unsupported) >>> 1;
            if (supports(middle)) {
                supported = middle;
            } else {
                unsupported = middle;
            }
        }
        return supported;
    }

    private boolean supports(int tokens) {
        try {
            unbatched.run(List.of(text(tokens, this::pseudoRandomId)));
            return true;
        } catch (EncodingException e) {
            return true; // not finite, see above
        } catch (RuntimeException e) {
            return false;
        }
    }

    /**
     * Whether texts have the same vectors batched and unbatched: bit-identical if all texts of a
     * batch have the same length, within a tolerance if they are padded.
     */
    boolean isBatchInvariant(Engine batched, int maxTokens) {
        boolean padded = !batched.limits().equalLengths();
        for (int length : new int[] {5, 8}) {
            int tokens = Math.min(maxTokens, length);
            int otherTokens = padded ? Math.min(maxTokens, 3 * length) : tokens;
            List<TokenSequence> texts =
                    List.of(
                            text(tokens, this::pseudoRandomId),
                            text(otherTokens, i -> pseudoRandomId(i + 100)),
                            text(tokens, i -> pseudoRandomId(i + 200)));
            try {
                List<SparseVector> together = batched.run(texts);
                List<SparseVector> alone = new ArrayList<>();
                for (TokenSequence text : texts) {
                    alone.addAll(unbatched.run(List.of(text)));
                }
                if (padded ? !areClose(together, alone) : !together.equals(alone)) {
                    return false;
                }
            } catch (RuntimeException e) {
                return false;
            }
        }
        return true;
    }

    private static boolean areClose(List<SparseVector> vectors, List<SparseVector> others) {
        for (int i = 0; i < vectors.size(); i++) {
            Map<Integer, Float> differences = new HashMap<>();
            SparseVector vector = vectors.get(i);
            SparseVector other = others.get(i);
            for (int j = 0; j < vector.size(); j++) {
                differences.merge(vector.indices()[j], vector.values()[j], Float::sum);
            }
            for (int j = 0; j < other.size(); j++) {
                differences.merge(other.indices()[j], -other.values()[j], Float::sum);
            }
            if (differences.values().stream().anyMatch(d -> Math.abs(d) > GPU_TOLERANCE)) {
                return false;
            }
        }
        return true;
    }

    /**
     * Runs full batches of different lengths, the longest first, so that the device's memory is
     * allocated once.
     *
     * @param noMemory creates the exception for a length of which not even one text fits
     */
    void warmUp(
            Engine engine,
            int maxTokens,
            BiFunction<Integer, DeviceMemoryException, RuntimeException> noMemory) {
        Engine.Limits limits = engine.limits();
        int batches = Math.min(Math.max(1, maxTokens / limits.lengthStep()), MAX_WARM_UP_BATCHES);
        for (int i = batches; i > 0; i--) {
            int length = Math.max(minTokens(), maxTokens * i / batches);
            int size = Math.min(limits.maxDocuments(), limits.maxTokens() / length);
            try {
                engine.run(
                        Collections.nCopies(Math.max(1, size), text(length, this::pseudoRandomId)));
            } catch (EncodingException e) {
                continue; // not finite, see above
            } catch (DeviceMemoryException e) {
                throw noMemory.apply(length, e);
            }
        }
    }

    private int pseudoRandomId(int i) {
        int terms = tokenizer.vocabularySize();
        int id = Math.floorMod(i * 7919 + terms / 2, terms);
        return id == tokenizer.padding() ? terms - 1 : id;
    }

    private TokenSequence text(int length, IntUnaryOperator content) {
        int[] prefix = tokenizer.prefix();
        int[] suffix = tokenizer.suffix();
        int[] ids = new int[length];
        for (int i = 0; i < length; i++) {
            int fromEnd = length - i;
            ids[i] =
                    i < prefix.length
                            ? prefix[i]
                            : fromEnd <= suffix.length
                                    ? suffix[suffix.length - fromEnd]
                                    : content.applyAsInt(i);
        }
        return new TokenSequence(ids, length, false);
    }
}

package io.github.flinksplade.encoder;

import java.util.ArrayList;
import java.util.List;

/**
 * Encodes texts as SPLADE sparse vectors: {@code w[t] = log(1 + max over unmasked positions of
 * relu(logit[position, t]))}, [CLS] and [SEP] positions included; the non-zero terms are the
 * vector.
 *
 * <p>A vector depends on its text, its role, the model and the options, and on nothing else: not on
 * the texts encoded with it, their order or the thread. May be used by any number of threads.
 */
public final class SpladeEncoder implements AutoCloseable {

    private final ModelInfo info;
    private final Tokenizer tokenizer;
    private final Engine engine;
    private final EncoderOptions options;

    SpladeEncoder(ModelInfo info, Tokenizer tokenizer, Engine engine, EncoderOptions options) {
        this.info = info;
        this.tokenizer = tokenizer;
        this.engine = engine;
        this.options = options;
    }

    /**
     * Opens a model.
     *
     * @param model {@code builtin:minilm}, a directory, {@code hf:owner/name[@revision]}, or what
     *     another {@link ModelProvider} accepts
     * @throws ModelException when it cannot be found or used
     */
    public static SpladeEncoder open(String model, EncoderOptions options) {
        return open(model, options, Progress.SILENT);
    }

    /** As {@link #open(String, EncoderOptions)}, telling how far a download is. */
    public static SpladeEncoder open(String model, EncoderOptions options, Progress progress) {
        throw new ModelException("not yet");
    }

    public ModelInfo info() {
        return info;
    }

    public EncoderOptions options() {
        return options;
    }

    public Tokenizer tokenizer() {
        return tokenizer;
    }

    public Engine engine() {
        return engine;
    }

    /** The vector of one text. */
    public EncodedText encode(String text, Role role) {
        return encode(List.of(text), role).get(0);
    }

    /**
     * The vectors of texts, in their order.
     *
     * @throws EncodingException when one of them cannot be encoded; it says which
     */
    public List<EncodedText> encode(List<String> texts, Role role) {
        List<EncodedText> encoded = new ArrayList<>(texts.size());
        for (String text : texts) {
            TokenSequence tokens = tokenizer.tokenize(text, role);
            encoded.add(finish(tokens, engine.run(List.of(tokens)).get(0), role));
        }
        return encoded;
    }

    /** The encoder's result from the engine's: pruned as the options say. */
    EncodedText finish(TokenSequence tokens, SparseVector vector, Role role) {
        return new EncodedText(vector, tokens.tokens(), tokens.truncated());
    }

    @Override
    public void close() {
        engine.close();
        tokenizer.close();
    }
}

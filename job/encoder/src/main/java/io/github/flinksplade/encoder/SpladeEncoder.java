package io.github.flinksplade.encoder;

import io.github.flinksplade.encoder.engine.Engine;
import io.github.flinksplade.encoder.onnxruntime.EngineFactory;
import io.github.flinksplade.vector.SparseVector;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.List;
import java.util.stream.IntStream;

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
        return open(ModelStore.resolve(model, options, progress), options, progress);
    }

    /**
     * A model's tokenizer alone, which takes a fraction of the time and memory.
     *
     * @throws ModelException when it cannot be found or used
     */
    public static Tokenizer openTokenizer(String model, EncoderOptions options) {
        return EngineFactory.openTokenizer(
                ModelStore.resolve(model, options, Progress.SILENT), options);
    }

    static SpladeEncoder open(ModelFiles files, EncoderOptions options) {
        return open(files, options, Progress.SILENT);
    }

    private static SpladeEncoder open(ModelFiles files, EncoderOptions options, Progress progress) {
        EngineFactory.OpenModel opened =
                EngineFactory.open(
                        ModelStore.inPrecision(files, options, progress),
                        options,
                        ModelStore.cache(options));
        return new SpladeEncoder(opened.info(), opened.tokenizer(), opened.engine(), options);
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
        List<TokenSequence> tokens = new ArrayList<>(texts.size());
        for (int i = 0; i < texts.size(); i++) {
            try {
                tokens.add(tokenizer.tokenize(texts.get(i), role));
            } catch (EncodingException e) {
                throw blamed(i, texts.size(), e);
            }
        }
        EncodedText[] encoded = new EncodedText[texts.size()];
        for (List<Integer> batch : batches(tokens)) {
            List<SparseVector> vectors = run(batch, tokens);
            for (int i = 0; i < batch.size(); i++) {
                int text = batch.get(i);
                encoded[text] = finish(tokens.get(text), vectors.get(i), role);
            }
        }
        return Arrays.asList(encoded);
    }

    /** The texts, by their numbers, in batches that keep the engine's limits. */
    private List<List<Integer>> batches(List<TokenSequence> tokens) {
        Engine.Limits limits = engine.limits();
        List<Integer> byLength =
                IntStream.range(0, tokens.size())
                        .boxed()
                        .sorted(Comparator.comparingInt(i -> tokens.get(i).ids().length))
                        .toList();
        List<List<Integer>> batches = new ArrayList<>();
        List<Integer> batch = new ArrayList<>();
        for (int text : byLength) {
            int length = limits.padded(tokens.get(text).ids().length);
            boolean fits =
                    !batch.isEmpty()
                            && batch.size() < limits.maxDocuments()
                            && (batch.size() + 1L) * length <= limits.maxTokens()
                            && !(limits.equalLengths()
                                    && tokens.get(batch.get(0)).ids().length != length);
            if (!fits) {
                batch = new ArrayList<>();
                batches.add(batch);
            }
            batch.add(text);
        }
        return batches;
    }

    private List<SparseVector> run(List<Integer> batch, List<TokenSequence> tokens) {
        try {
            return engine.run(batch.stream().map(tokens::get).toList());
        } catch (RuntimeException e) {
            if (batch.size() == 1) {
                throw blamed(batch.get(0), tokens.size(), e);
            }
            return batch.stream().map(text -> run(List.of(text), tokens).get(0)).toList();
        }
    }

    private static RuntimeException blamed(int text, int texts, RuntimeException e) {
        if (texts == 1 && e instanceof EncodingException) {
            return e;
        }
        return new EncodingException(
                texts == 1
                        ? "the text cannot be encoded: " + e.getMessage()
                        : "text "
                                + (text + 1)
                                + " of "
                                + texts
                                + " cannot be encoded: "
                                + e.getMessage(),
                e);
    }

    /** The encoder's result from the engine's: pruned as the options say. */
    EncodedText finish(TokenSequence tokens, SparseVector vector, Role role) {
        Pruning pruning =
                switch (role) {
                    case DOCUMENT -> options.documentPruning();
                    case QUERY -> options.queryPruning();
                };
        return new EncodedText(pruning.apply(vector), tokens.tokens(), tokens.truncated());
    }

    /** Waits for what runs, then frees the model. What comes after fails. */
    @Override
    public void close() {
        engine.close();
        tokenizer.close();
    }
}

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
 * Encodes texts as SPLADE sparse vectors. The weight of term t is
 *
 * <pre>
 * w[t] = max over the sequence of log(1 + relu(logit[token, t]))
 * </pre>
 *
 * <p>over the logits of a masked language model, [CLS] and [SEP] included, padding excluded; the
 * vector contains the terms with non-zero weights. This is the max pooling of SPLADE-max (Formal,
 * Lassance, Piwowarski, Clinchant: "SPLADE v2: Sparse Lexical and Expansion Model for Information
 * Retrieval", 2021), which SPLADE++ keeps ("From Distillation to Hard Negative Sampling: Making
 * Sparse Neural IR Models More Effective", 2022). Because log(1 + relu(x)) is monotonic, the
 * maximum is taken over the logits, in the arithmetic of the graph, and the logarithm of each
 * maximum is computed in double precision and rounded to a float.
 *
 * <p>A vector depends only on its text, its role, the model and the options: not on the other texts
 * of its batch, their order or the thread. On a CPU it is bit-identical, on a GPU the weights may
 * differ by a few thousandths between batches. Safe for use by multiple threads.
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
     * @throws ModelException if it cannot be found or used
     */
    public static SpladeEncoder open(String model, EncoderOptions options) {
        return open(model, options, Progress.SILENT);
    }

    /** As {@link #open(String, EncoderOptions)}, and reports the progress of downloads. */
    public static SpladeEncoder open(String model, EncoderOptions options, Progress progress) {
        return open(ModelStore.resolve(model, options, progress), options, progress);
    }

    /**
     * Opens only a model's tokenizer, which takes a fraction of the time and memory.
     *
     * @throws ModelException if it cannot be found or used
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

    /** The properties of the model. */
    public ModelInfo info() {
        return info;
    }

    /** The options with which the model was opened. */
    public EncoderOptions options() {
        return options;
    }

    /** The tokenizer of the model; closed with the encoder. */
    public Tokenizer tokenizer() {
        return tokenizer;
    }

    /** The engine, for benchmarks of this project; not for applications. */
    public Engine engine() {
        return engine;
    }

    /**
     * Encodes one text.
     *
     * @throws EncodingException if it cannot be encoded
     */
    public EncodedText encode(String text, Role role) {
        return encode(List.of(text), role).get(0);
    }

    /**
     * Encodes texts in batches, on the calling thread; returns their vectors in order.
     *
     * @throws EncodingException if one of them cannot be encoded; the message states which
     */
    public List<EncodedText> encode(List<String> texts, Role role) {
        List<TokenSequence> tokens = new ArrayList<>(texts.size());
        for (int i = 0; i < texts.size(); i++) {
            try {
                tokens.add(tokenizer.tokenize(texts.get(i), role));
            } catch (EncodingException e) {
                throw failure(i, texts.size(), e);
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

    /** The indices of the texts, in batches that respect the engine's limits. */
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
                throw failure(batch.get(0), tokens.size(), e);
            }
            return batch.stream().map(text -> run(List.of(text), tokens).get(0)).toList();
        }
    }

    private static RuntimeException failure(int text, int texts, RuntimeException e) {
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

    /** Converts the engine's result to the encoder's, which is pruned. */
    EncodedText finish(TokenSequence tokens, SparseVector vector, Role role) {
        return new EncodedText(pruning(role).apply(vector), tokens.tokens(), tokens.truncated());
    }

    /** Joins the unpruned vectors of the windows of a text, and prunes the result. */
    EncodedText max(List<EncodedText> windows, Role role) {
        return new EncodedText(
                pruning(role)
                        .apply(
                                SparseVector.max(
                                        windows.stream().map(EncodedText::vector).toList())),
                windows.stream().mapToInt(EncodedText::tokens).sum(),
                windows.stream().anyMatch(EncodedText::truncated));
    }

    private Pruning pruning(Role role) {
        return switch (role) {
            case DOCUMENT -> options.documentPruning();
            case QUERY -> options.queryPruning();
        };
    }

    /** Waits for running calls, then releases the model. Later calls fail. */
    @Override
    public void close() {
        engine.close();
        tokenizer.close();
    }
}

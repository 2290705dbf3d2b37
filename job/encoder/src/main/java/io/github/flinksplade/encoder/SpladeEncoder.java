package io.github.flinksplade.encoder;

import io.github.flinksplade.encoder.engine.Engine;
import io.github.flinksplade.encoder.onnxruntime.EngineFactory;
import io.github.flinksplade.encoder.platform.NativeHeap;
import io.github.flinksplade.vector.SparseVector;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.Comparator;
import java.util.EnumMap;
import java.util.EnumSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
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
    private final Map<Role, Side> sides;
    private final Tokenizer tokenizer;
    private final EncoderOptions options;

    /** What encodes the texts of a role. */
    record Side(Tokenizer tokenizer, Engine engine) implements AutoCloseable {

        @Override
        public void close() {
            engine.close();
            tokenizer.close();
        }
    }

    SpladeEncoder(ModelInfo info, Map<Role, Side> sides, EncoderOptions options) {
        this.info = info;
        this.sides = new EnumMap<>(sides);
        this.tokenizer = new OfSides(this.sides);
        this.options = options;
    }

    /**
     * Opens a model for documents and queries.
     *
     * @param model {@code builtin:minilm}, a directory, {@code hf:owner/name[@revision]}, or what
     *     another {@link ModelProvider} accepts
     * @throws ModelException if it cannot be found or used
     */
    public static SpladeEncoder open(String model, EncoderOptions options) {
        return open(model, options, EnumSet.allOf(Role.class), Progress.SILENT);
    }

    /**
     * Opens a model for one role or both.
     *
     * @param roles the roles that will be encoded: if queries need another model than documents, or
     *     none, only what the roles require is opened
     * @param progress notified of downloads and of what the user should know about the model
     * @throws ModelException if it cannot be found or used
     */
    public static SpladeEncoder open(
            String model, EncoderOptions options, Set<Role> roles, Progress progress) {
        return ModelOpener.open(
                ModelStore.resolve(model, options, progress), options, roles, progress);
    }

    /**
     * Opens only the tokenizer of a model's documents, which takes a fraction of the time and
     * memory.
     *
     * @throws ModelException if it cannot be found or used
     */
    public static Tokenizer openTokenizer(String model, EncoderOptions options) {
        return EngineFactory.openTokenizer(
                ModelStore.resolve(model, options, Progress.SILENT), options);
    }

    static SpladeEncoder open(ModelFiles files, EncoderOptions options) {
        return ModelOpener.open(files, options, EnumSet.allOf(Role.class), Progress.SILENT);
    }

    /** The properties of the model. */
    public ModelInfo info() {
        return info;
    }

    /** The options with which the model was opened. */
    public EncoderOptions options() {
        return options;
    }

    /** The tokenizer of the roles for which the model was opened; closed with the encoder. */
    public Tokenizer tokenizer() {
        return tokenizer;
    }

    /** The roles for which the model was opened. */
    public Set<Role> roles() {
        return Collections.unmodifiableSet(sides.keySet());
    }

    /**
     * The engine of a role, for benchmarks of this project; not for applications.
     *
     * @throws IllegalStateException if the model was not opened for the role
     */
    public Engine engine(Role role) {
        return side(sides, role).engine();
    }

    /**
     * The max tokens of a batch at this moment, padding included. On a GPU it depends on the memory
     * that is available.
     *
     * @throws IllegalStateException if the model was not opened for the role
     */
    public int maxBatchTokens(Role role) {
        return engine(role).limits().maxTokens();
    }

    private static Side side(Map<Role, Side> sides, Role role) {
        Side side = sides.get(role);
        if (side == null) {
            throw new IllegalStateException(
                    "the model was not opened to encode "
                            + (role == Role.DOCUMENT ? "documents" : "queries"));
        }
        return side;
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
     * @throws IllegalStateException if the model was not opened for the role
     */
    public List<EncodedText> encode(List<String> texts, Role role) {
        Engine engine = engine(role);
        List<TokenSequence> tokens = new ArrayList<>(texts.size());
        for (int i = 0; i < texts.size(); i++) {
            try {
                tokens.add(tokenizer.tokenize(texts.get(i), role));
            } catch (EncodingException e) {
                throw failure(i, texts.size(), e);
            }
        }
        EncodedText[] encoded = new EncodedText[texts.size()];
        for (List<Integer> batch : batches(tokens, engine)) {
            List<SparseVector> vectors = run(batch, tokens, engine);
            for (int i = 0; i < batch.size(); i++) {
                int text = batch.get(i);
                encoded[text] = finish(tokens.get(text), vectors.get(i), role);
            }
        }
        return Arrays.asList(encoded);
    }

    /** The indices of the texts, in batches that respect the engine's limits. */
    private static List<List<Integer>> batches(List<TokenSequence> tokens, Engine engine) {
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

    private static List<SparseVector> run(
            List<Integer> batch, List<TokenSequence> tokens, Engine engine) {
        try {
            return engine.run(batch.stream().map(tokens::get).toList());
        } catch (RuntimeException e) {
            if (batch.size() == 1) {
                throw failure(batch.get(0), tokens.size(), e);
            }
            return batch.stream().map(text -> run(List.of(text), tokens, engine).get(0)).toList();
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

    /**
     * Waits for running calls, then releases the model. Later calls fail. The memory is returned to
     * the system if the JVM can do that (Linux with glibc, 17.0.9 or later).
     */
    @Override
    public void close() {
        sides.values().stream().distinct().forEach(Side::close);
        NativeHeap.trim();
    }

    /** Tokenizes each role with its side. Terms are the same for both. */
    private record OfSides(Map<Role, Side> sides) implements Tokenizer {

        @Override
        public TokenSequence tokenize(String text, Role role, TruncationSide side) {
            return side(sides, role).tokenizer().tokenize(text, role, side);
        }

        private Tokenizer first() {
            return sides.values().iterator().next().tokenizer();
        }

        @Override
        public int vocabularySize() {
            return first().vocabularySize();
        }

        @Override
        public String term(int id) {
            return first().term(id);
        }

        /** The encoder closes the tokenizers. */
        @Override
        public void close() {}
    }
}

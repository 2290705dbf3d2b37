package io.github.flinksplade.encoder;

import io.github.flinksplade.encoder.engine.Engine;
import io.github.flinksplade.vector.SparseVector;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.atomic.AtomicLong;

/**
 * A fast, deterministic encoder without a model, for the tests of other modules: a token is a word,
 * its id a hash of it, its weight 1 + the last two digits of the id / 100. A text that contains the
 * word {@code poison} cannot be encoded and fails its batch, as it would in a real engine.
 */
public final class FakeEncoder {

    public static final int VOCABULARY = 1000;
    public static final String POISON = "poison";

    private FakeEncoder() {}

    public static SpladeEncoder create() {
        return create(EncoderOptions.defaults(), new AtomicLong());
    }

    /** The counter counts the documents that the engine encodes. */
    public static SpladeEncoder create(EncoderOptions options, AtomicLong documents) {
        int limit = options.documentTokens() == 0 ? 128 : options.documentTokens();
        int queryLimit = options.queryTokens() == 0 ? 24 : options.queryTokens();
        ModelInfo info =
                new ModelInfo(
                        "fake",
                        "0".repeat(64),
                        "1".repeat(64),
                        "",
                        Formula.STANDARD,
                        "",
                        "fp32",
                        VOCABULARY,
                        limit,
                        queryLimit,
                        "cpu",
                        "none",
                        List.of());
        return of(info, new FakeTokenizer(limit, queryLimit), new FakeEngine(documents), options);
    }

    /** An encoder that uses the same engine for both roles. */
    static SpladeEncoder of(
            ModelInfo info, Tokenizer tokenizer, Engine engine, EncoderOptions options) {
        SpladeEncoder.Side side = new SpladeEncoder.Side(tokenizer, engine);
        return new SpladeEncoder(info, Map.of(Role.DOCUMENT, side, Role.QUERY, side), options);
    }

    /** The vector of a text with fewer words than the limit. */
    public static SparseVector vector(String text) {
        return vectorOf(new FakeTokenizer(Integer.MAX_VALUE, Integer.MAX_VALUE).ids(text));
    }

    private static SparseVector vectorOf(int[] ids) {
        TreeMap<Integer, Float> weights = new TreeMap<>();
        for (int id : ids) {
            weights.put(id, 1 + id % 100 / 100f);
        }
        int[] indices = weights.keySet().stream().mapToInt(Integer::intValue).toArray();
        float[] values = new float[indices.length];
        for (int i = 0; i < values.length; i++) {
            values[i] = weights.get(indices[i]);
        }
        return new SparseVector(indices, values);
    }

    /** No other word has this id. */
    private static final int POISON_ID = VOCABULARY - 1;

    private static int id(String word) {
        return word.equals(POISON) ? POISON_ID : Math.floorMod(word.hashCode(), POISON_ID);
    }

    private record FakeTokenizer(int limit, int queryLimit) implements Tokenizer {

        int[] ids(String text) {
            return text.isBlank()
                    ? new int[0]
                    : Arrays.stream(text.strip().toLowerCase(Locale.ROOT).split("\\s+"))
                            .mapToInt(FakeEncoder::id)
                            .toArray();
        }

        @Override
        public TokenSequence tokenize(String text, Role role, TruncationSide side) {
            int[] all = ids(text);
            int max = Math.min(role == Role.DOCUMENT ? limit : queryLimit, all.length);
            int from = side == TruncationSide.LEFT ? all.length - max : 0;
            return new TokenSequence(
                    Arrays.copyOfRange(all, from, from + max), all.length, max < all.length);
        }

        @Override
        public int vocabularySize() {
            return VOCABULARY;
        }

        @Override
        public String term(int id) {
            return "t" + id;
        }

        @Override
        public void close() {}
    }

    private record FakeEngine(AtomicLong documents) implements Engine {

        @Override
        public Limits limits() {
            return new Limits(2, 32, 2048, false);
        }

        @Override
        public List<SparseVector> run(List<TokenSequence> batch) {
            List<SparseVector> vectors = new ArrayList<>(batch.size());
            for (TokenSequence tokens : batch) {
                for (int id : tokens.ids()) {
                    if (id == POISON_ID) {
                        throw new IllegalStateException("the batch contains a poisoned text");
                    }
                }
                vectors.add(vectorOf(tokens.ids()));
            }
            documents.addAndGet(batch.size());
            return vectors;
        }

        @Override
        public void close() {}
    }
}

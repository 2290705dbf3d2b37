package io.github.flinksplade.encoder.lookup;

import io.github.flinksplade.encoder.TokenSequence;
import io.github.flinksplade.encoder.engine.Engine;
import io.github.flinksplade.vector.SparseVector;
import java.util.Arrays;
import java.util.List;

/**
 * Looks up the weight of each token: a vector contains the distinct tokens of its text whose weight
 * is above zero. How often a token occurs does not matter.
 */
public final class TokenWeightEngine implements Engine {

    private static final Limits LIMITS = new Limits(1, 1024, 1 << 20, false);

    private final float[] weights;

    /**
     * @param weights by token id
     */
    public TokenWeightEngine(float[] weights) {
        this.weights = weights.clone();
    }

    @Override
    public Limits limits() {
        return LIMITS;
    }

    @Override
    public List<SparseVector> run(List<TokenSequence> batch) {
        return batch.stream().map(text -> vector(text.ids())).toList();
    }

    private SparseVector vector(int[] ids) {
        int[] terms =
                Arrays.stream(ids).filter(id -> weights[id] > 0).sorted().distinct().toArray();
        float[] values = new float[terms.length];
        for (int i = 0; i < terms.length; i++) {
            values[i] = weights[terms[i]];
        }
        return terms.length == 0 ? SparseVector.EMPTY : new SparseVector(terms, values);
    }

    @Override
    public void close() {}
}

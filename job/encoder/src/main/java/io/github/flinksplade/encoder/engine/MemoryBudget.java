package io.github.flinksplade.encoder.engine;

import io.github.flinksplade.encoder.TokenSequence;
import io.github.flinksplade.vector.SparseVector;
import java.util.ArrayList;
import java.util.List;

/**
 * Adapts the batch size to the memory of a device that others use too. A batch that runs out of
 * memory is halved until its parts succeed, and the limit for later batches drops to half of its
 * tokens. After a number of successful batches the limit grows by a quarter, up to the engine's
 * own.
 */
public final class MemoryBudget implements Engine {

    /** Successful batches after which the limit grows. */
    static final int BATCHES_TO_GROW = 64;

    private final Engine engine;
    private final int minTokens;

    // guarded by this
    private int maxTokens;
    private int successes;

    /**
     * @param minTokens length of the longest text: a lower limit would have the same effect
     */
    public MemoryBudget(Engine engine, int minTokens) {
        this.engine = engine;
        this.minTokens = minTokens;
        this.maxTokens = engine.limits().maxTokens();
    }

    @Override
    public Limits limits() {
        Limits own = engine.limits();
        return new Limits(
                own.workers(),
                own.maxDocuments(),
                maxTokens(),
                own.equalLengths(),
                own.lengthStep());
    }

    private synchronized int maxTokens() {
        return maxTokens;
    }

    @Override
    public List<SparseVector> run(List<TokenSequence> batch) {
        List<SparseVector> vectors = new ArrayList<>(batch.size());
        run(batch, vectors);
        return vectors;
    }

    private void run(List<TokenSequence> batch, List<SparseVector> vectors) {
        try {
            vectors.addAll(engine.run(batch));
        } catch (DeviceMemoryException e) {
            shrink(batch);
            if (batch.size() < 2) {
                throw e;
            }
            int half = batch.size() / 2;
            run(batch.subList(0, half), vectors);
            run(batch.subList(half, batch.size()), vectors);
            return;
        }
        grow();
    }

    private synchronized void shrink(List<TokenSequence> batch) {
        int longest = batch.stream().mapToInt(text -> text.ids().length).max().orElse(0);
        long used = (long) batch.size() * engine.limits().padded(longest);
        maxTokens = (int) Math.max(Math.min(minTokens, maxTokens), Math.min(maxTokens, used / 2));
        successes = 0;
    }

    private synchronized void grow() {
        int own = engine.limits().maxTokens();
        if (maxTokens < own && ++successes >= BATCHES_TO_GROW) {
            maxTokens = Math.min(own, maxTokens + Math.max(1, maxTokens / 4));
            successes = 0;
        }
    }

    @Override
    public long modelNanos() {
        return engine.modelNanos();
    }

    @Override
    public void close() {
        engine.close();
    }
}

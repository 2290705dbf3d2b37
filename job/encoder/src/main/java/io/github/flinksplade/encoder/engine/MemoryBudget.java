package io.github.flinksplade.encoder.engine;

import io.github.flinksplade.encoder.TokenSequence;
import io.github.flinksplade.vector.SparseVector;
import java.util.ArrayList;
import java.util.List;

/**
 * An engine on a device whose memory may run out, because others use it too. A batch that finds no
 * memory is halved until its parts do; the batches after it are planned for half of its tokens.
 * When a number of batches went well, they may grow again by a quarter, up to the engine's own
 * limit.
 */
public final class MemoryBudget implements Engine {

    /** Batches that go well before more is tried. */
    static final int BATCHES_TO_GROW = 64;

    private final Engine engine;
    private final int least;

    // guarded by this
    private int tokens;
    private int good;

    /**
     * @param least tokens of the longest text: a budget below it would mean the same
     */
    public MemoryBudget(Engine engine, int least) {
        this.engine = engine;
        this.least = least;
        this.tokens = engine.limits().maxTokens();
    }

    @Override
    public Limits limits() {
        Limits own = engine.limits();
        return new Limits(
                own.workers(), own.maxDocuments(), budget(), own.equalLengths(), own.lengthStep());
    }

    private synchronized int budget() {
        return tokens;
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
        tokens = (int) Math.max(Math.min(least, tokens), Math.min(tokens, used / 2));
        good = 0;
    }

    private synchronized void grow() {
        int most = engine.limits().maxTokens();
        if (tokens < most && ++good >= BATCHES_TO_GROW) {
            tokens = Math.min(most, tokens + Math.max(1, tokens / 4));
            good = 0;
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

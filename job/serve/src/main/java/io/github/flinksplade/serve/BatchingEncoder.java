package io.github.flinksplade.serve;

import io.github.flinksplade.encoder.EncodedText;
import io.github.flinksplade.encoder.MicroBatcher;
import io.github.flinksplade.encoder.ModelInfo;
import io.github.flinksplade.encoder.Role;
import io.github.flinksplade.encoder.SpladeEncoder;
import io.github.flinksplade.encoder.TokenSequence;
import io.github.flinksplade.encoder.Tokenizer;
import io.github.flinksplade.encoder.TruncationSide;
import io.github.flinksplade.search.QueryEncoder;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;

/** A model and the batcher that the texts of all requests share. */
final class BatchingEncoder implements QueryEncoder, AutoCloseable {

    private final SpladeEncoder encoder;
    private final MicroBatcher batcher;
    private final ServerMetrics metrics;

    /**
     * @param encoder closed with this
     */
    BatchingEncoder(SpladeEncoder encoder, ServerMetrics metrics) {
        this.encoder = encoder;
        this.batcher = new MicroBatcher(encoder, metrics);
        this.metrics = metrics;
    }

    SpladeEncoder model() {
        return encoder;
    }

    int tokenizerThreads() {
        return batcher.tokenizerThreads();
    }

    int waiting() {
        return batcher.stats().waiting();
    }

    /** Encodes a text, which is truncated on this side if it is too long. */
    CompletableFuture<EncodedText> submit(String text, Role role, TruncationSide side) {
        return counted(batcher.submit(text, role, side));
    }

    /** Encodes tokens, which must be in the vocabulary and within the role's limit. */
    CompletableFuture<EncodedText> submitTokens(TokenSequence tokens, Role role) {
        return counted(batcher.submitTokens(tokens, role));
    }

    private CompletableFuture<EncodedText> counted(CompletableFuture<EncodedText> encoded) {
        encoded.thenAccept(result -> metrics.text(result.tokens()));
        return encoded;
    }

    /** The max tokens of a text. */
    int limit(Role role) {
        return role == Role.QUERY ? info().queryTokens() : info().documentTokens();
    }

    @Override
    public EncodedText encode(String query) {
        try {
            return submit(query, Role.QUERY, TruncationSide.RIGHT).join();
        } catch (CompletionException e) {
            throw e.getCause() instanceof RuntimeException cause ? cause : e;
        }
    }

    @Override
    public ModelInfo info() {
        return encoder.info();
    }

    @Override
    public Tokenizer tokenizer() {
        return encoder.tokenizer();
    }

    @Override
    public void close() {
        batcher.close();
        encoder.close();
    }
}

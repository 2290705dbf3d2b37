package io.github.flinksplade.encoder;

import java.io.Serializable;

/**
 * How to encode. Everything has a default.
 *
 * @param documentTokens token limit of documents, [CLS] and [SEP] counted; 0: the model's own
 *     default, or 128
 * @param queryTokens token limit of queries; 0: the model's own default, or 24
 * @param documentPruning pruning of document vectors; none by default
 * @param queryPruning pruning of query vectors; none by default
 * @param threads threads that run the model; 0: one for each core
 * @param sha256 the SHA-256 the model must have, or null for any
 * @param cacheDirectory where fetched and made models are kept, or null for {@code
 *     $XDG_CACHE_HOME/flink-splade} ({@code ~/.cache/flink-splade})
 */
public record EncoderOptions(
        int documentTokens,
        int queryTokens,
        Pruning documentPruning,
        Pruning queryPruning,
        int threads,
        String sha256,
        String cacheDirectory)
        implements Serializable {

    private static final long serialVersionUID = 1L;

    public EncoderOptions {
        if (documentTokens < 0 || queryTokens < 0 || threads < 0) {
            throw new IllegalArgumentException(
                    "token limits and threads must not be negative: "
                            + documentTokens
                            + ", "
                            + queryTokens
                            + ", "
                            + threads);
        }
    }

    public static EncoderOptions defaults() {
        return new EncoderOptions(0, 0, Pruning.NONE, Pruning.NONE, 0, null, null);
    }

    public EncoderOptions withDocumentTokens(int tokens) {
        return new EncoderOptions(
                tokens,
                queryTokens,
                documentPruning,
                queryPruning,
                threads,
                sha256,
                cacheDirectory);
    }

    public EncoderOptions withQueryTokens(int tokens) {
        return new EncoderOptions(
                documentTokens,
                tokens,
                documentPruning,
                queryPruning,
                threads,
                sha256,
                cacheDirectory);
    }

    public EncoderOptions withDocumentPruning(Pruning pruning) {
        return new EncoderOptions(
                documentTokens,
                queryTokens,
                pruning,
                queryPruning,
                threads,
                sha256,
                cacheDirectory);
    }

    public EncoderOptions withQueryPruning(Pruning pruning) {
        return new EncoderOptions(
                documentTokens,
                queryTokens,
                documentPruning,
                pruning,
                threads,
                sha256,
                cacheDirectory);
    }

    public EncoderOptions withThreads(int number) {
        return new EncoderOptions(
                documentTokens,
                queryTokens,
                documentPruning,
                queryPruning,
                number,
                sha256,
                cacheDirectory);
    }

    public EncoderOptions withSha256(String digest) {
        return new EncoderOptions(
                documentTokens,
                queryTokens,
                documentPruning,
                queryPruning,
                threads,
                digest,
                cacheDirectory);
    }

    public EncoderOptions withCacheDirectory(String directory) {
        return new EncoderOptions(
                documentTokens,
                queryTokens,
                documentPruning,
                queryPruning,
                threads,
                sha256,
                directory);
    }
}

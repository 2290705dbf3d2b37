package io.github.flinksplade.encoder;

import java.io.Serializable;
import java.util.function.Consumer;

/**
 * How to encode. Everything has a default.
 *
 * @param documentTokens token limit of documents, [CLS] and [SEP] counted; 0: the model's own
 *     default, or 128
 * @param queryTokens token limit of queries; 0: the model's own default, or 24
 * @param documentPruning pruning of document vectors; none by default
 * @param queryPruning pruning of query vectors; none by default
 * @param threads threads that run the model; 0: one for each core
 * @param precision arithmetic of the matrix products; fp32 by default
 * @param device where the model runs; by default a GPU where one can be used, else the CPU
 * @param batchTokens tokens of a batch on a GPU, padding included; 0: 16,384. On a CPU it has no
 *     meaning
 * @param deviceMemory bytes of a GPU's memory that may be taken; 0: as many as there are
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
        Precision precision,
        Device device,
        int batchTokens,
        long deviceMemory,
        String sha256,
        String cacheDirectory)
        implements Serializable {

    private static final long serialVersionUID = 3L;

    public EncoderOptions {
        if (documentTokens < 0
                || queryTokens < 0
                || threads < 0
                || batchTokens < 0
                || deviceMemory < 0) {
            throw new IllegalArgumentException(
                    "token limits, threads, batch tokens and device memory must not be negative: "
                            + documentTokens
                            + ", "
                            + queryTokens
                            + ", "
                            + threads
                            + ", "
                            + batchTokens
                            + ", "
                            + deviceMemory);
        }
    }

    public static EncoderOptions defaults() {
        return new EncoderOptions(
                0, 0, Pruning.NONE, Pruning.NONE, 0, Precision.FP32, Device.AUTO, 0, 0, null, null);
    }

    /** The same with one thing changed. */
    private EncoderOptions with(Consumer<Draft> change) {
        Draft draft = new Draft();
        draft.documentTokens = documentTokens;
        draft.queryTokens = queryTokens;
        draft.documentPruning = documentPruning;
        draft.queryPruning = queryPruning;
        draft.threads = threads;
        draft.precision = precision;
        draft.device = device;
        draft.batchTokens = batchTokens;
        draft.deviceMemory = deviceMemory;
        draft.sha256 = sha256;
        draft.cacheDirectory = cacheDirectory;
        change.accept(draft);
        return new EncoderOptions(
                draft.documentTokens,
                draft.queryTokens,
                draft.documentPruning,
                draft.queryPruning,
                draft.threads,
                draft.precision,
                draft.device,
                draft.batchTokens,
                draft.deviceMemory,
                draft.sha256,
                draft.cacheDirectory);
    }

    private static final class Draft {
        private int documentTokens;
        private int queryTokens;
        private Pruning documentPruning;
        private Pruning queryPruning;
        private int threads;
        private Precision precision;
        private Device device;
        private int batchTokens;
        private long deviceMemory;
        private String sha256;
        private String cacheDirectory;
    }

    public EncoderOptions withDocumentTokens(int tokens) {
        return with(draft -> draft.documentTokens = tokens);
    }

    public EncoderOptions withQueryTokens(int tokens) {
        return with(draft -> draft.queryTokens = tokens);
    }

    public EncoderOptions withDocumentPruning(Pruning pruning) {
        return with(draft -> draft.documentPruning = pruning);
    }

    public EncoderOptions withQueryPruning(Pruning pruning) {
        return with(draft -> draft.queryPruning = pruning);
    }

    public EncoderOptions withThreads(int number) {
        return with(draft -> draft.threads = number);
    }

    public EncoderOptions withPrecision(Precision arithmetic) {
        return with(draft -> draft.precision = arithmetic);
    }

    public EncoderOptions withDevice(Device where) {
        return with(draft -> draft.device = where);
    }

    public EncoderOptions withBatchTokens(int tokens) {
        return with(draft -> draft.batchTokens = tokens);
    }

    public EncoderOptions withDeviceMemory(long bytes) {
        return with(draft -> draft.deviceMemory = bytes);
    }

    public EncoderOptions withSha256(String digest) {
        return with(draft -> draft.sha256 = digest);
    }

    public EncoderOptions withCacheDirectory(String directory) {
        return with(draft -> draft.cacheDirectory = directory);
    }
}

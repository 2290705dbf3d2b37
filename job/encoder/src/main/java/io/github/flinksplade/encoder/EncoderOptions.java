package io.github.flinksplade.encoder;

import java.io.Serializable;
import java.util.Objects;

/**
 * How a model encodes. Every option has a default; {@link #builder()} changes single ones.
 *
 * @param documentTokens max tokens of a document, [CLS] and [SEP] included; 0: the model's own
 *     limit, or 128
 * @param queryTokens max tokens of a query; 0: the model's own limit, or 24
 * @param documentPruning pruning of document vectors; none by default
 * @param queryPruning pruning of query vectors; none by default
 * @param threads threads that run the model on a CPU; 0: one per core
 * @param precision arithmetic of the matrix multiplications; fp32 by default
 * @param device where the model runs; by default a GPU if one can be used, else the CPU
 * @param batchTokens max tokens of a batch on a GPU, padding included; 0: 16,384. Ignored on a CPU
 * @param deviceMemory max bytes of GPU memory to allocate; 0: no limit
 * @param sha256 the SHA-256 that the model must have, or null for any
 * @param queryModel reference of the model that encodes queries, if it is not the one that encodes
 *     documents; null for the latter, or the query side that its files describe
 * @param cacheDirectory where downloaded and derived models are stored, or null for {@code
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
        String queryModel,
        String cacheDirectory)
        implements Serializable {

    private static final long serialVersionUID = 4L;

    public EncoderOptions {
        requireNotNegative("documentTokens", documentTokens);
        requireNotNegative("queryTokens", queryTokens);
        Objects.requireNonNull(documentPruning, "documentPruning");
        Objects.requireNonNull(queryPruning, "queryPruning");
        requireNotNegative("threads", threads);
        Objects.requireNonNull(precision, "precision");
        Objects.requireNonNull(device, "device");
        requireNotNegative("batchTokens", batchTokens);
        requireNotNegative("deviceMemory", deviceMemory);
    }

    private static void requireNotNegative(String name, long value) {
        if (value < 0) {
            throw new IllegalArgumentException(
                    name + " must not be negative: " + value + "; use 0 for the default");
        }
    }

    /** The configured token limit of a role; 0 for the default. */
    public int tokens(Role role) {
        return switch (role) {
            case DOCUMENT -> documentTokens;
            case QUERY -> queryTokens;
        };
    }

    /** The default of every option. */
    public static EncoderOptions defaults() {
        return builder().build();
    }

    /** A builder that starts from the defaults. */
    public static Builder builder() {
        return new Builder();
    }

    /** A builder that starts from these options. */
    public Builder toBuilder() {
        Builder builder = new Builder();
        builder.documentTokens = documentTokens;
        builder.queryTokens = queryTokens;
        builder.documentPruning = documentPruning;
        builder.queryPruning = queryPruning;
        builder.threads = threads;
        builder.precision = precision;
        builder.device = device;
        builder.batchTokens = batchTokens;
        builder.deviceMemory = deviceMemory;
        builder.sha256 = sha256;
        builder.queryModel = queryModel;
        builder.cacheDirectory = cacheDirectory;
        return builder;
    }

    /** Builds {@link EncoderOptions}; its methods are documented there. */
    public static final class Builder {

        private int documentTokens;
        private int queryTokens;
        private Pruning documentPruning = Pruning.NONE;
        private Pruning queryPruning = Pruning.NONE;
        private int threads;
        private Precision precision = Precision.FP32;
        private Device device = Device.AUTO;
        private int batchTokens;
        private long deviceMemory;
        private String sha256;
        private String queryModel;
        private String cacheDirectory;

        private Builder() {}

        public Builder documentTokens(int tokens) {
            requireNotNegative("documentTokens", tokens);
            this.documentTokens = tokens;
            return this;
        }

        public Builder queryTokens(int tokens) {
            requireNotNegative("queryTokens", tokens);
            this.queryTokens = tokens;
            return this;
        }

        public Builder documentPruning(Pruning pruning) {
            this.documentPruning = Objects.requireNonNull(pruning, "documentPruning");
            return this;
        }

        public Builder queryPruning(Pruning pruning) {
            this.queryPruning = Objects.requireNonNull(pruning, "queryPruning");
            return this;
        }

        public Builder threads(int count) {
            requireNotNegative("threads", count);
            this.threads = count;
            return this;
        }

        public Builder precision(Precision precision) {
            this.precision = Objects.requireNonNull(precision, "precision");
            return this;
        }

        public Builder device(Device device) {
            this.device = Objects.requireNonNull(device, "device");
            return this;
        }

        public Builder batchTokens(int tokens) {
            requireNotNegative("batchTokens", tokens);
            this.batchTokens = tokens;
            return this;
        }

        public Builder deviceMemory(long bytes) {
            requireNotNegative("deviceMemory", bytes);
            this.deviceMemory = bytes;
            return this;
        }

        public Builder sha256(String digest) {
            this.sha256 = digest;
            return this;
        }

        public Builder queryModel(String reference) {
            this.queryModel = reference;
            return this;
        }

        public Builder cacheDirectory(String directory) {
            this.cacheDirectory = directory;
            return this;
        }

        public EncoderOptions build() {
            return new EncoderOptions(
                    documentTokens,
                    queryTokens,
                    documentPruning,
                    queryPruning,
                    threads,
                    precision,
                    device,
                    batchTokens,
                    deviceMemory,
                    sha256,
                    queryModel,
                    cacheDirectory);
        }
    }
}

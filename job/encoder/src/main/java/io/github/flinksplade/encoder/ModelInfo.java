package io.github.flinksplade.encoder;

/**
 * The properties of an open model.
 *
 * @param name the reference by which the model was opened
 * @param sha256 SHA-256 of the model in hexadecimal, see {@link ModelFiles#sha256()}
 * @param tokenizerSha256 SHA-256 of its tokenizer.json in hexadecimal
 * @param precision arithmetic of the graph: {@code fp32}, {@code fp16}, {@code bf16} or {@code
 *     int8}
 * @param vocabularySize number of terms of a vector
 * @param documentTokens token limit of documents
 * @param queryTokens token limit of queries
 * @param device where it runs, as {@link Device} writes it; if {@code auto} chose the CPU although
 *     this build supports GPUs, also the reason
 * @param graph one line on how the graph was recognized and rewritten
 */
public record ModelInfo(
        String name,
        String sha256,
        String tokenizerSha256,
        String precision,
        int vocabularySize,
        int documentTokens,
        int queryTokens,
        String device,
        String graph) {}

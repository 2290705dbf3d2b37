package io.github.flinksplade.encoder;

/**
 * What an open encoder is.
 *
 * @param name the reference the model was opened by
 * @param sha256 SHA-256 of the model, hexadecimal: of its ONNX file; where weights lie in further
 *     files, of the list of all files' digests
 * @param tokenizerSha256 SHA-256 of its tokenizer.json, hexadecimal
 * @param precision arithmetic, {@code fp32} unless the graph itself computes in another
 * @param vocabularySize number of terms a vector can have
 * @param documentTokens token limit of documents in force
 * @param queryTokens token limit of queries in force
 * @param device where it runs, as {@link Device} writes it; and where the CPU was fallen back on,
 *     why
 * @param graph one line on how the graph was understood, for {@code model info}
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

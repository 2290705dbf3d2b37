package io.github.flinksplade.encoder;

import java.nio.file.Path;

/**
 * A model found on this machine.
 *
 * @param name the reference it was found by
 * @param graph its ONNX file; weights in external files lie beside it
 * @param tokenizer its tokenizer.json
 * @param sha256 SHA-256, hexadecimal: of the ONNX file; where the graph refers to external files,
 *     of the listing that {@code sha256sum} prints for the ONNX file and then for the external
 *     files in order of their names
 * @param tokenizerSha256 SHA-256 of the tokenizer.json, hexadecimal
 * @param documentTokens the model's own default token limit of documents (from {@code splade.json}
 *     beside it: {@code {"document_tokens": 128, "query_tokens": 64}}), or 0
 * @param queryTokens the same for queries, or 0
 */
public record ModelFiles(
        String name,
        Path graph,
        Path tokenizer,
        String sha256,
        String tokenizerSha256,
        int documentTokens,
        int queryTokens) {}

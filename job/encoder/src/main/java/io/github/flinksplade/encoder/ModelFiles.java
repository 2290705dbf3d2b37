package io.github.flinksplade.encoder;

import java.nio.file.Path;

/**
 * The files of a model on this machine.
 *
 * @param name the reference by which the model was found
 * @param graph its ONNX file; external weights are in files next to it
 * @param tokenizer its tokenizer.json
 * @param sha256 SHA-256 in hexadecimal: of the ONNX file; if the graph refers to external files, of
 *     the listing that {@code sha256sum} prints for the ONNX file and then for the external files
 *     in order of their names
 * @param tokenizerSha256 SHA-256 of the tokenizer.json in hexadecimal
 * @param documentTokens the model's own token limit of documents from {@code splade.json} ({@code
 *     {"document_tokens": 128, "query_tokens": 64}}), or 0
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

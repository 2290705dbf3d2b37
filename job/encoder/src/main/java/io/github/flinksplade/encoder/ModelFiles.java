package io.github.flinksplade.encoder;

import java.nio.file.Path;

/**
 * The files of a model on this machine.
 *
 * @param name the reference by which the model was found
 * @param graph its ONNX file, with external weights in files next to it; or the config.json next to
 *     its weights in safetensors files
 * @param tokenizer its tokenizer.json; or, if it has none, its vocab.txt
 * @param sha256 SHA-256 in hexadecimal: of the ONNX file; if the model has several files, of the
 *     listing that {@code sha256sum} prints for the graph and then for the others in order of their
 *     names; if documents have another formula than the standard one, a prompt, or are converted to
 *     lower case, of that listing followed by a line for each
 * @param tokenizerSha256 SHA-256 of the tokenizer.json in hexadecimal
 * @param documentTokens the model's own token limit of documents: from {@code splade.json} ({@code
 *     {"document_tokens": 128, "query_tokens": 64}}), or from the files of sentence-transformers;
 *     or 0
 * @param queryTokens the same for queries, or 0
 * @param metadata what other files state
 */
public record ModelFiles(
        String name,
        Path graph,
        Path tokenizer,
        String sha256,
        String tokenizerSha256,
        int documentTokens,
        int queryTokens,
        ModelMetadata metadata) {

    /** The same model with another graph. */
    public ModelFiles withGraph(Path other) {
        return new ModelFiles(
                name,
                other,
                tokenizer,
                sha256,
                tokenizerSha256,
                documentTokens,
                queryTokens,
                metadata);
    }
}

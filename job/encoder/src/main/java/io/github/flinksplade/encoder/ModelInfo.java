package io.github.flinksplade.encoder;

import java.util.List;

/**
 * The properties of an open model. Precision, device and graph are those of the document side, or
 * of the query side if only that is open.
 *
 * @param name the reference by which the model was opened
 * @param sha256 SHA-256 of the model in hexadecimal, see {@link ModelFiles#sha256()}
 * @param tokenizerSha256 SHA-256 of its tokenizer.json in hexadecimal; if settings of
 *     tokenizer_config.json are applied to it, of that digest followed by the settings
 * @param architecture the architecture and its number of layers; empty if unknown
 * @param formula the formula of document vectors
 * @param querySide what encodes queries if it is not the model itself, with its SHA-256; else empty
 * @param precision arithmetic of the graph: {@code fp32}, {@code fp16}, {@code bf16} or {@code
 *     int8}
 * @param vocabularySize number of terms of a vector
 * @param documentTokens token limit of documents; not reduced to what the model supports if it is
 *     not open for documents
 * @param queryTokens token limit of queries, likewise
 * @param device where it runs, as {@link Device} writes it; if {@code auto} chose the CPU although
 *     this build supports GPUs, also the reason
 * @param graph one line on how the graph was recognized and rewritten
 * @param notes what the model's files state, see {@link ModelMetadata#notes()}
 */
public record ModelInfo(
        String name,
        String sha256,
        String tokenizerSha256,
        String architecture,
        Formula formula,
        String querySide,
        String precision,
        int vocabularySize,
        int documentTokens,
        int queryTokens,
        String device,
        String graph,
        List<String> notes) {}

/**
 * Encodes text as SPLADE sparse vectors: a library without dependencies on Flink or on any search
 * engine. {@link io.github.flinksplade.encoder.SpladeEncoder} has the formula.
 *
 * <h2>Open and encode</h2>
 *
 * <p>{@link io.github.flinksplade.encoder.SpladeEncoder#open} finds a model, reads its tokenizer,
 * rewrites its ONNX graph so that max pooling happens inside it, and checks the result with a few
 * synthetic texts. This takes seconds, so open a model once and share it between threads. {@link
 * io.github.flinksplade.encoder.EncoderOptions} has the options, all of which have defaults.
 *
 * <pre>{@code
 * EncoderOptions options =
 *         EncoderOptions.builder()
 *                 .documentTokens(48)
 *                 .queryPruning(Pruning.parse("top_k=20"))
 *                 .build();
 * try (SpladeEncoder encoder = SpladeEncoder.open(model, options);
 *         MicroBatcher batcher = new MicroBatcher(encoder)) {
 *     // one text on the calling thread
 *     EncodedText query = encoder.encode("hello world", Role.QUERY);
 *
 *     // many texts, which the batcher groups
 *     List<CompletableFuture<EncodedText>> documents = new ArrayList<>();
 *     for (String text : texts) {
 *         documents.add(batcher.submit(text, Role.DOCUMENT));
 *     }
 *     for (int i = 0; i < texts.size(); i++) {
 *         EncodedText document = documents.get(i).join();
 *         double score = query.vector().dot(document.vector());
 *         results.put(texts.get(i), score);
 *     }
 *
 *     // the terms of a vector
 *     for (int i = 0; i < query.vector().size(); i++) {
 *         String term = encoder.tokenizer().term(query.vector().indices()[i]);
 *         weights.put(term, query.vector().values()[i]);
 *     }
 * }
 * }</pre>
 *
 * <h2>Roles</h2>
 *
 * <p>{@link io.github.flinksplade.encoder.Role} distinguishes documents and queries. The formula is
 * the same for both; each role has its own token limit and pruning. A text beyond the limit is
 * truncated, which {@link io.github.flinksplade.encoder.EncodedText#truncated()} reports.
 *
 * <h2>Batches and threads</h2>
 *
 * <p>All types are safe for use by multiple threads. {@link
 * io.github.flinksplade.encoder.SpladeEncoder#encode(java.util.List, Role)} batches the texts of
 * one call and runs on the calling thread. {@link io.github.flinksplade.encoder.MicroBatcher}
 * batches the texts of many callers and runs on its own threads, one per core by default. The
 * caller limits how many texts are in flight. A text that cannot be encoded fails with an {@link
 * io.github.flinksplade.encoder.EncodingException} and does not affect the others.
 *
 * <h2>Memory and closing</h2>
 *
 * <p>Weights are memory-mapped and not on the heap; ONNX Runtime keeps a copy of those that it
 * stores in another layout. The buffers of a run are direct memory and grow with batch size and
 * vocabulary; there is one set per thread. Close the batcher before the encoder: closing an encoder
 * waits for running calls and releases the native memory, which garbage collection does not.
 *
 * <h2>Models</h2>
 *
 * <p>{@link io.github.flinksplade.encoder.ModelStore} describes the references: {@code
 * builtin:minilm} (needs flink-splade-builtin-model on the class path), {@code hf:owner/name}, and
 * local directories. A custom model is a directory with {@code model.onnx}, a masked language model
 * with float logits [batch, tokens, vocabulary], and its {@code tokenizer.json}; an optional {@code
 * splade.json} such as {@code {"document_tokens": 256, "query_tokens": 32}} sets its own token
 * limits. Other sources of models implement {@link io.github.flinksplade.encoder.ModelProvider}.
 * Any problem with a model is reported as a {@link io.github.flinksplade.encoder.ModelException}
 * whose message states what to do.
 */
package io.github.flinksplade.encoder;

/**
 * The built-in model {@code builtin:minilm}: the encoder of all-MiniLM-L6-v2, which is in its Maven
 * artifact, and a sparse head with low-rank updates of the encoder's linear layers, which is in
 * this module.
 *
 * <p>On first use the two are merged into one ONNX graph, an ordinary masked language model with
 * {@code logits} [batch, sequence, 30522], which is stored in the cache directory next to its
 * tokenizer. The graph contains everything specific to the model, so it runs like any other. {@link
 * io.github.flinksplade.builtin.BuiltinModelProvider} creates and checks the files;
 * docs/builtin-model.md is the model card.
 */
package io.github.flinksplade.builtin;

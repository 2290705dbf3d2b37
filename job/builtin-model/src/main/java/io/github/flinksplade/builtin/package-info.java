/**
 * The built-in model {@code builtin:minilm}: the encoder of all-MiniLM-L6-v2, which comes with its
 * Maven artifact, and a sparse head of our own with low-rank updates of the encoder's upper layers,
 * which comes with this module.
 *
 * <p>The two are joined on first use into one ONNX graph, an ordinary masked language model with
 * {@code logits} [batch, sequence, 30522], which is kept in the cache directory beside its
 * tokenizer. What is special about the model is inside that graph; whoever runs it needs to know
 * nothing of it. {@link io.github.flinksplade.builtin.BuiltinModelProvider} makes and checks the
 * files; docs/builtin-model.md is the model card.
 */
package io.github.flinksplade.builtin;
